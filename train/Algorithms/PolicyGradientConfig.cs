namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of learners that follow a policy gradient with a network of state values beside the policy.</summary>
public abstract record PolicyGradientConfig : EpisodeConfig
{
    protected PolicyGradientConfig() => BatchEpisodes = 0;

    /// <summary>Step size of Adam for the value network at the first step; it falls like the policy's. The default value is 0.001.</summary>
    public double ValueLearningRate { get; init; } = 1e-3;

    /// <summary>What the policy's mean entropy counts in its loss, at least 0. The default value is 0.</summary>
    public double EntropyBonus { get; init; }

    /// <summary>Whether advantages are standardized over the batch: less their mean, over their standard deviation.</summary>
    public bool NormalizeAdvantages { get; init; }

    /// <summary>Whether the gradient is right only for data that the policy itself recorded just now.</summary>
    internal virtual bool AssumesOnPolicy => false;

    /// <summary>The optimizer's settings for the value network.</summary>
    internal LearnerConfig OfValues => this with { LearningRate = ValueLearningRate, FinalLearningRate = FinalLearningRate * ValueLearningRate / LearningRate };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(ValueLearningRate > 0))
            yield return $"value_learning_rate is {ValueLearningRate}; expected a positive number.";
        if (!(EntropyBonus >= 0) || !double.IsFinite(EntropyBonus))
            yield return $"entropy_bonus is {EntropyBonus}; expected a finite number of at least 0.";
    }

    internal static IEnumerable<string> LambdaFaults(double lambda)
    {
        if (!(lambda is >= 0 and <= 1))
            yield return $"lambda is {lambda}; expected a number in [0, 1].";
    }
}
