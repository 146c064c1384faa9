using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>One column of <see cref="TabularResults"/>.</summary>
sealed class TabularColumn<T>(PropertyInfo property)
{
    readonly Type _type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    public string Name { get; } = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);

    public string SqlType => _type switch
    {
        _ when _type == typeof(bool) => "BOOLEAN",
        _ when _type == typeof(int) => "INTEGER",
        _ when _type == typeof(long) => "BIGINT",
        _ when _type == typeof(ulong) => "UBIGINT",
        _ when _type == typeof(float) => "FLOAT",
        _ when _type == typeof(double) => "DOUBLE",
        _ when _type == typeof(string) || _type.IsEnum => "VARCHAR",
        _ when _type == typeof(DateTimeOffset) => "TIMESTAMP WITH TIME ZONE",
        _ => throw new NotSupportedException($"{typeof(T).Name}.{property.Name} is a {_type.Name}, which no flat table holds."),
    };

    /// <summary>As CSV has it, before quoting; null: empty.</summary>
    public string? Text(T row) => property.GetValue(row) switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        Enum name => JsonNamingPolicy.SnakeCaseLower.ConvertName(name.ToString()),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture),
    };

    public void Append(T row, DuckDbWritableVector column, int at)
    {
        switch (property.GetValue(row))
        {
            case null: column.SetNulls(at, 1); break;
            case bool flag: column.Values<bool>(at + 1)[at] = flag; break;
            case int number: column.Values<int>(at + 1)[at] = number; break;
            case long number: column.Values<long>(at + 1)[at] = number; break;
            case ulong number: column.Values<ulong>(at + 1)[at] = number; break;
            case float number: column.Values<float>(at + 1)[at] = number; break;
            case double number: column.Values<double>(at + 1)[at] = number; break;
            case DateTimeOffset time: column.Values<long>(at + 1)[at] = (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond; break;
            default: column.SetText(at, Text(row)); break;
        }
    }
}

static class TabularColumns<T>
{
    // Positional records list their parameters first, which MetadataToken keeps; reflection promises no order of its own.
    public static IReadOnlyList<TabularColumn<T>> All { get; } =
    [
        .. typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetIndexParameters().Length == 0)
            .OrderBy(p => p.MetadataToken)
            .Select(p => new TabularColumn<T>(p)),
    ];
}
