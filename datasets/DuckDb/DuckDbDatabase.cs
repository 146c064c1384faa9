namespace OfflineRL.Datasets;

/// <summary>How a database is opened. Extensions are never loaded and the configuration is locked.</summary>
public sealed record DuckDbOptions
{
    /// <summary>Null: DuckDB's default, one per core.</summary>
    public int? Threads { get; init; }

    /// <summary>Such as <c>2GB</c>; null: DuckDB's default.</summary>
    public string? MemoryLimit { get; init; }

    /// <summary>Where results larger than memory spill; null: nowhere.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Whether SQL may read and write files.</summary>
    public bool FileAccess { get; init; } = true;
}

/// <summary>An embedded database.</summary>
public sealed class DuckDbDatabase : IDisposable
{
    /// <exception cref="UserErrorException">DuckDB's library is not there; the message names <c>make setup</c> and <c>DUCKDB</c>.</exception>
    public static DuckDbDatabase OpenInMemory(DuckDbOptions? options = null) => throw new NotSupportedException();

    /// <summary>A connection is used by one thread at a time.</summary>
    public DuckDbConnection Connect() => throw new NotSupportedException();

    public void Dispose()
    {
    }
}

public sealed class DuckDbConnection : IDisposable
{
    /// <param name="sql">One statement with <c>?</c> or <c>$1</c> where parameters go. Quote names with <see cref="DuckDbSql"/>.</param>
    /// <param name="parameters">null, bool, int, long, float, double, string, byte[].</param>
    /// <exception cref="DuckDbException">With DuckDB's text.</exception>
    public DuckDbResult Query(string sql, params ReadOnlySpan<object?> parameters) => throw new NotSupportedException();

    /// <summary>As <see cref="Query"/>, chunks are made while they are read: for results larger than memory.</summary>
    public DuckDbResult Stream(string sql, params ReadOnlySpan<object?> parameters) => throw new NotSupportedException();

    /// <summary>Rows changed.</summary>
    public long Execute(string sql, params ReadOnlySpan<object?> parameters) => throw new NotSupportedException();

    /// <summary>Appends chunks of rows to a table of this database.</summary>
    public DuckDbAppender Append(string table) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
