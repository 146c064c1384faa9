using System.IO.Compression;
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

    /// <summary>As <see cref="Head"/>, decompressed where the file is gzipped; empty where that fails.</summary>
    public ReadOnlyMemory<byte> Text { get; }

    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    public static SourceProbe Open(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var head = Start(stream);
            if (!head.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
                return new SourceProbe(path, stream.Length, head, head);
            stream.Position = 0;
            using var plain = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            return new SourceProbe(path, stream.Length, head, StartOrNothing(plain));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CannotRead(path, e);
        }
    }

    public bool HeadStartsWith(ReadOnlySpan<byte> magic) => Head.Span.StartsWith(magic);

    static byte[] StartOrNothing(Stream stream)
    {
        try
        {
            return Start(stream);
        }
        catch (InvalidDataException)
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
