using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Rows of a format that DuckDB does not read, one after the other: set a row's columns, end the row, and query the files once all are
/// written. Columns that are not set are null.
/// </summary>
sealed class StagedTable : IDisposable
{
    const long ChunkBytes = 32 << 20, PartBytes = 256 << 20;

    readonly StagedParts _parts;
    readonly bool[] _set;
    int _rows;
    long _chunkBytes;
    long _partBytes;

    /// <param name="request">Whose folder and connection are used.</param>
    /// <param name="columns">Types are BIGINT, DOUBLE, BOOLEAN, VARCHAR, DOUBLE[], FLOAT[] and BOOLEAN[].</param>
    public StagedTable(SourceRequest request, IReadOnlyList<SourceColumn> columns)
    {
        Columns = columns;
        _parts = new StagedParts(request.Connection, request.StagingFolder, columns);
        _set = new bool[columns.Count];
    }

    public IReadOnlyList<SourceColumn> Columns { get; }

    /// <summary>Rows ended so far.</summary>
    public long Rows { get; private set; }

    DuckDbAppender Appender => _parts.Appender;

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
        if (_partBytes < PartBytes)
            return;
        Flush();
        _parts.FinishPart();
        _partBytes = 0;
    }

    /// <summary>Writes what is left; what stands behind FROM, with <c>file_index</c>.</summary>
    /// <param name="select">The columns in SQL where they are not what was written.</param>
    public string Finish(string? select = null)
    {
        Flush();
        _parts.FinishPart();
        return StagedParts.From(_parts.Files, select);
    }

    public void Dispose() => _parts.Dispose();

    void Mark(int column, long bytes)
    {
        _set[column] = true;
        _chunkBytes += bytes;
        _partBytes += bytes;
    }

    void Flush()
    {
        if (_rows > 0)
            Appender.Flush(_rows);
        (_rows, _chunkBytes) = (0, 0);
    }
}
