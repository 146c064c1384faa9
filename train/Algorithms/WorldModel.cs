using OfflineRL.Datasets;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// The model of the lectures learned alone, without a policy: what it is, is in <see cref="VaeWorldModel"/>; how it learns, in <see cref="WorldModelFit"/>. Where it differs from the sources is in train/docs/world_model.md.
/// </summary>
public sealed class WorldModel : ITransitionLearner, IModelLearner
{
    readonly WorldModelConfig _config;
    readonly VaeWorldModel _model;
    readonly WorldModelFit _fit;
    readonly MetricSums _metrics;

    /// <param name="config">Resolved and checked by the caller.</param>
    /// <param name="setup">Spaces, units, steps, random stream and device.</param>
    /// <exception cref="UserErrorException">Config and observations do not fit each other.</exception>
    public WorldModel(WorldModelConfig config, LearnerSetup setup)
    {
        _config = config;
        _model = new(config, ShapeOf(setup), setup.Random, setup.Device);
        _fit = new(_model, config, setup.Steps, setup);
        _metrics = new(WorldModelFit.MetricNames, setup.Device);
    }

    /// <summary>What a model is made for, by a learner's setup.</summary>
    internal static WorldModelShape ShapeOf(LearnerSetup setup)
    {
        var space = setup.ActionSpace ?? throw new ArgumentException("A model reads actions of a space.", nameof(setup));
        return new(
            setup.Observations,
            space is DiscreteSpace discrete ? discrete.Count : space.FlatSize,
            setup.ActionUnits,
            setup.Rewards?.Mean ?? 0,
            setup.Rewards is { Std: > 0 } rewards ? rewards.Std : 1,
            RewardVaries: setup.Rewards is not { } spread || (spread.Std > 0 && spread.Min < spread.Max));
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        if (_fit.Learn(ModelBatch.Of(batch, _model.ActionWidth), Updates, measure) is { } metrics)
            _metrics.Add(metrics);
        Updates++;
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    /// <inheritdoc cref="WorldModelFit.HeldOutError"/>
    public Tensor HeldOutError(TransitionBatch batch) => _fit.HeldOutError(ModelBatch.Of(batch, _model.ActionWidth));

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _fit.State(), new("metric_sums", _metrics.Values)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => _fit.Counters;
        set => _fit.Counters = value;
    }

    // ---- the model, and no policy ----

    IStorableWorldModel IModelLearner.Model => _model;

    WorldModelConfig IModelLearner.ModelConfig => _config;

    bool IModelLearner.HasPolicy => false;

    Network ILearner.PolicyNetwork => throw new NotSupportedException("A world model alone has no policy.");

    double ILearner.PolicyTemperature => 0;

    public void Dispose()
    {
        _fit.Dispose();
        _model.Dispose();
        _metrics.Dispose();
    }
}
