using System.IO.MemoryMappedFiles;

namespace OfflineRL.Datasets;

/// <summary>A memory-mapped <c>.npy</c> array of <see cref="Rows"/> rows of <see cref="Width"/> numbers; it may hold more than 2^31 of them.</summary>
public sealed unsafe class NpyColumn<T> : IDisposable
    where T : unmanaged
{
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;
    T* _data;
    bool _isAtRandom;

    /// <summary>Maps a file, read-only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">Rows it must have.</param>
    /// <param name="width">Numbers a row must have.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged, or of another type or shape.</exception>
    internal NpyColumn(string path, long rows, int width)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"'{path}' does not exist; delete the folder of columns, it is made again.");
        }

        NpyHeader header = ReadHeader(path);
        NpyType type = NpyType.Of<T>();
        long foundWidth = header.Shape.Count == 2 ? header.Shape[1] : 1;
        bool fits = (header.Type == type || (header.Type.Kind == NpyKind.Boolean && type == NpyType.Of<byte>()))
            && header.Shape.Count is 1 or 2 && !header.FortranOrder && header.Shape[0] == rows && foundWidth == width;
        if (!fits)
        {
            throw new UserErrorException($"'{path}' holds {header}, expected {rows} rows of {width} {type}; " +
                "delete the folder of columns, it is made again.");
        }

        Rows = rows;
        Width = width;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = (T*)(start + header.Bytes);
    }

    public long Rows { get; }

    /// <summary>Numbers a row.</summary>
    public int Width { get; }

    /// <summary>The first number; valid until the owner is disposed.</summary>
    public T* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data == null, this);
            return _data;
        }
    }

    /// <summary>One row.</summary>
    public ReadOnlySpan<T> this[long row] => Slice(row, 1);

    /// <summary>Rows as one span of rows * Width numbers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the column, or more numbers than a span holds.</exception>
    public ReadOnlySpan<T> Slice(long firstRow, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, Rows - rows);
        long count = (long)rows * Width;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, int.MaxValue, nameof(rows));
        return new(Pointer + (firstRow * Width), (int)count);
    }

    /// <summary>
    /// Says that rows are read in no order. Of a column that memory does not hold, the system would else read megabytes around each
    /// of them; from here on it reads what is asked for, best told by <see cref="Expect"/>.
    /// </summary>
    /// <param name="memoryBytes">What there is of memory; a column that takes over half of it is not held.</param>
    /// <returns>Whether the column is so large.</returns>
    internal bool ReadAtRandom(long memoryBytes)
    {
        long bytes = Rows * Width * sizeof(T);
        if (!_isAtRandom && bytes > memoryBytes / 2)
        {
            _isAtRandom = MappedMemory.Advise(Pointer, bytes, MappedMemory.Random);
        }

        return _isAtRandom;
    }

    /// <summary>Has rows fetched from the disk, where the column is one that memory does not hold; does not wait for them.</summary>
    internal void Expect(long firstRow, long rows)
    {
        if (_isAtRandom)
        {
            MappedMemory.Advise(Pointer + (firstRow * Width), rows * Width * sizeof(T), MappedMemory.WillNeed);
        }
    }

    static NpyHeader ReadHeader(string path)
    {
        using FileStream stream = File.OpenRead(path);
        try
        {
            return NpyHeader.Read(stream, stream.Length, $"'{path}'");
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{e.Message} Or delete the folder of columns, it is made again.", e);
        }
    }

    public void Dispose()
    {
        if (_data != null)
        {
            _data = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }
}
