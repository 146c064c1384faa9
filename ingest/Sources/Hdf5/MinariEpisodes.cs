using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>
/// Minari's layout: a group <c>episode_N</c> an episode, with one observation more than actions; nested spaces are groups.
/// Attributes that exports of this tool leave at the groups (key, policy) become columns.
/// </summary>
sealed class MinariEpisodes(Hdf5File file)
{
    const string Prefix = "episode_";

    /// <summary>Texts that may stand at an episode's group.</summary>
    public static readonly string[] Texts = ["episode_key", "behavior_policy", "split_key"];

    /// <summary>The attribute that says that an episode's final observation is not known, and what it says then.</summary>
    public const string Final = "final_observation", Unknown = "unknown";

    readonly MinariMetadata _metadata = MinariMetadata.Of(file);

    public static bool IsEpisode(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>Writes every episode, in the order of their numbers.</summary>
    /// <returns>The map of the columns.</returns>
    public ImportConfig Write(StagedWriter writer, int index, SourceRequest request)
    {
        var numbers = file.Root.Where(IsEpisode).Select(n => int.Parse(n.AsSpan(Prefix.Length), CultureInfo.InvariantCulture)).Order();
        IReadOnlyList<string>? texts = null;
        var said = new HashSet<string>(StringComparer.Ordinal);
        foreach (var number in numbers)
        {
            var group = Group(number);
            var arrays = file.Below(group);
            if (NoSteps(arrays, group) is { } nothing)
            {
                request.Empty.Add(index, nothing);
                continue;
            }

            texts ??= [.. Texts.Where(t => file.Attribute(group, t) is not null)];
            Write(writer, index, number, arrays, texts, name =>
            {
                if (said.Add(name))
                    request.Notes.Add(Throw.LeftOut(file.Path, name, file.Refused.GetValueOrDefault(name)));
            });
        }

        return file.Attribute("", ExportedMap.Name) is { } yaml ? ExportedMap.Parse(file.Path, yaml) : _metadata.Map(writer.Columns);
    }

    // A group of an episode that ended before its first step: its arrays have no rows, or it has none at all.
    string? NoSteps(List<ArrayInfo> arrays, string group) =>
        arrays.FirstOrDefault(a => a.Name == $"{group}/rewards") is { Shape: [0, ..] } rewards ? $"no step in {group}: {rewards} has no rows"
        : arrays.Count == 0 && !file.Refused.Keys.Any(n => n.StartsWith(group + "/", StringComparison.Ordinal)) ? $"no step in {group}: the group is empty"
        : null;

    void Write(StagedWriter writer, int index, int number, List<ArrayInfo> arrays, IReadOnlyList<string> texts, Action<string> leaveOut)
    {
        var group = Group(number);
        var rewards = Single(arrays, group, "rewards");
        var steps = rewards.Rows;
        var columns = new List<StagedColumn> { new("episode", StagedKind.Integer, 0, []) };
        var feeds = new List<ColumnFeed> { new ConstantFeed(columns[0], number) };
        try
        {
            foreach (var name in texts)
            {
                columns.Add(new StagedColumn(name, StagedKind.Text, 0, []));
                feeds.Add(new ConstantFeed(columns[^1], 0, file.Attribute(group, name) ?? throw Throw.EpisodePart(file.Path, $"{group}, attribute {name}", "it at every episode, as at the first one")));
            }

            var observations = Field(arrays, group, "observations", steps + 1, "one observation more than rewards");
            _metadata.RequireShape(file.Path, observations);
            var nullable = _metadata.Exported;
            Add("observations", observations, 0, 0);
            Add("next_observations", observations, 1, 0);
            if (file.Attribute(group, Final) == Unknown)
                feeds[^1] = new UnknownLastFeed(feeds[^1], steps);
            foreach (var part in observations.Count > 1 ? observations : [])
                Add(part.Name[(group.Length + 1)..], [part], 0, 0);
            Add("actions", Field(arrays, group, "actions", steps, "as many as rewards"), 0, _metadata.ActionStart);
            Add("rewards", [rewards], 0, 0);
            foreach (var flag in (string[])["terminations", "truncations"])
                Add(flag, Field(arrays, group, flag, steps, "as many as rewards"), 0, 0);
            var infos = group + "/infos/";
            foreach (var info in EpisodeParts.Order(arrays.Where(a => a.Name.StartsWith(infos, StringComparison.Ordinal))))
            {
                // The environment's first information stands before the first step.
                if (info.Rows == steps || info.Rows == steps + 1)
                    Add(info.Name[(group.Length + 1)..], [info], 0, 0);
                else
                    leaveOut(info.Name);
            }

            foreach (var name in file.Refused.Keys.Where(n => n.StartsWith(group + "/", StringComparison.Ordinal)))
                leaveOut(name);
            writer.Begin(file.Path, columns);
            writer.Append(index, steps, feeds);

            void Add(string name, IReadOnlyList<ArrayInfo> parts, long skip, long subtract)
            {
                var column = EpisodeParts.Column(file.Path, name, parts);
                if (nullable && name == "infos/timestamp")
                    column = column with { Kind = StagedKind.Time };
                columns.Add(column);
                feeds.Add(EpisodeParts.Feed(file, column, parts, skip, column.Kind == StagedKind.Integer ? subtract : 0, nullable && ArrayNames.LogProbability.Contains(name)));
            }
        }
        finally
        {
            feeds.ForEach(f => f.Dispose());
        }
    }

    ArrayInfo Single(List<ArrayInfo> arrays, string group, string name) => arrays.FirstOrDefault(a => a.Name == $"{group}/{name}") is { Shape.Count: > 0 } found
        ? found
        : throw Refused(group, name, "an array of numbers, one row a step");

    List<ArrayInfo> Field(List<ArrayInfo> arrays, string group, string name, long rows, string why)
    {
        var full = $"{group}/{name}";
        if (file.Refused.Keys.FirstOrDefault(n => n == full || n.StartsWith(full + "/", StringComparison.Ordinal)) is { } refused)
            throw new UserErrorException(file.Refused[refused]);
        var parts = EpisodeParts.Order(arrays.Where(a => a.Name == full || a.Name.StartsWith(full + "/", StringComparison.Ordinal)));
        if (parts.Count == 0)
            throw Refused(group, name, "an array, or a group of arrays");
        foreach (var part in parts)
        {
            if (part.Shape.Count == 0 || part.Rows != rows)
                throw Throw.EpisodeRows(file.Path, part, rows, why);
        }

        return parts;
    }

    UserErrorException Refused(string group, string name, string expected) =>
        file.Refused.TryGetValue($"{group}/{name}", out var reason) ? new UserErrorException(reason) : Throw.EpisodePart(file.Path, $"{group}/{name}", expected);

    static string Group(int number) => Prefix + number.ToString(CultureInfo.InvariantCulture);
}
