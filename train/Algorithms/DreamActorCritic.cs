using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// An actor and a critic that learn in the dreams of a world model: Hafner et al. 2020, "Dream to control", algorithm 1, with what V2 and V3 changed; and the per-step form
/// (lambda 0), in which the critic follows r' + gamma v(z') and the actor (r' + gamma v(z') - v(z)) grad ln pi(a|z), or the gradient of r' + gamma v(z') by the action.
/// </summary>
/// <remarks>
/// Each update: dreams from encoded states; lambda returns over dreamed rewards and continuations; one gradient step of the actor on them, by the score function or back through the
/// dream, plus its entropy; one of the critic towards them. Steps count by the probability that the dream was still going on, times gamma, and not at all after a step at which the dream is cut.
/// </remarks>
sealed class DreamActorCritic : IDisposable
{
    /// <summary>Atoms of a two-hot head.</summary>
    public const int Atoms = 63;

    /// <summary>The first and the last of them, of symlog numbers: from -22,025 to 22,025.</summary>
    public const double LowAtom = -10, HighAtom = 10;

    const double ScaleRate = 0.01;

    public static readonly IReadOnlyList<string> MetricNames = ["actor_loss", "critic_loss", "value_mean", "dream_return", "dream_reward", "entropy", "advantage_deviation", "return_scale", "dream_steps", "disagreement", "behavior_loss", "actor_gradient_norm", "dream_horizon", "penalty", "threshold"];

    readonly DreamingConfig _config;
    readonly DreamRule _rule;
    readonly DreamLimits _unmeasured;
    readonly ActionHead _head;
    readonly LearningNetwork _actor, _critic;
    readonly Tensor _scale;
    readonly CapturedFunction _gradients;
    readonly LimitsState _limits = new();
    readonly bool _isTwoHot;

    /// <param name="config">Resolved, and checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    /// <param name="latentWidth">Z.</param>
    /// <param name="graphs">What captures, disposed of with it; null: CUDA, where the device is a GPU.</param>
    public DreamActorCritic(DreamingConfig config, LearnerSetup setup, int latentWidth, IGraphEngine? graphs = null)
    {
        _config = config;
        _isTwoHot = config.Critic == DreamingConfig.TwoHotCritic;
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        IsPathwise = config.Gradient == DreamingConfig.Pathwise || (config.Gradient == DreamingConfig.Auto && setup.ActionUnits is not null);
        if (IsPathwise && config.Policy.Mixture > 1 && setup.ActionUnits is not null)
            Throw.User($"policy.mixture is {config.Policy.Mixture}, and draws of a mixture have no derivative; expected 1 with gradient pathwise. Use gradient score_function.");
        _unmeasured = new DreamLimits(config.Horizon ?? DreamingConfig.MostHorizon, config.Penalty ?? 0, null);
        _rule = new DreamRule(_unmeasured.Horizon, config.Discount, IsPathwise, config.Backpropagate == DreamingConfig.ThroughDream);
        var network = new NetworkDescription { Inputs = latentWidth, Hidden = config.Hidden ?? [128, 128], Outputs = 1 };
        _actor = new LearningNetwork(_head.Describe(network), config.OfActor, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _critic = new LearningNetwork(network with { Outputs = _isTwoHot ? Atoms : 1 }, config.OfCritic, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        if (_isTwoHot)
            ZeroLastLayer(_critic);
        _scale = zeros([], device: setup.Device).DetachFromDisposeScope();
        graphs ??= config.CudaGraph == DreamingConfig.Auto ? CudaGraphs.EngineFor(setup.Device) : null;
        _gradients = new CapturedFunction("Gradients in dreams", graphs, [_actor.Online.Parameters.Gradients, _critic.Online.Parameters.Gradients, _scale]);
    }

    /// <summary>How far dreams trust the model; null: not measured, so that they go as far as the settings say.</summary>
    public DreamLimits? Limits
    {
        get => _limits.Value;
        set => _limits.Value = value;
    }

    /// <summary>Whether the actor's gradient goes back through the dream.</summary>
    public bool IsPathwise { get; }

    public Network Actor => _actor.Online;

    /// <summary>One gradient step of actor and critic.</summary>
    /// <param name="model">Where it dreams; its parameters get no gradient.</param>
    /// <param name="starts">[N, Z]: encoded states.</param>
    /// <param name="logged">[N] int64, or [N, A]: the actions that were taken in them; null: not known, and the policy is held to none.</param>
    /// <param name="runStep">Where the run stands, by which step sizes change.</param>
    /// <param name="generator">On the device.</param>
    /// <param name="measure">Whether scalars are wanted.</param>
    /// <returns>In the order of <see cref="MetricNames"/>; empty where they are not wanted.</returns>
    public IReadOnlyList<Tensor> Update(IWorldModel model, Tensor starts, Tensor? logged, long runStep, Generator generator, bool measure)
    {
        (_actor.RunStep, _critic.RunStep) = (runStep, runStep);
        // A graph measures at each replay.
        var measures = measure || _gradients.IsOn;
        var scalars = _gradients.Run((model, Limits ?? _unmeasured), logged is null ? [starts.detach()] : [starts.detach(), logged], generator,
            inputs => Gradients(model, inputs[0], inputs.ElementAtOrDefault(1), generator, measures));
        _actor.Update();
        _critic.Update();
        _critic.MoveTarget(_config.SlowCriticRate!.Value, _config.SlowCriticPeriodSteps!.Value);
        return measure ? scalars : [];
    }

    /// <summary>The states in which dreams begin, drawn with replacement where the settings say how many, with what was done in them.</summary>
    /// <param name="states">[N, Z]: encoded.</param>
    /// <param name="logged">[N] int64, or [N, A]: the actions that were taken in them.</param>
    /// <param name="generator">On the device.</param>
    public (Tensor Starts, Tensor Logged) Draw(Tensor states, Tensor logged, Generator generator)
    {
        if (_config.Dreams == 0)
            return (states, logged);
        var drawn = randint(0, states.size(0), [_config.Dreams], dtype: ScalarType.Int64, device: states.device, generator: generator);
        return (states.index_select(0, drawn), logged.index_select(0, drawn));
    }

    /// <inheritdoc cref="CapturedFunction.TakeNotice"/>
    public string? TakeNotice() => _gradients.TakeNotice();

    /// <summary>Whether the next update like the last one replays a graph.</summary>
    internal bool IsCaptured => _gradients.IsCaptured;

    /// <summary>Dreams of the actor as it is, within the limits, with a graph where the gradient goes back through them.</summary>
    public Dream Imagine(IWorldModel model, Tensor starts, Generator generator)
    {
        var limits = Limits ?? _unmeasured;
        return Dream.Imagine(new CautiousWorldModel(model, limits), Policy, starts.detach(), _rule with { Horizon = limits.Horizon }, generator);
    }

    /// <summary>v(z): [*, Z] to [*], with its graph.</summary>
    /// <param name="latents">Latent states.</param>
    /// <param name="slow">Whether the slow critic is asked.</param>
    public Tensor Values(Tensor latents, bool slow = false)
    {
        var heads = (slow ? _critic.Target! : _critic.Online).Forward(latents);
        return _isTwoHot ? DreamLosses.TwoHotMean(heads, LowAtom, HighAtom) : heads.squeeze(-1);
    }

    /// <summary>The critic as a stored model has it; null before its first step.</summary>
    public (LatentValueDescription Description, IReadOnlyList<NamedTensor> Tensors)? StoredValue => Counters[^1] == 0 ? null
        : (new(_critic.Online.Description, _isTwoHot, _config.Discount), [.. _critic.Online.NamedTensors(LatentValueDescription.Prefix)]);

    /// <summary>The actor's loss on dreams, whose gradient by its parameters is minus the estimate; the mean entropy; and what the critic learns from.</summary>
    /// <param name="dream">From <see cref="Imagine"/>.</param>
    /// <param name="movesScale">Whether the running scale of returns takes these in.</param>
    /// <returns>Loss and entropy are scalars; returns, values and weights [T, N], returns with their graph where the gradient is pathwise.</returns>
    public (Tensor Loss, Tensor Entropy, Tensor Returns, Tensor Values, Tensor Weights) ActorLoss(Dream dream, bool movesScale = true)
    {
        var usesSlow = _config.SlowCritic == DreamingConfig.SlowTargets;
        var steps = dream.Rewards.size(0);
        Tensor returns, weights;
        Tensor? values;
        using (set_grad_enabled(IsPathwise))
        {
            // Those of all states in one go, where the critic is the same on both sides of a step.
            var all = usesSlow ? null : Values(dream.Latents);
            var ahead = all?.narrow(0, 1, steps) ?? Values(dream.NextStates, slow: true);
            returns = DreamLosses.LambdaReturns(dream.Rewards, dream.Discounts, ahead, _config.Lambda, dream.Trusts);
            values = all?.narrow(0, 0, steps).detach();
        }

        using (no_grad())
        {
            values ??= Values(dream.States.detach());
            weights = DreamLosses.StepWeights(dream.Discounts.detach());
            if (dream.Trusts is not null)
                weights = weights.mul(dream.Trusts);
        }

        var scale = Scale(returns, movesScale);
        if (IsPathwise)
            return (DreamLosses.Pathwise(scale is null ? returns : returns.div(scale), weights), dream.Entropies!.mul(weights).mean(), returns, values, weights);
        var advantages = returns.sub(values);
        var distribution = Policy(dream.States);
        var loss = DreamLosses.ScoreFunction(distribution.LogProbability(dream.Actions), scale is null ? advantages : advantages.div(scale), weights);
        return (loss, distribution.Entropy().mul(weights).mean(), returns, values, weights);
    }

    /// <summary>Every tensor that decides what the next updates do.</summary>
    public IEnumerable<NamedTensor> State() => [.. _actor.State("actor."), .. _critic.State("critic."), new("return_scale", _scale), _limits.Named];

    /// <summary>Updates done by actor and critic.</summary>
    public IReadOnlyList<long> Counters
    {
        get => [_actor.Updates, _critic.Updates];
        set => (_actor.Updates, _critic.Updates) = (value[0], value[1]);
    }

    public void Dispose()
    {
        _actor.Dispose();
        _critic.Dispose();
        _head.Dispose();
        _gradients.Dispose();
        _scale.Dispose();
        _limits.Dispose();
    }

    /// <summary>A head that begins with zeros predicts 0, or equal probabilities, everywhere (V3, section "critic learning").</summary>
    internal static void ZeroLastLayer(LearningNetwork network)
    {
        using var quiet = no_grad();
        foreach (var tensor in network.Online.NamedTensors().TakeLast(2))
            tensor.Tensor.zero_();
        network.Target?.Parameters.CopyFrom(network.Online.Parameters);
    }

    // From starts to gradients, as one graph holds it: nothing of it is decided or known on the host.
    Tensor[] Gradients(IWorldModel model, Tensor starts, Tensor? logged, Generator generator, bool measure)
    {
        var dream = Imagine(model, starts, generator);
        var (loss, entropy, returns, values, weights) = ActorLoss(dream);
        var holds = _config.BehaviorWeight > 0;
        // Where it counts for nothing, it is a metric.
        var behavior = BehaviorLoss(starts, holds || measure ? logged : null);
        var objective = loss.add(entropy, alpha: -_config.EntropyBonus!.Value);
        autograd.backward([holds ? objective.add(behavior, alpha: _config.BehaviorWeight) : objective], inputs: [.. _actor.Online.Parameters.Parameters]);
        var (states, targets) = (dream.States.detach(), returns.detach());
        var criticLoss = CriticLoss(states, targets, weights);
        criticLoss.backward();
        return measure ? Measure(dream, loss, criticLoss, entropy, behavior, targets, values, weights) : [];
    }

    IActionDistribution Policy(Tensor latents) => _head.Of(_actor.Online.Forward(latents));

    /// <summary>Minus the mean ln pi(a|z) of logged actions, with its graph where it counts: Fujimoto and Gu 2021, "A minimalist approach to offline reinforcement learning", equation 3, by likelihood.</summary>
    /// <param name="starts">[N, Z], constants.</param>
    /// <param name="logged">[N] int64, or [N, A]; null: 0.</param>
    /// <returns>A scalar, in nats.</returns>
    internal Tensor BehaviorLoss(Tensor starts, Tensor? logged)
    {
        using var mode = set_grad_enabled(_config.BehaviorWeight > 0);
        return logged is null ? zeros_like(_scale) : Policy(starts.detach()).LogProbability(logged).mean().neg();
    }

    // Null where returns are left as they are.
    Tensor? Scale(Tensor returns, bool moves)
    {
        if (_config.ReturnNormalization != DreamingConfig.Percentile)
            return null;
        using var quiet = no_grad();
        if (moves)
            _scale.mul_(1 - ScaleRate).add_(DreamLosses.PercentileRange(returns), alpha: ScaleRate);
        return _scale.clamp_min(1);
    }

    Tensor CriticLoss(Tensor states, Tensor targets, Tensor weights)
    {
        var heads = _critic.Online.Forward(states);
        var error = Error(heads, targets);
        if (_config.SlowCritic == DreamingConfig.SlowRegularizer)
        {
            Tensor slow;
            using (no_grad())
                slow = Values(states, slow: true);
            error = error.add(Error(heads, slow));
        }

        return error.mul(weights).mean();
    }

    Tensor Error(Tensor heads, Tensor targets) =>
        _isTwoHot ? DreamLosses.TwoHotCrossEntropy(heads, targets, LowAtom, HighAtom) : heads.squeeze(-1).sub(targets).square().mul(0.5);

    Tensor[] Measure(Dream dream, Tensor loss, Tensor criticLoss, Tensor entropy, Tensor behavior, Tensor returns, Tensor values, Tensor weights)
    {
        using var quiet = no_grad();
        var limits = Limits ?? _unmeasured;
        return
        [
            loss, criticLoss, values.mean(), returns[0].mean(), dream.Rewards.mean(), entropy.div(weights.mean()), returns.sub(values).std(unbiased: false), _scale.clamp_min(1),
            (dream.Trusts ?? ones_like(returns)).sum(0L).mean(), dream.Disagreement?.mean() ?? zeros_like(_scale), behavior, _actor.Online.Parameters.GradientNorm(),
            full_like(_scale, limits.Horizon), full_like(_scale, limits.Penalty), full_like(_scale, limits.Threshold ?? 0),
        ];
    }
}
