namespace OfflineRL.Datasets;

/// <summary>
/// Pieces of episodes that still go on, to learn from and never stored: each stands as an episode of its own that was cut, with what came next as its final
/// observation. Used by one thread at a time.
/// </summary>
public sealed class GrowingFragments : IDisposable
{
    readonly GrowingColumns _columns;

    /// <param name="workspace">The files lie in its cache until this is disposed of.</param>
    /// <param name="name">Of the dataset that the episodes become.</param>
    /// <param name="description">As of that dataset; all of it in one part of the split, since a piece does not tell yet which episode it will be of.</param>
    /// <param name="capacity">Steps it may hold at most. What is not written takes no space.</param>
    public GrowingFragments(Workspace workspace, string name, DatasetDescription description, long capacity) => _columns = new(workspace, name, description, capacity);

    /// <summary>What was appended so far, to learn from.</summary>
    public TrainingColumns Columns => _columns.Columns;

    /// <summary>Appends the steps of an episode that were not appended before, if there are any.</summary>
    /// <param name="episode">The episode so far, or whole.</param>
    /// <param name="before">How many of its steps were.</param>
    /// <exception cref="UserErrorException">There is no room for it.</exception>
    public void Append(in EpisodeColumns episode, int before)
    {
        if (before < episode.Rewards.Length)
            _columns.Append(Later(episode, before), split: 0);
    }

    /// <summary>Names the stored dataset that holds the episodes so far.</summary>
    public void Name(DatasetManifest stored) => Columns.Name(stored.FullName, stored.ContentHash);

    public void Dispose() => _columns.Dispose();

    static EpisodeColumns Later(in EpisodeColumns e, int before)
    {
        var steps = e.Rewards.Length;
        return new()
        {
            Key = e.Key,
            SplitKey = e.SplitKey,
            BehaviorPolicy = e.BehaviorPolicy,
            Environment = e.Environment,
            Observations = From(e.Observations, before, steps),
            ObservationBytes = From(e.ObservationBytes, before, steps),
            DiscreteActions = From(e.DiscreteActions, before, steps),
            ContinuousActions = From(e.ContinuousActions, before, steps),
            Rewards = From(e.Rewards, before, steps),
            Terminated = e.Terminated,
            Truncated = e.Truncated,
            FinalObservation = e.FinalObservation,
            FinalObservationBytes = e.FinalObservationBytes,
            BehaviorLogProbabilities = From(e.BehaviorLogProbabilities, before, steps),
            BehaviorProbabilities = From(e.BehaviorProbabilities, before, steps),
            ActionMasks = From(e.ActionMasks, before, steps),
        };
    }

    // Of as many numbers a step as there are; none where there are none.
    static ReadOnlySpan<T> From<T>(ReadOnlySpan<T> values, int before, int steps) => values[(values.Length / steps * before)..];
}
