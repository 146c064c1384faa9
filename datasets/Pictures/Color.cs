namespace OfflineRL.Datasets;

/// <summary>Red, green and blue, 0 to 255, as a screen shows them.</summary>
public readonly record struct Color(byte Red, byte Green, byte Blue)
{
    public static readonly Color Black = new(0, 0, 0);

    public static readonly Color White = new(255, 255, 255);

    /// <summary>From <c>0xRRGGBB</c>.</summary>
    public static Color Of(int rgb) => new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);

    /// <summary>All of this color at 0, all of <paramref name="other"/> at 1.</summary>
    public Color Mix(Color other, double share) => new(Mix(Red, other.Red, share), Mix(Green, other.Green, share), Mix(Blue, other.Blue, share));

    static byte Mix(byte from, byte to, double share) => (byte)Math.Clamp((int)Math.Round(from + ((to - from) * share)), 0, 255);
}
