namespace OfflineRL.Datasets;

/// <summary>Up to 2,048 rows as column vectors.</summary>
public sealed class DuckDbChunk : IDisposable
{
    readonly ChunkHandle _handle;
    readonly DuckDbColumnType[] _types;

    internal DuckDbChunk(ChunkHandle handle, DuckDbColumnType[] types)
    {
        _handle = handle;
        _types = types;
        Rows = (int)NativeMethods.ChunkSize(handle.Value);
    }

    public int Rows { get; }

    /// <summary>A column's values, valid until the chunk is disposed.</summary>
    public DuckDbVector this[int column] => new(NativeMethods.ChunkVector(_handle.Value, (ulong)column), _types[column], Rows);

    public void Dispose() => _handle.Dispose();
}
