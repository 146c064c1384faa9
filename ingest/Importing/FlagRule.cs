using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>A flag by rule: the rows in which a column has a certain value, or one within bounds. All that is given must hold; an empty field holds nothing.</summary>
public sealed record FlagRule : IValidatable
{
    /// <summary>As in the source.</summary>
    public string Column { get; init; } = "";

    /// <summary>The value: a number, or a text.</summary>
    public string? Is { get; init; }

    /// <summary>Any value but this one.</summary>
    public string? IsNot { get; init; }

    /// <summary>This number or a larger one.</summary>
    public double? AtLeast { get; init; }

    /// <summary>This number or a smaller one.</summary>
    public double? AtMost { get; init; }

    public IEnumerable<string> Validate()
    {
        if (Column.Length == 0)
            yield return "column is empty; expected a column of the source.";
        if (Is is null && IsNot is null && AtLeast is null && AtMost is null)
            yield return "nothing is asked of the column; expected is, is_not, at_least or at_most.";
    }

    /// <summary>The rule as SQL over the source's columns: 1 or 0. What a user wrote is quoted.</summary>
    internal string Sql
    {
        get
        {
            var name = DuckDbSql.Name(Column);
            var parts = new List<string>();
            if (Is is not null)
                parts.Add(Same(name, Is));
            if (IsNot is not null)
                parts.Add($"NOT {Same(name, IsNot)}");
            if (AtLeast is { } low)
                parts.Add(FormattableString.Invariant($"TRY_CAST({name} AS DOUBLE) >= {low:R}::DOUBLE"));
            if (AtMost is { } high)
                parts.Add(FormattableString.Invariant($"TRY_CAST({name} AS DOUBLE) <= {high:R}::DOUBLE"));
            return $"CAST(coalesce({string.Join(" AND ", parts)}, false) AS DOUBLE)";
        }
    }

    static string Same(string name, string value) => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
        ? FormattableString.Invariant($"(TRY_CAST({name} AS DOUBLE) = {number:R}::DOUBLE)")
        : $"(CAST({name} AS VARCHAR) = {DuckDbSql.Text(value)})";
}
