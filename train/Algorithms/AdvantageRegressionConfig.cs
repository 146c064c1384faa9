namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of learners that clone actions by weights that grow with their advantage, over a network of state values.</summary>
public abstract record AdvantageRegressionConfig : EpisodeConfig
{
    /// <summary>Step size of Adam for the value network at the first step; it falls like the policy's. The default value is 0.001.</summary>
    public double ValueLearningRate { get; init; } = 1e-3;

    /// <summary>Passes over the batch in each step, in minibatches of <c>batch_size</c> rows. The default value is 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Largest weight; positive. The default value is 20.</summary>
    public double WeightLimit { get; init; } = 20;

    /// <summary>The optimizer's settings for the value network.</summary>
    internal LearnerConfig OfValues => this with { LearningRate = ValueLearningRate, FinalLearningRate = FinalLearningRate * ValueLearningRate / LearningRate };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(ValueLearningRate > 0))
            yield return $"value_learning_rate is {ValueLearningRate}; expected a positive number.";
        if (Epochs < 1)
            yield return $"epochs is {Epochs}; expected at least 1.";
        if (!(WeightLimit > 0) || !double.IsFinite(WeightLimit))
            yield return $"weight_limit is {WeightLimit}; expected a positive number.";
    }
}
