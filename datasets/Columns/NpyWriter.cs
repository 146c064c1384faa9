using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Writes a column from its first row to its last.</summary>
sealed class NpyWriter<T> : IDisposable
    where T : unmanaged
{
    const int BufferBytes = 1 << 17;

    readonly FileStream _stream;
    readonly long _expected;
    long _written;

    /// <param name="path">The file to make.</param>
    /// <param name="rows">First dimension.</param>
    /// <param name="width">Second dimension; 0: the array has one dimension.</param>
    /// <param name="type">NumPy's element type, where it is not that of <typeparamref name="T"/>.</param>
    public NpyWriter(string path, long rows, int width, string? type = null)
    {
        byte[] header = new NpyHeader(type is null ? NpyType.Of<T>() : NpyType.Parse(type), width == 0 ? [rows] : [rows, width]).ToBytes();
        _expected = rows * Math.Max(1, width);
        // Writing is faster than filling a fresh mapping, which costs a page fault every 4 KiB.
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
        _stream.Write(header);
    }

    public void Write(ReadOnlySpan<T> values)
    {
        _stream.Write(MemoryMarshal.AsBytes(values));
        _written += values.Length;
    }

    /// <summary>All rows were written.</summary>
    public void Finish()
    {
        if (_written != _expected)
        {
            throw new InvalidOperationException($"'{_stream.Name}' got {_written} values, expected {_expected}.");
        }

        _stream.Flush();
    }

    public void Dispose() => _stream.Dispose();
}
