using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Where a column's values of one block lie.</summary>
readonly record struct ColumnChunk(int Bytes, int Values);

/// <summary>One row group of a segment.</summary>
/// <param name="Offset">Of the first column's bytes within the file.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Columns">In the order of the schema.</param>
sealed record SegmentBlock(long Offset, int Rows, ColumnChunk[] Columns);

/// <summary>
/// The bytes of a segment: a Parquet file whose row groups stand behind a small header each, with their length, the sizes of their
/// columns and a checksum. Parquet's readers follow the footer and never see the headers; where a crash left no footer, they are enough to write it.
/// </summary>
static class SegmentFormat
{
    const uint BlockMark = 0x4B4C424F; // "OBLK"
    const int Fixed = 16;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    public static int HeaderBytes(SegmentSchema schema) => Fixed + (8 * schema.Columns.Count);

    /// <summary>Writes a block's header over the room that was left for it in front of its bytes.</summary>
    public static void WriteHeader(Span<byte> block, SegmentBlock described, int headerBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, BlockMark);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], block.Length - headerBytes);
        BinaryPrimitives.WriteInt32LittleEndian(block[12..], described.Rows);
        var at = block[Fixed..];
        foreach (var column in described.Columns)
        {
            BinaryPrimitives.WriteInt32LittleEndian(at, column.Bytes);
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], column.Values);
            at = at[8..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], Checksum(block[8..]));
    }

    /// <summary>The block at the stream's position, which then stands behind it; null where there is no whole one.</summary>
    public static SegmentBlock? ReadBlock(Stream stream, int columns, ref byte[] buffer)
    {
        var start = stream.Position;
        Span<byte> head = stackalloc byte[Fixed];
        if (stream.ReadAtLeast(head, Fixed, throwOnEndOfStream: false) < Fixed || BinaryPrimitives.ReadUInt32LittleEndian(head) != BlockMark)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
        var rows = BinaryPrimitives.ReadInt32LittleEndian(head[12..]);
        var rest = (8L * columns) + length;
        // The length is believed only as far as the file goes.
        if (length < 0 || rows <= 0 || rest > stream.Length - stream.Position || rest + 8 > Array.MaxLength)
            return null;
        if (buffer.Length < rest + 8)
            buffer = new byte[rest + 8];
        head[8..].CopyTo(buffer);
        stream.ReadExactly(buffer, 8, (int)rest);
        if (Checksum(buffer.AsSpan(0, (int)rest + 8)) != BinaryPrimitives.ReadUInt32LittleEndian(head[4..]))
            return null;
        var sizes = MemoryMarshal.Cast<byte, int>(buffer.AsSpan(8, 8 * columns));
        var chunks = new ColumnChunk[columns];
        for (var i = 0; i < columns; i++)
            chunks[i] = new ColumnChunk(sizes[2 * i], sizes[(2 * i) + 1]);
        return chunks.Sum(c => (long)c.Bytes) == length ? new SegmentBlock(start + Fixed + (8L * columns), rows, chunks) : null;
    }

    /// <summary>Parquet's footer: the schema and where each row group's columns lie.</summary>
    public static ReadOnlyMemory<byte> Footer(SegmentSchema schema, IReadOnlyList<SegmentBlock> blocks)
    {
        var output = new ArrayBufferWriter<byte>();
        var thrift = new ThriftWriter(output);
        thrift.Begin();
        thrift.Int32(1, 1);
        WriteSchema(thrift, schema);
        thrift.Int64(3, blocks.Sum(b => (long)b.Rows));
        thrift.Structs(4, blocks.Count);
        foreach (var block in blocks)
            WriteRowGroup(thrift, schema, block);
        thrift.Text(6, "OfflineRL " + ToolVersion.Text);
        thrift.End();
        ParquetBits.Int32(output, output.WrittenCount);
        output.Write(Magic);
        return output.WrittenMemory;
    }

    static void WriteSchema(ThriftWriter thrift, SegmentSchema schema)
    {
        thrift.Structs(2, 1 + schema.Columns.Sum(c => c.Width > 0 ? 3 : 1));
        thrift.Begin();
        thrift.Text(4, "log");
        thrift.Int32(5, schema.Columns.Count);
        thrift.End();
        foreach (var column in schema.Columns)
        {
            const int required = 0, optional = 1, repeated = 2, list = 3;
            if (column.Width > 0)
            {
                Group(column.Name, required, list);
                Group("list", repeated, null);
            }

            thrift.Begin();
            thrift.Int32(1, (int)column.Type);
            thrift.Int32(3, column.Width > 0 || column.Present == LogRow.None ? required : optional);
            thrift.Text(4, column.Width > 0 ? "element" : column.Name);
            WriteMeaning(thrift, column.Meaning);
            thrift.End();
        }

        void Group(string name, int repetition, int? converted)
        {
            thrift.Begin();
            thrift.Int32(3, repetition);
            thrift.Text(4, name);
            thrift.Int32(5, 1);
            if (converted is { } type)
                thrift.Int32(6, type);
            thrift.End();
        }
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

    static void WriteRowGroup(ThriftWriter thrift, SegmentSchema schema, SegmentBlock block)
    {
        const int plain = 0, rle = 3, uncompressed = 0;
        thrift.Begin();
        thrift.Structs(1, schema.Columns.Count);
        var offset = block.Offset;
        for (var i = 0; i < schema.Columns.Count; i++)
        {
            var (column, chunk) = (schema.Columns[i], block.Columns[i]);
            thrift.Begin();
            thrift.Int64(2, offset);
            thrift.Begin(3);
            thrift.Int32(1, (int)column.Type);
            thrift.Int32s(2, plain, rle);
            if (column.Width > 0)
                thrift.Texts(3, column.Name, "list", "element");
            else
                thrift.Texts(3, column.Name);
            thrift.Int32(4, uncompressed);
            thrift.Int64(5, chunk.Values);
            thrift.Int64(6, chunk.Bytes);
            thrift.Int64(7, chunk.Bytes);
            thrift.Int64(9, offset);
            thrift.End();
            thrift.End();
            offset += chunk.Bytes;
        }

        thrift.Int64(2, offset - block.Offset);
        thrift.Int64(3, block.Rows);
        thrift.End();
    }

    // CRC-32C, which the processor has an instruction for.
    static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (var value in bytes[(words.Length * 8)..])
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
