using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="Dreamer"/>. Where they differ from the source, and why, is in train/docs/dreamer.md.
/// </summary>
public sealed record DreamerConfig : DreamingConfig
{
    static readonly string[] Presets = ["v1", "v2", "v3"];

    /// <summary>A step size of 0.001 for the model, which falls to 0.</summary>
    public DreamerConfig() => LearningRate = 1e-3;

    /// <summary><c>v1</c>, <c>v2</c> or <c>v3</c>: what fills in everything that is not set. The default value is <c>v3</c>.</summary>
    public string Preset { get; init; } = "v3";

    /// <summary>Steps of the sequences that the model learns from; <c>batch_size</c> says how many. The default value is 32.</summary>
    public int SequenceSteps { get; init; } = 32;

    /// <summary>The recurrent state-space model.</summary>
    public RssmConfig Model { get; init; } = new();

    /// <summary>Gradient steps of the model before the first dream. The default value is 0.</summary>
    public int WarmUpSteps { get; init; }

    /// <summary>Gradient steps after which what is left open of <c>horizon</c>, <c>penalty</c> and <c>truncation_quantile</c> is chosen again, since the model goes on learning. The default value is 250.</summary>
    public int LimitsPeriodSteps { get; init; } = 250;

    internal override bool LearnsModel => true;

    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Any, Discount) with { SequenceSteps = SequenceSteps };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!Presets.Contains(Preset))
            yield return $"preset is '{Preset}'; expected {string.Join(", ", Presets)}.{NearestName.Hint(Preset, Presets)}";
        if (SequenceSteps is < 2 or > 10_000)
            yield return $"sequence_steps is {SequenceSteps}; expected 2 to 10000.";
        if (WarmUpSteps < 0)
            yield return $"warm_up_steps is {WarmUpSteps}; expected at least 0.";
        if (LimitsPeriodSteps < 1)
            yield return $"limits_period_steps is {LimitsPeriodSteps}; expected at least 1.";
        if (LimitsFault(Model.Members, "model.members") is { } limits)
            yield return limits;
    }

    internal override LearnerConfig Resolve(Space observations, ReturnRange returns)
    {
        var torso = Torsos.Resolve(Torso, observations);
        var (isV1, isV3) = (Preset == "v1", Preset == "v3");
        var latent = Model.Latent ?? (isV1 ? RssmConfig.Gaussian : RssmConfig.Categorical);
        return this with
        {
            Torso = torso,
            Hidden = Hidden ?? [.. Enumerable.Repeat(Model.Units, Model.Layers)],
            // As published, unless members ask for care.
            Horizon = Horizon ?? (Model.Members == 1 ? MostHorizon : null),
            EntropyBonus = EntropyBonus ?? (isV1 ? 0 : isV3 ? 3e-4 : 1e-3),
            Critic = Critic ?? (isV3 ? TwoHotCritic : NormalCritic),
            SlowCritic = SlowCritic ?? (isV3 ? SlowRegularizer : SlowTargets),
            SlowCriticRate = SlowCriticRate ?? (isV3 ? 0.02 : 1),
            SlowCriticPeriodSteps = SlowCriticPeriodSteps ?? (isV1 || isV3 ? 1 : 100),
            ReturnNormalization = ReturnNormalization ?? (isV3 ? Percentile : NoNormalization),
            Model = Model with
            {
                Latent = latent,
                Groups = Model.Groups ?? (latent == RssmConfig.Gaussian ? 16 : 8),
                LayerNorm = Model.LayerNorm ?? !isV1,
                UniformShare = Model.UniformShare ?? (isV3 ? 0.01 : 0),
                Symlog = Model.Symlog ?? (isV3 && observations is BoxSpace { ElementType: not ElementType.UInt8 }),
                Likelihood = Model.Likelihood ?? (WorldModelConfig.IsBinary(observations) ? RssmConfig.Bernoulli : RssmConfig.Gaussian),
                Reward = Model.Reward ?? (isV3 ? RssmConfig.TwoHotReward : RssmConfig.NormalReward),
                DynamicsScale = Model.DynamicsScale ?? (isV1 ? 1 : isV3 ? 0.5 : 0.8),
                RepresentationScale = Model.RepresentationScale ?? (isV1 ? 1 : isV3 ? 0.1 : 0.2),
                FreeNats = Model.FreeNats ?? (isV1 ? 3 : isV3 ? 1 : 0),
                FreeNatsOfMean = Model.FreeNatsOfMean ?? isV1,
            },
        };
    }
}

/// <summary>
/// Dreamer on stored data: Hafner et al. 2020, "Dream to control", 2021, "Mastering Atari with discrete world models", and 2023, "Mastering diverse domains through world models", by its presets.
/// </summary>
/// <remarks>
/// Each step: the recurrent state-space model makes one gradient step on a batch of stored sequences; actor and critic make one on dreams from the states that it inferred. The policy is encoder, memory and actor.
/// </remarks>
public sealed class Dreamer : ITransitionLearner, IModelLearner
{
    readonly DreamerConfig _config;
    readonly WorldModelConfig _modelConfig;
    readonly NetworkDescription _encoder;
    readonly int _steps;
    readonly Rssm _model;
    readonly FlatAdam _optimizer;
    readonly DreamActorCritic _dreamer;
    readonly StepNoise _modelNoise, _dreamNoise;
    readonly MetricSums _metrics;

    /// <param name="config">Resolved, and checked by the caller.</param>
    /// <param name="model">How the model's errors are measured.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    /// <exception cref="UserErrorException">Settings and spaces do not fit each other.</exception>
    public Dreamer(DreamerConfig config, WorldModelConfig model, LearnerSetup setup)
    {
        if (config.Model.Likelihood == RssmConfig.Bernoulli && !WorldModelConfig.IsBinary(setup.Observations))
            Throw.User($"dreamer.model.likelihood is {RssmConfig.Bernoulli}, and the observations are {setup.Observations}; expected bytes of 0 or 1, or indices. Use {RssmConfig.Gaussian}, or leave it out.");
        (_config, _modelConfig, _steps) = (config, model, setup.Steps);
        // The layers of an encoder of images are its convolutions.
        _encoder = Torsos.Describe(setup.Observations, config.Model.Units, config.Torso, config.Torso == Torsos.Dense ? [.. Enumerable.Repeat(config.Model.Units, config.Model.Layers - 1)] : []);
        _model = new Rssm(config.Model, _encoder, WorldModel.ShapeOf(setup), setup.Random, setup.Device);
        _optimizer = new FlatAdam(_model.Parameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
        _dreamer = new DreamActorCritic(config, setup, _model.LatentWidth);
        (_modelNoise, _dreamNoise) = (setup.Noise("model"), setup.Noise("dream"));
        _metrics = new MetricSums(["model_loss", "reconstruction", "reward_error", "continue_error", "divergence", "model_gradient_norm", .. DreamActorCritic.MetricNames], setup.Device);
    }

    /// <summary>The model, for tests and benchmarks.</summary>
    internal Rssm Model => _model;

    // ---- one gradient step of the model, and one of actor and critic ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (loss, norm) = ModelStep(batch);
        if (_config.WarmUpSteps < Updates)
        {
            var scalars = LearnFromDreams(loss.States.detach().flatten(0, 1), batch.Actions.flatten(0, 1), measure);
            if (measure)
                Measure(loss, norm, scalars);
        }
        else if (measure)
        {
            Measure(loss, norm, [.. DreamActorCritic.MetricNames.Select(_ => zeros_like(norm))]);
        }
    }

    /// <summary>A gradient step of the model.</summary>
    internal (RssmLoss Loss, Tensor GradientNorm) ModelStep(TransitionBatch batch)
    {
        var loss = _model.Loss(batch, Vectors(batch.Actions), _modelNoise.At(Updates));
        loss.Total.backward();
        var norm = _model.Parameters.GradientNorm();
        _optimizer.LearningRate = _config.LearningRateAt(Updates, _steps);
        _optimizer.Step(zeroGrad: true);
        return (loss, norm);
    }

    /// <summary>A gradient step of actor and critic on dreams.</summary>
    /// <param name="states">[N, Z]: from which dreams are drawn.</param>
    /// <param name="logged">[N] int64, or [N, A]: the actions that were taken in them.</param>
    /// <param name="measure">Whether scalars are wanted.</param>
    internal IReadOnlyList<Tensor> LearnFromDreams(Tensor states, Tensor logged, bool measure)
    {
        var generator = _dreamNoise.At(Updates);
        var (starts, taken) = _dreamer.Draw(states, logged, generator);
        return _dreamer.Update(_model, starts, taken, Updates, generator, measure);
    }

    /// <summary>Dreams of the actor as it is.</summary>
    internal Dream Imagine(Tensor starts, Generator generator) => _dreamer.Imagine(_model, starts, generator);

    // As the model reads them.
    Tensor Vectors(Tensor actions) => ModelBatch.ActionsOf(actions, _model.ActionWidth);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(RssmLoss loss, Tensor norm, IReadOnlyList<Tensor> dreams)
    {
        using var quiet = no_grad();
        _metrics.Add([loss.Total, loss.Reconstruction, loss.Reward, loss.Continue, loss.Divergence, norm, .. dreams]);
    }

    /// <summary>The model's error on other sequences, without noise: reconstruction, reward, continuation and divergence, in nats.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var loss = _model.Loss(batch, Vectors(batch.Actions), generator: null);
        return loss.Reconstruction.add(loss.Reward).add(loss.Continue).add(loss.Divergence);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _model.NamedTensors("model."), new("model.adam.first_moment", _optimizer.FirstMoment), new("model.adam.second_moment", _optimizer.SecondMoment),
        .. _dreamer.State(), new("metric_sums", _metrics.Values),
    ];

    public long Updates
    {
        get => _optimizer.StepCount;
        set => _optimizer.StepCount = value;
    }

    IReadOnlyList<long> ILearner.Counters
    {
        get => _dreamer.Counters;
        set => _dreamer.Counters = value;
    }

    // ---- the model, and the policy: encoder, memory, and the actor's distribution ----

    IStorableWorldModel IModelLearner.Model => _model;

    WorldModelConfig IModelLearner.ModelConfig => _modelConfig;

    WorldModelParts IModelLearner.Parts => new() { Kind = WorldModelParts.RecurrentStateSpace, Rssm = _config.Model, Encoder = _encoder };

    LimitsRule IModelLearner.LimitsRule => _config.LimitsBy(_modelConfig);

    bool IModelLearner.NeedsLimits => Updates >= _config.WarmUpSteps && (Updates - _config.WarmUpSteps) % _config.LimitsPeriodSteps == 0 && _config.LimitsBy(_modelConfig).IsOpen(_model.Members);

    DreamLimits? IModelLearner.Limits
    {
        get => _dreamer.Limits;
        set => _dreamer.Limits = value;
    }

    string? IModelLearner.TakeNotice() => _dreamer.TakeNotice();

    (LatentValueDescription Description, IReadOnlyList<NamedTensor> Tensors)? IModelLearner.Value => _dreamer.StoredValue;

    bool IModelLearner.HasPolicy => true;

    public Network PolicyNetwork => _dreamer.Actor;

    public double PolicyTemperature => 1;

    (LatentDescription Description, IReadOnlyList<NamedTensor> Tensors)? ILearner.PolicyLatent => (_model.Description, [.. _model.ActingTensors()]);

    public void Dispose()
    {
        _model.Dispose();
        _optimizer.Dispose();
        _dreamer.Dispose();
        _modelNoise.Dispose();
        _dreamNoise.Dispose();
        _metrics.Dispose();
    }
}
