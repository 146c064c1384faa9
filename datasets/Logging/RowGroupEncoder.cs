using System.Buffers;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Makes a block of a segment from batches: each column one plain, uncompressed page, so that encoding is little more than a copy.</summary>
sealed class RowGroupEncoder(SegmentSchema schema)
{
    readonly ArrayBufferWriter<byte> _block = new(1 << 20), _page = new(1 << 20), _header = new(64);
    readonly RunLengths _repetition = new(), _definition = new();
    readonly BitBuffer _bits = new();

    /// <summary>The bytes of the block, header and all, valid until the next call; its offset is that of <paramref name="fileOffset"/>.</summary>
    public (ReadOnlyMemory<byte> Bytes, ParquetRowGroup Block) Encode(IReadOnlyList<LogBatch> batches, long fileOffset)
    {
        _block.ResetWrittenCount();
        var headerBytes = SegmentFormat.HeaderBytes(schema);
        _block.GetSpan(headerBytes);
        _block.Advance(headerBytes);
        var rows = batches.Sum(b => b.Rows);
        var chunks = new ParquetChunk[schema.Columns.Count];
        for (var i = 0; i < chunks.Length; i++)
        {
            var start = _block.WrittenCount;
            var values = WriteColumn(schema.Columns[i], batches, rows);
            chunks[i] = new ParquetChunk(_block.WrittenCount - start, values);
        }

        var block = new ParquetRowGroup(fileOffset + headerBytes, rows, chunks);
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
            _page.Write(_bits.Bytes);
        }
        else
        {
            foreach (var batch in batches)
                column.Write(batch, _page);
        }

        _header.ResetWrittenCount();
        ParquetPage.WriteHeader(_header, values, ParquetPage.Plain, _page.WrittenCount, _page.WrittenCount);
        _block.Write(_header.WrittenSpan);
        _block.Write(_page.WrittenSpan);
        return values;
    }

    int WriteLevels(SegmentColumn column, IReadOnlyList<LogBatch> batches)
    {
        _repetition.Begin(1);
        _definition.Begin(1);
        foreach (var batch in batches)
        {
            foreach (var flags in batch.Flags.AsSpan(0, batch.Rows))
            {
                var present = (flags & column.Present) != 0;
                var width = present && column.Width > 0 ? column.Width : 1;
                _definition.Add(present ? 1 : 0, width);
                if (column.Width == 0)
                    continue;
                _repetition.Add(0);
                _repetition.Add(1, width - 1);
            }
        }

        if (column.Width > 0)
            _repetition.WriteLevels(_page);
        var count = _definition.Count;
        _definition.WriteLevels(_page);
        return count;
    }
}
