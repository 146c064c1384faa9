using System.Buffers.Binary;
using System.Text;

namespace OfflineRL.Tests.Datasets;

/// <summary>Reads animated GIF files, written from the specification and without the writer's code.</summary>
static class GifReader
{
    /// <summary>[frames][height x width x 3] with the seconds that each stands.</summary>
    public static (int Width, int Height, List<(byte[] Rgb, double Seconds)> Frames) Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        Assert.Equal("GIF89a", Encoding.ASCII.GetString(bytes, 0, 6));
        var (width, height) = (Short(6), Short(8));
        Assert.Equal(0, bytes[10] & 0x80);
        var canvas = new byte[width * height * 3];
        var frames = new List<(byte[], double)>();
        var (seconds, loops, at) = (0.0, false, 13);
        while (bytes[at] != 0x3B)
        {
            if (bytes[at] == 0x21)
            {
                if (bytes[at + 1] == 0xF9)
                    seconds = Short(at + 4) / 100.0;
                else
                    loops |= Encoding.ASCII.GetString(bytes, at + 3, 11) == "NETSCAPE2.0" && Short(at + 16) == 0;
                for (at += 2; bytes[at] != 0;)
                    at += bytes[at] + 1;
                at++;
                continue;
            }

            Assert.Equal(0x2C, bytes[at]);
            var (left, top, w, h, flags) = (Short(at + 1), Short(at + 3), Short(at + 5), Short(at + 7), bytes[at + 9]);
            Assert.Equal(0x80, flags & 0xC0);
            var table = bytes.AsSpan(at + 10, 3 << ((flags & 7) + 1)).ToArray();
            at += 10 + table.Length;
            var bits = bytes[at++];
            var data = new List<byte>();
            for (; bytes[at] != 0; at += bytes[at] + 1)
                data.AddRange(bytes.AsSpan(at + 1, bytes[at]));
            at++;
            var indices = Decode(data, bits);
            Assert.Equal(w * h, indices.Count);
            for (var i = 0; i < indices.Count; i++)
                table.AsSpan(indices[i] * 3, 3).CopyTo(canvas.AsSpan((((top + (i / w)) * width) + left + (i % w)) * 3));
            frames.Add((canvas.ToArray(), seconds));
        }

        Assert.Equal(bytes.Length - 1, at);
        Assert.True(loops);
        return (width, height, frames);

        int Short(int where) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(where));
    }

    static List<byte> Decode(List<byte> data, int bits)
    {
        var (clear, end) = (1 << bits, (1 << bits) + 1);
        var words = new List<byte[]>();
        var output = new List<byte>();
        var (size, position) = (bits + 1, 0);
        byte[]? before = null;
        while (true)
        {
            var code = 0;
            for (var i = 0; i < size; i++, position++)
                code |= ((data[position >> 3] >> (position & 7)) & 1) << i;
            if (code == end)
            {
                Assert.Equal(data.Count, (position + 7) / 8);
                return output;
            }

            if (code == clear)
            {
                words = [.. Enumerable.Range(0, clear + 2).Select(i => new[] { (byte)i })];
                (size, before) = (bits + 1, null);
                continue;
            }

            var word = code < words.Count ? words[code] : [.. before!, before![0]];
            Assert.True(code <= words.Count);
            output.AddRange(word);
            if (before is not null && words.Count < 4096)
                words.Add([.. before, word[0]]);
            before = word;
            if (words.Count == 1 << size && size < 12)
                size++;
        }
    }
}
