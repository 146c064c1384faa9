namespace OfflineRL.Train.Sampling;

/// <summary>Which actions a learner can learn from.</summary>
public enum ActionKind
{
    Any,
    Discrete,
    Continuous,
}

/// <summary>What a learner reads, said in one line: <c>ReplayNeeds.Bootstrapping(ActionKind.Discrete, config.Discount)</c>.</summary>
public sealed record ReplayNeeds
{
    public required ActionKind Actions { get; init; }

    /// <summary>Whether it reads next observations and discounts; transitions that lack them are then left out.</summary>
    public bool Bootstraps { get; init; }

    /// <summary>gamma, in [0, 1].</summary>
    public double Discount { get; init; }

    /// <summary>n of n-step returns, at least 1.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>Whether it reads the actions taken at the next observation (SARSA).</summary>
    public bool NextActions { get; init; }

    /// <summary>Whether it reads the behavior's log-probabilities; NaN where unknown.</summary>
    public bool BehaviorLogProbabilities { get; init; }

    /// <summary>
    /// alpha of prioritized replay: above 0 batches come with <see cref="TransitionBatch.Weights"/>, and the learner writes
    /// <see cref="TransitionBatch.Priorities"/> at each step.
    /// </summary>
    public double PriorityExponent { get; init; }

    /// <summary>beta at the first step; it grows linearly to 1.</summary>
    public double PriorityCorrection { get; init; } = 0.4;

    /// <summary>
    /// Steps of a sequence that are learned from; 0: single transitions. Above 0 every tensor of a batch but weights and priorities has a leading axis of
    /// <see cref="BatchSteps"/> steps, with <see cref="TransitionBatch.Resets"/> and <see cref="TransitionBatch.LossMask"/> beside it.
    /// </summary>
    public int SequenceSteps { get; init; }

    /// <summary>Steps before those of a sequence, from which a learner's memory is filled.</summary>
    public int BurnInSteps { get; init; }

    /// <summary>Whether batches are of whole episodes, as <see cref="EpisodeBatch"/>.</summary>
    public bool WholeEpisodes { get; init; }

    /// <summary>E: episodes of such a batch; 0: all that may be drawn.</summary>
    public int Episodes { get; init; }

    /// <summary>T: steps of a batch, 1 where it has single transitions.</summary>
    internal int BatchSteps => SequenceSteps == 0 ? 1 : SequenceSteps + BurnInSteps;

    /// <summary>Observations and actions alone, of every step.</summary>
    public static ReplayNeeds Cloning(ActionKind actions) => new() { Actions = actions };

    /// <summary>With returns of n steps, discounts and next observations.</summary>
    public static ReplayNeeds Bootstrapping(ActionKind actions, double discount, int steps = 1) =>
        new() { Actions = actions, Bootstraps = true, Discount = discount, Steps = steps };

    /// <summary>Whole episodes.</summary>
    /// <param name="actions">Which can be learned from.</param>
    /// <param name="discount">gamma, in [0, 1].</param>
    /// <param name="episodes">Of a batch; 0: all that may be drawn.</param>
    /// <param name="propensities">Whether the behavior's log-probabilities are read.</param>
    public static ReplayNeeds OfEpisodes(ActionKind actions, double discount, int episodes, bool propensities) =>
        new() { Actions = actions, WholeEpisodes = true, Discount = discount, Episodes = episodes, BehaviorLogProbabilities = propensities };
}
