using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>
/// The head of a <c>.npy</c> file, version 1.0, C order, little-endian.
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// </summary>
/// <param name="Type">NumPy's name of the element type, such as <c>&lt;f4</c>.</param>
/// <param name="Rows">First dimension.</param>
/// <param name="Width">Second dimension; 0: the array has one dimension.</param>
sealed partial record NpyHeader(string Type, long Rows, int Width)
{
    const int Alignment = 64;
    const int MostBytes = 4096;

    static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0];

    public static string TypeOf<T>() => typeof(T) == typeof(float) ? "<f4"
        : typeof(T) == typeof(double) ? "<f8"
        : typeof(T) == typeof(int) ? "<i4"
        : typeof(T) == typeof(long) ? "<i8"
        : typeof(T) == typeof(byte) ? "|u1"
        : typeof(T) == typeof(bool) ? "|b1"
        : throw new ArgumentException($"No column holds {typeof(T).Name}.");

    /// <summary>The bytes before the data; a multiple of 64, so that the mapped data is aligned.</summary>
    public byte[] ToBytes()
    {
        string shape = Width == 0
            ? string.Create(CultureInfo.InvariantCulture, $"({Rows},)")
            : string.Create(CultureInfo.InvariantCulture, $"({Rows}, {Width})");
        string text = $"{{'descr': '{Type}', 'fortran_order': False, 'shape': {shape}, }}";
        int length = Magic.Length + 2 + text.Length + 1;
        int padded = (length + Alignment - 1) / Alignment * Alignment;
        byte[] bytes = new byte[padded];
        Magic.CopyTo(bytes);
        int textLength = padded - Magic.Length - 2;
        bytes[8] = (byte)textLength;
        bytes[9] = (byte)(textLength >> 8);
        bytes.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(10));
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Reads the head and says where the data begins.</summary>
    /// <exception cref="UserErrorException">Not such a file, or its length does not fit its shape.</exception>
    public static NpyHeader Read(string path, int elementSize, out long dataOffset)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] buffer = new byte[MostBytes];
        int read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        int textLength = read >= 10 ? buffer[8] | (buffer[9] << 8) : -1;
        if (textLength < 0 || !buffer.AsSpan(0, 8).SequenceEqual(Magic) || 10 + textLength > read)
        {
            throw new UserErrorException($"'{path}' is not a .npy file of version 1.0.");
        }

        string text = Encoding.ASCII.GetString(buffer, 10, textLength);
        Match match = Pattern().Match(text);
        if (!match.Success)
        {
            throw new UserErrorException($"'{path}' has the header {text.Trim()}; expected an array of one or two dimensions in C order.");
        }

        long rows = long.Parse(match.Groups["rows"].ValueSpan, CultureInfo.InvariantCulture);
        int width = match.Groups["width"].Success ? int.Parse(match.Groups["width"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        dataOffset = 10 + textLength;
        Int128 expected = dataOffset + ((Int128)rows * Math.Max(1, width) * elementSize);
        if (expected != stream.Length)
        {
            throw new UserErrorException($"'{path}' has {stream.Length} bytes, expected {expected} for {rows} rows of {Math.Max(1, width)}; " +
                "delete the folder of columns, it is made again.");
        }

        return new NpyHeader(match.Groups["type"].Value, rows, width);
    }

    [GeneratedRegex(@"\A\{'descr': '(?<type>[<|][a-z]\d)', 'fortran_order': False, 'shape': \((?<rows>\d{1,18}),( (?<width>\d{1,9}))?\), \}\s*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
