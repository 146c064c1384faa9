using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>Everything beside data and seed that decides the batches of a replay.</summary>
public sealed record ReplaySettings
{
    public required ReplayNeeds Needs { get; init; }

    /// <summary>B.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The part of the datasets' split to draw from.</summary>
    public string Split { get; init; } = "train";

    /// <summary>Which folds of the part to draw from; null: all of it.</summary>
    public EpisodeFold? Fold { get; init; }

    /// <summary>Steps of the run, over which exponents are annealed.</summary>
    public long Steps { get; init; } = 1;

    public ReplayConfig Replay { get; init; } = new();

    public NormalizationConfig Normalization { get; init; } = new();

    /// <summary>What was fitted on other data and holds here too, as for a part that is not learned from; null: fitted on what is drawn from.</summary>
    public FittedNormalization? Fitted { get; init; }
}

/// <summary>What observations and rewards become.</summary>
/// <param name="Encoder">Makes features of observations.</param>
/// <param name="Rewards">Makes a learner's rewards of those stored.</param>
public sealed record FittedNormalization(ObservationEncoder Encoder, RewardTransform Rewards);
