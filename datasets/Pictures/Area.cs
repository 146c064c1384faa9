namespace OfflineRL.Datasets;

/// <summary>A rectangle of whole pixels.</summary>
readonly record struct Area(int Left, int Top, int Width, int Height)
{
    public static Area Of(Canvas picture) => new(0, 0, picture.Width, picture.Height);

    /// <summary>The smallest one that holds every pixel in which two pictures of one size differ; a single pixel where they are the same.</summary>
    public static Area Changed(ReadOnlySpan<byte> before, Canvas after)
    {
        var stride = after.Width * 3;
        var (top, bottom, left, right) = (int.MaxValue, -1, int.MaxValue, -1);
        for (var y = 0; y < after.Height; y++)
        {
            var was = before.Slice(y * stride, stride);
            ReadOnlySpan<byte> now = after.Rgb.Slice(y * stride, stride);
            var first = was.CommonPrefixLength(now);
            if (first == stride)
                continue;
            var last = stride - 1;
            while (was[last] == now[last])
                last--;
            (top, bottom) = (Math.Min(top, y), y);
            (left, right) = (Math.Min(left, first / 3), Math.Max(right, last / 3));
        }

        return bottom < 0 ? new Area(0, 0, 1, 1) : new Area(left, top, right - left + 1, bottom - top + 1);
    }
}
