using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Rows of decoded arrays, many at once and column by column; every file has the same columns.</summary>
sealed class StagedWriter : IDisposable
{
    const long ChunkBytes = 16 << 20, PartBytes = 128 << 20, GroupBytes = 32 << 20;
    const int MostColumns = 1000;

    readonly DuckDbConnection _connection;
    readonly string _folder;
    readonly Action<long> _progress;
    StagedParts? _parts;
    string _first = "";
    int _filled, _chunkRows;
    long _partRows, _rowsPerPart, _rowBytes, _rows;

    /// <param name="connection">Of a database in memory.</param>
    /// <param name="folder">Gets the files.</param>
    /// <param name="progress">Told of the rows so far; may throw to stop.</param>
    public StagedWriter(DuckDbConnection connection, string folder, Action<long> progress) => (_connection, _folder, _progress) = (connection, folder, progress);

    public IReadOnlyList<StagedColumn> Columns { get; private set; } = [];

    /// <summary>The files so far.</summary>
    public IReadOnlyList<string> Parts => _parts?.Files ?? [];

    /// <summary>Declares the columns of a file; those of every file are the same.</summary>
    /// <exception cref="UserErrorException">They differ from those of the first one, are too many, or share a name.</exception>
    public void Begin(string path, IReadOnlyList<StagedColumn> columns)
    {
        if (_parts is not null)
        {
            if (!columns.SequenceEqual(Columns))
                throw Throw.ArraysDiffer(_first, Columns, path, columns);
            return;
        }

        if (columns.Count is 0 or > MostColumns)
            throw Throw.ColumnCount(path, columns.Count, MostColumns);
        var twice = columns.Select(c => c.Name).Append(StagedParts.FileColumn).GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
            throw Throw.ArrayTwice(path, twice.Key);
        (Columns, _first) = (columns, path);
        _parts = new StagedParts(_connection, _folder, columns.Select(c => new SourceColumn(c.Name, c.Type)).ToList());
        _rowBytes = columns.Sum(c => c.RowBytes) + 4;
        _chunkRows = (int)Math.Clamp(ChunkBytes / _rowBytes, 1, DuckDbAppender.Capacity);
        _rowsPerPart = Math.Clamp(PartBytes / _rowBytes, _chunkRows, 1 << 20);
    }

    /// <summary>Writes rows of one file; the feeds stand in the order of the columns.</summary>
    public void Append(int file, long rows, IReadOnlyList<ColumnFeed> feeds)
    {
        while (rows > 0)
        {
            var count = (int)Math.Min(Math.Min(rows, _chunkRows - _filled), _rowsPerPart - _partRows);
            var appender = _parts!.Appender;
            for (var i = 0; i < feeds.Count; i++)
                feeds[i].Fill(appender[i], _filled, count);
            appender[feeds.Count].Values<int>(DuckDbAppender.Capacity).Slice(_filled, count).Fill(file);
            (_filled, _partRows, _rows, rows) = (_filled + count, _partRows + count, _rows + count, rows - count);
            if (_filled == _chunkRows || _partRows == _rowsPerPart)
                Flush();
            if (_partRows == _rowsPerPart)
                FinishPart();
            _progress(_rows);
        }
    }

    /// <summary>Writes what is left; a source without rows has one file without rows.</summary>
    /// <param name="paths">The sources.</param>
    /// <exception cref="UserErrorException">None of them had an episode with a step, so that no columns are known.</exception>
    public void Finish(IReadOnlyList<string> paths)
    {
        if (_parts is null)
            throw Throw.NoSteps(paths);
        if (!_parts.IsOpen && Parts.Count > 0)
            return;
        Flush();
        FinishPart();
    }

    /// <summary>The staged rows as a table.</summary>
    public static SourceTable ToTable(SourceRequest request, IReadOnlyList<StagedColumn> columns, IReadOnlyList<string> parts, ImportConfig map) =>
        new(request.Paths, StagedParts.From(parts), columns.Select(c => new SourceColumn(c.Name, c.Type)).ToList())
        {
            Map = map,
            Notes = request.Notes,
            Empty = request.Empty.Files,
            Skipped = request.Skipped.ToDictionary(s => s.Key, s => (IReadOnlyList<long>)s.Value),
        };

    public void Dispose() => _parts?.Dispose();

    void Flush()
    {
        if (_filled > 0)
            _parts!.Appender.Flush(_filled);
        _filled = 0;
    }

    void FinishPart()
    {
        _parts!.FinishPart(Math.Clamp(GroupBytes / _rowBytes, 1, 122_880));
        _partRows = 0;
    }
}
