using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of MPO.</summary>
public sealed record MpoConfig : EpisodeConfig
{
    internal const string Retrace = "retrace";
    internal const string QLambda = "q_lambda";

    /// <summary><c>retrace</c>: targets corrected by logged propensities; <c>q_lambda</c>: as if every ratio were 1, for datasets without. The default value is <c>retrace</c>.</summary>
    public string Critic { get; init; } = Retrace;

    /// <summary>lambda of the targets, in [0, 1]: 0 for the one-step target, which needs no correction. The default value is 1.</summary>
    public double Lambda { get; init; } = 1;

    /// <summary>Step size of Adam for the critic at the first step; it falls like the policy's. The default value is 0.001.</summary>
    public double CriticLearningRate { get; init; } = 1e-3;

    /// <summary>Share of the online parameters that moves into the targets at each target update, in (0, 1]; 1 copies them. The default value is 0.005.</summary>
    public double TargetRate { get; init; } = 0.005;

    /// <summary>Gradient steps between target updates. The default value is 1.</summary>
    public int TargetPeriodSteps { get; init; } = 1;

    /// <summary>Passes over the batch in each step, in minibatches of <c>batch_size</c> rows. The default value is 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>M: continuous actions that are drawn in each state; discrete ones are all looked at. The default value is 20.</summary>
    public int Samples { get; init; } = 20;

    /// <summary>epsilon: the mean divergence of the reweighted actions from the target policy; positive. The default value is 0.1.</summary>
    public double Epsilon { get; init; } = 0.1;

    /// <summary>epsilon_mu: the mean divergence by which means, or logits, may leave the target policy's; positive. The default value is 0.01.</summary>
    public double EpsilonMean { get; init; } = 0.01;

    /// <summary>epsilon_sigma: as <see cref="EpsilonMean"/>, of standard deviations; positive. The default value is 0.0001.</summary>
    public double EpsilonScale { get; init; } = 1e-4;

    /// <summary>Step size of Adam for the logarithms of temperature and multipliers. The default value is 0.01.</summary>
    public double DualLearningRate { get; init; } = 0.01;

    internal override bool NeedsPropensities => Critic == Retrace;

    /// <summary>The optimizer's settings for the critic.</summary>
    internal LearnerConfig OfCritic => this with { LearningRate = CriticLearningRate, FinalLearningRate = FinalLearningRate * CriticLearningRate / LearningRate };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Critic is not (Retrace or QLambda))
            yield return $"critic is '{Critic}'; expected {Retrace} or {QLambda}.";
        if (!(Lambda is >= 0 and <= 1))
            yield return $"lambda is {Lambda}; expected a number in [0, 1].";
        if (!(TargetRate is > 0 and <= 1))
            yield return $"target_rate is {TargetRate}; expected a number in (0, 1].";
        foreach (var (key, value) in new[] { ("target_period_steps", TargetPeriodSteps), ("epochs", Epochs), ("samples", Samples) })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }

        foreach (var (key, value) in new[]
        {
            ("critic_learning_rate", CriticLearningRate), ("epsilon", Epsilon), ("epsilon_mean", EpsilonMean), ("epsilon_scale", EpsilonScale), ("dual_learning_rate", DualLearningRate),
        })
        {
            if (!(value > 0))
                yield return $"{key} is {value}; expected a positive number.";
        }
    }
}

/// <summary>
/// Maximum a posteriori policy optimization: Abdolmaleki et al. 2018, "Maximum a posteriori policy optimisation", with the decoupled bounds of "Relative entropy regularized policy iteration" of the same
/// year, on stored episodes. The critic learns the target policy's values by Retrace.
/// </summary>
/// <remarks>
/// Each step: Retrace targets of whole episodes with the target networks, once; then passes of minibatches. E-step: actions of the target policy are weighed by exp(q / eta), eta from its dual. M-step: the policy
/// moves to the weighed actions, its means and its deviations each within a divergence of the target policy's, by multipliers that learn.
/// </remarks>
public sealed class Mpo : IEpisodeLearner
{
    // States whose actions are drawn and valued at once.
    const int ChunkRows = 1024;

    readonly MpoConfig _config;
    readonly int _batchSize;
    readonly Device _device;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _critic;
    readonly StepNoise _noise;
    // Logarithms of the temperature and of the multipliers of means and of deviations.
    readonly Parameter _duals;
    readonly FlatParameters _dualParameters;
    readonly FlatAdam _dualOptimizer;
    // Null for discrete actions, which the critic values all at once.
    readonly Tensor? _shift, _scale;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, rows of a minibatch, random stream and device.</param>
    /// <exception cref="UserErrorException">Continuous actions come with images.</exception>
    public Mpo(MpoConfig config, LearnerSetup setup)
    {
        (_config, _batchSize, _device) = (config, setup.BatchSize, setup.Device);
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        var critic = setup.ActionUnits is null ? setup.Describe(config) : DescribeCritic(config, setup);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _critic = new LearningNetwork(critic, config.OfCritic, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _noise = setup.Noise("minibatches");
        if (setup.ActionUnits is { } units)
        {
            _shift = tensor([.. units.Shift.Select(v => (float)v)], device: setup.Device).DetachFromDisposeScope();
            _scale = tensor([.. units.Scale.Select(v => (float)v)], device: setup.Device).DetachFromDisposeScope();
        }

        _duals = new Parameter(zeros(3, device: setup.Device));
        _duals.DetachFromDisposeScope();
        _dualParameters = new FlatParameters([_duals]);
        _dualOptimizer = new FlatAdam(_dualParameters, config.DualLearningRate);
        _metrics = new MetricSums(["critic_loss", "value_mean", "policy_loss", "kl_mean", "kl_scale", "temperature", "multiplier_mean", "multiplier_scale", "kl_weights", "entropy"], setup.Device);
    }

    static NetworkDescription DescribeCritic(MpoConfig config, LearnerSetup setup)
    {
        var description = setup.Describe(config, 1);
        if (description.Image is not null)
            Throw.User($"torso is {Torsos.Resolve(config.Torso, setup.Observations)} and the actions are {setup.ActionSpace}; expected torso mlp: with continuous actions the critic of mpo reads observation and action as one vector.");
        return description with { Inputs = description.Inputs + setup.ActionSpace!.FlatSize };
    }

    // ---- one iteration ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        _policy.RunStep = _critic.RunStep = Updates;
        var generator = _noise.At(Updates);
        var targets = Targets(batch, generator);
        for (var epoch = 0; epoch < _config.Epochs; epoch++)
        {
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                using var inner = NewDisposeScope();
                var (observations, masks) = (batch.Observations.index_select(0, rows), batch.ActionMasks?.index_select(0, rows));
                var error = LearnCritic(observations, batch.Actions.index_select(0, rows), targets.index_select(0, rows));
                LearnPolicy(observations, masks, generator, measure ? error : null);
                measure = false;
                _critic.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
                _policy.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
            }
        }

        Updates++;
    }

    // ---- critic ----

    // Retrace, or what it is with every ratio 1, under the target policy. [N]; constants for the gradient.
    Tensor Targets(EpisodeBatch batch, Generator generator)
    {
        using var quiet = no_grad();
        var heads = _policy.Target!.Forward(batch.Observations);
        var taken = TakenValues(_critic.Target!, batch.Observations, batch.Actions);
        var next = StateValues(batch, generator).index_select(0, batch.NextRows);
        var ratios = _config.Critic == MpoConfig.Retrace
            ? PolicyLosses.Ratios(_head.Of(heads, batch.ActionMasks).LogProbability(batch.Actions), batch.BehaviorLogProbabilities)
            : ones_like(batch.Rewards);
        return OffPolicyTargets.Retrace(ratios, batch.Rewards, batch.Discounts, batch.Continues, taken, next, lambda: _config.Lambda);
    }

    // v = E[q(s, a)], a by the target policy, of every state of the batch: [N + E]. What the last ones allow is not known: everything.
    Tensor StateValues(EpisodeBatch batch, Generator generator)
    {
        var masks = batch.ActionMasks is null ? null : cat([batch.ActionMasks, ones([batch.Episodes, batch.ActionMasks.size(1)], ScalarType.Bool, _device)]);
        var values = new List<Tensor>();
        for (var start = 0L; start < batch.States.size(0); start += ChunkRows)
        {
            var count = Math.Min(ChunkRows, batch.States.size(0) - start);
            using var inner = NewDisposeScope();
            var (_, logPriors, q) = Consider(batch.States.narrow(0, start, count), masks?.narrow(0, start, count), generator);
            values.Add((logPriors is null ? q.mean([-1]) : logPriors.exp().mul(q).sum(-1)).MoveToOuterDisposeScope());
        }

        return cat([.. values]);
    }

    // Actions of the target policy in each state, the logarithms of their probabilities, and what the target critic says of them. Discrete: all A of them, [R, A]; continuous: draws [M, R, A], q [R, M].
    (Tensor? Actions, Tensor? LogPriors, Tensor Values) Consider(Tensor observations, Tensor? masks, Generator generator)
    {
        var heads = _policy.Target!.Forward(observations);
        if (_shift is null)
            return (null, ((Categorical)_head.Of(heads, masks)).LogProbabilities, _critic.Target!.Forward(observations));
        var actions = _head.Of(Repeated(heads)).Sample(generator);
        return (actions, null, _critic.Target!.Forward(Joined(Repeated(observations), actions)).squeeze(-1).transpose(0, 1));
    }

    // q(s_t, a_t). [R].
    Tensor TakenValues(Network critic, Tensor observations, Tensor actions) => _shift is null
        ? critic.Forward(observations).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        : critic.Forward(Joined(observations, actions)).squeeze(-1);

    Tensor Repeated(Tensor rows) => rows.unsqueeze(0).expand(_config.Samples, rows.size(0), rows.size(1));

    // In units in which actions are about as large as 1.
    Tensor Joined(Tensor observations, Tensor actions) => cat([observations, actions.sub(_shift!).div(_scale!)], -1);

    Tensor LearnCritic(Tensor observations, Tensor actions, Tensor targets)
    {
        var error = TakenValues(_critic.Online, observations, actions).sub(targets).square().mean();
        error.backward();
        _critic.Update();
        return error.detach();
    }

    // ---- policy ----

    void LearnPolicy(Tensor observations, Tensor? masks, Generator generator, Tensor? criticLoss)
    {
        Tensor? actions, logPriors;
        Tensor values, old;
        using (no_grad())
        {
            (actions, logPriors, values) = Consider(observations, masks, generator);
            old = _policy.Target!.Forward(observations);
        }

        var (temperature, multipliers) = (_duals.select(0, 0).exp(), _duals.narrow(0, 1, 2).exp());
        var dual = MpoLosses.Dual(values, logPriors, temperature, _config.Epsilon);
        var weights = MpoLosses.Weights(values, logPriors, temperature);

        // With what does not move taken from the target policy, so that means and deviations are each held by their own bound.
        var heads = _policy.Online.Forward(observations);
        var (before, moved, scaled) = (_head.Of(old, masks), _head.Of(Mixed(heads, old), masks), _head.Of(Mixed(old, heads), masks));
        var (klMean, klScale) = (before.KlTo(moved).mean(), _head.ScaleOutputs == 0 ? zeros([], device: _device) : before.KlTo(scaled).mean());
        var likelihood = Likelihood(moved, weights, actions);
        if (_head.ScaleOutputs > 0)
            likelihood = likelihood.add(Likelihood(scaled, weights, actions));
        var fixedMultipliers = multipliers.detach();
        likelihood.neg().add(klMean.mul(fixedMultipliers.select(0, 0))).add(klScale.mul(fixedMultipliers.select(0, 1))).backward();

        dual.add(multipliers.mul(Slack(klMean, klScale)).sum()).backward();
        if (criticLoss is not null)
            Measure(criticLoss, values, logPriors, likelihood, klMean, klScale, weights, _head.Of(heads.detach(), masks));
        _policy.Update();
        _dualOptimizer.Step(zeroGrad: true);
    }

    // Means, or logits, of one and logarithms of deviations of the other.
    Tensor Mixed(Tensor location, Tensor scale)
    {
        var first = _head.Outputs - _head.ScaleOutputs;
        return _head.ScaleOutputs == 0 ? location : cat([location.narrow(-1, 0, first), scale.narrow(-1, first, _head.ScaleOutputs)], -1);
    }

    // The mean over rows of sum_j w_j ln pi(a_j|s).
    static Tensor Likelihood(IActionDistribution policy, Tensor weights, Tensor? actions)
    {
        // Forbidden actions weigh nothing, and their logarithm is infinite.
        var logs = actions is null ? ((Categorical)policy).LogProbabilities.masked_fill(weights.eq(0), 0) : policy.LogProbability(actions).transpose(0, 1);
        return weights.mul(logs).sum(-1).mean();
    }

    // [2]: what is left of each bound, by whose sign its multiplier falls or grows.
    Tensor Slack(Tensor klMean, Tensor klScale)
    {
        using var quiet = no_grad();
        // Discrete actions have no deviations to hold: that KL is 0, and so is what is left.
        return stack([klMean.neg().add(_config.EpsilonMean), _head.ScaleOutputs > 0 ? klScale.neg().add(_config.EpsilonScale) : klScale]);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    // Of an iteration's first minibatch.
    void Measure(Tensor criticLoss, Tensor values, Tensor? logPriors, Tensor likelihood, Tensor klMean, Tensor klScale, Tensor weights, IActionDistribution policy)
    {
        using var quiet = no_grad();
        var duals = _duals.exp();
        var mean = logPriors is null ? values.mean() : logPriors.exp().mul(values).sum(-1).mean();
        // Where an action weighs nothing its logarithm does not count.
        var logRatios = weights.log().sub(logPriors ?? full([], -Math.Log(weights.size(-1)), device: _device)).masked_fill(weights.eq(0), 0);
        _metrics.Add(
            criticLoss, mean, likelihood.neg(), klMean, klScale, duals.select(0, 0), duals.select(0, 1), duals.select(0, 2),
            weights.mul(logRatios).sum(-1).mean(), policy.Entropy().mean());
    }

    /// <summary>The mean squared distance of the critic from its targets on other episodes.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var targets = Targets(batch, _noise.At(Updates));
        return TakenValues(_critic.Online, batch.Observations, batch.Actions).sub(targets).square().mean();
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _policy.State("policy."), .. _critic.State("critic."),
        new("duals", _dualParameters.Values), new("duals.first_moment", _dualOptimizer.FirstMoment), new("duals.second_moment", _dualOptimizer.SecondMoment),
        new("metric_sums", _metrics.Values),
    ];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_policy.Updates, _critic.Updates, _dualOptimizer.StepCount];
        set => (_policy.Updates, _critic.Updates, _dualOptimizer.StepCount) = (value[0], value[1], value[2]);
    }

    // ---- policy: the head's distribution ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _critic.Dispose();
        _noise.Dispose();
        _dualOptimizer.Dispose();
        _dualParameters.Dispose();
        _duals.Dispose();
        _shift?.Dispose();
        _scale?.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
