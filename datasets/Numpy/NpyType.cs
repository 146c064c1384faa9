using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>What kind of number an element is.</summary>
public enum NpyKind
{
    Boolean,
    Signed,
    Unsigned,
    Float,

    /// <summary>UTF-32 of fixed length, padded with zeros (NumPy's <c>U</c>).</summary>
    Text,

    /// <summary>Bytes of fixed length, padded with zeros, read as UTF-8 (NumPy's <c>S</c>).</summary>
    Bytes,
}

/// <summary>NumPy's element types that are read: b1, i1 to i8, u1 to u8, f2, f4, f8 in either byte order, and U and S.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes an element.</param>
/// <param name="BigEndian">Whether the high byte comes first.</param>
public readonly record struct NpyType(NpyKind Kind, int Size, bool BigEndian)
{
    // 4 KiB of text an element.
    const int MostText = 4096;

    /// <summary>NumPy's name, such as <c>&lt;f4</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Size == 1 || Kind == NpyKind.Bytes ? '|' : BigEndian ? '>' : '<')}{Letter}{(Kind == NpyKind.Text ? Size / 4 : Size)}");

    /// <summary>The type of a .NET number as it lies in memory.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public static NpyType Of<T>() => typeof(T) == typeof(bool) ? new(NpyKind.Boolean, 1, false)
        : typeof(T) == typeof(byte) ? new(NpyKind.Unsigned, 1, false)
        : typeof(T) == typeof(int) ? new(NpyKind.Signed, 4, false)
        : typeof(T) == typeof(long) ? new(NpyKind.Signed, 8, false)
        : typeof(T) == typeof(float) ? new(NpyKind.Float, 4, false)
        : typeof(T) == typeof(double) ? new(NpyKind.Float, 8, false)
        : throw new ArgumentException($"No array holds {typeof(T).Name}.");

    internal static NpyType Parse(string name) => TryParse(name, out var type) ? type : throw new ArgumentException($"'{name}' is no element type.");

    // [<>|=] letter size
    internal static bool TryParse(string name, out NpyType type)
    {
        type = default;
        if (name.Length < 3 || name[0] is not ('<' or '>' or '|' or '=') || !int.TryParse(name.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            return false;
        NpyKind? kind = (name[1], size) switch
        {
            ('b', 1) => NpyKind.Boolean,
            ('i', 1 or 2 or 4 or 8) => NpyKind.Signed,
            ('u', 1 or 2 or 4 or 8) => NpyKind.Unsigned,
            ('f', 2 or 4 or 8) => NpyKind.Float,
            ('U', >= 1 and <= MostText / 4) => NpyKind.Text,
            ('S', >= 1 and <= MostText) => NpyKind.Bytes,
            _ => null,
        };
        if (kind is null)
            return false;
        type = new NpyType(kind.Value, kind == NpyKind.Text ? 4 * size : size, name[0] == '>' && kind != NpyKind.Bytes && (size > 1 || kind == NpyKind.Text));
        return true;
    }

    char Letter => Kind switch
    {
        NpyKind.Boolean => 'b',
        NpyKind.Signed => 'i',
        NpyKind.Unsigned => 'u',
        NpyKind.Float => 'f',
        NpyKind.Text => 'U',
        _ => 'S',
    };
}
