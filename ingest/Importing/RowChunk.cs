using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Up to 2,048 rows of the import's query.</summary>
sealed class RowChunk
{
    readonly FieldBuffer[] _fields;
    long[] _positions = [];
    long[] _files = [];

    public RowChunk(ImportPlan plan)
    {
        _fields = plan.Fields
            .Select(f => new FieldBuffer(f.Kind, plan.Config.Float32 && f != plan.Step))
            .ToArray();
    }

    public int Rows { get; private set; }

    public FieldBuffer this[ImportField field] => _fields[field.Index];

    /// <summary>From 1, over all files.</summary>
    public long Position(int row) => _positions[row];

    /// <summary>The file's place in the list of sources.</summary>
    public int File(int row) => (int)_files[row];

    public void Load(DuckDbChunk chunk)
    {
        Rows = chunk.Rows;
        _positions = chunk[0].Values<long>().ToArray();
        _files = chunk[1].Values<long>().ToArray();
        for (var i = 0; i < _fields.Length; i++)
            _fields[i].Load(chunk[i + 2]);
    }
}
