using System.Buffers;

namespace OfflineRL.Datasets;

/// <summary>Smallest and largest value of a column's rows in one row group, in the bytes of a value; empty: not known.</summary>
/// <param name="Nulls">Rows that are null.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
sealed record ParquetStatistics(long Nulls, byte[] Least, byte[] Most);

/// <summary>The bytes of one column in one row group: a dictionary's page where there is one, and one page of data.</summary>
/// <param name="Bytes">Of both pages, with their headers.</param>
/// <param name="Values">Parquet's number of values: with the missing ones.</param>
readonly record struct ParquetChunk(long Bytes, int Values)
{
    /// <summary>How many bytes compression saved.</summary>
    public long Saved { get; init; }

    /// <summary>Bytes of the dictionary's page with its header; 0: values are plain.</summary>
    public int DictionaryBytes { get; init; }

    public bool Compressed { get; init; }

    public ParquetStatistics? Statistics { get; init; }
}

/// <summary>One row group of a file, its columns one behind the other.</summary>
/// <param name="Offset">Of the first column's bytes within the file.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Columns">In the order of the schema.</param>
sealed record ParquetRowGroup(long Offset, int Rows, ParquetChunk[] Columns);

/// <summary>What stands at the end of a Parquet file: the schema and where each row group's columns lie. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift</summary>
static class ParquetFooter
{
    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>The footer with its length and the closing mark.</summary>
    public static ReadOnlyMemory<byte> Make(string name, IReadOnlyList<ParquetColumn> columns, IReadOnlyList<ParquetRowGroup> groups)
    {
        var output = new ArrayBufferWriter<byte>();
        var thrift = new ThriftWriter(output);
        thrift.Begin();
        thrift.Int32(1, 1);
        WriteSchema(thrift, name, columns);
        thrift.Int64(3, groups.Sum(g => (long)g.Rows));
        thrift.Structs(4, groups.Count);
        foreach (var group in groups)
            WriteRowGroup(thrift, columns, group);
        thrift.Text(6, "OfflineRL " + ToolVersion.Text);
        WriteOrders(thrift, columns.Count);
        thrift.End();
        ParquetBits.Int32(output, output.WrittenCount);
        output.Write(Magic);
        return output.WrittenMemory;
    }

    static void WriteSchema(ThriftWriter thrift, string name, IReadOnlyList<ParquetColumn> columns)
    {
        const int required = 0, optional = 1;
        thrift.Structs(2, 1 + columns.Sum(c => 1 + (2 * c.Depth)));
        thrift.Begin();
        thrift.Text(4, name);
        thrift.Int32(5, columns.Count);
        thrift.End();
        foreach (var column in columns)
        {
            var (repetition, at) = (column.Nullable ? optional : required, column.Name);
            for (var depth = 0; depth < column.Depth; depth++)
            {
                WriteList(thrift, at, repetition);
                (repetition, at) = (required, "element");
            }

            thrift.Begin();
            thrift.Int32(1, (int)column.Type);
            thrift.Int32(3, repetition);
            thrift.Text(4, at);
            WriteMeaning(thrift, column.Meaning);
            thrift.End();
        }
    }

    static void WriteList(ThriftWriter thrift, string name, int repetition)
    {
        const int repeated = 2, list = 3;
        thrift.Begin();
        thrift.Int32(3, repetition);
        thrift.Text(4, name);
        thrift.Int32(5, 1);
        thrift.Int32(6, list);
        thrift.End();
        thrift.Begin();
        thrift.Int32(3, repeated);
        thrift.Text(4, "list");
        thrift.Int32(5, 1);
        thrift.End();
    }

    static void WriteMeaning(ThriftWriter thrift, ParquetMeaning meaning)
    {
        const int utf8 = 0, timestampMicros = 10;
        if (meaning == ParquetMeaning.Text)
            thrift.Int32(6, utf8);
        if (meaning != ParquetMeaning.TimestampMicros)
            return;
        thrift.Int32(6, timestampMicros);
        // LogicalType.TIMESTAMP { isAdjustedToUTC = true, unit = MICROS }
        thrift.Begin(10);
        thrift.Begin(8);
        thrift.Boolean(1, true);
        thrift.Begin(2);
        thrift.Begin(2);
        thrift.End();
        thrift.End();
        thrift.End();
        thrift.End();
    }

    static void WriteRowGroup(ThriftWriter thrift, IReadOnlyList<ParquetColumn> columns, ParquetRowGroup group)
    {
        thrift.Begin();
        thrift.Structs(1, columns.Count);
        var offset = group.Offset;
        for (var i = 0; i < columns.Count; i++)
        {
            thrift.Begin();
            thrift.Int64(2, offset);
            thrift.Begin(3);
            WriteChunk(thrift, columns[i], group.Columns[i], offset);
            thrift.End();
            thrift.End();
            offset += group.Columns[i].Bytes;
        }

        thrift.Int64(2, group.Columns.Sum(c => c.Bytes + c.Saved));
        thrift.Int64(3, group.Rows);
        thrift.End();
    }

    static void WriteChunk(ThriftWriter thrift, ParquetColumn column, in ParquetChunk chunk, long offset)
    {
        const int uncompressed = 0, snappy = 1;
        thrift.Int32(1, (int)column.Type);
        if (chunk.DictionaryBytes > 0)
            thrift.Int32s(2, ParquetPage.Plain, ParquetPage.Levels, ParquetPage.Dictionary);
        else
            thrift.Int32s(2, ParquetPage.Plain, ParquetPage.Levels);
        thrift.Texts(3, column.Path);
        thrift.Int32(4, chunk.Compressed ? snappy : uncompressed);
        thrift.Int64(5, chunk.Values);
        thrift.Int64(6, chunk.Bytes + chunk.Saved);
        thrift.Int64(7, chunk.Bytes);
        thrift.Int64(9, offset + chunk.DictionaryBytes);
        if (chunk.DictionaryBytes > 0)
            thrift.Int64(11, offset);
        if (chunk.Statistics is not { } statistics)
            return;
        thrift.Begin(12);
        thrift.Int64(3, statistics.Nulls);
        if (statistics.Most.Length > 0)
        {
            thrift.Bytes(5, statistics.Most);
            thrift.Bytes(6, statistics.Least);
        }

        thrift.End();
    }

    // Without it readers do not believe the smallest and largest values: each column is ordered as its type is.
    static void WriteOrders(ThriftWriter thrift, int columns)
    {
        thrift.Structs(7, columns);
        for (var i = 0; i < columns; i++)
        {
            thrift.Begin();
            thrift.Begin(1);
            thrift.End();
            thrift.End();
        }
    }
}
