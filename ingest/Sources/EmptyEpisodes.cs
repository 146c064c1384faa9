using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Episodes of one file that have no step, and so no row that could stand for them.</summary>
/// <param name="File">The file's place among the sources.</param>
/// <param name="What">The first of them: what stands there instead of steps, and where.</param>
/// <param name="Count">How many there are.</param>
sealed record EmptyEpisode(int File, string What, long Count);

/// <summary>Episodes without a step, as a reader meets them: the first of each file, and their number.</summary>
/// <param name="paths">The sources.</param>
/// <param name="rule">What happens at one.</param>
sealed class EmptyEpisodes(IReadOnlyList<string> paths, ErrorRule rule)
{
    readonly SortedDictionary<int, EmptyEpisode> _files = [];

    public IReadOnlyCollection<EmptyEpisode> Files => _files.Values;

    /// <exception cref="UserErrorException">The map says to stop there.</exception>
    public void Add(int file, string what) => Add(new EmptyEpisode(file, what, 1));

    /// <inheritdoc cref="Add(int, string)"/>
    public void Add(EmptyEpisode found)
    {
        if (rule == ErrorRule.Stop)
            throw Throw.EmptyEpisode(paths[found.File], found.What);
        _files[found.File] = _files.TryGetValue(found.File, out var known) ? known with { Count = known.Count + found.Count } : found;
    }
}
