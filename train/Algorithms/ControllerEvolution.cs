using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// World Models (Ha and Schmidhuber 2018, arXiv:1803.10122): an auto-encoder V of observations, then a memory M that tells the next code, then a controller C on [z, h] that is evolved in M's dreams (<c>world_models</c>).
/// </summary>
/// <remarks>Each step is one gradient step of V, or one of M, or one generation of C. The policy is V's encoder, the LSTM of M and C.</remarks>
public sealed class ControllerEvolution : ITransitionLearner, IModelLearner
{
    static readonly string[] ModelMetrics = ["loss", "transition", "reward_error", "continue_error", "disagreement", "gradient_norm"];

    readonly ControllerEvolutionConfig _config;
    readonly WorldModelConfig _modelConfig;
    readonly int _stateSteps, _memorySteps;
    readonly MemoryWorldModel _model;
    readonly TemperedWorldModel _dreamed;
    readonly FlatAdam? _stateOptimizer;
    readonly FlatAdam _memoryOptimizer;
    readonly ControllerSearch _search;
    readonly StepNoise _modelNoise, _dreamNoise;
    readonly MetricSums _metrics;
    readonly LimitsState _limits = new();
    CautiousWorldModel? _careful;

    /// <param name="config">Resolved, and checked by the caller.</param>
    /// <param name="model">The model's, resolved and checked.</param>
    /// <param name="setup">Spaces, units, steps, random stream and device.</param>
    /// <exception cref="UserErrorException">Settings and spaces do not fit each other.</exception>
    public ControllerEvolution(ControllerEvolutionConfig config, WorldModelConfig model, LearnerSetup setup)
    {
        (_config, _modelConfig) = (config, model);
        if (LimitsRule.Fault(config.Penalty, config.TruncationQuantile, model.Members, "world_model.members") is { } fault)
            Throw.User("world_models." + fault);
        if (model.Order != WorldModelConfig.Staged)
            Throw.User($"world_model.order is {model.Order}; expected staged: world_models learns its parts one after the other.");
        if (setup.ActionSpace is BoxSpace box && ActionHead.Fault(box, config.ActionDistribution!) is not null)
            Throw.User($"the actions are {box}; expected finite bounds: a controller's scores are sent through tanh to their range. Use vae_dreamer or dreamer, or bound the actions.");
        var generations = Math.Clamp((int)Math.Round(config.ControllerShare * setup.Steps), 1, Math.Max(1, setup.Steps - 1));
        _stateSteps = model.Encoder == WorldModelConfig.Identity ? 0 : Math.Clamp((int)Math.Round(config.EncoderShare * setup.Steps), 0, setup.Steps - generations);
        _memorySteps = setup.Steps - generations - _stateSteps;
        _model = new(model, config.Memory, WorldModel.ShapeOf(setup), setup.Random, setup.Device);
        _dreamed = new(_model, config.Temperature);
        if (_model.States.Parameters is { } state)
            _stateOptimizer = new FlatAdam(state, model.LearningRate, eps: model.AdamEpsilon, maxGradientNorm: model.MaxGradientNorm);
        _memoryOptimizer = new FlatAdam(_model.Memory.Parameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
        _search = new(new(_model.ControllerWidth, config.Hidden ?? [], setup.ActionSpace!), config.StepSize, config.Population, setup.Random, setup.Random.Derive("controller"), setup.Device,
            config.CudaGraph == DreamingConfig.Auto ? CudaGraphs.EngineFor(setup.Device) : null);
        (_modelNoise, _dreamNoise) = (setup.Noise("model"), setup.Noise("dream"));
        _metrics = new([.. ModelMetrics.Select(name => "model_" + name), .. ControllerSearch.MetricNames, "penalty", "threshold"], setup.Device);
    }

    // ---- a gradient step of V, one of M, or a generation of C ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (isOfState, isOfModel) = (Updates < _stateSteps, Updates < _stateSteps + _memorySteps);
        var model = isOfState ? StateStep(batch) : isOfModel ? MemoryStep(batch) : null;
        var dreams = isOfModel ? null : Generation(batch);
        Updates++;
        if (!measure)
            return;
        using var quiet = no_grad();
        var none = zeros([], device: _metrics.Values.device);
        var limits = Limits ?? Rule.Unmeasured;
        _metrics.Add(
        [
            .. model ?? [.. ModelMetrics.Select(_ => none)], .. dreams ?? [.. ControllerSearch.MetricNames.Select(_ => none)],
            full_like(none, limits.Penalty), full_like(none, limits.Threshold ?? 0),
        ]);
    }

    Tensor[] StateStep(TransitionBatch batch)
    {
        var known = ModelBatch.KnownOf(batch).flatten();
        var loss = _model.States.Loss(batch.Observations.flatten(0, 1), batch.NextObservations.flatten(0, 1), known, _stateOptimizer!.StepCount, _stateSteps, _modelNoise.At(Updates));
        loss.backward();
        var none = zeros([], device: loss.device);
        Tensor[] metrics = [loss.detach(), none, none, none, none, _model.States.Parameters!.GradientNorm()];
        _stateOptimizer.LearningRate = _modelConfig.LearningRateAt(_stateOptimizer.StepCount, _stateSteps);
        _stateOptimizer.Step(zeroGrad: true);
        return metrics;
    }

    Tensor[] MemoryStep(TransitionBatch batch)
    {
        var loss = _model.Loss(batch, _modelNoise.At(Updates));
        loss.Total.backward();
        var none = zeros([], device: loss.Total.device);
        Tensor[] metrics = [loss.Total.detach(), loss.Transition.detach(), loss.Reward.detach(), loss.Continuation.detach(), loss.Disagreement?.detach() ?? none, _model.Memory.Parameters.GradientNorm()];
        _memoryOptimizer.LearningRate = _config.LearningRateAt(_memoryOptimizer.StepCount, _memorySteps);
        _memoryOptimizer.Step(zeroGrad: true);
        return metrics;
    }

    Tensor[] Generation(TransitionBatch batch)
    {
        var generator = _dreamNoise.At(Updates);
        var states = _model.Encode(new ModelSequences(batch.Observations, ModelBatch.ActionsOf(batch.Actions, _model.ActionWidth), batch.Resets), generator).flatten(0, 1);
        var starts = states.index_select(0, randint(0, states.size(0), [_config.Dreams], dtype: ScalarType.Int64, device: states.device, generator: generator));
        return _search.Advance(new(_config.Horizon, _config.Discount), Careful(Limits ?? Rule.Unmeasured), starts, batch.Rewards.min(), generator, Updates);
    }

    // The same one as long as the limits are, as a graph of its dreams asks for.
    CautiousWorldModel Careful(DreamLimits limits) => _careful?.Limits == limits ? _careful : _careful = new(_dreamed, limits);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    /// <inheritdoc cref="MemoryWorldModel.HeldOutError"/>
    public Tensor HeldOutError(TransitionBatch batch) => _model.HeldOutError(batch);

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _model.NamedTensors("model."),
        .. _stateOptimizer is null ? Array.Empty<NamedTensor>() : [new("state.first_moment", _stateOptimizer.FirstMoment), new("state.second_moment", _stateOptimizer.SecondMoment)],
        new("memory.first_moment", _memoryOptimizer.FirstMoment), new("memory.second_moment", _memoryOptimizer.SecondMoment),
        .. _search.State("controller."), _limits.Named, new("metric_sums", _metrics.Values),
    ];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_stateOptimizer?.StepCount ?? 0, _memoryOptimizer.StepCount];
        set
        {
            if (_stateOptimizer is not null)
                _stateOptimizer.StepCount = value[0];
            _memoryOptimizer.StepCount = value[1];
        }
    }

    // ---- the model ----

    IStorableWorldModel IModelLearner.Model => _model;

    WorldModelConfig IModelLearner.ModelConfig => _modelConfig;

    WorldModelParts IModelLearner.Parts => new() { Kind = WorldModelParts.MixtureMemory, Memory = _config.Memory };

    string? IModelLearner.TakeNotice() => _search.TakeNotice();

    bool IModelLearner.HasPolicy => true;

    LimitsRule IModelLearner.LimitsRule => Rule;

    bool IModelLearner.NeedsLimits => Updates >= _stateSteps + _memorySteps && Limits is null && Rule.IsOpen(_model.Members);

    /// <summary>The limits that C's dreams keep to; null: not measured.</summary>
    public DreamLimits? Limits
    {
        get => _limits.Value;
        set => _limits.Value = value;
    }

    LimitsRule Rule => new(_config.Horizon, _config.Penalty, _config.TruncationQuantile, _modelConfig.HorizonError, _config.Horizon);

    // ---- the policy: V's encoder, the memory, and C, which draws nothing ----

    public Network PolicyNetwork => _search.Controller;

    public double PolicyTemperature => 0;

    (LatentDescription Description, IReadOnlyList<NamedTensor> Tensors)? ILearner.PolicyLatent => (_model.Description, _model.ActingTensors());

    public void Dispose()
    {
        _model.Dispose();
        _stateOptimizer?.Dispose();
        _memoryOptimizer.Dispose();
        _search.Dispose();
        _modelNoise.Dispose();
        _dreamNoise.Dispose();
        _metrics.Dispose();
        _limits.Dispose();
    }
}
