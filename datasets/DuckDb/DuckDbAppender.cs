namespace OfflineRL.Datasets;

/// <summary>Appends rows to a table, a chunk of columns at a time: fill the vectors of <see cref="this[int]"/>, then <see cref="Flush"/>.</summary>
public sealed unsafe class DuckDbAppender : IDisposable
{
    readonly AppenderHandle _handle;
    readonly ChunkHandle _chunk;
    readonly DuckDbColumnType[] _types;

    DuckDbAppender(AppenderHandle handle, ChunkHandle chunk, DuckDbColumnType[] types)
    {
        _handle = handle;
        _chunk = chunk;
        _types = types;
    }

    /// <summary>Rows a chunk takes.</summary>
    public static int Capacity => (int)NativeMethods.VectorSize();

    /// <summary>The vector of a column, to be filled; valid until the next <see cref="Flush"/>.</summary>
    public DuckDbWritableVector this[int column] => new(NativeMethods.ChunkVector(_chunk.Value, (ulong)column), _types[column]);

    internal static DuckDbAppender Create(ConnectionHandle connection, string table)
    {
        int state = NativeMethods.CreateAppender(connection, null, table, out nint appender);
        AppenderHandle handle = new(appender);
        if (state != 0)
        {
            using (handle)
            {
                throw DuckDbException.From(NativeMethods.AppenderError(handle), $"DuckDB cannot append to '{table}'.");
            }
        }

        int count = (int)NativeMethods.AppenderColumnCount(handle);
        nint[] logical = new nint[count];
        DuckDbColumnType[] types = new DuckDbColumnType[count];
        for (int i = 0; i < count; i++)
        {
            logical[i] = NativeMethods.AppenderColumnType(handle, (ulong)i);
        }

        nint chunk;
        fixed (nint* pointer = logical)
        {
            chunk = NativeMethods.CreateChunk(pointer, (ulong)count);
        }

        for (int i = 0; i < count; i++)
        {
            types[i] = DuckDbColumnType.Take(logical[i]);
        }

        return new DuckDbAppender(handle, new ChunkHandle(chunk), types);
    }

    /// <summary>Appends the first <paramref name="rows"/> rows of the vectors and empties them.</summary>
    public void Flush(int rows)
    {
        NativeMethods.SetChunkSize(_chunk.Value, (ulong)rows);
        if (NativeMethods.AppendChunk(_handle, _chunk.Value) != 0)
        {
            throw DuckDbException.From(NativeMethods.AppenderError(_handle), "DuckDB cannot append the rows.");
        }

        NativeMethods.ResetChunk(_chunk.Value);
    }

    /// <summary>Makes everything appended part of the table.</summary>
    public void Close()
    {
        if (NativeMethods.CloseAppender(_handle) != 0)
        {
            throw DuckDbException.From(NativeMethods.AppenderError(_handle), "DuckDB cannot finish appending.");
        }
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _handle.Dispose();
    }
}
