using System.IO.MemoryMappedFiles;

namespace OfflineRL.Datasets;

/// <summary>The writing side of an <c>.npy</c> file that is mapped at its full size from the start: what is not written yet takes no space.</summary>
sealed unsafe class GrowingColumn<T> : IDisposable
    where T : unmanaged
{
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;
    readonly int _width;
    readonly long _rows;
    T* _data;

    /// <param name="path">The file to make.</param>
    /// <param name="rows">Rows it will have at most.</param>
    /// <param name="width">Numbers a row; 0: the array has one dimension.</param>
    public GrowingColumn(string path, long rows, int width)
    {
        var header = new NpyHeader(NpyType.Of<T>(), width == 0 ? [rows] : [rows, width]).ToBytes();
        (_rows, _width) = (rows, Math.Max(1, width));
        var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        stream.Write(header);
        stream.SetLength(header.Length + (rows * _width * sizeof(T)));
        stream.Flush();
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.ReadWrite);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = (T*)(start + header.Length);
    }

    /// <summary>Rows to be filled.</summary>
    public Span<T> this[long firstRow, int rows]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data == null, this);
            ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, _rows - rows);
            return new(_data + (firstRow * _width), checked(rows * _width));
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
