using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace OfflineRL.Tests.Datasets;

/// <summary>
/// Reads PNG files and animations of 8-bit red, green and blue, written from the specification and without the writer's code: chunks
/// with their checksums, inflate, the five filters, frames put over each other.
/// </summary>
static class PngReader
{
    /// <summary>[frames][height x width x 3] with the seconds that each stands; a plain picture is one frame of 0 seconds.</summary>
    public static (int Width, int Height, List<(byte[] Rgb, double Seconds)> Frames) Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], bytes[..8]);
        var (width, height, declared, sequence) = (0, 0, 0, 0);
        byte[] canvas = [], control = [];
        var frames = new List<(byte[], double)>();
        var types = new List<string>();
        for (var at = 8; at < bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            var type = Encoding.ASCII.GetString(bytes, at + 4, 4);
            var data = bytes.AsSpan(at + 8, length);
            Assert.Equal(Crc(bytes.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 8 + length)));
            types.Add(type);
            switch (type)
            {
                case "IHDR":
                    (width, height) = (Word(data, 0), Word(data, 4));
                    Assert.Equal([8, 2, 0, 0, 0], data[8..].ToArray());
                    canvas = new byte[width * height * 3];
                    break;
                case "acTL":
                    declared = Word(data, 0);
                    Assert.Equal(0, Word(data, 4));
                    break;
                case "fcTL":
                    Assert.Equal(sequence++, Word(data, 0));
                    control = data.ToArray();
                    break;
                case "IDAT":
                    Put(canvas, width, control.Length == 0 ? [width, height, 0, 0] : [Word(control, 4), Word(control, 8), Word(control, 12), Word(control, 16)], data.ToArray());
                    frames.Add((canvas.ToArray(), Seconds(control)));
                    break;
                case "fdAT":
                    Assert.Equal(sequence++, Word(data, 0));
                    Put(canvas, width, [Word(control, 4), Word(control, 8), Word(control, 12), Word(control, 16)], data[4..].ToArray());
                    frames.Add((canvas.ToArray(), Seconds(control)));
                    break;
                default:
                    Assert.Equal("IEND", type);
                    break;
            }

            at += 12 + length;
        }

        Assert.Equal(("IHDR", "IEND"), (types[0], types[^1]));
        Assert.Equal(declared, control.Length == 0 ? 0 : frames.Count);
        return (width, height, frames);
    }

    static void Put(byte[] canvas, int width, int[] area, byte[] data)
    {
        using var zlib = new ZLibStream(new MemoryStream(data), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        zlib.CopyTo(inflated);
        var raw = inflated.ToArray();
        var stride = area[0] * 3;
        Assert.Equal((stride + 1) * area[1], raw.Length);
        var above = new byte[stride];
        for (var y = 0; y < area[1]; y++)
        {
            var filter = raw[y * (stride + 1)];
            var row = raw.AsSpan((y * (stride + 1)) + 1, stride).ToArray();
            for (var i = 0; i < stride; i++)
            {
                int a = i < 3 ? 0 : row[i - 3], b = above[i], c = i < 3 ? 0 : above[i - 3];
                row[i] += filter switch { 0 => 0, 1 => (byte)a, 2 => (byte)b, 3 => (byte)((a + b) >> 1), 4 => Paeth(a, b, c), _ => throw new InvalidDataException($"filter {filter}") };
            }

            row.CopyTo(canvas, (((area[3] + y) * width) + area[2]) * 3);
            above = row;
        }
    }

    static byte Paeth(int a, int b, int c)
    {
        var p = a + b - c;
        var (pa, pb, pc) = (Math.Abs(p - a), Math.Abs(p - b), Math.Abs(p - c));
        if (pa <= pb && pa <= pc)
            return (byte)a;
        return pb <= pc ? (byte)b : (byte)c;
    }

    static double Seconds(byte[] control) => control.Length == 0 ? 0
        : BinaryPrimitives.ReadUInt16BigEndian(control.AsSpan(20)) / (double)BinaryPrimitives.ReadUInt16BigEndian(control.AsSpan(22));

    static int Word(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32BigEndian(data[at..]);

    // Bit by bit, from the polynomial.
    static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return ~crc;
    }
}
