namespace OfflineRL.Datasets;

/// <summary>Parquet's numbers of its types.</summary>
enum ParquetType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Float = 4,
    Double = 5,
    ByteArray = 6,
}

/// <summary>What a column's bytes mean beyond their type.</summary>
enum ParquetMeaning
{
    None,
    Text,
    TimestampMicros,
}

/// <summary>One column of a Parquet file.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Type">Of a value, or of a list's values.</param>
sealed record ParquetColumn(string Name, ParquetType Type)
{
    public ParquetMeaning Meaning { get; init; }

    /// <summary>0: single values; 1: lists; 2: lists of lists.</summary>
    public int Depth { get; init; }

    /// <summary>Whether rows may be null. A list of a column that may not be null can be empty.</summary>
    public bool Nullable { get; init; }

    /// <summary>Parquet's definition level of a value that is there.</summary>
    public int MostDefinition => Depth + (Nullable ? 1 : 0);

    /// <summary>Bytes of a value; 0: a bit, or as many as it has.</summary>
    public int ValueBytes => Type switch
    {
        ParquetType.Int32 or ParquetType.Float => 4,
        ParquetType.Int64 or ParquetType.Double => 8,
        _ => 0,
    };

    /// <summary>Where the values stand in Parquet's tree of types: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists</summary>
    public string[] Path => [Name, .. Enumerable.Repeat<string[]>(["list", "element"], Depth).SelectMany(p => p)];
}
