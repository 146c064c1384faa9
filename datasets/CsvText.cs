using System.Buffers;

namespace OfflineRL.Datasets;

/// <summary>Fields of CSV as RFC 4180 has them.</summary>
static class CsvText
{
    static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    public static string Field(string? text) => text is null ? ""
        : text.Length == 0 || text.AsSpan().ContainsAny(Special) ? "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\""
        : text;
}
