namespace OfflineRL.Datasets;

/// <summary>Quotes what cannot be bound.</summary>
public static class DuckDbSql
{
    /// <summary>A name of a table or column, in double quotes.</summary>
    public static string Name(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A text, in single quotes.</summary>
    public static string Text(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    /// <summary>A list of texts, for functions that take several files.</summary>
    public static string Texts(IEnumerable<string> texts) => "[" + string.Join(", ", texts.Select(Text)) + "]";
}
