using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;

namespace OfflineRL.Train;

/// <summary>
/// What a loop takes from the data that it begins with and then holds, however the data grows: normalizers, which every later model and policy reads observations by, and the spread of the rewards. It is found again from the
/// first rows when the loop goes on.
/// </summary>
/// <param name="Fitted">Normalizers of the part that is learned from.</param>
/// <param name="Rewards">As stored; null where there was none yet.</param>
sealed record FirstData(FittedNormalization Fitted, Spread? Rewards)
{
    /// <param name="config">Resolved.</param>
    /// <param name="columns">What is there now.</param>
    /// <param name="steps">How many of its first rows there were when training began.</param>
    /// <exception cref="UserErrorException">What is to be normalized cannot be.</exception>
    public static FirstData Of(TrainConfig config, TrainingColumns columns, long steps)
    {
        EpisodeSelection[] first = [EpisodeSelection.Of(columns, config.Split).Before(steps)];
        var isEmpty = first[0].Steps == 0;
        if (isEmpty && config.Normalization.Observations != "none")
            Throw.User($"train.normalization.observations is {config.Normalization.Observations}, which a loop fits on its warm-up, and the warm-up of {steps} steps has no episode in part '{config.Split}' of the split; expected at least one. Raise warmup_steps, or give the part a larger share.");
        return new(new(Normalization.FitObservations(first, config.Normalization, config.Replay.FrameStack), Normalization.FitRewards(first, config.Normalization)), isEmpty ? null : Normalization.RewardSpread(first));
    }

    /// <summary>What is known of the data as it was. Rewards that were all the same may be others in a later round: of them nothing is known.</summary>
    public ColumnsInfo Describe(ColumnsInfo info) => info with { Statistics = new() { Reward = Rewards is { Std: > 0 } ? Rewards : null } };
}
