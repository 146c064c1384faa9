using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>What one policy makes of a log's rows: its weights, and where it acts as the log never does.</summary>
/// <param name="Episodes">With weights; all 1 where the log has no propensities.</param>
/// <param name="Support">Null where the log does not store whole distributions.</param>
sealed record PolicyScores(LoggedEpisodes Episodes, Support? Support)
{
    // Rows that a policy scores at a time.
    const int ChunkRows = 8192;

    /// <summary>Evaluation log-probabilities of all rows, in chunks, and what of the policy the log cannot show.</summary>
    /// <param name="columns">The dataset.</param>
    /// <param name="log">The rows of it that are used.</param>
    /// <param name="policy">Null where it has no probabilities.</param>
    /// <param name="cancellation">Looked at between chunks.</param>
    public static PolicyScores Of(TrainingColumns columns, LoggedRows log, IEvaluationPolicy? policy, CancellationToken cancellation)
    {
        if (!log.HasPropensities || policy is null)
            return new(LoggedEpisodes.Create(log.FirstRow, log.Rewards, new double[log.Rewards.Length], new double[log.Rewards.Length]), null);
        var actions = columns.Info.ActionSpace is DiscreteSpace discrete && columns.BehaviorProbabilities is not null ? discrete.Count : 0;
        var logProbabilities = new double[log.Rewards.Length];
        var probabilities = new double[Math.Min(ChunkRows, logProbabilities.Length) * actions];
        var support = new Support();
        foreach (var (row, first, count) in log.Chunks(ChunkRows))
        {
            cancellation.ThrowIfCancellationRequested();
            var asked = probabilities.AsSpan(0, count * actions);
            policy.Score(row, logProbabilities.AsSpan(first, count), asked);
            if (actions > 0)
                support.Add(asked, columns.BehaviorProbabilities!.Slice(row, count), actions);
        }

        var episodes = LoggedEpisodes.Create(log.FirstRow, log.Rewards, logProbabilities, log.BehaviorLogProbabilities);
        return new(episodes, actions > 0 ? support.Over(episodes.Steps) : null);
    }
}
