using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Rows on their way into Parquet files: they gather in a table in memory, which is copied to a file and dropped when it is full, so that
/// memory stays bounded however many rows there are. Beside its columns each row has its file's place among the sources.
/// </summary>
/// <param name="connection">Of a database in memory.</param>
/// <param name="folder">Gets the files; made when it is first wanted.</param>
/// <param name="columns">With DuckDB's names of their types.</param>
sealed class StagedParts(DuckDbConnection connection, string folder, IReadOnlyList<SourceColumn> columns) : IDisposable
{
    /// <summary>What the column of the file's place is called; a source may not have one of that name.</summary>
    public const string FileColumn = "offlinerl_file";

    static int _count;

    readonly string _name = FormattableString.Invariant($"staged_{Interlocked.Increment(ref _count)}");
    readonly List<string> _files = [];
    DuckDbAppender? _appender;

    public IReadOnlyList<string> Files => _files;

    /// <summary>Of the rows that gather: the columns, and behind them the file's place.</summary>
    public DuckDbAppender Appender => _appender ??= Begin();

    /// <summary>Whether rows gather that are in no file yet.</summary>
    public bool IsOpen => _appender is not null;

    /// <summary>Copies what has gathered to a file, if only its columns.</summary>
    /// <param name="groupRows">Rows of a row group.</param>
    public void FinishPart(long groupRows = 122_880)
    {
        Appender.Close();
        Appender.Dispose();
        _appender = null;
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{_name}-{_files.Count:D5}.parquet"));
        connection.Execute(string.Create(
            CultureInfo.InvariantCulture,
            $"COPY {_name} TO {DuckDbSql.Text(path)} (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE {groupRows})"));
        connection.Execute($"DROP TABLE {_name}");
        _files.Add(path);
    }

    /// <summary>What stands behind FROM: the files' rows, with <c>file_index</c>.</summary>
    /// <param name="files">As <see cref="Files"/> gave them.</param>
    /// <param name="select">The columns in SQL where they are not what was written; null: all of them.</param>
    public static string From(IReadOnlyList<string> files, string? select = null) =>
        $"(SELECT {select ?? $"* EXCLUDE ({DuckDbSql.Name(FileColumn)})"}, {DuckDbSql.Name(FileColumn)} AS file_index FROM read_parquet({DuckDbSql.Texts(files)}, hive_partitioning=false))";

    public void Dispose() => _appender?.Dispose();

    DuckDbAppender Begin()
    {
        Directory.CreateDirectory(folder);
        connection.Execute($"CREATE TEMP TABLE {_name} ({string.Concat(columns.Select(c => $"{DuckDbSql.Name(c.Name)} {c.Type}, "))}{DuckDbSql.Name(FileColumn)} INTEGER)");
        return connection.Append(_name);
    }
}
