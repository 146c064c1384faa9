using System.IO.Compression;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>How a file's bytes are packed.</summary>
enum Packing
{
    None,
    Gzip,
    Zstd,
    Zip,
}

/// <summary>Opens a file as the plain bytes it holds, whatever it is packed with: known by its first bytes, not by its name.</summary>
static class SourceText
{
    public static Packing PackingOf(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? Packing.Gzip
        : head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) ? Packing.Zstd
        : head.StartsWith("PK\x03\x04"u8) ? Packing.Zip
        : Packing.None;

    public static Packing PackingOf(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> head = stackalloc byte[4];
        return PackingOf(head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>The plain bytes; the members of a zip archive stand one behind the other, in ordinal order, each on lines of its own.</summary>
    /// <exception cref="InvalidDataException">It is no whole archive; reading on may throw the same.</exception>
    public static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        try
        {
            Span<byte> head = stackalloc byte[4];
            var packing = PackingOf(head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
            file.Position = 0;
            return packing switch
            {
                Packing.Gzip => new GZipStream(file, CompressionMode.Decompress),
                Packing.Zstd => new ZstdStream(file),
                Packing.Zip => new ZipMembersStream(new ZipArchive(file, ZipArchiveMode.Read)),
                _ => file,
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Runs what reads a file, and turns what can be wrong with its packing into a message.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or is damaged.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw PackingOf(path) is Packing.None ? Throw.CannotRead(path, e) : Throw.NotUnpacked(path, PackingOf(path), e);
        }
        catch (DllNotFoundException e)
        {
            throw Throw.NoZstd(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Throw.CannotRead(path, e);
        }
    }

    /// <summary>Paths that DuckDB opens as they are: it reads patterns in names, and no archives. Others get a link, or an unpacked copy, in the staging folder.</summary>
    /// <exception cref="UserErrorException">A file is damaged, or unpacked does not fit on the disk.</exception>
    public static string ForDuckDb(string path, SourceRequest request, bool unpack)
    {
        if (!unpack && path.AsSpan().IndexOfAny('*', '?', '[') < 0)
            return path;
        Directory.CreateDirectory(request.StagingFolder);
        var staged = Path.Combine(request.StagingFolder, $"source-{Directory.GetFileSystemEntries(request.StagingFolder).Length}" + (unpack ? "" : Path.GetExtension(path)));
        if (unpack)
            Guard(path, () => Unpack(path, staged));
        else
            File.CreateSymbolicLink(staged, Path.GetFullPath(path));
        return staged;
    }

    /// <summary>Unpacks a file to nowhere.</summary>
    /// <exception cref="UserErrorException">It is damaged, or was cut short.</exception>
    public static void Verify(string path) => Guard(path, () =>
    {
        using var plain = Open(path);
        plain.CopyTo(Stream.Null, 1 << 20);
        return 0;
    });

    static long Unpack(string path, string staged)
    {
        using var plain = Open(path);
        using var copy = File.Create(staged);
        plain.CopyTo(copy, 1 << 20);
        return copy.Length;
    }
}

/// <summary>The members of a zip archive as one stream; a line end is put behind a member that has none.</summary>
sealed class ZipMembersStream(ZipArchive archive) : ReadStream
{
    readonly Queue<ZipArchiveEntry> _members = new(archive.Entries.Where(e => !e.FullName.EndsWith('/')).OrderBy(e => e.FullName, StringComparer.Ordinal));
    Stream? _member;
    long _left;
    byte _last = (byte)'\n';

    /// <exception cref="InvalidDataException">A member is damaged, or not as long as the archive says.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_member is null)
            {
                if (!_members.TryDequeue(out var next))
                    return 0;
                (_member, _left) = (next.Open(), next.Length);
            }

            var read = _member.Read(buffer);
            _left -= read;
            if (_left < 0 || (read == 0 && _left > 0))
                throw new InvalidDataException("a member is not as long as the archive says");
            if (read > 0)
            {
                _last = buffer[read - 1];
                return read;
            }

            _member.Dispose();
            _member = null;
            if (_last != (byte)'\n')
            {
                buffer[0] = _last = (byte)'\n';
                return 1;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _member?.Dispose();
            archive.Dispose();
        }

        base.Dispose(disposing);
    }
}
