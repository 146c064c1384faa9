using System.Buffers;

namespace OfflineRL.Datasets;

/// <summary>
/// Writes a column's rows of one row group: with a dictionary where the values are few, else plain; compressed with Snappy where that saves a tenth,
/// which floats seldom do, so that a reader copies them as they stand.
/// </summary>
sealed class ChunkEncoder
{
    const int SampleBytes = 1 << 16, Samples = 4;

    readonly ArrayBufferWriter<byte> _header = new(64), _levels = new(1024), _sample = new(1024), _compressed = new(1024);
    readonly RunLengths _runs = new();
    readonly ValueDictionary _dictionary = new();
    readonly SnappyEncoder _snappy = new();

    public ParquetChunk Write(ColumnBuffer column, ParquetFile file)
    {
        _levels.ResetWrittenCount();
        column.WriteLevels(_levels, _runs);
        var chunk = new ParquetChunk(0, column.Values) { Statistics = ColumnStatistics.Of(column) };
        if (column.Column.Type != ParquetType.Boolean && _dictionary.TryBuild(column.Column.Type, column.Plain))
            return WriteWithDictionary(chunk, file);
        var plain = column.Plain;
        var bytes = _levels.WrittenCount + plain.Length;
        if (Pays(plain))
        {
            var compressed = Compress(_levels.WrittenSpan, plain);
            WritePage(file, chunk.Values, ParquetPage.Plain, bytes);
            return chunk with { Bytes = _header.WrittenCount + compressed, Saved = bytes - compressed, Compressed = true };
        }

        _header.ResetWrittenCount();
        ParquetPage.WriteHeader(_header, chunk.Values, ParquetPage.Plain, bytes, bytes);
        file.Write(_header.WrittenSpan);
        file.Write(_levels.WrittenSpan);
        file.Write(plain);
        return chunk with { Bytes = _header.WrittenCount + (long)bytes };
    }

    ParquetChunk WriteWithDictionary(ParquetChunk chunk, ParquetFile file)
    {
        var plain = _dictionary.Plain.WrittenSpan;
        var saved = plain.Length - Compress(plain, []);
        _header.ResetWrittenCount();
        ParquetPage.WriteDictionaryHeader(_header, _dictionary.Count, plain.Length, _compressed.WrittenCount);
        file.Write(_header.WrittenSpan);
        file.Write(_compressed.WrittenSpan);
        var dictionary = _header.WrittenCount + _compressed.WrittenCount;
        var bytes = _levels.WrittenCount + _dictionary.Indices.WrittenCount;
        saved += bytes - Compress(_levels.WrittenSpan, _dictionary.Indices.WrittenSpan);
        WritePage(file, chunk.Values, ParquetPage.Dictionary, bytes);
        return chunk with { Bytes = dictionary + _header.WrittenCount + _compressed.WrittenCount, Saved = saved, DictionaryBytes = dictionary, Compressed = true };
    }

    /// <summary>Writes what was compressed last, behind its header.</summary>
    void WritePage(ParquetFile file, int values, int encoding, int bytes)
    {
        _header.ResetWrittenCount();
        ParquetPage.WriteHeader(_header, values, encoding, bytes, _compressed.WrittenCount);
        file.Write(_header.WrittenSpan);
        file.Write(_compressed.WrittenSpan);
    }

    int Compress(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        _compressed.ResetWrittenCount();
        return _snappy.Write(_compressed, first, second);
    }

    /// <summary>Judged by a few blocks where there are many.</summary>
    bool Pays(ReadOnlySpan<byte> plain)
    {
        var (count, size) = plain.Length > Samples * SampleBytes ? (Samples, SampleBytes) : (1, plain.Length);
        var compressed = 0;
        for (var i = 0; i < count; i++)
        {
            _sample.ResetWrittenCount();
            compressed += _snappy.Write(_sample, plain.Slice((int)((long)i * plain.Length / count), size), []);
        }

        return compressed < (long)count * size / 10 * 9;
    }
}
