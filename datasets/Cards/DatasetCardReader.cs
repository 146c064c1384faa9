using System.Globalization;
using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>Makes a dataset's card: what the manifest has is taken from it, the rest is aggregated from the files.</summary>
public sealed class DatasetCardReader : IDisposable
{
    const int MostDimensions = 256;
    const long MostHistogramSteps = 4_000_000;

    readonly Dataset _dataset;
    readonly DatasetManifest _manifest;
    readonly TrajectorySchema _schema;
    readonly CardQuery _query;

    DatasetCardReader(Dataset dataset)
    {
        (_dataset, _manifest) = (dataset, dataset.Manifest);
        _schema = TrajectorySchema.Of(_manifest);
        _query = new CardQuery(dataset);
    }

    /// <exception cref="UserErrorException">The files cannot be read, or do not hold what the manifest says.</exception>
    public static DatasetCard Read(Dataset dataset)
    {
        try
        {
            using var reader = new DatasetCardReader(dataset);
            return reader.Read();
        }
        catch (DuckDbException e)
        {
            throw Throw.Damaged(dataset.FullName, e.Message.Split('\n')[0]);
        }
    }

    public void Dispose() => _query.Dispose();

    DatasetCard Read()
    {
        var observations = new VectorHistograms(_schema.ObservationsAreBytes ? [] : _manifest.Statistics.Observation, MostDimensions);
        var actions = new VectorHistograms(_manifest.Statistics.Action, MostDimensions, _manifest.ActionSpace as BoxSpace);
        ReadVectors(observations, actions);
        var counts = _manifest.Statistics.ActionCounts;
        var times = _manifest.HasTimestamp ? _query.Row("epoch(min(\"timestamp\")), epoch(max(\"timestamp\"))", _query.Steps) : [double.NaN, double.NaN];
        return new DatasetCard
        {
            Name = _dataset.FullName,
            Folder = _dataset.Folder,
            Manifest = _manifest,
            Returns = _query.Distribution("\"return\"", _query.Episodes),
            Lengths = _query.Distribution("steps", _query.Episodes),
            Rewards = _query.Distribution("reward", _query.Steps),
            Ends = Ends(),
            Policies = Groups("behavior_policy"),
            Splits = Groups("split"),
            Environments = Groups("environment"),
            ActionCounts = [.. counts.Select((count, action) => new ActionCount(action, count, count / (double)_manifest.Counts.Steps))],
            ActionEntropy = counts.Count > 1 ? Entropy(counts) / Math.Log(counts.Count) : null,
            ActionRanges = [.. Enumerable.Range(0, actions.Dimensions).Select(i => Range(actions, i))],
            Propensities = Propensities(),
            AllowedActions = _manifest.HasActionMask ? Known(_query.Row("avg(list_sum(action_mask::INTEGER[]))", _query.Steps)[0]) : null,
            Columns = [.. Columns(observations, actions)],
            Texts = [.. _manifest.InfoColumns.Where(c => c.Type == InfoType.Text).Select(c => _query.Text(c.Name))],
            HistogramSteps = Math.Max(observations.Rows, actions.Rows),
            FirstTime = Time(times[0]),
            LastTime = Time(times[1]),
            Validation = Validation(),
        };
    }

    // Observations and actions in one pass; of large datasets, parts here and there are enough for a picture.
    void ReadVectors(VectorHistograms observations, VectorHistograms actions)
    {
        string[] columns = [.. observations.Dimensions > 0 ? (string[])["observation"] : [], .. actions.Dimensions > 0 ? (string[])["action"] : []];
        if (columns.Length == 0)
            return;
        var files = _dataset.StepFiles;
        var every = (int)Math.Max(1, (_manifest.Counts.Steps + MostHistogramSteps - 1) / MostHistogramSteps);
        var taken = files.Where((_, i) => i % every == 0).Select(_dataset.PathOf);
        using var rows = _query.Stream($"SELECT {string.Join(", ", columns)} FROM read_parquet({DuckDbSql.Texts(taken)})");
        while (rows.Next() is { } chunk)
        {
            using (chunk)
            {
                if (observations.Dimensions > 0)
                    observations.Add(chunk[0], bounds: false);
                if (actions.Dimensions > 0)
                    actions.Add(chunk[columns.Length - 1], bounds: true);
            }
        }
    }

    EpisodeEnds Ends()
    {
        var row = _query.Row("""
            count(*) FILTER (terminated AND NOT truncated), count(*) FILTER (truncated AND NOT terminated), count(*) FILTER (terminated AND truncated),
            count(final_observation), count(*) - count(DISTINCT episode_key)
            """, _query.Episodes);
        return new EpisodeEnds((long)row[0], (long)row[1], (long)row[2], (long)row[3], (long)row[4]);
    }

    List<EpisodeGroup> Groups(string column)
    {
        const int most = 100;
        var rows = _query.Named(
            column,
            $"count(*) AS n, sum(steps) AS s, avg(\"return\") AS r, {_query.Quantiles("\"return\"", [0, 0.25, 0.5, 0.75, 1])}",
            $"{_query.Episodes} GROUP BY {column} ORDER BY {(column == "behavior_policy" ? "count(*) DESC, " : "")}{column} LIMIT {most}");
        return [.. rows.Select(r => new EpisodeGroup(r.Name, (long)r.Values[0], (long)r.Values[1], r.Values[2], r.Values[3..])).OrderBy(g => g.Name, StringComparer.Ordinal)];
    }

    ActionRange Range(VectorHistograms actions, int i)
    {
        var space = (BoxSpace)_manifest.ActionSpace;
        var spread = _manifest.Statistics.Action[i];
        double? low = double.IsInfinity(space.Low[i]) ? null : space.Low[i], high = double.IsInfinity(space.High[i]) ? null : space.High[i];
        return new ActionRange(i, low, high, actions.AtLow(i), actions.AtHigh(i), high > low ? (spread.Max - spread.Min) / (high - low) : null);
    }

    PropensityCoverage? Propensities()
    {
        if (_manifest.PropensityKind == PropensityKind.None)
            return null;
        var density = _manifest.PropensityKind == PropensityKind.Density;
        var value = density ? "behavior_log_prob" : "exp(behavior_log_prob)";
        var uniform = UniformLogProbability();
        var weight = $"exp(({uniform ?? "NULL"}) - behavior_log_prob)";
        var row = _query.Row($"count(behavior_log_prob), {_query.Quantiles(value, DatasetCard.PropensityQuantiles)}, pow(sum({weight}), 2) / sum(pow({weight}, 2))", _query.Steps);
        if (row[0] == 0)
            return null;
        // Products of many ratios leave the range of numbers: they are taken relative to the largest.
        var episodes = _query.Row(
            "count(*), pow(sum(exp(w - most)), 2) / sum(exp(2 * (w - most)))",
            $"(SELECT w, max(w) OVER () AS most FROM (SELECT sum(coalesce({uniform ?? "0"}, 0) - behavior_log_prob) AS w FROM {_query.Steps} GROUP BY episode_id HAVING count(behavior_log_prob) = count(*)))");
        return new PropensityCoverage(
            (long)row[0], row[0] / _manifest.Counts.Steps, row[1..^1], uniform is null ? null : Known(row[^1]), uniform is null ? null : Known(episodes[1]), (long)episodes[0]);
    }

    // Uniform over the allowed actions, or over the box; none where the box is not bounded.
    string? UniformLogProbability()
    {
        if (_schema.ActionCount > 0)
        {
            var all = string.Create(CultureInfo.InvariantCulture, $"{-Math.Log(_schema.ActionCount):R}::DOUBLE");
            return _manifest.HasActionMask ? $"coalesce(-ln(nullif(list_sum(action_mask::INTEGER[]), 0)), {all})" : all;
        }

        var space = (BoxSpace)_manifest.ActionSpace;
        var volume = space.High.Zip(space.Low, (high, low) => Math.Log(high - low)).Sum();
        return double.IsFinite(volume) ? string.Create(CultureInfo.InvariantCulture, $"({-volume:R}::DOUBLE)") : null;
    }

    IEnumerable<ColumnCard> Columns(VectorHistograms observations, VectorHistograms actions)
    {
        var statistics = _manifest.Statistics;
        for (var i = 0; i < statistics.Observation.Count; i++)
            yield return Column(_schema.ObservationsAreBytes ? "observation (all bytes)" : $"observation[{i}]", statistics.Observation[i], i < observations.Dimensions ? observations.Result(i) : null);
        if (_schema.ObservationsAreDiscrete)
            yield return Aggregate("observation", "observation");
        for (var i = 0; i < statistics.Action.Count; i++)
            yield return Column($"action[{i}]", statistics.Action[i], i < actions.Dimensions ? actions.Result(i) : null);
        if (_manifest.PropensityKind != PropensityKind.None)
            yield return Aggregate("behavior_log_prob", "behavior_log_prob");
        foreach (var column in _manifest.InfoColumns.Where(c => c.Type != InfoType.Text))
        {
            for (var i = 0; i < Math.Clamp(column.Width, 1, 16); i++)
                yield return Aggregate(column.Width == 0 ? column.Name : $"{column.Name}[{i}]", DuckDbSql.Name(column.Name) + (column.Width == 0 ? "" : $"[{i + 1}]"));
        }
    }

    // Nothing that is no number gets into a dataset's observations, actions and rewards: the writer refuses it.
    static ColumnCard Column(string name, Spread spread, Histogram? histogram) =>
        new(name, spread.Min, spread.Mean, spread.Std, spread.Max, 0, 0, spread.Min.Equals(spread.Max), histogram);

    ColumnCard Aggregate(string name, string expression)
    {
        var number = $"({expression})::DOUBLE";
        var finite = $"CASE WHEN isfinite({number}) THEN {number} END";
        var row = _query.Row($"min({finite}), avg({finite}), stddev_pop({finite}), max({finite}), count(*) FILTER (NOT isfinite({number})), count(*) - count({expression})", _query.Steps);
        var histogram = double.IsFinite(row[0]) ? _query.Histogram(finite, _query.Steps, row[0], row[3]) : null;
        return new ColumnCard(name, Known(row[0]), Known(row[1]), Known(row[2]), Known(row[3]), (long)row[4], (long)row[5], row[0].Equals(row[3]) && row[5] == 0, histogram);
    }

    JsonElement? Validation()
    {
        var path = Path.Combine(_dataset.Folder, Dataset.ValidationFile);
        if (!File.Exists(path))
            return null;
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Throw.Damaged(_dataset.FullName, $"'{Dataset.ValidationFile}' is no JSON ({e.Message})");
        }
    }

    static double Entropy(IReadOnlyList<long> counts)
    {
        double all = counts.Sum();
        return -counts.Where(c => c > 0).Sum(c => c / all * Math.Log(c / all));
    }

    static double? Known(double value) => double.IsNaN(value) ? null : value;

    static DateTimeOffset? Time(double seconds) => double.IsNaN(seconds) ? null : DateTimeOffset.UnixEpoch.AddSeconds(seconds);
}
