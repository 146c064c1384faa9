namespace OfflineRL.Datasets;

/// <summary>Compares what a file holds with the contract.</summary>
static class SchemaTypes
{
    /// <summary>DuckDB's type of a column of the contract, and of its values where it is a list.</summary>
    public static (DuckDbType Type, DuckDbType Element) Of(SchemaColumn column) => column.Type switch
    {
        "BIGINT" => (DuckDbType.BigInt, DuckDbType.Invalid),
        "INTEGER" => (DuckDbType.Integer, DuckDbType.Invalid),
        "DOUBLE" => (DuckDbType.Double, DuckDbType.Invalid),
        "BOOLEAN" => (DuckDbType.Boolean, DuckDbType.Invalid),
        "VARCHAR" => (DuckDbType.Varchar, DuckDbType.Invalid),
        "BLOB" => (DuckDbType.Blob, DuckDbType.Invalid),
        "TIMESTAMP WITH TIME ZONE" => (DuckDbType.TimestampTz, DuckDbType.Invalid),
        "FLOAT[]" => (DuckDbType.List, DuckDbType.Float),
        "DOUBLE[]" => (DuckDbType.List, DuckDbType.Double),
        "FLOAT[][]" => (DuckDbType.List, DuckDbType.List),
        "BOOLEAN[]" => (DuckDbType.List, DuckDbType.Boolean),
        _ => throw new InvalidOperationException($"The contract has no type {column.Type}."),
    };

    /// <summary>Parquet's type of a column of the contract that holds no bytes.</summary>
    public static ParquetColumn Layout(SchemaColumn column) => column.Type switch
    {
        "BIGINT" => new(column.Name, ParquetType.Int64) { Nullable = column.Nullable },
        "INTEGER" => new(column.Name, ParquetType.Int32) { Nullable = column.Nullable },
        "DOUBLE" => new(column.Name, ParquetType.Double) { Nullable = column.Nullable },
        "BOOLEAN" => new(column.Name, ParquetType.Boolean) { Nullable = column.Nullable },
        "VARCHAR" => new(column.Name, ParquetType.ByteArray) { Nullable = column.Nullable, Meaning = ParquetMeaning.Text },
        "TIMESTAMP WITH TIME ZONE" => new(column.Name, ParquetType.Int64) { Nullable = column.Nullable, Meaning = ParquetMeaning.TimestampMicros },
        "FLOAT[]" => new(column.Name, ParquetType.Float) { Nullable = column.Nullable, Depth = 1 },
        "DOUBLE[]" => new(column.Name, ParquetType.Double) { Nullable = column.Nullable, Depth = 1 },
        "FLOAT[][]" => new(column.Name, ParquetType.Float) { Nullable = column.Nullable, Depth = 2 },
        "BOOLEAN[]" => new(column.Name, ParquetType.Boolean) { Nullable = column.Nullable, Depth = 1 },
        _ => throw new InvalidOperationException($"Values of type {column.Type} are not written by this encoder."),
    };

    /// <summary>The result's columns are the contract's, in its order.</summary>
    public static void Require(string path, DuckDbResult result, IReadOnlyList<SchemaColumn> columns)
    {
        for (int i = 0; i < columns.Count; i++)
        {
            (DuckDbType type, DuckDbType element) = Of(columns[i]);
            if (result.ColumnType(i) != type || result.ElementType(i) != element || (element == DuckDbType.List && result.InnerType(i) != DuckDbType.Float))
            {
                string found = result.ColumnType(i) == DuckDbType.List ? $"a list of {result.ElementType(i)}" : result.ColumnType(i).ToString();
                throw new UserErrorException($"'{path}', column {columns[i].Name}: found {found}, expected {columns[i].Type}.");
            }
        }
    }
}
