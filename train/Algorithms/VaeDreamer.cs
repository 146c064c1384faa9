using OfflineRL.Datasets;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="VaeDreamer"/>; those of its model are in the section <c>world_model</c>. Where they differ from the source, and why, is in train/docs/vae_dreamer.md.
/// </summary>
public sealed record VaeDreamerConfig : DreamingConfig
{
    /// <summary>One dream from each state of a batch; step sizes for a model that stays as it is.</summary>
    public VaeDreamerConfig() => (Dreams, ActorLearningRate, CriticLearningRate) = (0, 1e-3, 2e-3);

    /// <summary>Share of the gradient steps that train the model; the others train actor and critic in its dreams. The default value is 0.5.</summary>
    public double ModelShare { get; init; } = 0.5;

    /// <summary>Gradient steps after which model and policy take turns again; 0, the default: one turn each over the whole run, and in a loop one turn each after every round.</summary>
    public int CycleSteps { get; init; }

    // Encoder, dynamics and dreams.
    const int LeastCycle = 3;

    internal override bool LearnsModel => true;

    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Any, 1);

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(ModelShare is > 0 and < 1))
            yield return FormattableString.Invariant($"model_share is {ModelShare}; expected a share between 0 and 1, neither of them: model and policy both have to learn.");
        if (CycleSteps is < 0 or (> 0 and < LeastCycle))
            yield return $"cycle_steps is {CycleSteps}; expected at least {LeastCycle}, or 0 for one turn over the whole run.";
    }

    internal override LearnerConfig InRounds(int steps) => CycleSteps > 0 ? this : this with { CycleSteps = Math.Max(LeastCycle, steps) };

    /// <summary>Of so many gradient steps of a run, those of the model.</summary>
    /// <param name="steps">Done.</param>
    /// <param name="all">Of the whole run.</param>
    internal int ModelSteps(long steps, int all)
    {
        var cycle = CycleSteps == 0 ? all : CycleSteps;
        var turn = ModelTurn(cycle);
        return (int)((steps / cycle * turn) + Math.Min(steps % cycle, turn));
    }

    /// <summary>Steps of the model in a cycle: where there is more than one cycle, at least one of encoder and of dynamics.</summary>
    internal int ModelTurn(int cycle) => Math.Clamp((int)Math.Round(ModelShare * cycle), CycleSteps == 0 ? 1 : 2, Math.Max(1, cycle - 1));

    internal override LearnerConfig Resolve(Space observations, ReturnRange returns) => this with
    {
        Torso = Torsos.Resolve(Torso, observations),
        Hidden = Hidden ?? [128, 128],
        // Of normalized returns: the score function's actor else settles on an action long before its critic knows what returns are.
        EntropyBonus = EntropyBonus ?? (Gradient == ScoreFunction ? 3e-3 : 1e-3),
        Critic = Critic ?? NormalCritic,
        SlowCritic = SlowCritic ?? SlowTargets,
        SlowCriticRate = SlowCriticRate ?? 0.02,
        SlowCriticPeriodSteps = SlowCriticPeriodSteps ?? 1,
        ReturnNormalization = ReturnNormalization ?? (Gradient == ScoreFunction ? Percentile : NoNormalization),
    };
}

/// <summary>
/// The dreaming actor-critic of the lectures: a variational auto-encoder of states with a Gaussian transition, learned first (<see cref="WorldModelFit"/>), then an actor and a critic over its latent states, learned in dreams that
/// begin at encoded states of the data (<see cref="DreamActorCritic"/>), by the score function or by back-propagation through the model.
/// </summary>
/// <remarks>Each step is one gradient step of the model, or, once it is learned, or in the later part of a cycle, one of actor and critic. The policy is the encoder's mean and the actor.</remarks>
public sealed class VaeDreamer : ITransitionLearner, IModelLearner
{
    readonly VaeDreamerConfig _config;
    readonly WorldModelConfig _modelConfig;
    readonly int _steps;
    readonly VaeWorldModel _model;
    readonly WorldModelFit _fit;
    readonly DreamActorCritic _dreamer;
    readonly StepNoise _noise;
    readonly MetricSums _metrics;
    // [K]: each metric as it was measured last, since no step has all of them.
    readonly Tensor _latest;

    /// <param name="config">Resolved, and checked by the caller.</param>
    /// <param name="model">The model's, resolved and checked.</param>
    /// <param name="setup">Spaces, units, steps, random stream and device.</param>
    /// <exception cref="UserErrorException">Settings and spaces do not fit each other.</exception>
    public VaeDreamer(VaeDreamerConfig config, WorldModelConfig model, LearnerSetup setup)
    {
        if (config.LimitsFault(model.Members, "world_model.members") is { } fault)
            Throw.User("vae_dreamer." + fault);
        (_config, _modelConfig, _steps) = (config, model, setup.Steps);
        var modelSteps = config.ModelSteps(_steps, _steps);
        _model = new(model, WorldModel.ShapeOf(setup), setup.Random, setup.Device);
        // Encoder and dynamics take turns in each cycle.
        _fit = new(_model, config.CycleSteps == 0 || model.PhaseSteps > 0 ? model : model with { PhaseSteps = config.ModelTurn(config.CycleSteps) }, modelSteps, setup);
        _dreamer = new(config, setup with { Steps = setup.Steps - modelSteps }, _model.LatentWidth);
        _noise = setup.Noise("dream");
        _metrics = new([.. WorldModelFit.MetricNames.Select(name => "model_" + name), .. DreamActorCritic.MetricNames], setup.Device);
        _latest = zeros(_metrics.Names.Count, device: setup.Device).DetachFromDisposeScope();
    }

    // ---- one gradient step of the model, or one of actor and critic ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var modelSteps = _config.ModelSteps(Updates, _steps);
        if (IsModelStep(Updates))
        {
            if (_fit.Learn(ModelBatch.Of(batch, _model.ActionWidth), modelSteps, measure) is { } model)
                Measure(0, model);
        }
        else
        {
            var generator = _noise.At(Updates);
            var encoded = _model.Encode(new ModelSequences(batch.Observations.unsqueeze(0), zeros([], device: _latest.device)), generator).squeeze(0);
            var (starts, logged) = _dreamer.Draw(encoded, batch.Actions, generator);
            var dreams = _dreamer.Update(_model, starts, logged, Updates - modelSteps, generator, measure);
            if (measure)
                Measure(WorldModelFit.MetricNames.Count, dreams);
        }

        Updates++;
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(int first, IReadOnlyList<Tensor> scalars)
    {
        using var quiet = no_grad();
        _latest.narrow(0, first, scalars.Count).copy_(stack([.. scalars]));
        _metrics.AddAll(_latest);
    }

    /// <inheritdoc cref="WorldModelFit.HeldOutError"/>
    public Tensor HeldOutError(TransitionBatch batch) => _fit.HeldOutError(ModelBatch.Of(batch, _model.ActionWidth));

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _fit.State(), .. _dreamer.State(), new("metric_sums", _metrics.Values), new("latest_metrics", _latest)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [.. _fit.Counters, .. _dreamer.Counters];
        set => (_fit.Counters, _dreamer.Counters) = ([value[0], value[1]], [value[2], value[3]]);
    }

    // ---- the model, and the policy: the encoder's mean, and the actor's distribution ----

    IStorableWorldModel IModelLearner.Model => _model;

    WorldModelConfig IModelLearner.ModelConfig => _modelConfig;

    LimitsRule IModelLearner.LimitsRule => _config.LimitsBy(_modelConfig);

    // At the first dream after the model learned, of every cycle.
    bool IModelLearner.NeedsLimits => !IsModelStep(Updates) && IsModelStep(Updates - 1) && _config.LimitsBy(_modelConfig).IsOpen(_modelConfig.Members);

    bool IsModelStep(long step) => _config.ModelSteps(step + 1, _steps) > _config.ModelSteps(step, _steps);

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

    // Where the latent state is the observation, the actor reads that.
    (LatentDescription Description, IReadOnlyList<NamedTensor> Tensors)? ILearner.PolicyLatent => _model.States.Encoder is not { } encoder ? null
        : (new LatentDescription { Encoder = encoder, Width = _model.LatentWidth }, [.. _model.States.ActingTensors()]);

    public void Dispose()
    {
        _fit.Dispose();
        _model.Dispose();
        _dreamer.Dispose();
        _noise.Dispose();
        _metrics.Dispose();
        _latest.Dispose();
    }
}
