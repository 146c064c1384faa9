using System.Globalization;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>
/// d3rlpy 2's replay buffers: <c>columns</c> names the fields, <c>num_episodes</c> says how many episodes there are, and each field is
/// an array <c>FIELD_EPISODE</c>, or several <c>FIELD_EPISODE_PART</c> where observations are tuples.
/// </summary>
sealed class D3rlpyEpisodes(Hdf5File file)
{
    public ImportConfig Write(StagedWriter writer, int index, EmptyEpisodes empty)
    {
        var names = file.Root.ToHashSet(StringComparer.Ordinal);
        long episodes = 0;
        if (file.Describe("num_episodes") is { Shape.Count: 0, Kind: ArrayKind.Integer or ArrayKind.Bytes })
        {
            using var reader = file.Open("num_episodes");
            reader.Read(new Span<long>(ref episodes));
        }

        if (episodes < 1 || episodes > names.Count)
            throw Throw.EpisodePart(file.Path, "num_episodes", FormattableString.Invariant($"the number of episodes, from 1 to {names.Count}; found {episodes}"));
        for (long episode = 0; episode < episodes; episode++)
        {
            if (Array(FormattableString.Invariant($"actions_{episode}")) is { Shape: [0, ..] } actions)
                empty.Add(index, $"no step in episode {episode}: {actions} has no rows");
            else
                Write(writer, index, episode, names);
        }

        return ArrayMap.Of(writer.Columns);
    }

    void Write(StagedWriter writer, int index, long episode, HashSet<string> names)
    {
        var suffix = "_" + episode.ToString(CultureInfo.InvariantCulture);
        var actions = Array("actions" + suffix);
        var steps = actions.Rows;
        var columns = new List<StagedColumn> { new("episode", StagedKind.Integer, 0, []) };
        var feeds = new List<ColumnFeed> { new ConstantFeed(columns[0], episode) };
        try
        {
            Add("observations", Parts("observations" + suffix, names));
            Add("actions", [actions]);
            Add("rewards", [Array("rewards" + suffix)]);
            var ended = false;
            if (file.Describe("terminated" + suffix) is { Width: 1, Rows: 1, Kind: not ArrayKind.Text } flag)
            {
                using var reader = file.Open(flag.Name);
                reader.Read(new Span<bool>(ref ended));
            }

            columns.Add(new StagedColumn("terminated", StagedKind.Boolean, 0, []));
            feeds.Add(new ComputedFeed(columns[^1], row => ended && row == steps - 1 ? 1 : 0));
            writer.Begin(file.Path, columns);
            writer.Append(index, steps, feeds);
        }
        finally
        {
            feeds.ForEach(f => f.Dispose());
        }

        void Add(string name, IReadOnlyList<ArrayInfo> parts)
        {
            foreach (var part in parts)
            {
                if (part.Shape.Count == 0 || part.Rows != steps)
                    throw Throw.EpisodeRows(file.Path, part, steps, "as many as actions");
            }

            columns.Add(EpisodeParts.Column(file.Path, name, parts));
            feeds.Add(EpisodeParts.Feed(file, columns[^1], parts));
        }
    }

    List<ArrayInfo> Parts(string name, HashSet<string> names)
    {
        if (names.Contains(name))
            return [Array(name)];
        var parts = new List<ArrayInfo>();
        for (var part = 0; names.Contains($"{name}_{part}"); part++)
            parts.Add(Array($"{name}_{part}"));
        return parts.Count > 0 ? parts : throw Throw.EpisodePart(file.Path, name, "the observations of the episode, or its parts");
    }

    ArrayInfo Array(string name) => file.Root.Contains(name) ? file.Describe(name) : throw Throw.EpisodePart(file.Path, name, "an array of every episode that num_episodes counts");
}
