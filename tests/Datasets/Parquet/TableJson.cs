using System.Globalization;
using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Parquet;

/// <summary>A Parquet file as DuckDB reads it, as JSON of columns: numbers of 64 bits, and those that JSON has not, as texts; bytes as base64.</summary>
static class TableJson
{
    /// <returns>Number of values that are not lists.</returns>
    public static int Write(string parquet, string json)
    {
        using var database = DuckDbDatabase.OpenInMemory();
        using var connection = database.Connect();
        var names = Column(connection, $"SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet({DuckDbSql.Text(parquet)}))");
        using var stream = File.Create(json);
        using var writer = new Utf8JsonWriter(stream);
        var values = 0;
        writer.WriteStartObject();
        foreach (var name in names)
        {
            writer.WriteStartArray(name);
            using var result = connection.Query($"SELECT {DuckDbSql.Name(name)} FROM read_parquet({DuckDbSql.Text(parquet)})");
            while (result.Next() is { } chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    values += Write(writer, chunk[0], row);
                chunk.Dispose();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        return values;
    }

    static List<string> Column(DuckDbConnection connection, string query)
    {
        using var result = connection.Query(query);
        using var chunk = result.Next()!;
        return [.. Enumerable.Range(0, chunk.Rows).Select(row => chunk[0].Text(row))];
    }

    static int Write(Utf8JsonWriter writer, DuckDbVector vector, int row)
    {
        if (vector.IsNull(row))
        {
            writer.WriteNullValue();
            return 1;
        }

        switch (vector.Type)
        {
            case DuckDbType.List:
                var child = vector.Child;
                var (list, values) = (vector.Lists[row], 0);
                writer.WriteStartArray();
                for (var i = 0; i < (int)list.Length; i++)
                    values += Write(writer, child, (int)list.Offset + i);
                writer.WriteEndArray();
                return values;
            case DuckDbType.Boolean:
                writer.WriteBooleanValue(vector.Values<bool>()[row]);
                break;
            case DuckDbType.Integer:
                writer.WriteNumberValue(vector.Values<int>()[row]);
                break;
            case DuckDbType.Float:
                Number(writer, vector.Values<float>()[row]);
                break;
            case DuckDbType.Double:
                Number(writer, vector.Values<double>()[row]);
                break;
            case DuckDbType.BigInt or DuckDbType.TimestampTz:
                writer.WriteStringValue(vector.Values<long>()[row].ToString(CultureInfo.InvariantCulture));
                break;
            case DuckDbType.Varchar:
                writer.WriteStringValue(vector.Bytes(row));
                break;
            default:
                writer.WriteBase64StringValue(vector.Bytes(row));
                break;
        }

        return 1;
    }

    static void Number(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
            writer.WriteRawValue(value.ToString("R", CultureInfo.InvariantCulture));
        else
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
