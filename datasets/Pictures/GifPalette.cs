namespace OfflineRL.Datasets;

/// <summary>Finds at most 256 colors for a part of a picture.</summary>
static class GifPalette
{
    const int MostColors = 256;

    /// <summary>The colors, and the color of each pixel. Exact up to 256 colors; beyond, those that share their leading bits become their mean.</summary>
    public static (IReadOnlyList<Color> Table, byte[] Indices) Of(Canvas picture, Area area)
    {
        for (var dropped = 0; ; dropped++)
        {
            if (TryFind(picture, area, dropped) is { } found)
                return found;
        }
    }

    // With all but two bits of each channel dropped there are 64 colors at most, so that the search ends.
    static (IReadOnlyList<Color> Table, byte[] Indices)? TryFind(Canvas picture, Area area, int dropped)
    {
        var groups = new Dictionary<int, int>();
        var sums = new List<(long Red, long Green, long Blue, long Count)>();
        var indices = new byte[area.Width * area.Height];
        for (var y = 0; y < area.Height; y++)
        {
            for (var x = 0; x < area.Width; x++)
            {
                var color = picture[area.Left + x, area.Top + y];
                var key = ((color.Red >> dropped) << 16) | ((color.Green >> dropped) << 8) | (color.Blue >> dropped);
                if (!groups.TryGetValue(key, out var index))
                {
                    if (sums.Count == MostColors)
                        return null;
                    groups.Add(key, index = sums.Count);
                    sums.Add(default);
                }

                var sum = sums[index];
                sums[index] = (sum.Red + color.Red, sum.Green + color.Green, sum.Blue + color.Blue, sum.Count + 1);
                indices[(y * area.Width) + x] = (byte)index;
            }
        }

        return (sums.Select(s => new Color((byte)(s.Red / s.Count), (byte)(s.Green / s.Count), (byte)(s.Blue / s.Count))).ToList(), indices);
    }
}
