using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>The parts that PNG files and animations are made of. Specification: https://www.w3.org/TR/png-3/.</summary>
static class PngChunks
{
    const int Channels = 3;

    static readonly uint[] CrcTable = Enumerable.Range(0, 256).Select(static n =>
    {
        var c = (uint)n;
        for (var bit = 0; bit < 8; bit++)
            c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
        return c;
    }).ToArray();

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>8-bit red, green, blue; not interlaced.</summary>
    public static void WriteHeader(Stream stream, int width, int height)
    {
        Span<byte> data = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(data, width);
        BinaryPrimitives.WriteInt32BigEndian(data[4..], height);
        (data[8], data[9], data[10], data[11], data[12]) = (8, 2, 0, 0, 0);
        Write(stream, "IHDR", data);
    }

    /// <summary>Length, type, data, checksum.</summary>
    public static void Write(Stream stream, string type, ReadOnlySpan<byte> data)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        stream.Write(word);
        Encoding.ASCII.GetBytes(type, word);
        stream.Write(word);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(word, ~Crc(Crc(uint.MaxValue, word), data));
        stream.Write(word);
    }

    /// <summary>A part of a picture, filtered and compressed, behind <paramref name="prefix"/>.</summary>
    public static byte[] Compress(Canvas picture, Area area, ReadOnlySpan<byte> prefix)
    {
        using var compressed = new MemoryStream();
        compressed.Write(prefix);
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var length = area.Width * Channels;
            var above = new byte[length];
            var candidate = new byte[length + 1];
            var best = new byte[length + 1];
            for (var y = area.Top; y < area.Top + area.Height; y++)
            {
                var row = picture.Rgb.Slice(((y * picture.Width) + area.Left) * Channels, length);
                Filter(row, above, ref candidate, ref best);
                zlib.Write(best);
                row.CopyTo(above);
            }
        }

        return compressed.ToArray();
    }

    // The filter with the smallest sum of magnitudes, as the specification advises (12.7).
    static void Filter(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, ref byte[] candidate, ref byte[] best)
    {
        var least = int.MaxValue;
        for (byte filter = 0; filter < 5; filter++)
        {
            candidate[0] = filter;
            var sum = 0;
            for (var i = 0; i < row.Length; i++)
            {
                var left = i < Channels ? 0 : row[i - Channels];
                var corner = i < Channels ? 0 : above[i - Channels];
                var guess = filter switch
                {
                    0 => 0,
                    1 => left,
                    2 => above[i],
                    3 => (left + above[i]) / 2,
                    _ => Paeth(left, above[i], corner),
                };
                var value = (byte)(row[i] - guess);
                candidate[i + 1] = value;
                sum += value < 128 ? value : 256 - value;
            }

            if (sum >= least)
                continue;
            least = sum;
            (best, candidate) = (candidate, best);
        }
    }

    static int Paeth(int left, int above, int corner)
    {
        var (a, b, c) = (Math.Abs(above - corner), Math.Abs(left - corner), Math.Abs(left + above - corner - corner));
        return a <= b && a <= c ? left : b <= c ? above : corner;
    }

    static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
            crc = CrcTable[(crc ^ value) & 0xFF] ^ (crc >> 8);
        return crc;
    }
}
