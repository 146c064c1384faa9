using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Puts decoded rows into Parquet files: they gather in a table in memory, which is copied to a file and dropped when it is full,
/// so that memory stays bounded however many rows there are.
/// </summary>
sealed class StagedWriter : IDisposable
{
    const string Table = "staged", FileColumn = "offlinerl_file";
    const long ChunkBytes = 16 << 20, PartBytes = 128 << 20, GroupBytes = 32 << 20;
    const int MostColumns = 1000;

    readonly DuckDbConnection _connection;
    readonly string _folder;
    readonly Action<long> _progress;
    IReadOnlyList<StagedColumn>? _columns;
    string _first = "";
    DuckDbAppender? _appender;
    int _filled, _chunkRows;
    long _partRows, _rowsPerPart, _rowBytes, _rows;

    /// <param name="connection">Of a database in memory.</param>
    /// <param name="folder">Gets the files.</param>
    /// <param name="progress">Told of the rows so far; may throw to stop.</param>
    public StagedWriter(DuckDbConnection connection, string folder, Action<long> progress)
    {
        (_connection, _folder, _progress) = (connection, folder, progress);
        Directory.CreateDirectory(folder);
    }

    public IReadOnlyList<StagedColumn> Columns => _columns ?? [];

    /// <summary>The files so far.</summary>
    public List<string> Parts { get; } = [];

    /// <summary>Declares the columns of a file; those of every file are the same.</summary>
    /// <exception cref="UserErrorException">They differ from those of the first one, are too many, or share a name.</exception>
    public void Begin(string path, IReadOnlyList<StagedColumn> columns)
    {
        if (_columns is not null)
        {
            if (!columns.SequenceEqual(_columns))
                throw Throw.ArraysDiffer(_first, _columns, path, columns);
            return;
        }

        if (columns.Count is 0 or > MostColumns)
            throw Throw.ColumnCount(path, columns.Count, MostColumns);
        var twice = columns.Select(c => c.Name).Append(FileColumn).GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
            throw Throw.ArrayTwice(path, twice.Key);
        (_columns, _first) = (columns, path);
        _rowBytes = columns.Sum(c => c.RowBytes) + 4;
        _chunkRows = (int)Math.Clamp(ChunkBytes / _rowBytes, 1, DuckDbAppender.Capacity);
        _rowsPerPart = Math.Clamp(PartBytes / _rowBytes, _chunkRows, 1 << 20);
    }

    /// <summary>Writes rows of one file; the feeds stand in the order of the columns.</summary>
    public void Append(int file, long rows, IReadOnlyList<ColumnFeed> feeds)
    {
        while (rows > 0)
        {
            _appender ??= Start();
            var count = (int)Math.Min(Math.Min(rows, _chunkRows - _filled), _rowsPerPart - _partRows);
            _appender[0].Values<int>(DuckDbAppender.Capacity).Slice(_filled, count).Fill(file);
            for (var i = 0; i < feeds.Count; i++)
                feeds[i].Fill(_appender[i + 1], _filled, count);
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
        if (_columns is null)
            throw Throw.NoSteps(paths);
        if (_appender is null && Parts.Count > 0)
            return;
        _appender ??= Start();
        Flush();
        FinishPart();
    }

    /// <summary>The staged rows as a table.</summary>
    public static SourceTable ToTable(SourceRequest request, IReadOnlyList<StagedColumn> columns, IReadOnlyList<string> parts, ImportConfig map)
    {
        var from = $"(SELECT * EXCLUDE ({FileColumn}), {FileColumn} AS file_index FROM read_parquet({DuckDbSql.Texts(parts)}))";
        return new SourceTable(request.Paths, from, columns.Select(c => new SourceColumn(c.Name, c.Type)).ToList())
        {
            Map = map,
            Notes = request.Notes,
            Empty = request.Empty.Files,
            Skipped = request.Skipped.ToDictionary(s => s.Key, s => (IReadOnlyList<long>)s.Value),
        };
    }

    public void Dispose() => _appender?.Dispose();

    DuckDbAppender Start()
    {
        var columns = string.Concat(_columns!.Select(c => $", {DuckDbSql.Name(c.Name)} {c.Type}"));
        _connection.Execute($"CREATE TEMP TABLE {Table} ({FileColumn} INTEGER{columns})");
        return _connection.Append(Table);
    }

    void Flush()
    {
        if (_filled > 0)
            _appender!.Flush(_filled);
        _filled = 0;
    }

    void FinishPart()
    {
        _appender!.Close();
        _appender.Dispose();
        _appender = null;
        var path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"staged-{Parts.Count:D5}.parquet"));
        var group = Math.Clamp(GroupBytes / _rowBytes, 1, 122_880);
        _connection.Execute(string.Create(
            CultureInfo.InvariantCulture,
            $"COPY {Table} TO {DuckDbSql.Text(path)} (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE {group})"));
        _connection.Execute($"DROP TABLE {Table}");
        Parts.Add(path);
        _partRows = 0;
    }
}
