namespace OfflineRL.Ingest;

/// <summary>Turns positions over all files into a file and a row of it; learns where files begin while rows stream by.</summary>
/// <param name="table">Knows the rows that it skips.</param>
sealed class SourceRows(SourceTable table)
{
    readonly List<(long Start, int File)> _files = [];

    /// <summary>The file's first row stands at a position (from 1, over all files). Files come in the order of their rows.</summary>
    public void Begin(int file, long position)
    {
        if (_files.Count == 0 || _files[^1].File < file)
            _files.Add((position, file));
    }

    public RowPlace Of(long position)
    {
        var (low, high) = (0, _files.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _files[middle].Start <= position ? (middle, high) : (low, middle - 1);
        }

        return new RowPlace(_files[low].File, table.RowNumber(_files[low].File, position - _files[low].Start + 1));
    }

    /// <summary>The position of a row.</summary>
    public long PositionOf(RowPlace place) => _files.First(f => f.File == place.File).Start + place.Row - 1;
}
