using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Up to 2,048 rows of the import's query.</summary>
sealed class RowChunk
{
    readonly FieldBuffer[] _fields;
    long[] _positions = [];

    public RowChunk(ImportPlan plan)
    {
        _fields = plan.Fields
            .Select(f => new FieldBuffer(f, plan.IsSingle(f), plan.Config.Float32 && f != plan.Step && !plan.IsSingle(f)))
            .ToArray();
    }

    public int Rows { get; private set; }

    /// <summary>Whether every field of several numbers has its width in all rows.</summary>
    public bool Even { get; private set; }

    public FieldBuffer this[ImportField field] => _fields[field.Index];

    /// <summary>From 1, over all files.</summary>
    public long Position(int row) => _positions[row];

    public ReadOnlySpan<long> Positions(int first, int count) => _positions.AsSpan(first, count);

    /// <summary>Takes a chunk of rows that stand one behind the other.</summary>
    /// <param name="chunk">Of the plan's query in the order of the source.</param>
    /// <param name="position">Of its first row.</param>
    /// <param name="rows">Told where files begin.</param>
    public void Load(DuckDbChunk chunk, long position, SourceRows rows)
    {
        Load(chunk);
        for (var row = 0; row < Rows; row++)
            _positions[row] = position + row;
        var files = chunk[0].Values<long>();
        for (var row = 0; row < Rows; row += Math.Max(1, files[row..].IndexOfAnyExcept(files[row])))
        {
            rows.Begin((int)files[row], position + row);
            if (!files[row..].ContainsAnyExcept(files[row]))
                break;
        }
    }

    /// <summary>Takes a chunk of sorted rows, whose positions are the query's first column.</summary>
    public void Load(DuckDbChunk chunk)
    {
        Rows = chunk.Rows;
        if (_positions.Length < Rows)
            _positions = new long[Rows];
        chunk[0].Values<long>().CopyTo(_positions);
        Even = true;
        foreach (var field in _fields)
        {
            field.Load(chunk);
            Even &= field.Even;
        }
    }
}
