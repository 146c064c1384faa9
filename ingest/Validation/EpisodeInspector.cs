using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>Validation of an import: counts the faults of rows, and looks at every episode that has none.</summary>
/// <param name="plan">What rows hold.</param>
/// <param name="looksForStarts">Whether the next episode's start behind a last step is an error, which it is where the user takes it for real.</param>
/// <param name="rows">Where they stand.</param>
/// <param name="log">Takes what is found.</param>
sealed class EpisodeInspector(ImportPlan plan, bool looksForStarts, SourceRows rows, FindingLog log) : IEpisodeInspector
{
    // A look into the source reads it from its start, so that only the first few are worth it.
    const int MostLookups = 20;
    const long LastLookup = 2_000_000;

    readonly EpisodeChecks? _checks = plan.Config.Validation ? new(Columns(plan, looksForStarts), log, rows.Of) : null;

    readonly List<(RowFault Fault, RowPlace At)> _unseen = [];

    public void Fault(in RowFault fault, RowPlace at)
    {
        var sample = fault.Found is null ? $"expected {fault.Expected}" : $"found {fault.Found}; expected {fault.Expected}";
        if (log.Add(Checks.OfFault(fault.Check), at, fault.Column, sample) && fault.Found is null && _unseen.Count < MostLookups)
            _unseen.Add((fault, at));
    }

    public (RowFault Fault, int Row)? Inspect(SourceEpisode episode)
    {
        foreach (var (doubt, row) in episode.Doubts)
            Fault(doubt, rows.Of(episode.Positions[row]));
        if (_checks is null)
            return null;
        var last = episode.Steps - 1;
        var columns = new InspectedEpisode
        {
            Positions = episode.Positions,
            Observations = episode.Observations,
            Next = episode.NextObservations,
            NextKnown = episode.NextKnown,
            DiscreteActions = episode.DiscreteActions,
            ContinuousActions = episode.ContinuousActions,
            Rewards = episode.Rewards,
            LogProbabilities = episode.LogProbabilities,
            Timestamps = episode.Times,
            Terminated = episode.Terminated[last] || (episode.Done[last] && plan.Config.TimeLimit != episode.Steps),
        };
        var fault = _checks.Errors(columns);
        // An episode that is left out says nothing about what is usual among those that are not.
        if (fault is null || plan.Config.OnError == ErrorRule.Keep)
            _checks.Inspect(columns);
        return fault;
    }

    /// <summary>Adds to the log what only all episodes together show, and what the source holds at the first faults.</summary>
    public void Finish(SourceLookup lookup)
    {
        _checks?.Finish();
        foreach (var (fault, at) in _unseen)
        {
            var position = rows.PositionOf(at);
            if (position <= LastLookup)
                log.Show(Checks.OfFault(fault.Check), at, fault.Column, $"found {(lookup.Raw(fault.Column, position) is { } raw ? $"'{raw}'" : "nothing")}; expected {fault.Expected}");
        }
    }

    static InspectedColumns Columns(ImportPlan plan, bool looksForStarts)
    {
        var environment = plan.Config.Environment is { } id ? EnvironmentRegistry.Definition(id) : null;
        return new InspectedColumns
        {
            ObservationSpace = plan.ObservationSpace,
            ActionSpace = plan.ActionSpace,
            EnvironmentObservations = environment?.ObservationSpace,
            EnvironmentActions = environment?.ActionSpace,
            Observation = d => ColumnOf(plan.Observation, d),
            Action = d => ColumnOf(plan.Action, d),
            Reward = plan.Reward.Columns[0],
            Propensity = (plan.LogProbability ?? plan.Probability ?? plan.Probabilities ?? plan.Logits)?.Columns[0],
            End = (plan.Terminated ?? plan.Done)?.Columns[0],
            AlignmentTolerance = plan.Config.AlignmentTolerance,
            LooksForStarts = looksForStarts,
        };
    }

    /// <summary>The flat column of an element, or the list column with the element's number.</summary>
    static string ColumnOf(ImportField field, int element) =>
        field.Columns.Count > 1 ? field.ColumnOf(element) : field.Width > 1 ? FormattableString.Invariant($"{field.Columns[0]}[{element}]") : field.Columns[0];
}
