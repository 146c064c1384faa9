using OfflineRL.Train.Sampling;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of every learner of whole episodes: a discount, how many episodes, and what the policy's distribution is.</summary>
public abstract record EpisodeConfig : LearnerConfig
{
    /// <summary>gamma: what a reward is worth one step later, in [0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Episodes of a batch; 0: all that may be drawn. The default value is 32.</summary>
    public int BatchEpisodes { get; init; } = 32;

    /// <summary>The distribution that the policy's network speaks of.</summary>
    public PolicyConfig Policy { get; init; } = new();

    internal override PolicyConfig? ActionDistribution => Policy;

    /// <summary>Whether steps are weighed by the behavior's probabilities, so that datasets without them are refused.</summary>
    internal virtual bool NeedsPropensities => false;

    /// <summary>Whether it learns from pieces of episodes too: values stand for what comes after them, and nothing counts what came before.</summary>
    internal virtual bool LearnsFromFragments => false;

    internal override ReplayNeeds Needs => ReplayNeeds.OfEpisodes(ActionKind.Any, Discount, BatchEpisodes, NeedsPropensities);

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Discount is >= 0 and <= 1))
            yield return $"discount is {Discount}; expected a number in [0, 1].";
        if (BatchEpisodes < 0)
            yield return $"batch_episodes is {BatchEpisodes}; expected at least 0 (0: all episodes).";
    }
}
