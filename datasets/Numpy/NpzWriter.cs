using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// Writes a <c>.npz</c> that numpy.load reads, compressed. It appears under its name when <see cref="Commit"/> is called, whole,
/// and replaces nothing; the same arrays give the same bytes.
/// </summary>
public sealed class NpzWriter : IDisposable
{
    static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly string _path, _pending;
    readonly FileStream _file;
    ZipArchive? _archive;

    NpzWriter(string path)
    {
        _path = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(_path)!;
        _pending = Path.Combine(folder, $".{Path.GetFileName(_path)}.pending-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        try
        {
            Directory.CreateDirectory(folder);
            _file = new FileStream(_pending, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CannotWrite(folder, e);
        }

        _archive = new ZipArchive(_file, ZipArchiveMode.Create, leaveOpen: true);
    }

    /// <summary>Begins a file.</summary>
    /// <exception cref="UserErrorException">The file exists, or its folder cannot be written.</exception>
    public static NpzWriter Create(string path) => File.Exists(path) ? throw Throw.Exists(path) : new NpzWriter(path);

    /// <summary>Adds an array of double, float, long, int, byte or bool.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">In C order.</param>
    /// <param name="shape">Sizes; none: as many as there are values.</param>
    public void Add<T>(string name, ReadOnlySpan<T> values, params IReadOnlyList<long>? shape)
        where T : unmanaged => Add(name, new NpyHeader(NpyType.Of<T>(), Sizes(values.Length, shape)), MemoryMarshal.AsBytes(values));

    /// <summary>Adds a lone number.</summary>
    public void Add<T>(string name, T value)
        where T : unmanaged => Add(name, new NpyHeader(NpyType.Of<T>(), []), MemoryMarshal.AsBytes([value]));

    /// <summary>Adds an array of text, as NumPy's U.</summary>
    public void Add(string name, IReadOnlyList<string> values)
    {
        var encoded = values.Select(v => Encoding.UTF32.GetBytes(v)).ToArray();
        var size = Math.Max(4, encoded.Length == 0 ? 4 : encoded.Max(e => e.Length));
        var bytes = new byte[size * values.Count];
        for (var i = 0; i < encoded.Length; i++)
            encoded[i].CopyTo(bytes, i * size);
        Add(name, new NpyHeader(new NpyType(NpyKind.Text, size, false), [values.Count]), bytes);
    }

    /// <summary>Adds an array whose elements come from a stream, in C order and the machine's byte order.</summary>
    public void Add(string name, NpyType type, IReadOnlyList<long> shape, Stream data)
    {
        ObjectDisposedException.ThrowIf(_archive is null, this);
        var entry = _archive.CreateEntry(name + ".npy", CompressionLevel.Fastest);
        entry.LastWriteTime = Epoch;
        using var stream = entry.Open();
        stream.Write(new NpyHeader(type, shape).ToBytes());
        data.CopyTo(stream, 1 << 16);
    }

    /// <summary>Makes the file durable and visible.</summary>
    /// <exception cref="UserErrorException">Someone else made a file of that name meanwhile, or the disk is full.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_archive is null, this);
        try
        {
            _archive.Dispose();
            _archive = null;
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            if (File.Exists(_path))
                throw Throw.Exists(_path);
            File.Move(_pending, _path, overwrite: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CannotWrite(Path.GetDirectoryName(_path)!, e);
        }

        Durable.FlushFolder(Path.GetDirectoryName(_path)!);
    }

    public void Dispose()
    {
        _archive?.Dispose();
        _archive = null;
        _file.Dispose();
        File.Delete(_pending);
    }

    static IReadOnlyList<long> Sizes(int count, IReadOnlyList<long>? shape)
    {
        if (shape is null or { Count: 0 })
            return [count];
        return shape.Aggregate(1L, (product, size) => product * size) == count
            ? shape
            : throw new ArgumentException($"{count} values do not fill ({string.Join(", ", shape)}).", nameof(shape));
    }

    void Add(string name, NpyHeader header, ReadOnlySpan<byte> data)
    {
        ObjectDisposedException.ThrowIf(_archive is null, this);
        var entry = _archive.CreateEntry(name + ".npy", CompressionLevel.Optimal);
        entry.LastWriteTime = Epoch;
        using var stream = entry.Open();
        stream.Write(header.ToBytes());
        stream.Write(data);
    }
}
