using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Evaluate;

/// <summary>A table of a report folder as texts, read back from its CSV.</summary>
sealed class FolderTable
{
    readonly Dictionary<string, int> _columns;

    FolderTable(string name, IReadOnlyList<string> columns, IReadOnlyList<string[]> rows)
    {
        (Name, Columns, Rows) = (name, columns, rows);
        _columns = columns.Select((c, i) => (c, i)).DistinctBy(c => c.c).ToDictionary(c => c.c, c => c.i, StringComparer.Ordinal);
    }

    /// <summary>Of the file, without its ending.</summary>
    public string Name { get; }

    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<string[]> Rows { get; }

    /// <summary>The table, or null where the report has none of that name.</summary>
    /// <exception cref="Datasets.UserErrorException">It is there and cannot be read.</exception>
    public static FolderTable? TryRead(string folder, string name)
    {
        var path = Path.Combine(folder, name + ".csv");
        if (!File.Exists(path))
            return null;
        try
        {
            using var reader = new StreamReader(path);
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture));
            if (!csv.Read() || !csv.ReadHeader())
                throw EvaluateThrow.BadTable(path, "it is empty");
            var columns = csv.HeaderRecord!;
            var rows = new List<string[]>();
            while (csv.Read())
            {
                var row = csv.Parser.Record!;
                rows.Add(row.Length == columns.Length ? row : throw EvaluateThrow.BadTable(path, $"line {csv.Parser.RawRow} has {row.Length} fields and the header {columns.Length}"));
            }

            return new FolderTable(name, columns, rows);
        }
        catch (Exception e) when (e is CsvHelperException or IOException)
        {
            throw EvaluateThrow.BadTable(path, e.Message.Split('\n')[0].Trim().TrimEnd('.'));
        }
    }

    /// <summary>The rows that have such a text in a column; all where there is no such column.</summary>
    public FolderTable Where(string column, Func<string, bool> keep) => Has(column) ? new FolderTable(Name, Columns, [.. Rows.Where(r => keep(Text(r, column)))]) : this;

    public bool Has(params string[] columns) => columns.All(_columns.ContainsKey);

    public string Text(string[] row, string column) => row[_columns[column]];

    /// <summary>Null where the field is empty or no number.</summary>
    public double? Number(string[] row, string column) => Parse(row[_columns[column]]);

    public static double? Parse(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
