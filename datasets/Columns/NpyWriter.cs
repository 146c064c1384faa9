using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>Writes a column from its first row to its last.</summary>
sealed class NpyWriter<T> : IDisposable
    where T : unmanaged
{
    const int BufferBytes = 1 << 17;

    readonly FileStream _stream;
    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly Action<string, string> _onFinished;
    readonly long _expected;
    long _written;

    /// <param name="path">The file to make.</param>
    /// <param name="rows">First dimension.</param>
    /// <param name="width">Second dimension; 0: the array has one dimension.</param>
    /// <param name="onFinished">Called at <see cref="Finish"/> with the path and its SHA-256.</param>
    /// <param name="type">NumPy's element type, where it is not that of <typeparamref name="T"/>.</param>
    public NpyWriter(string path, long rows, int width, Action<string, string> onFinished, string? type = null)
    {
        byte[] header = new NpyHeader(type is null ? NpyType.Of<T>() : NpyType.Parse(type), width == 0 ? [rows] : [rows, width]).ToBytes();
        _expected = rows * Math.Max(1, width);
        _onFinished = onFinished;
        // Writing is faster than filling a fresh mapping, which costs a page fault every 4 KiB.
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
        _stream.Write(header);
        _hash.AppendData(header);
    }

    public void Write(ReadOnlySpan<T> values)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        _stream.Write(bytes);
        // While it is in the processor's cache.
        _hash.AppendData(bytes);
        _written += values.Length;
    }

    /// <summary>All rows were written.</summary>
    public void Finish()
    {
        if (_written != _expected)
        {
            throw new InvalidOperationException($"'{_stream.Name}' got {_written} values, expected {_expected}.");
        }

        _stream.Dispose();
        _onFinished(_stream.Name, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }
}
