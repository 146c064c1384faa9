using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>How a field comes out of the query.</summary>
enum FieldKind
{
    /// <summary>One DOUBLE or FLOAT: null where the source has nothing, infinite where it has a text that is no number.</summary>
    Number,

    /// <summary>Several, in a list or in flat columns, under the same rule.</summary>
    Numbers,

    /// <summary>A BLOB of unsigned bytes, such as an image.</summary>
    Bytes,

    Text,

    /// <summary>BIGINT, microseconds since 1970 UTC.</summary>
    Time,
}

/// <summary>A field of the import map: where it comes from and the SQL that fetches it.</summary>
/// <param name="Key">The config key.</param>
/// <param name="Columns">The source's columns.</param>
/// <param name="Kind">What the SQL gives.</param>
/// <param name="Sql">Expressions over the source's columns: one, or one for each of several flat columns.</param>
/// <param name="Width">Numbers a row; 0 for a single number, text or time.</param>
sealed record ImportField(string Key, IReadOnlyList<string> Columns, FieldKind Kind, IReadOnlyList<string> Sql, int Width = 0)
{
    /// <summary>Whether the numbers are those of one list and not of flat columns.</summary>
    public bool IsList { get; init; }

    /// <summary>Whether each column is a text that is only parsed, and could be read as a number at once.</summary>
    public bool IsParsed { get; init; }

    /// <summary>Its place among the plan's fields.</summary>
    public int Index { get; init; }

    /// <summary>The first of its columns in the query.</summary>
    public int First { get; init; }

    /// <summary>The source column of one element, for messages.</summary>
    public string ColumnOf(int element) => Columns.Count > 1 && element < Columns.Count ? Columns[element] : Columns[0];
}

/// <summary>Makes fields: checks that columns are there and can hold what is wanted, and finds the widths of lists in the first row.</summary>
sealed class FieldMaker(SourceTable table, DuckDbConnection connection)
{
    /// <param name="key">The config key.</param>
    /// <param name="column">The source's column; null: the map has none.</param>
    /// <param name="optional">Whether an empty field means something, and so differs from a text that is no number.</param>
    public ImportField? Number(string key, string? column, bool optional = false)
    {
        if (column is null)
            return null;
        var found = NumberColumn(key, column);
        return found.IsList ? throw Throw.ColumnType(table.Files[0], key, found, "one number a row") : new ImportField(key, [column], FieldKind.Number, [NumberSql(found, optional)]) { IsParsed = found.IsText };
    }

    /// <summary>0 or 1, by column or by rule; texts such as true and False are understood.</summary>
    public ImportField? Flag(string key, string? column, FlagRule? rule = null)
    {
        if (rule is not null)
            return new ImportField(key, [table.Column(key, rule.Column).Name], FieldKind.Number, [rule.Sql]);
        if (Number(key, column) is not { } field || !table.Column(key, field.Columns[0]).IsText)
            return column is null ? null : Number(key, column);
        return field with { IsParsed = false, Sql = [FlagSql(field.Columns[0], "")] };
    }

    /// <summary>Several flags a row, in a list or in flat columns; texts as in <see cref="Flag"/>.</summary>
    public ImportField? Flags(string key, IReadOnlyList<string> columns) =>
        Numbers(key, columns) is { } field && columns.All(c => table.Column(key, c).IsText)
            ? field with { IsParsed = false, Sql = [.. columns.Select(c => FlagSql(c, field.IsList ? "[]" : ""))] }
            : Numbers(key, columns);

    /// <summary>Several numbers a row: a list column, or flat columns.</summary>
    /// <param name="key">The config key.</param>
    /// <param name="columns">The source's.</param>
    /// <param name="optional">Whether an empty field means something.</param>
    /// <param name="like">What the field is taken to be like where no row has anything of it; null: one number a row.</param>
    public ImportField? Numbers(string key, IReadOnlyList<string> columns, bool optional = false, ImportField? like = null)
    {
        if (columns.Count == 0)
            return null;
        if (columns.Count == 1 && table.Column(key, columns[0]).Type == "BLOB")
            return new ImportField(key, columns, FieldKind.Bytes, [DuckDbSql.Name(columns[0])], FirstLength(DuckDbSql.Name(columns[0]), like, "octet_length"));
        var found = columns.Select(c => NumberColumn(key, c)).ToList();
        if (found.Count == 1 && (found[0].IsList || (found[0].IsText && IsListText(found[0].Name, like))))
        {
            var sql = ListSql(found[0]);
            return new ImportField(key, columns, FieldKind.Numbers, [sql], FirstLength(sql, like)) { IsList = true };
        }

        if (found.FirstOrDefault(c => c.IsList) is { Name: not null } list)
            throw Throw.ColumnType(table.Files[0], key, list, "one number a row, as one of several columns");
        return new ImportField(key, columns, FieldKind.Numbers, [.. found.Select(f => NumberSql(f, optional))], columns.Count) { IsParsed = found.All(f => f.IsText) };
    }

    /// <summary>Numbers to pass through: a single column of single numbers stays single.</summary>
    public ImportField Info(string key, IReadOnlyList<string> columns)
    {
        var field = Numbers(key, columns, optional: true) ?? throw Throw.EmptyInfo(key);
        return columns.Count == 1 && !field.IsList ? Number(key, columns[0], optional: true)! : field;
    }

    /// <summary>One or more columns as one text.</summary>
    public ImportField? Text(string key, IReadOnlyList<string> columns)
    {
        if (columns.Count == 0)
            return null;
        var parts = columns.Select(c => $"CAST({DuckDbSql.Name(table.Column(key, c).Name)} AS VARCHAR)");
        return new ImportField(key, columns, FieldKind.Text, [string.Join(" || '/' || ", parts)]);
    }

    public ImportField? Time(string key, string? column)
    {
        if (column is null)
            return null;
        var found = table.Column(key, column);
        if (!found.IsText && !found.IsTime)
            throw Throw.ColumnType(table.Files[0], key, found, "timestamps, or texts such as 2026-01-31T12:00:00Z");
        var name = DuckDbSql.Name(column);
        return new ImportField(key, [column], FieldKind.Time, [found.IsText ? $"epoch_us(TRY_CAST({name} AS TIMESTAMPTZ))" : $"epoch_us({name})"]);
    }

    SourceColumn NumberColumn(string key, string column)
    {
        var found = table.Column(key, column);
        return found.MayBeNumbers ? found : throw Throw.ColumnType(table.Files[0], key, found, "numbers");
    }

    // What is no number becomes nothing, and the row's fault; where nothing is allowed it becomes infinite, which never is.
    static string NumberSql(SourceColumn column, bool optional)
    {
        var name = DuckDbSql.Name(column.Name);
        return column.IsText
            ? optional ? $"CASE WHEN {name} IS NULL THEN NULL ELSE coalesce(TRY_CAST({name} AS DOUBLE), 'Infinity'::DOUBLE) END" : $"TRY_CAST({name} AS DOUBLE)"
            : column.Type == "FLOAT" ? name : $"CAST({name} AS DOUBLE)";
    }

    static string FlagSql(string column, string list)
    {
        var name = DuckDbSql.Name(column);
        return $"coalesce(CAST(TRY_CAST({name} AS BOOLEAN{list}) AS DOUBLE{list}), TRY_CAST({name} AS DOUBLE{list}))";
    }

    static string ListSql(SourceColumn column)
    {
        var name = DuckDbSql.Name(column.Name);
        return column.IsText
            ? $"CASE WHEN {name} IS NULL THEN NULL ELSE coalesce(TRY_CAST({name} AS DOUBLE[]), ['Infinity'::DOUBLE]) END"
            : column.Type == "FLOAT[]" ? name : $"CAST({name} AS DOUBLE[])";
    }

    // The first row that has something: a source may have nothing in the rows before, as behind an episode of one step.
    bool IsListText(string column, ImportField? like)
    {
        var text = $"trim(CAST({DuckDbSql.Name(column)} AS VARCHAR))";
        using var result = connection.Query($"SELECT starts_with({text}, '[') FROM {table.From} WHERE {text} <> '' LIMIT 1");
        using var chunk = result.Next();
        return chunk is null || chunk.Rows == 0 ? like is { IsList: true } : chunk[0].Values<bool>()[0];
    }

    int FirstLength(string sql, ImportField? like, string function = "len")
    {
        using var result = connection.Query($"SELECT {function}({sql}) FROM {table.From} WHERE {function}({sql}) > 0 LIMIT 1");
        using var chunk = result.Next();
        return chunk is null || chunk.Rows == 0 ? like?.Width ?? 1 : checked((int)chunk[0].Values<long>()[0]);
    }
}
