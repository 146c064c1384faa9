using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Up to 2,048 rows of the import's query.</summary>
sealed class RowChunk
{
    readonly FieldBuffer[] _fields;
    readonly List<(int File, long Position)> _begins = [];
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

    /// <summary>Files that begin in this chunk, and where.</summary>
    public IReadOnlyList<(int File, long Position)> Begins => _begins;

    /// <summary>Takes a chunk of rows that stand one behind the other; the query's first column is their file.</summary>
    /// <param name="chunk">Of the plan's query in the order of the source.</param>
    /// <param name="position">Of its first row.</param>
    public void Load(DuckDbChunk chunk, long position)
    {
        Load(chunk);
        var last = -1L;
        for (var row = 0; row < Rows; row++)
        {
            if (_positions[row] != last)
                _begins.Add(((int)_positions[row], position + row));
            last = _positions[row];
            _positions[row] = position + row;
        }
    }

    /// <summary>Takes a chunk of sorted rows, whose positions are the query's first column.</summary>
    public void Load(DuckDbChunk chunk)
    {
        Rows = chunk.Rows;
        _begins.Clear();
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
