using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>A column as the source has it.</summary>
/// <param name="Name">As in the source.</param>
/// <param name="Type">DuckDB's name of the type.</param>
readonly record struct SourceColumn(string Name, string Type)
{
    static readonly string[] Numbers =
        ["BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"];

    public bool IsList => Type.EndsWith(']');

    public bool IsText => Type == "VARCHAR";

    public bool IsTime => Type.StartsWith("TIMESTAMP", StringComparison.Ordinal) || Type == "DATE";

    /// <summary>Whether single numbers, or a list's elements, are numbers or texts that may hold numbers.</summary>
    public bool MayBeNumbers
    {
        get
        {
            var element = IsList ? Type[..Type.LastIndexOf('[')] : Type;
            return element == "VARCHAR" || Numbers.Contains(element) || element.StartsWith("DECIMAL", StringComparison.Ordinal);
        }
    }
}

/// <summary>The source files as one table for SQL: a FROM clause, and the names and types of its columns.</summary>
sealed class SourceTable
{
    public SourceTable(IReadOnlyList<string> files, string from, IReadOnlyList<SourceColumn> columns) => (Files, From, Columns) = (files, from, columns);

    public IReadOnlyList<string> Files { get; }

    /// <summary>What stands behind FROM. Its rows stand in the order of the files; <c>file_index</c> is a file's place in <see cref="Files"/>.</summary>
    public string From { get; }

    public IReadOnlyList<SourceColumn> Columns { get; }

    /// <summary>
    /// <see cref="From"/> with some of its texts read as DOUBLE by the reader itself, which is quicker; one that is no number ends the query. Null: the source has no texts that could be.
    /// </summary>
    public Func<IReadOnlySet<string>, string>? FromNumbers { get; init; }

    /// <summary>What the dataset's notes say of the reading, such as how features were hashed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Rows of a file that were rejected and are not in the table: their numbers, ascending.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<long>> Skipped { get; init; } = new Dictionary<int, IReadOnlyList<long>>();

    /// <summary>Episodes without a step, which the table has no rows of.</summary>
    public IReadOnlyCollection<EmptyEpisode> Empty { get; init; } = [];

    /// <summary>The number within its file, from 1, of the table's n-th row of that file, n from 1: rows that were skipped count.</summary>
    public long RowNumber(int file, long n)
    {
        if (!Skipped.TryGetValue(file, out var skipped))
            return n;
        // Skipped row i stands before the n-th row of the table where it is not behind row n + i.
        var (low, high) = (0, skipped.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = skipped[middle] - middle <= n ? (middle + 1, high) : (low, middle);
        }

        return n + low;
    }

    /// <summary>The format's own map, where the files themselves say what their columns mean; null: they do not.</summary>
    public ImportConfig? Map { get; init; }

    /// <summary>A table of which DuckDB knows the columns.</summary>
    public static SourceTable Of(DuckDbConnection connection, IReadOnlyList<string> files, string from) => new(files, from, Describe(connection, from));

    /// <summary>A column by name.</summary>
    /// <param name="key">The config key that names it, for the message.</param>
    /// <param name="name">As in the source.</param>
    /// <exception cref="UserErrorException">There is no such column.</exception>
    public SourceColumn Column(string key, string name)
    {
        foreach (var column in Columns)
        {
            if (column.Name == name)
                return column;
        }

        throw Throw.MissingColumn(Files[0], key, name, Columns.Select(c => c.Name).ToList());
    }

    static List<SourceColumn> Describe(DuckDbConnection connection, string from)
    {
        var columns = new List<SourceColumn>();
        using var result = connection.Query($"DESCRIBE SELECT * FROM {from}");
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    columns.Add(new SourceColumn(chunk[0].Text(row), chunk[1].Text(row)));
            }
        }

        return columns;
    }
}
