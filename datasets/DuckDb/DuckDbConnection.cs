namespace OfflineRL.Datasets;

/// <summary>Runs statements; used by one thread at a time.</summary>
public sealed class DuckDbConnection : IDisposable
{
    readonly ConnectionHandle _handle;

    internal DuckDbConnection(ConnectionHandle handle) => _handle = handle;

    /// <summary>A statement to be run again and again.</summary>
    /// <param name="sql">One statement with <c>?</c> or <c>$1</c> where parameters go. Names are quoted with <see cref="DuckDbSql"/>.</param>
    /// <exception cref="DuckDbException">With DuckDB's text.</exception>
    public unsafe DuckDbStatement Prepare(string sql)
    {
        int state = NativeMethods.Prepare(_handle, sql, out nint prepared);
        StatementHandle statement = new(prepared);
        if (state != 0)
        {
            using (statement)
            {
                throw DuckDbException.From(NativeMethods.PrepareError(statement), "DuckDB cannot prepare the statement.");
            }
        }

        return new DuckDbStatement(statement);
    }

    /// <param name="sql">As for <see cref="Prepare"/>.</param>
    /// <param name="parameters">null, bool, int, long, float, double, string, byte[], or lists quoted into the text.</param>
    /// <exception cref="DuckDbException">With DuckDB's text.</exception>
    public DuckDbResult Query(string sql, params ReadOnlySpan<object?> parameters)
    {
        using DuckDbStatement statement = Prepare(sql);
        return statement.Query(parameters);
    }

    /// <summary>As <see cref="Query"/>; chunks are made while they are read: for results larger than memory.</summary>
    public DuckDbResult Stream(string sql, params ReadOnlySpan<object?> parameters)
    {
        using DuckDbStatement statement = Prepare(sql);
        return statement.Stream(parameters);
    }

    /// <summary>Runs a statement; returns the number of rows it changed.</summary>
    public long Execute(string sql, params ReadOnlySpan<object?> parameters)
    {
        using DuckDbResult result = Query(sql, parameters);
        return result.RowsChanged;
    }

    /// <summary>Appends chunks of rows to a table of this database.</summary>
    public DuckDbAppender Append(string table) => DuckDbAppender.Create(_handle, table);

    public void Dispose() => _handle.Dispose();
}
