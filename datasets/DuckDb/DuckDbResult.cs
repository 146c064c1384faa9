using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>The rows of a query, in chunks of at most 2,048.</summary>
public sealed unsafe class DuckDbResult : IDisposable
{
    readonly ResultHandle _handle;
    readonly DuckDbColumnType[] _types;

    internal DuckDbResult(ResultHandle handle)
    {
        _handle = handle;
        _types = new DuckDbColumnType[NativeMethods.ColumnCount(handle.Data)];
        for (int i = 0; i < _types.Length; i++)
        {
            _types[i] = DuckDbColumnType.Take(NativeMethods.ColumnLogicalType(handle.Data, (ulong)i));
        }
    }

    /// <summary>Rows inserted, updated or deleted by a statement that changes rows.</summary>
    public long RowsChanged => (long)NativeMethods.RowsChanged(_handle.Data);

    public int ColumnCount => _types.Length;

    public string ColumnName(int column) => Marshal.PtrToStringUTF8((nint)NativeMethods.ColumnName(_handle.Data, (ulong)column))
        ?? throw new ArgumentOutOfRangeException(nameof(column));

    public DuckDbType ColumnType(int column) => _types[column].Id;

    /// <summary>The type of the values of a list or array column; <see cref="DuckDbType.Invalid"/> for other columns.</summary>
    public DuckDbType ElementType(int column) => _types[column].Child?.Id ?? DuckDbType.Invalid;

    /// <summary>The type of the values of a column of lists of lists; <see cref="DuckDbType.Invalid"/> for other columns.</summary>
    public DuckDbType InnerType(int column) => _types[column].Child?.Child?.Id ?? DuckDbType.Invalid;

    /// <summary>The next chunk, to be disposed by the caller; null at the end.</summary>
    /// <exception cref="DuckDbException">A streamed query failed, such as on a truncated file.</exception>
    public DuckDbChunk? Next()
    {
        while (true)
        {
            nint chunk = NativeMethods.FetchChunk(*_handle.Data);
            if (chunk == 0)
            {
                byte* error = NativeMethods.ResultError(_handle.Data);
                return error == null ? null : throw DuckDbException.From(error, "DuckDB cannot fetch the next rows.");
            }

            DuckDbChunk result = new(new ChunkHandle(chunk), _types);
            if (result.Rows > 0)
            {
                return result;
            }

            result.Dispose();
        }
    }

    public void Dispose() => _handle.Dispose();
}
