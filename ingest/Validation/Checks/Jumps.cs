namespace OfflineRL.Ingest;

/// <summary>
/// Finds where one column of observations jumps within episodes far beyond its usual change from step to step. What is usual is known only
/// at the end, so the changes are counted by their magnitude until then.
/// </summary>
sealed class Jumps(int width)
{
    /// <summary>A jump is larger than this many times the change that 95 of 100 changes stay below.</summary>
    public const double Factor = 10;

    /// <summary>Fewer changes than this say nothing about what is usual.</summary>
    public const int FewestChanges = 100;

    const double UsualShare = 0.95;

    /// <summary>Beyond this many columns observations are pictures, whose numbers jump by nature.</summary>
    public const int MostColumns = 512;

    readonly MagnitudeHistogram?[] _changes = new MagnitudeHistogram?[width > MostColumns ? 0 : width];

    /// <param name="observations">[T, D] of one episode, finite.</param>
    /// <param name="positions">[T], of the rows, from 1 over all files.</param>
    public void Add(ReadOnlySpan<float> observations, ReadOnlySpan<long> positions)
    {
        if (_changes.Length == 0)
            return;
        for (var t = 1; t < positions.Length; t++)
        {
            var before = observations.Slice((t - 1) * width, width);
            var row = observations.Slice(t * width, width);
            for (var d = 0; d < row.Length; d++)
            {
                var change = row[d] - before[d];
                if (change != 0)
                    (_changes[d] ??= new MagnitudeHistogram()).Add(Math.Abs(change), positions[t], change);
            }
        }
    }

    /// <summary>Columns that jump: how often, the first row behind a jump, by how much, and the usual change.</summary>
    public IEnumerable<(int Column, long Count, long First, float Change, double Usual)> Found()
    {
        for (var d = 0; d < _changes.Length; d++)
        {
            if (_changes[d] is not { Count: >= FewestChanges } changes)
                continue;
            var usual = changes.Quantile(UsualShare);
            var (count, first, change) = changes.Above(Factor * usual);
            if (count > 0)
                yield return (d, count, first, change, usual);
        }
    }
}
