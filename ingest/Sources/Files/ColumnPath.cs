using System.Globalization;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>A way into a nested value: <c>.name</c> into an object, <c>[2]</c> to an element from 0, <c>[*]</c> through all elements.</summary>
/// <param name="Column">The column it starts at.</param>
/// <param name="Steps">Each a name, an index, or neither: all elements.</param>
sealed record ColumnPath(string Column, IReadOnlyList<(string? Name, int? Index)> Steps)
{
    public bool HasAll => Steps.Any(s => s.Name is null && s.Index is null);

    /// <summary>Null: the name is no path from one of the columns. A column's whole name comes first, so that names may hold dots.</summary>
    public static ColumnPath? Parse(string name, IEnumerable<string> columns)
    {
        foreach (var column in columns.Where(c => name.StartsWith(c, StringComparison.Ordinal)).OrderByDescending(c => c.Length))
        {
            if (ParseSteps(name.AsSpan(column.Length)) is { } steps)
                return new ColumnPath(column, steps);
        }

        return null;
    }

    /// <summary>As JSON's path, from the object whose key the column is.</summary>
    public string Json
    {
        get
        {
            var path = new StringBuilder("$");
            foreach (var (name, index) in Steps.Prepend((Column, null)))
            {
                _ = name is null
                    ? path.Append(CultureInfo.InvariantCulture, $"[{index?.ToString(CultureInfo.InvariantCulture) ?? "*"}]")
                    : path.Append(CultureInfo.InvariantCulture, $".\"{name}\"");
            }

            return path.ToString();
        }
    }

    /// <summary>As an expression over a column of structs and lists.</summary>
    public string Sql => Expression(DuckDbSql.Name(Column), 0);

    string Expression(string value, int at)
    {
        if (at == Steps.Count)
            return value;
        var (name, index) = Steps[at];
        return name is not null ? Expression($"struct_extract({value}, {DuckDbSql.Text(name)})", at + 1)
            : index is { } i ? Expression($"({value})[{i + 1}]", at + 1)
            : $"list_transform({value}, lambda e{at}: {Expression($"e{at}", at + 1)})";
    }

    static List<(string? Name, int? Index)>? ParseSteps(ReadOnlySpan<char> text)
    {
        var steps = new List<(string?, int?)>();
        while (!text.IsEmpty)
        {
            if (text[0] == '.')
            {
                text = text[1..];
                var end = text.IndexOfAny('.', '[');
                end = end < 0 ? text.Length : end;
                // A quote could not be written into a path of JSON.
                if (end == 0 || text[..end].Contains('"'))
                    return null;
                steps.Add((text[..end].ToString(), null));
                text = text[end..];
            }
            else if (text[0] == '[' && text.IndexOf(']') is var close and > 1)
            {
                var inside = text[1..close];
                if (inside is "*")
                    steps.Add((null, null));
                else if (int.TryParse(inside, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < int.MaxValue)
                    steps.Add((null, index));
                else
                    return null;
                text = text[(close + 1)..];
            }
            else
            {
                return null;
            }
        }

        return steps;
    }
}
