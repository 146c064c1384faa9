namespace OfflineRL.Datasets;

/// <summary>A picture in memory: [Height, Width, 3] bytes of red, green and blue, from the top left.</summary>
public sealed class Canvas
{
    readonly byte[] _rgb;

    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    public Canvas(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        (Width, Height) = (width, height);
        _rgb = new byte[checked(width * height * 3)];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[Height, Width, 3].</summary>
    public Span<byte> Rgb => _rgb;
}
