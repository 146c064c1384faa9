using System.Globalization;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The rows of one episode of the source, as columns that grow; checks each row as it comes.</summary>
sealed class EpisodeRows
{
    readonly ImportPlan _plan;
    readonly List<float> _observations = [];
    readonly List<float> _next = [];
    readonly List<byte> _images = [];
    readonly List<byte> _nextImages = [];
    readonly List<bool> _nextKnown = [];
    readonly List<int> _discrete = [];
    readonly List<float> _continuous = [];
    readonly List<double> _rewards = [];
    readonly List<double> _logProbabilities = [];
    readonly List<double> _probabilities = [];
    readonly List<bool> _masks = [];
    readonly List<float> _features = [];
    readonly List<long> _times = [];
    readonly List<double>[] _info;
    readonly List<string?>[] _infoText;

    /// <param name="plan">What the rows hold.</param>
    /// <param name="firstStep">What the source's other episodes count from; null: this is the first one, from 0 or 1.</param>
    public EpisodeRows(ImportPlan plan, double? firstStep)
    {
        (_plan, FirstStep) = (plan, firstStep);
        _info = plan.Info.Select(_ => new List<double>()).ToArray();
        _infoText = plan.InfoText.Select(_ => new List<string?>()).ToArray();
    }

    public int Steps => _rewards.Count;

    /// <summary>Position and file of every row.</summary>
    public List<(long Position, int File)> Sources { get; } = [];

    public string? SplitKey { get; private set; }

    /// <summary>The policy that the source names; null: it names none.</summary>
    public string? BehaviorPolicy { get; private set; }

    /// <summary>The last row's end flags.</summary>
    public bool Terminated { get; private set; }

    public bool Truncated { get; private set; }

    public bool Done { get; private set; }

    public bool Ended => Terminated || Truncated || Done;

    /// <summary>What the source counts steps from; null: it does not say.</summary>
    public double? FirstStep { get; private set; }

    /// <summary>Appends a row. Where it has a fault the columns are of no use any more, but <see cref="Ended"/> and <see cref="Sources"/> go on.</summary>
    public RowFault? Add(RowChunk chunk, int row)
    {
        var before = Ended;
        Sources.Add((chunk.Position(row), chunk.File(row)));
        return Flags(chunk, row)
            ?? (before && _plan.EpisodeId is { } id ? AfterEnd(id) : null)
            ?? Identity(chunk, row)
            ?? Observations(chunk, row)
            ?? Actions(chunk, row)
            ?? Propensities(chunk, row)
            ?? Rest(chunk, row);
    }

    /// <summary>
    /// The last row of every piece: where the observation that followed a step is not the next row's, the rows do not
    /// follow one another and the episode is cut.
    /// </summary>
    public List<int> PieceEnds()
    {
        var ends = new List<int>();
        var width = _plan.Observation.Width;
        for (var t = 0; _plan.NextObservation is not null && t < Steps - 1; t++)
        {
            if (_nextKnown[t] && !(_plan.ObservationsAreBytes ? ImagesAligned(t, width) : Aligned(CollectionsMarshal.AsSpan(_next).Slice(t * width, width), CollectionsMarshal.AsSpan(_observations).Slice((t + 1) * width, width))))
                ends.Add(t);
        }

        ends.Add(Steps - 1);
        return ends;
    }

    /// <summary>Rows <paramref name="first"/> to <paramref name="last"/> as an episode.</summary>
    public EpisodeColumns ToColumns(int first, int last, bool terminated, string key, string behaviorPolicy, EnvironmentIdentity? environment, string file, Span<InfoValues> info)
    {
        var count = last - first + 1;
        for (var i = 0; i < _info.Length; i++)
            info[i] = InfoValues.Of(Rows(_info[i], first, count).ToArray());
        for (var i = 0; i < _infoText.Length; i++)
            info[_info.Length + i] = InfoValues.Of(Rows(_infoText[i], first, count).ToArray());
        var width = _plan.Observation.Width;
        var finalKnown = _plan.NextObservation is not null && _plan.Config.NextObservationReal && _nextKnown[last];
        var final = finalKnown && !_plan.ObservationsAreBytes ? CollectionsMarshal.AsSpan(_next).Slice(last * width, width) : [];
        var finalImage = finalKnown && _plan.ObservationsAreBytes ? CollectionsMarshal.AsSpan(_nextImages).Slice(last * width, width) : [];
        return new EpisodeColumns
        {
            Key = key,
            SplitKey = SplitKey,
            BehaviorPolicy = behaviorPolicy,
            Environment = environment,
            SourceFile = file,
            Observations = Rows(_observations, first, count),
            ObservationBytes = Rows(_images, first, count),
            DiscreteActions = Rows(_discrete, first, count),
            ContinuousActions = Rows(_continuous, first, count),
            Rewards = Rows(_rewards, first, count),
            Terminated = terminated,
            Truncated = !terminated,
            FinalObservation = final,
            FinalObservationBytes = finalImage,
            BehaviorLogProbabilities = Rows(_logProbabilities, first, count),
            BehaviorProbabilities = Rows(_probabilities, first, count),
            ActionMasks = Rows(_masks, first, count),
            ActionFeatures = Rows(_features, first, count),
            TimestampMicros = Rows(_times, first, count),
            Info = info,
        };
    }

    Span<T> Rows<T>(List<T> column, int first, int count)
    {
        var width = column.Count / Steps;
        return CollectionsMarshal.AsSpan(column).Slice(first * width, count * width);
    }

    RowFault? Flags(RowChunk chunk, int row)
    {
        var terminatedFault = Flag(chunk, row, _plan.Terminated, out var terminated);
        var truncatedFault = Flag(chunk, row, _plan.Truncated, out var truncated);
        var doneFault = Flag(chunk, row, _plan.Done, out var done);
        (Terminated, Truncated, Done) = (terminated, truncated, done);
        return terminatedFault ?? truncatedFault ?? doneFault;
    }

    static RowFault? Flag(RowChunk chunk, int row, ImportField? field, out bool value)
    {
        value = false;
        if (field is null)
            return null;
        var number = chunk[field].Number(row);
        value = number == 1;
        return number is 0 or 1 ? null : new RowFault(field.Columns[0], null, "a flag: true or false, 1 or 0");
    }

    static RowFault? AfterEnd(ImportField id) =>
        new RowFault(id.Columns[0], "a row of an episode that ended before it", "an end flag on the last row of an episode alone");

    RowFault? Identity(RowChunk chunk, int row)
    {
        if (_plan.EpisodeId is { } id && chunk[id].Text(row) is null)
            return new RowFault(id.Columns[0], null, "the id of the row's episode");
        if (_plan.SplitKey is { } splitKey)
        {
            var key = chunk[splitKey].Text(row);
            if (key is null || (SplitKey is not null && key != SplitKey))
                return new RowFault(splitKey.Columns[0], null, SplitKey is null ? "a text" : $"'{SplitKey}', as in the episode's other rows: an episode falls into one part of the split");
            SplitKey = key;
        }

        if (_plan.BehaviorPolicy is { } policy)
        {
            var name = chunk[policy].Text(row);
            if (name is null || (BehaviorPolicy is not null && name != BehaviorPolicy))
                return new RowFault(policy.Columns[0], null, BehaviorPolicy is null ? "the name of a policy" : $"'{BehaviorPolicy}', as in the episode's other rows");
            BehaviorPolicy = name;
        }

        return _plan.Step is { } step ? StepFault(step, chunk[step].Number(row)) : null;
    }

    RowFault? StepFault(ImportField field, double step)
    {
        var index = Sources.Count - 1;
        if (index == 0 && (FirstStep is { } first ? step != first : step is not (0 or 1)))
            return new RowFault(field.Columns[0], null, FormattableString.Invariant($"{FirstStep?.ToString(CultureInfo.InvariantCulture) ?? "0 or 1"} for the first row of an episode: rows are missing before it"));
        FirstStep ??= step;
        return step == FirstStep + index
            ? null
            : new RowFault(field.Columns[0], null, FormattableString.Invariant($"{FirstStep + index}, the step after the row before it: a row is missing or there twice"));
    }

    RowFault? Images(RowChunk chunk, int row)
    {
        var image = chunk[_plan.Observation].Bytes(row);
        if (image.Length != _plan.Observation.Width)
            return new RowFault(_plan.Observation.Columns[0], $"{image.Length} bytes", $"{_plan.Observation.Width} bytes, as in the first row");
        _images.AddRange(image);
        if (_plan.NextObservation is not { } next)
            return null;
        var after = chunk[next].Bytes(row);
        _nextKnown.Add(!after.IsEmpty);
        if (!after.IsEmpty && after.Length != next.Width)
            return new RowFault(next.Columns[0], $"{after.Length} bytes", $"{next.Width} bytes, as in the first row");
        // A step of which nothing is known takes the room of one.
        CollectionsMarshal.SetCount(_nextImages, _nextImages.Count + next.Width);
        after.CopyTo(CollectionsMarshal.AsSpan(_nextImages)[^next.Width..]);
        return null;
    }

    bool ImagesAligned(int t, int width) =>
        CollectionsMarshal.AsSpan(_nextImages).Slice(t * width, width).SequenceEqual(CollectionsMarshal.AsSpan(_images).Slice((t + 1) * width, width));

    RowFault? Observations(RowChunk chunk, int row)
    {
        if (_plan.ObservationsAreBytes)
            return Images(chunk, row);
        var fault = Vector(chunk, row, _plan.Observation, _plan.Observation.Width, _observations);
        if (fault is not null)
            return fault;
        if (_plan.Config.ObservationCount is { } count && !IsIndex(_observations[^1], count))
            return new RowFault(_plan.Observation.Columns[0], null, $"a whole number from 0 to {count - 1}");
        if (_plan.NextObservation is not { } next)
            return null;
        // Sources leave it empty where nothing followed; that is unknown, not wrong.
        var values = chunk[next].Numbers(row);
        var known = !values.IsEmpty && !values.ContainsAnyExceptInRange(double.NegativeInfinity, double.PositiveInfinity);
        _nextKnown.Add(known);
        if (known)
            return Vector(chunk, row, next, next.Width, _next);
        _next.AddRange(new float[next.Width]);
        return null;
    }

    RowFault? Actions(RowChunk chunk, int row)
    {
        if (_plan.ActionCount == 0)
            return Vector(chunk, row, _plan.Action, _plan.Action.Width, _continuous);
        var values = chunk[_plan.Action].Numbers(row);
        var action = values.Length == 1 ? values[0] : double.NaN;
        if (!IsIndex(action, _plan.ActionCount))
            return new RowFault(_plan.Action.Columns[0], null, $"a whole number from 0 to {_plan.ActionCount - 1} (set action_count where there are more actions, continuous_action where they are real numbers)");
        _discrete.Add((int)action);
        if (_plan.Mask is not { } mask)
            return null;
        var flags = chunk[mask].Numbers(row);
        if (flags.Length != _plan.ActionCount || flags.ContainsAnyExcept(0.0, 1.0) || flags[(int)action] == 0)
            return new RowFault(mask.Columns[0], null, $"{_plan.ActionCount} flags, one for each action, with the taken action {action} allowed");
        foreach (var flag in flags)
            _masks.Add(flag == 1);
        return null;
    }

    RowFault? Propensities(RowChunk chunk, int row)
    {
        if (!_plan.HasPropensities)
            return null;
        var action = _plan.ActionCount > 0 ? _discrete[^1] : -1;
        var mask = _masks.Count == 0 ? [] : CollectionsMarshal.AsSpan(_masks)[^_plan.ActionCount..];
        var whole = double.NaN;
        if ((_plan.Probabilities ?? _plan.Logits) is { } field)
        {
            var values = chunk[field].Numbers(row);
            if (values.Length != _plan.ActionCount || values.ContainsAnyExceptInRange(double.MinValue, double.MaxValue))
                return new RowFault(field.Columns[0], null, $"{_plan.ActionCount} finite numbers, one for each action");
            var start = _probabilities.Count;
            _probabilities.AddRange(values);
            var probabilities = CollectionsMarshal.AsSpan(_probabilities)[start..];
            if (_plan.Logits is not null)
                Distributions.Softmax(probabilities, mask);
            else if (probabilities.ContainsAnyExceptInRange(0.0, 1.0) || Math.Abs(Distributions.Sum(probabilities) - 1) > TrajectorySchema.ProbabilitySumTolerance)
                return new RowFault(field.Columns[0], null, FormattableString.Invariant($"probabilities from 0 to 1 that sum to 1 within {TrajectorySchema.ProbabilitySumTolerance}"));
            whole = Math.Log(probabilities[action]);
        }

        var given = _plan.LogProbability is { } log ? chunk[log].Number(row)
            : _plan.Probability is { } probability ? Math.Log(chunk[probability].Number(row))
            : whole;
        var column = (_plan.LogProbability ?? _plan.Probability ?? _plan.Probabilities ?? _plan.Logits)!.Columns[0];
        var empty = (_plan.LogProbability ?? _plan.Probability) is { } source && chunk[source].IsNull(row);
        if (!empty && (!double.IsFinite(given) || (_plan.ActionCount > 0 && given > TrajectorySchema.ProbabilityTolerance)))
            return new RowFault(column, null, "the probability of the action taken, above 0 and at most 1, or its logarithm where the map says so");
        if (!empty && !double.IsNaN(whole) && Math.Abs(Math.Exp(given) - Math.Exp(whole)) > TrajectorySchema.ProbabilityTolerance)
            return new RowFault(column, null, FormattableString.Invariant($"what the distribution of the same row says: probability {Math.Exp(whole)}, logarithm {whole}"));
        _logProbabilities.Add(empty ? whole : given);
        return null;
    }

    RowFault? Rest(RowChunk chunk, int row)
    {
        var reward = chunk[_plan.Reward].Number(row);
        if (!double.IsFinite(reward))
            return new RowFault(_plan.Reward.Columns[0], null, "a finite number");
        if (_plan.Features is { } features && Vector(chunk, row, features, features.Width, _features) is { } fault)
            return fault;
        if (_plan.Timestamp is { } time)
        {
            if (chunk[time].IsNull(row))
                return new RowFault(time.Columns[0], null, "a time such as 2026-01-31T12:00:00Z");
            _times.Add(chunk[time].Time(row));
        }

        for (var i = 0; i < _info.Length; i++)
        {
            var field = _plan.Info[i];
            var values = field.Width > 0 ? chunk[field].Numbers(row) : [chunk[field].Number(row)];
            if (values.Length != Math.Max(1, field.Width) || values.ContainsAny(double.PositiveInfinity, double.NegativeInfinity))
                return new RowFault(field.Columns[0], null, field.Width > 0 ? $"{field.Width} numbers, as in the first row" : "a number, or nothing");
            _info[i].AddRange(values);
        }

        for (var i = 0; i < _infoText.Length; i++)
            _infoText[i].Add(chunk[_plan.InfoText[i]].Text(row));
        _rewards.Add(reward);
        return null;
    }

    static RowFault? Vector(RowChunk chunk, int row, ImportField field, int width, List<float> column)
    {
        var values = chunk[field].Numbers(row);
        if (values.Length != width)
            return new RowFault(field.Columns[0], null, $"{width} numbers, as in the first row");
        foreach (var value in values)
        {
            if (!float.IsFinite((float)value))
                return new RowFault(field.ColumnOf(values.IndexOf(value)), null, "a finite number within the range of float32");
            column.Add((float)value);
        }

        return null;
    }

    bool Aligned(ReadOnlySpan<float> next, ReadOnlySpan<float> observation)
    {
        for (var i = 0; i < next.Length; i++)
        {
            if (Math.Abs((double)next[i] - observation[i]) > _plan.Config.AlignmentTolerance * Math.Max(1, Math.Abs(observation[i])))
                return false;
        }

        return true;
    }

    static bool IsIndex(double value, int count) => value >= 0 && value < count && value == Math.Floor(value);
}
