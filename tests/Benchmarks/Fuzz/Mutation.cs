using System.IO.Compression;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Benchmarks.Fuzz;

/// <summary>Damages files: cut short, bytes flipped, regions doubled, deleted, swapped or blanked, types and names changed.</summary>
static class Mutation
{
    static readonly (string From, string To)[] Types =
    [
        ("<f4", "<f8"), ("<f8", "<f4"), ("<i8", ">i8"), ("|b1", "|O1"), ("<f4", "|O "), ("|u1", "|S1"), ("<i4", "<U4"), ("True", "None"), ("False", "True "), ("true", "null"), ("1", "x"), ("0", "-"), (".", ","), (",", ";"), ("\"", "'"), ("(", "9"), ("{", "["),
    ];

    /// <summary>The files of a seed with one of them damaged; the same random stream gives the same damage.</summary>
    public static Dictionary<string, byte[]> Of(FuzzSeed seed, RandomStream random)
    {
        var files = seed.Files.ToDictionary(StringComparer.Ordinal);
        var name = seed.Files.Keys.Order(StringComparer.Ordinal).ElementAt(random.NextInt(files.Count));
        // Below the checksums in half of the cases.
        var inside = seed.Packing != Packing.None && random.NextInt(2) == 0;
        files[name] = !inside ? Damage(files[name], seed, random)
            : seed.Packing == Packing.Gzip ? Gzip(Damage(Gunzip(files[name]), seed, random))
            : InZip(files[name], seed, random);
        return files;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return to.ToArray();
    }

    static byte[] Gunzip(byte[] bytes)
    {
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var to = new MemoryStream();
        gzip.CopyTo(to);
        return to.ToArray();
    }

    static byte[] InZip(byte[] archive, FuzzSeed seed, RandomStream random)
    {
        using var to = new MemoryStream();
        using (var from = new ZipArchive(new MemoryStream(archive)))
        using (var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true))
        {
            var damaged = random.NextInt(from.Entries.Count);
            for (var i = 0; i < from.Entries.Count; i++)
            {
                using var member = from.Entries[i].Open();
                using var bytes = new MemoryStream();
                member.CopyTo(bytes);
                using var copy = zip.CreateEntry(from.Entries[i].FullName).Open();
                copy.Write(i == damaged ? Damage(bytes.ToArray(), seed, random) : bytes.ToArray());
            }
        }

        return to.ToArray();
    }

    static byte[] Damage(byte[] bytes, FuzzSeed seed, RandomStream random)
    {
        if (bytes.Length < 2)
            return [];
        var result = bytes.ToArray();
        for (var times = 1 + random.NextInt(2); times > 0 && result.Length > 1; times--)
            result = Once(result, seed, random);
        return result;
    }

    static byte[] Once(byte[] bytes, FuzzSeed seed, RandomStream random)
    {
        // Heads, where formats keep what they promise, are met as often as all the rest.
        var reach = random.NextInt(2) == 0 ? Math.Min(bytes.Length, 512) : bytes.Length;
        var at = random.NextInt(reach);
        var length = 1 + random.NextInt(Math.Min(256, bytes.Length - at));
        switch (random.NextInt(8))
        {
            case 0:
                return bytes[..random.NextInt(bytes.Length)];
            case 1:
                for (var flips = 1 + random.NextInt(16); flips > 0; flips--)
                    bytes[random.NextInt(reach)] ^= (byte)(1 << random.NextInt(8));
                return bytes;
            case 2:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 3:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4:
                bytes.AsSpan(at, length).Fill((byte)(random.NextInt(2) * 255));
                return bytes;
            case 5:
                var other = random.NextInt(bytes.Length - length + 1);
                bytes.AsSpan(other, length).ToArray().CopyTo(bytes, at);
                return bytes;
            case 6:
                var (from, to) = Types[random.NextInt(Types.Length)];
                return Replace(bytes, from, to, random);
            default:
                var word = seed.Words[random.NextInt(seed.Words.Count)];
                return Replace(bytes, word, new string('z', word.Length), random);
        }
    }

    // One of the places where the text stands; where it stands nowhere a byte is flipped.
    static byte[] Replace(byte[] bytes, string from, string to, RandomStream random)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var start = random.NextInt(Math.Max(1, bytes.Length / 2)) * random.NextInt(2);
        var at = text.IndexOf(from, start, StringComparison.Ordinal);
        if (at < 0)
            at = text.IndexOf(from, StringComparison.Ordinal);
        if (at >= 0)
            return Encoding.Latin1.GetBytes(text[..at] + to + text[(at + from.Length)..]);
        bytes[random.NextInt(bytes.Length)] ^= 0x20;
        return bytes;
    }
}
