using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>How far dreams trust a model.</summary>
/// <param name="Horizon">Steps of a dream.</param>
/// <param name="Penalty">lambda: what a reward loses for each unit of disagreement.</param>
/// <param name="Threshold">Disagreement above which a dream is cut; null: nowhere.</param>
public sealed record DreamLimits(int Horizon, double Penalty, double? Threshold)
{
    /// <summary>
    /// The limits that a config leaves open, from errors on held-out data. Horizon: the largest k up to the longest that was measured at which, as at every one before it, the error of the observation is at
    /// most <c>horizon_error</c> of the data's own spread; at least 1. Penalty: the error of the reward at that horizon over the mean disagreement of one step on held-out data, so that a step that the model
    /// knows as well as the data costs what the reward is typically wrong by there; 0 without members. Threshold: the quantile of that disagreement.
    /// </summary>
    /// <param name="config">What was asked for.</param>
    /// <param name="relativeErrors">By k from 1: root mean square error of the observation k steps ahead over the data's spread.</param>
    /// <param name="rewardErrors">By k from 1: root mean square error of the reward of step k.</param>
    /// <param name="disagreements">Of single steps on held-out data; empty where the model has none.</param>
    public static DreamLimits Choose(WorldModelConfig config, ReadOnlySpan<double> relativeErrors, ReadOnlySpan<double> rewardErrors, ReadOnlySpan<double> disagreements)
    {
        var horizon = 0;
        while (horizon < relativeErrors.Length && relativeErrors[horizon] <= config.HorizonError)
            horizon++;
        horizon = config.Horizon ?? Math.Max(1, horizon);
        if (disagreements.IsEmpty)
            return new(horizon, config.Penalty ?? 0, null);
        var sorted = disagreements.ToArray();
        Array.Sort(sorted);
        var mean = sorted.Average();
        var penalty = config.Penalty ?? (mean > 0 ? rewardErrors[Math.Min(horizon, rewardErrors.Length) - 1] / mean : 0);
        double? threshold = config.TruncationQuantile == 1 ? null : sorted[(int)Math.Min(sorted.Length - 1, Math.Floor(config.TruncationQuantile * sorted.Length))];
        return new(horizon, penalty, threshold);
    }
}

/// <summary>
/// A model as offline learners dream in it: rewards less lambda times the disagreement (Yu et al. 2020, "MOPO", equation 8, whose u is the norm of the largest deviation), and dreams cut where the disagreement is
/// above a threshold (as the unknown states of Kidambi et al. 2020, "MOReL", but as truncation: a value that is 0 there would be a reward where rewards are negative). Any model that says its disagreement will do.
/// </summary>
/// <param name="model">Disposed of by its owner.</param>
/// <param name="limits">lambda and threshold.</param>
public sealed class CautiousWorldModel(IWorldModel model, DreamLimits limits) : IWorldModel
{
    public int LatentWidth => model.LatentWidth;

    public int ActionWidth => model.ActionWidth;

    public bool HasMemory => model.HasMemory;

    public LatentCode? Code => model.Code;

    public Tensor? ObservationDeviation => model.ObservationDeviation;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => model.Encode(sequences, generator);

    public Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator) => model.Observe(before, action, starts, observations, generator);

    public Tensor Decode(Tensor latent) => model.Decode(latent);

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var step = model.Step(latent, action, generator);
        if (step.Disagreement is not { } disagreement)
            return step;
        return step with
        {
            Reward = limits.Penalty == 0 ? step.Reward : step.Reward.sub(disagreement.mul(limits.Penalty)),
            Truncated = limits.Threshold is { } threshold ? disagreement.gt(threshold) : null,
        };
    }

    /// <summary>Leaves the model alone.</summary>
    public void Dispose()
    {
    }
}
