using System.Runtime.InteropServices;

namespace OfflineRL.Ingest;

/// <summary>
/// Counts what checks find, one entry for each check, file and column, with the first place and what stands there. However many rows
/// and files there are, it holds at most <see cref="MostEntries"/> entries and one for each check beyond them.
/// </summary>
sealed class FindingLog
{
    public const int MostEntries = 4096;

    const int MostSampleCharacters = 200;

    readonly Dictionary<(Check Check, int File, string? Column), Entry> _entries = [];

    /// <summary>Where whatever is true of all the source stands: in no file and no row.</summary>
    public static RowPlace Everywhere => new(-1, 0);

    /// <returns>Whether nothing of the kind was found before.</returns>
    /// <param name="check">What was found.</param>
    /// <param name="at">Where; a row of 0 is the whole file.</param>
    /// <param name="column">The source's column; null: the whole row or episode.</param>
    /// <param name="state">What the sample is made from.</param>
    /// <param name="sample">Called for the first place alone.</param>
    /// <param name="count">Rows or episodes that <paramref name="at"/> is the first of.</param>
    public bool Add<T>(Check check, RowPlace at, string? column, T state, Func<T, string> sample, long count = 1)
    {
        var key = (check, at.File, column);
        if (_entries.Count >= MostEntries && !_entries.ContainsKey(key))
            key = (check, -1, null);
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var known);
        if (!known)
            entry = new Entry(at, Short(sample(state)));
        entry.Count += count;
        return !known;
    }

    public bool Add(Check check, RowPlace at, string? column, string sample, long count = 1) => Add(check, at, column, sample, static s => s, count);

    /// <summary>Shows something else of the first place of a check, file and column.</summary>
    public void Show(Check check, RowPlace at, string? column, string sample)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, (check, at.File, column));
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
            entry.Sample = Short(sample);
    }

    /// <summary>Whether a check found something.</summary>
    public bool Has(Check check) => _entries.Keys.Any(k => k.Check == check);

    /// <summary>The worst first; of equal severity, what was found more often.</summary>
    /// <param name="file">Name of a file by its place in the list of sources.</param>
    public IReadOnlyList<Finding> Findings(Func<int, string> file) =>
    [
        .. _entries
            .Select(e => new Finding(
                e.Key.Check.Name,
                e.Key.Check.Severity,
                e.Value.First.File < 0 ? "" : file(e.Value.First.File),
                e.Key.Column,
                e.Value.First.Row <= 0 ? null : e.Value.First.Row,
                e.Value.Count,
                e.Value.Sample,
                e.Key.Check.Meaning))
            .OrderByDescending(f => f.Severity)
            .ThenByDescending(f => f.Count)
            .ThenBy(f => f.Check, StringComparer.Ordinal)
            .ThenBy(f => f.File, StringComparer.Ordinal)
            .ThenBy(f => f.Column, StringComparer.Ordinal),
    ];

    static string Short(string sample) => sample.Length <= MostSampleCharacters ? sample : sample[..MostSampleCharacters] + "…";

    struct Entry(RowPlace first, string sample)
    {
        public readonly RowPlace First = first;
        public string Sample = sample;
        public long Count;
    }
}
