using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Rows of a format that DuckDB does not read, as Parquet files below the staging folder: set a row's columns, end the row, and query
/// the files once all are written. Columns that are not set are null. Memory is bounded by one file's rows.
/// </summary>
sealed class StagedTable : IDisposable
{
    const long ChunkBytes = 32 << 20, PartBytes = 256 << 20;
    const string FileColumn = "source file";

    static int _count;

    readonly SourceRequest _request;
    readonly string _name = $"staged_{Interlocked.Increment(ref _count)}";
    readonly List<string> _parts = [];
    readonly bool[] _set;
    DuckDbAppender? _appender;
    int _rows;
    long _chunkBytes;
    long _partBytes;

    /// <param name="request">Whose folder and connection are used.</param>
    /// <param name="columns">Types are BIGINT, DOUBLE, BOOLEAN, VARCHAR, DOUBLE[], FLOAT[] and BOOLEAN[].</param>
    public StagedTable(SourceRequest request, IReadOnlyList<SourceColumn> columns)
    {
        (_request, Columns) = (request, columns);
        _set = new bool[columns.Count];
    }

    public IReadOnlyList<SourceColumn> Columns { get; }

    /// <summary>Rows ended so far.</summary>
    public long Rows { get; private set; }

    DuckDbAppender Appender => _appender ??= Begin();

    public void Set<T>(int column, T value)
        where T : unmanaged
    {
        Mark(column, 8);
        Appender[column].Values<T>(DuckDbAppender.Capacity)[_rows] = value;
    }

    public void Set(int column, string? text)
    {
        if (text is null)
            return;
        Mark(column, 16 + (2L * text.Length));
        Appender[column].SetText(_rows, text);
    }

    /// <summary>A list; the element is the column's.</summary>
    public unsafe void SetList<T>(int column, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Mark(column, 16 + ((long)values.Length * sizeof(T)));
        if (values.IsEmpty)
            Appender[column].Values<DuckDbList>(DuckDbAppender.Capacity)[_rows] = default;
        else
            Appender[column].AppendLists(_rows, values.Length, values);
    }

    /// <param name="file">Place of the row's file among the sources.</param>
    public void EndRow(int file)
    {
        for (var i = 0; i < _set.Length; i++)
        {
            if (!_set[i])
                Appender[i].SetNulls(_rows, 1);
            _set[i] = false;
        }

        Appender[_set.Length].Values<int>(DuckDbAppender.Capacity)[_rows] = file;
        _rows++;
        Rows++;
        if (_rows == DuckDbAppender.Capacity || _chunkBytes >= ChunkBytes)
            Flush();
        if (_partBytes >= PartBytes)
            FinishPart();
    }

    /// <summary>Writes what is left; what stands behind FROM, with <c>file_index</c>.</summary>
    /// <param name="select">The columns in SQL where they are not what was written.</param>
    public string Finish(string? select = null)
    {
        // A table without rows has its columns too.
        _ = Appender;
        FinishPart();
        var columns = select ?? string.Join(", ", Columns.Select(c => DuckDbSql.Name(c.Name)));
        return $"(SELECT {columns}, {DuckDbSql.Name(FileColumn)} AS file_index FROM read_parquet({DuckDbSql.Texts(_parts)}, hive_partitioning=false))";
    }

    public void Dispose() => _appender?.Dispose();

    void Mark(int column, long bytes)
    {
        _set[column] = true;
        _chunkBytes += bytes;
        _partBytes += bytes;
    }

    DuckDbAppender Begin()
    {
        Directory.CreateDirectory(_request.StagingFolder);
        var columns = string.Concat(Columns.Select(c => $"{DuckDbSql.Name(c.Name)} {c.Type}, "));
        _request.Connection.Execute($"CREATE TABLE {_name} ({columns}{DuckDbSql.Name(FileColumn)} INTEGER)");
        return _request.Connection.Append(_name);
    }

    void Flush()
    {
        if (_rows > 0)
            _appender!.Flush(_rows);
        (_rows, _chunkBytes) = (0, 0);
    }

    void FinishPart()
    {
        if (_appender is null)
            return;
        Flush();
        _appender.Close();
        _appender.Dispose();
        (_appender, _partBytes) = (null, 0);
        var path = Path.Combine(_request.StagingFolder, $"{_name}-{_parts.Count:D5}.parquet");
        _request.Connection.Execute($"COPY {_name} TO {DuckDbSql.Text(path)} (FORMAT parquet, COMPRESSION snappy)");
        _request.Connection.Execute($"DROP TABLE {_name}");
        _parts.Add(path);
    }
}
