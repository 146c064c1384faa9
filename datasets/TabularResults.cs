namespace OfflineRL.Datasets;

/// <summary>Writes rows of a record type as flat tables: one column a public property, in order of declaration, named in snake_case.</summary>
public static class TabularResults
{
    /// <summary>Writes <paramref name="pathWithoutExtension"/><c>.csv</c> and <c>.parquet</c>.</summary>
    public static void Write<T>(string pathWithoutExtension, IEnumerable<T> rows)
        where T : notnull => throw new NotSupportedException();

    /// <summary>RFC 4180 with a header; numbers read back exactly, null is empty. Needs no native library.</summary>
    public static void WriteCsv<T>(string path, IEnumerable<T> rows)
        where T : notnull => throw new NotSupportedException();

    public static void WriteParquet<T>(string path, IEnumerable<T> rows)
        where T : notnull => throw new NotSupportedException();
}
