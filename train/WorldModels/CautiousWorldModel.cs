using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// A model as offline learners dream in it: rewards less lambda times the disagreement (Yu et al. 2020, "MOPO", equation 8, whose u is the norm of the largest deviation), and dreams cut where the disagreement is
/// above a threshold (as the unknown states of Kidambi et al. 2020, "MOReL", but as truncation: a value that is 0 there would be a reward where rewards are negative). Any model that says its disagreement will do.
/// </summary>
/// <param name="model">Disposed of by its owner.</param>
/// <param name="limits">lambda and threshold.</param>
public sealed class CautiousWorldModel(IWorldModel model, DreamLimits limits) : IWorldModel
{
    /// <summary>lambda and threshold.</summary>
    public DreamLimits Limits => limits;

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
            Truncated = limits.Threshold is not { } threshold ? step.Truncated : step.Truncated?.logical_or(disagreement.gt(threshold)) ?? disagreement.gt(threshold),
        };
    }

    /// <summary>Leaves the model alone.</summary>
    public void Dispose()
    {
    }
}
