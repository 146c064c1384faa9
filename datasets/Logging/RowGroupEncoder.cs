using System.Buffers;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Makes a block of a segment from batches: each column one plain, uncompressed page, so that encoding is little more than a copy.</summary>
sealed class RowGroupEncoder(SegmentSchema schema)
{
    readonly ArrayBufferWriter<byte> _block = new(1 << 20), _page = new(1 << 20), _header = new(64);
    readonly BitBuffer _repetition = new(), _definition = new(), _bits = new();

    /// <summary>The bytes of the block, header and all, valid until the next call; its offset is that of <paramref name="fileOffset"/>.</summary>
    public (ReadOnlyMemory<byte> Bytes, SegmentBlock Block) Encode(IReadOnlyList<LogBatch> batches, long fileOffset)
    {
        _block.ResetWrittenCount();
        var headerBytes = SegmentFormat.HeaderBytes(schema);
        _block.GetSpan(headerBytes);
        _block.Advance(headerBytes);
        var rows = batches.Sum(b => b.Rows);
        var chunks = new ColumnChunk[schema.Columns.Count];
        for (var i = 0; i < chunks.Length; i++)
        {
            var start = _block.WrittenCount;
            var values = WriteColumn(schema.Columns[i], batches, rows);
            chunks[i] = new ColumnChunk(_block.WrittenCount - start, values);
        }

        var block = new SegmentBlock(fileOffset + headerBytes, rows, chunks);
        SegmentFormat.WriteHeader(MemoryMarshal.AsMemory(_block.WrittenMemory).Span, block, headerBytes);
        return (_block.WrittenMemory, block);
    }

    /// <returns>Parquet's number of values: with the missing ones.</returns>
    int WriteColumn(SegmentColumn column, IReadOnlyList<LogBatch> batches, int rows)
    {
        _page.ResetWrittenCount();
        var values = column.Present == LogRow.None ? rows : WriteLevels(column, batches);
        if (column.WriteBits is { } writeBits)
        {
            _bits.Clear();
            foreach (var batch in batches)
                writeBits(batch, _bits);
            _bits.WriteBooleans(_page);
        }
        else
        {
            foreach (var batch in batches)
                column.Write(batch, _page);
        }

        WritePageHeader(values);
        _block.Write(_header.WrittenSpan);
        _block.Write(_page.WrittenSpan);
        return values;
    }

    int WriteLevels(SegmentColumn column, IReadOnlyList<LogBatch> batches)
    {
        _repetition.Clear();
        _definition.Clear();
        foreach (var batch in batches)
        {
            foreach (var flags in batch.Flags.AsSpan(0, batch.Rows))
            {
                var present = (flags & column.Present) != 0;
                var width = present && column.Width > 0 ? column.Width : 1;
                _definition.Add(present, width);
                if (column.Width == 0)
                    continue;
                _repetition.Add(false);
                _repetition.Add(true, width - 1);
            }
        }

        if (column.Width > 0)
            _repetition.WriteLevels(_page);
        var count = _definition.Count;
        _definition.WriteLevels(_page);
        return count;
    }

    void WritePageHeader(int values)
    {
        const int dataPage = 0, plain = 0, rle = 3;
        _header.ResetWrittenCount();
        var thrift = new ThriftWriter(_header);
        thrift.Begin();
        thrift.Int32(1, dataPage);
        thrift.Int32(2, _page.WrittenCount);
        thrift.Int32(3, _page.WrittenCount);
        thrift.Begin(5);
        thrift.Int32(1, values);
        thrift.Int32(2, plain);
        thrift.Int32(3, rle);
        thrift.Int32(4, rle);
        thrift.End();
        thrift.End();
    }
}
