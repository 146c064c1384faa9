using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The start of a source file, by which its format is recognized.</summary>
sealed class SourceProbe
{
    const int HeadBytes = 64 * 1024;

    SourceProbe(string path, long bytes, byte[] head, byte[] text) => (Path, Length, Head, Text) = (path, bytes, head, text);

    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>The first bytes as they are on the disk, at most 64 KiB.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>As <see cref="Head"/>, unpacked where the file is gzipped, compressed by Zstandard or a zip archive; empty where that fails.</summary>
    public ReadOnlyMemory<byte> Text { get; }

    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    public static SourceProbe Open(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var head = Start(stream);
            return new SourceProbe(path, stream.Length, head, SourceText.PackingOf(head) == Packing.None ? head : StartOrNothing(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CannotRead(path, e);
        }
    }

    public bool HeadStartsWith(ReadOnlySpan<byte> magic) => Head.Span.StartsWith(magic);

    static byte[] StartOrNothing(string path)
    {
        try
        {
            using var plain = SourceText.Open(path);
            return Start(plain);
        }
        catch (Exception e) when (e is InvalidDataException or DllNotFoundException)
        {
            return [];
        }
    }

    static byte[] Start(Stream stream)
    {
        var head = new byte[HeadBytes];
        return head[..stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)];
    }
}
