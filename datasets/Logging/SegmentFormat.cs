using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>
/// The bytes of a segment: a Parquet file whose row groups stand behind a small header each, with their length, the sizes of their
/// columns and a checksum. Parquet's readers follow the footer and never see the headers; where a crash left no footer, they are enough to write it.
/// </summary>
static class SegmentFormat
{
    const uint BlockMark = 0x4B4C424F; // "OBLK"
    const int Fixed = 16;

    public static int HeaderBytes(SegmentSchema schema) => Fixed + (8 * schema.Columns.Count);

    public static ReadOnlyMemory<byte> Footer(SegmentSchema schema, IReadOnlyList<ParquetRowGroup> blocks) => ParquetFooter.Make("log", schema.Layout, blocks);

    /// <summary>Writes a block's header over the room that was left for it in front of its bytes.</summary>
    public static void WriteHeader(Span<byte> block, ParquetRowGroup described, int headerBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, BlockMark);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], block.Length - headerBytes);
        BinaryPrimitives.WriteInt32LittleEndian(block[12..], described.Rows);
        var at = block[Fixed..];
        foreach (var column in described.Columns)
        {
            BinaryPrimitives.WriteInt32LittleEndian(at, checked((int)column.Bytes));
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], column.Values);
            at = at[8..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], ParquetBits.Checksum(block[8..]));
    }

    /// <summary>The block at the stream's position, which then stands behind it; null where there is no whole one.</summary>
    public static ParquetRowGroup? ReadBlock(Stream stream, int columns, ref byte[] buffer)
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
        if (ParquetBits.Checksum(buffer.AsSpan(0, (int)rest + 8)) != BinaryPrimitives.ReadUInt32LittleEndian(head[4..]))
            return null;
        var sizes = MemoryMarshal.Cast<byte, int>(buffer.AsSpan(8, 8 * columns));
        var chunks = new ParquetChunk[columns];
        for (var i = 0; i < columns; i++)
            chunks[i] = new ParquetChunk(sizes[2 * i], sizes[(2 * i) + 1]);
        return chunks.Sum(c => c.Bytes) == length ? new ParquetRowGroup(start + Fixed + (8L * columns), rows, chunks) : null;
    }
}
