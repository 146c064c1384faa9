using System.Collections;
using System.Globalization;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>Writes a config record as YAML, every key, in the order of declaration.</summary>
static class ConfigWriter
{
    public static string Write(object config)
    {
        var text = new StringBuilder();
        Record(text, config, 0);
        return text.ToString();
    }

    static void Record(StringBuilder text, object config, int indent)
    {
        foreach (var (key, property) in ConfigBinder.Properties(config.GetType()))
            Entry(text, key, property.GetValue(config), indent);
    }

    static void Entry(StringBuilder text, string key, object? value, int indent)
    {
        text.Append(' ', indent).Append(key).Append(':');
        if (value is not null && ConfigBinder.IsRecord(value.GetType()))
        {
            text.Append('\n');
            Record(text, value, indent + 2);
        }
        else if (value is IDictionary { Count: > 0 } dictionary)
        {
            text.Append('\n');
            foreach (DictionaryEntry pair in dictionary)
                Entry(text, Quote((string)pair.Key), pair.Value, indent + 2);
        }
        else if (value is IEnumerable list and not string and not IDictionary && HasRecords(list))
        {
            text.Append('\n');
            foreach (var item in list)
            {
                var start = text.Length;
                Record(text, item, indent + 4);
                // The first key of an item stands behind the dash.
                text[start + indent + 2] = '-';
            }
        }
        else
        {
            text.Append(' ').Append(Inline(value)).Append('\n');
        }
    }

    static bool HasRecords(IEnumerable list)
    {
        foreach (var item in list)
            return item is not null && ConfigBinder.IsRecord(item.GetType());
        return false;
    }

    static string Inline(object? value) => value switch
    {
        null => "null",
        string s => Quote(s),
        bool b => b ? "true" : "false",
        double d => double.IsPositiveInfinity(d) ? ".inf" : double.IsNegativeInfinity(d) ? "-.inf" : d.ToString("R", CultureInfo.InvariantCulture),
        TimeSpan span => span.TotalSeconds.ToString("R", CultureInfo.InvariantCulture),
        Enum e => ConfigBinder.SnakeCase(e.ToString()),
        IDictionary => "{}",
        IEnumerable list => "[" + string.Join(", ", list.Cast<object?>().Select(Inline)) + "]",
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"A config value of type {value.GetType().Name} is not supported."),
    };

    // Anything that YAML could read as something else than this text is quoted.
    static string Quote(string s)
    {
        var plain = s.Length > 0 && s.All(c => char.IsAsciiLetterOrDigit(c) || "_-./".Contains(c, StringComparison.Ordinal))
            && char.IsAsciiLetter(s[0]) && s is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "True" or "False" or "inf");
        // Single quotes fold line breaks; JSON's escapes are YAML's.
        if (s.Any(char.IsControl))
            return System.Text.Json.JsonSerializer.Serialize(s);
        return plain ? s : "'" + s.Replace("'", "''", StringComparison.Ordinal) + "'";
    }
}
