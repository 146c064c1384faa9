using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>
/// The head of a <c>.npy</c> array, versions 1.0 to 3.0.
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// </summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes; none: one number.</param>
/// <param name="FortranOrder">Whether the first index runs fastest.</param>
/// <param name="Bytes">Bytes of the head itself: where the data begins.</param>
sealed partial record NpyHeader(NpyType Type, IReadOnlyList<long> Shape, bool FortranOrder = false, int Bytes = 0)
{
    const int Alignment = 64;
    const int Prefix = 8;

    // NumPy refuses longer ones too unless it is told to trust the file.
    const int MostText = 10_000;
    const int MostDimensions = 32;

    /// <summary>A file's first bytes, before the version.</summary>
    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Product of the shape; checked against 2^63 bytes when read.</summary>
    public long Count => Product(Shape, 1) ?? long.MaxValue;

    /// <summary>The bytes before the data; a multiple of 64, so that mapped data is aligned.</summary>
    public byte[] ToBytes()
    {
        var shape = string.Join(", ", Shape.Select(s => s.ToString(CultureInfo.InvariantCulture)));
        var order = FortranOrder ? "True" : "False";
        var text = $"{{'descr': '{Type}', 'fortran_order': {order}, 'shape': ({shape}{(Shape.Count == 1 ? "," : "")}), }}";
        var padded = (Prefix + 2 + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var bytes = new byte[padded];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        var textLength = padded - Prefix - 2;
        bytes[8] = (byte)textLength;
        bytes[9] = (byte)(textLength >> 8);
        bytes.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(10));
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Reads the head; the stream then stands at the data.</summary>
    /// <param name="stream">Read forward only.</param>
    /// <param name="length">Bytes from the head's first to the data's last, which the shape must agree with; null: unknown, as where it is compressed.</param>
    /// <param name="source">For messages: a file, or a file and the array in it.</param>
    /// <exception cref="UserErrorException">Not such an array, an element type that is not read, or a length that does not fit the shape.</exception>
    public static NpyHeader Read(Stream stream, long? length, string source)
    {
        Span<byte> prefix = stackalloc byte[12];
        var read = stream.ReadAtLeast(prefix[..10], 10, throwOnEndOfStream: false);
        if (read < 10 || !prefix[..6].SequenceEqual(Magic) || prefix[6] is < 1 or > 3)
            throw Throw.NotNpy(source);
        var wide = prefix[6] > 1;
        if (wide && stream.ReadAtLeast(prefix[10..], 2, throwOnEndOfStream: false) < 2)
            throw Throw.NotNpy(source);
        var textLength = prefix[8] | ((long)prefix[9] << 8) | (wide ? ((long)prefix[10] << 16) | ((long)prefix[11] << 24) : 0);
        if (textLength > MostText)
            throw Throw.NpyHeader(source, $"is {textLength} bytes long; at most {MostText} are read");
        var text = new byte[textLength];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length)
            throw Throw.NotNpy(source);
        var header = Parse(Encoding.UTF8.GetString(text), source) with { Bytes = (wide ? 12 : 10) + text.Length };
        var data = Product(header.Shape, header.Type.Size);
        if (data is null || (length is not null && header.Bytes + (Int128)data.Value != length.Value))
            throw Throw.NpyLength(source, header, length ?? 0);
        return header;
    }

    public override string ToString() => $"{Type} ({string.Join(", ", Shape)})";

    // Null where it passes 2^63 - 1.
    static long? Product(IReadOnlyList<long> shape, int size)
    {
        // A size of zero makes the array empty however large the others are.
        if (shape.Contains(0))
            return 0;
        Int128 product = size;
        foreach (var extent in shape)
        {
            product *= extent;
            if (product > long.MaxValue)
                return null;
        }

        return (long)product;
    }

    static NpyHeader Parse(string text, string source)
    {
        // A record type's description is a list, with names and offsets of its fields.
        if (StructuredPattern().IsMatch(text))
            throw Throw.NpyStructured(source);
        var match = Pattern().Match(text);
        if (!match.Success)
            throw Throw.NpyHeader(source, $"is '{text.Trim()}'");
        var sizes = match.Groups["size"].Captures;
        if (sizes.Count > MostDimensions)
            throw Throw.NpyHeader(source, $"has {sizes.Count} dimensions; at most {MostDimensions} are read");
        var type = match.Groups["type"].Value;
        return new NpyHeader(
            NpyType.TryParse(type, out var parsed) ? parsed : throw Throw.NpyTypeNotRead(source, type),
            sizes.Select(s => long.Parse(s.ValueSpan, CultureInfo.InvariantCulture)).ToArray(),
            match.Groups["fortran"].Value == "True");
    }

    // Python's own notation, with the keys in the order that the format prescribes.
    [GeneratedRegex(
        @"\A\s*\{\s*'descr':\s*'(?<type>[^']{1,32})',\s*'fortran_order':\s*(?<fortran>True|False),\s*'shape':\s*\(\s*((?<size>\d{1,18})L?\s*(,\s*(?<size>\d{1,18})L?\s*)*,?)?\s*\),?\s*\}\s*\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\A\s*\{\s*'descr':\s*[\[\(]", RegexOptions.ExplicitCapture)]
    private static partial Regex StructuredPattern();
}
