using System.Globalization;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Looks at every episode of an import before it is stored, and at all of them together at the end. Holds what is usual in a few kilobytes a
/// column, whatever the number of rows.
/// </summary>
sealed class EpisodeChecks
{
    /// <summary>Of the steps that another follows: with more cuts than this share, rows do not follow one another at all.</summary>
    const double MostCuts = 0.2;

    readonly InspectedColumns _columns;
    readonly FindingLog _log;
    readonly Func<long, RowPlace> _place;
    readonly int _width;
    readonly ColumnRanges _observations, _actions;
    readonly (float[] Low, float[] High)? _actionBounds, _environmentActions, _observationBounds;
    readonly Jumps? _jumps;
    readonly NextStarts? _nextStarts;
    readonly RewardOutliers _rewards = new();
    readonly EpisodeLengths _lengths = new();
    readonly SeenFingerprints _seen = new();
    readonly PropensityWeights? _weights;
    double _leastReward = double.PositiveInfinity, _mostReward = double.NegativeInfinity;
    long _cuts, _followed;

    /// <param name="columns">What they are called and where values belong.</param>
    /// <param name="log">Takes what is found.</param>
    /// <param name="place">File and row of a position.</param>
    public EpisodeChecks(InspectedColumns columns, FindingLog log, Func<long, RowPlace> place)
    {
        (_columns, _log, _place) = (columns, log, place);
        _width = columns.ObservationSpace.FlatSize;
        _observations = new(_width);
        _actions = new(columns.ActionSpace.FlatSize);
        _actionBounds = BoundsOf(columns.ActionSpace);
        _environmentActions = columns.EnvironmentActions?.FlatSize == columns.ActionSpace.FlatSize ? BoundsOf(columns.EnvironmentActions) : null;
        _observationBounds = BoundsOf(columns.ObservationSpace) ?? (columns.EnvironmentObservations?.FlatSize == _width ? BoundsOf(columns.EnvironmentObservations) : null);
        var isVector = columns.ObservationSpace is BoxSpace { ElementType: ElementType.Float32 };
        _jumps = isVector ? new(_width) : null;
        _nextStarts = isVector ? new(_width) : null;
        _weights = columns.ActionSpace is DiscreteSpace && columns.Propensity is not null ? new() : null;
        CompareSpaces("observations", columns.ObservationSpace, columns.EnvironmentObservations);
        CompareSpaces("actions", columns.ActionSpace, columns.EnvironmentActions);
    }

    /// <summary>Looks for what cannot be right: actions outside what the map declares. Where an episode is left out for it, it is not <see cref="Inspect"/>ed.</summary>
    /// <returns>The first of them, and its row in the episode; null: there is none.</returns>
    public (RowFault Fault, int Row)? Errors(in InspectedEpisode e)
    {
        if (_actionBounds is not var (low, high) || e.ContinuousActions.IsEmpty)
            return null;
        (RowFault, int)? first = null;
        for (var i = Bounds.FirstOutside(e.ContinuousActions, low, high); i >= 0; i = Bounds.FirstOutside(e.ContinuousActions, low, high, i + 1))
        {
            var (row, d) = (i / low.Length, i % low.Length);
            var box = (BoxSpace)_columns.ActionSpace;
            _log.Add(Checks.ActionSpace, _place(e.Positions[row]), _columns.Action(d), e.ContinuousActions[i], static v => Text(v));
            first ??= (new RowFault(_columns.Action(d), null, FormattableString.Invariant($"an action from {box.Low[d]} to {box.High[d]}"), Checks.ActionSpace.Name), row);
        }

        return first;
    }

    /// <summary>Takes in an episode that is stored.</summary>
    public void Inspect(in InspectedEpisode e)
    {
        if (!e.Observations.IsEmpty)
        {
            _observations.Add(e.Observations);
            Outside(e, e.Observations, _observationBounds, Checks.ObservationOutside, _columns.Observation);
            _jumps?.Add(e.Observations, e.Positions);
            Cuts(e);
            var behind = _columns.LooksForStarts && !e.NextKnown.IsEmpty && e.NextKnown[^1] ? e.Next[^_width..] : [];
            _nextStarts?.Add(e.Observations, behind, e.Positions[^1]);
        }

        if (!e.ContinuousActions.IsEmpty)
        {
            _actions.Add(e.ContinuousActions);
            Outside(e, e.ContinuousActions, _environmentActions, Checks.ActionBeyondEnvironment, _columns.Action);
        }

        foreach (var reward in e.Rewards)
            (_leastReward, _mostReward) = (Math.Min(_leastReward, reward), Math.Max(_mostReward, reward));
        _rewards.Add(e.Rewards, e.Positions);
        _weights?.Add(e.LogProbabilities, e.Positions);
        _lengths.Add(e.Rewards.Length, e.Terminated, e.Positions[^1]);
        Duplicates(e);
    }

    /// <summary>Adds to the log what only all episodes together show.</summary>
    public void Finish()
    {
        foreach (var d in _observations.Constant.Where(_ => _columns.ObservationSpace is BoxSpace))
            _log.Add(Checks.ConstantColumn, FindingLog.Everywhere, _columns.Observation(d), $"always {Text(_observations.Min(d))}", _observations.Rows);
        foreach (var d in _actions.Constant)
            _log.Add(Checks.ConstantColumn, FindingLog.Everywhere, _columns.Action(d), $"always {Text(_actions.Min(d))}", _actions.Rows);
        if (_cuts > MostCuts * _followed)
            _log.Add(Checks.RowsDoNotFollow, FindingLog.Everywhere, null, FormattableString.Invariant($"{_cuts} of {_followed} next observations are not the next row's"), _cuts);
        if (_leastReward == _mostReward)
            _log.Add(Checks.ConstantReward, FindingLog.Everywhere, _columns.Reward, FormattableString.Invariant($"always {_mostReward}"));
        if (_rewards.Found() is { Count: > 0 } outliers)
            _log.Add(Checks.RewardOutlier, _place(outliers.First), _columns.Reward, FormattableString.Invariant($"{outliers.Reward:G6}, where 95 of 100 lie within {outliers.Usual:G3} of {outliers.Median:G4}"), outliers.Count);
        if (_lengths.Found() is { Count: > 0 } limit)
            _log.Add(Checks.UnmarkedTimeLimit, _place(limit.First), _columns.End, FormattableString.Invariant($"{limit.Count} of {limit.Terminated} terminated episodes have exactly {limit.Steps} steps, the most of any"), limit.Count);
        if (_nextStarts?.Found() is { Count: > 0 } starts)
            _log.Add(Checks.NextStartBehindEnd, _place(starts.First), null, FormattableString.Invariant($"behind {starts.Count} of {starts.Boundaries} episodes stands the first observation of the next"), starts.Count);
        foreach (var jump in _jumps?.Found() ?? [])
            _log.Add(Checks.UnmarkedEnd, _place(jump.First), _columns.Observation(jump.Column), FormattableString.Invariant($"a change of {jump.Change:G4}, where 95 of 100 are below {jump.Usual:G3}"), jump.Count);
        if (_weights?.Found() is { Rows: > 0 } weights)
            _log.Add(Checks.TinyPropensity, _place(weights.First), _columns.Propensity, FormattableString.Invariant($"down to {weights.Smallest:G3}: for the uniform policy, {weights.Rows} rows count as {weights.Effective:F0}"), weights.Rows);
    }

    void Cuts(in InspectedEpisode e)
    {
        var steps = e.Positions.Length;
        if (e.Next.IsEmpty)
            return;
        _followed += steps - 1;
        // Most episodes are all right, which one comparison of them tells.
        if (e.Next[..^_width].SequenceEqual(e.Observations[_width..]))
            return;
        for (var t = 0; t < steps - 1; t++)
        {
            var next = e.Next.Slice(t * _width, _width);
            var row = e.Observations.Slice((t + 1) * _width, _width);
            var d = e.NextKnown[t] ? Alignment.FirstDifference(next, row, _columns.AlignmentTolerance) : -1;
            if (d < 0)
                continue;
            _cuts++;
            _log.Add(Checks.NextObservationDiffers, _place(e.Positions[t]), _columns.Observation(d), (Next: next[d], Row: row[d]), static v => $"{Text(v.Next)} behind the step, {Text(v.Row)} in the next row");
        }
    }

    void Duplicates(in InspectedEpisode e)
    {
        var steps = e.Rewards.Length;
        // A table's steps, and the one step of a bandit, are often equal by right.
        if (steps == 1 || e.Observations.IsEmpty || _columns.ObservationSpace is not BoxSpace)
            return;
        var actions = e.ContinuousActions.IsEmpty ? MemoryMarshal.AsBytes(e.DiscreteActions) : MemoryMarshal.AsBytes(e.ContinuousActions);
        for (var t = RepeatedRows.First(steps, 1, e.Observations, actions, e.Rewards, e.Timestamps); t >= 0; t = RepeatedRows.First(steps, t + 1, e.Observations, actions, e.Rewards, e.Timestamps))
            _log.Add(Checks.DuplicateRow, _place(e.Positions[t]), null, "");
        var fingerprint = new Fingerprint();
        fingerprint.Add(e.Observations);
        fingerprint.Add(actions);
        fingerprint.Add(e.Rewards);
        fingerprint.Add(e.Timestamps);
        if (_seen.Add(fingerprint.Value, e.Positions[0]) is not null)
            _log.Add(Checks.DuplicateEpisode, _place(e.Positions[0]), null, (steps, _seen.Stride), static s => $"{s.steps} steps" + (s.Stride > 1 ? $" (one of {s.Stride} episodes is looked at)" : ""), _seen.Stride);
    }

    void Outside(in InspectedEpisode e, ReadOnlySpan<float> values, (float[] Low, float[] High)? bounds, Check check, Func<int, string> column)
    {
        if (bounds is not var (low, high))
            return;
        for (var i = Bounds.FirstOutside(values, low, high); i >= 0; i = Bounds.FirstOutside(values, low, high, i + 1))
        {
            var d = i % low.Length;
            _log.Add(check, _place(e.Positions[i / low.Length]), column(d), (Value: values[i], Low: low[d], High: high[d]), static v => $"{Text(v.Value)}, not from {Text(v.Low)} to {Text(v.High)}");
        }
    }

    void CompareSpaces(string what, Space log, Space? environment)
    {
        var differs = (log, environment) switch
        {
            (_, null) => false,
            (DiscreteSpace found, DiscreteSpace declared) => found.Count > declared.Count,
            (BoxSpace found, BoxSpace declared) => found.FlatSize != declared.FlatSize || found.ElementType != declared.ElementType,
            _ => true,
        };
        if (differs)
            _log.Add(Checks.SpaceDiffers, FindingLog.Everywhere, null, $"{what} of {log}; the environment has {environment}");
    }

    /// <summary>Null where no number is bounded.</summary>
    static (float[] Low, float[] High)? BoundsOf(Space space) =>
        space is BoxSpace { ElementType: ElementType.Float32 } box && (box.Low.Any(double.IsFinite) || box.High.Any(double.IsFinite))
            ? (Bounds.WidenedLow(box.Low), Bounds.WidenedHigh(box.High))
            : null;

    static string Text(float value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
