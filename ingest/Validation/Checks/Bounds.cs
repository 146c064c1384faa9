namespace OfflineRL.Ingest;

/// <summary>Whether numbers lie within bounds.</summary>
static class Bounds
{
    /// <summary>What float32 may lose of a bound that is met.</summary>
    const double Tolerance = 1e-6;

    /// <summary>The first number outside its bounds, as its place in <paramref name="values"/>; -1: none is.</summary>
    /// <param name="values">[T, D].</param>
    /// <param name="low">[D].</param>
    /// <param name="high">[D].</param>
    /// <param name="from">Where to begin to look.</param>
    public static int FirstOutside(ReadOnlySpan<float> values, ReadOnlySpan<float> low, ReadOnlySpan<float> high, int from = 0)
    {
        var d = from % low.Length;
        for (var i = from; i < values.Length; i++)
        {
            if (!(values[i] >= low[d] && values[i] <= high[d]))
                return i;
            d = d + 1 == low.Length ? 0 : d + 1;
        }

        return -1;
    }

    /// <summary>Lower bounds as float32, a rounding error wider.</summary>
    public static float[] WidenedLow(IEnumerable<double> bounds) => [.. bounds.Select(b => (float)(b - (Tolerance * Math.Max(1, Math.Abs(b)))))];

    /// <summary>Upper bounds as float32, a rounding error wider.</summary>
    public static float[] WidenedHigh(IEnumerable<double> bounds) => [.. bounds.Select(b => (float)(b + (Tolerance * Math.Max(1, Math.Abs(b)))))];
}
