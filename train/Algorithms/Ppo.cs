using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of PPO.</summary>
public sealed record PpoConfig : PolicyGradientConfig
{
    public PpoConfig() => (NormalizeAdvantages, MaxGradientNorm) = (true, 0.5);

    /// <summary>epsilon: ratios count up to 1 - epsilon and 1 + epsilon. The default value is 0.2.</summary>
    public double Clip { get; init; } = 0.2;

    /// <summary>Passes over the batch in each step, in minibatches of <c>batch_size</c> rows. The default value is 10.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>lambda of the advantages: 0 for the one-step error, 1 for the return to go. The default value is 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>The passes end after one whose divergence from the behavior was more than 1.5 times this; 0, the default: never.</summary>
    public double TargetKl { get; init; }

    internal override bool NeedsPropensities => true;

    internal override bool LearnsFromFragments => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate().Concat(LambdaFaults(Lambda)))
            yield return fault;
        if (!(Clip is > 0 and < 1))
            yield return $"clip is {Clip}; expected a number between 0 and 1.";
        if (Epochs < 1)
            yield return $"epochs is {Epochs}; expected at least 1.";
        if (!(TargetKl >= 0))
            yield return $"target_kl is {TargetKl}; expected a number of at least 0 (0: no limit).";
    }
}

/// <summary>
/// Proximal policy optimization with the clipped objective: Schulman et al. 2017, "Proximal policy optimization algorithms", algorithm 1. Ratios are against the logged
/// log-probabilities, so that a stored dataset serves as well as the newest round of a loop.
/// </summary>
/// <remarks>
/// Each step: values of all states and generalized advantages once; then epochs of minibatches, in each of which the policy makes a gradient step on the clipped objective and
/// the value network one on the mean of (A_t + v_old(s_t) - v(s_t))^2.
/// </remarks>
public sealed class Ppo : IEpisodeLearner
{
    readonly PpoConfig _config;
    readonly int _batchSize;
    readonly Device _device;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly StepNoise _order;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, rows of a minibatch, random stream and device.</param>
    public Ppo(PpoConfig config, LearnerSetup setup)
    {
        (_config, _batchSize, _device) = (config, setup.BatchSize, setup.Device);
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _order = setup.Noise("minibatches");
        _metrics = new MetricSums(["policy_loss", "value_loss", "value_mean", "advantage_deviation", "entropy", "kl", "ratio_max", "share_clipped", "explained_variance", "epochs"], setup.Device);
    }

    // ---- one iteration ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (raw, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
        var targets = values.add(raw);
        var advantages = _config.NormalizeAdvantages ? PolicyLosses.Standardized(raw) : raw;
        _policy.RunStep = _value.RunStep = Updates;
        var generator = _order.At(Updates);
        var epochs = 0;
        var divergence = 0.0;
        while (epochs < _config.Epochs && (_config.TargetKl == 0 || divergence <= 1.5 * _config.TargetKl))
        {
            using var inner = NewDisposeScope();
            var sum = zeros([], device: _device);
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                sum.add_(LearnPolicy(batch, rows, advantages));
                EpisodeValues.Fit(_value, batch.Observations.index_select(0, rows), targets.index_select(0, rows));
            }

            epochs++;
            // Without a limit nothing waits for the device.
            divergence = _config.TargetKl == 0 ? 0 : sum.ToDouble() / batch.Rows;
        }

        if (measure)
            Measure(batch, advantages, raw, values, targets, epochs);
        Updates++;
    }

    // A gradient step on some rows.
    // Returns the sum over them of the divergence's estimate before it.
    Tensor LearnPolicy(EpisodeBatch batch, Tensor rows, Tensor advantages)
    {
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations.index_select(0, rows)), batch.ActionMasks?.index_select(0, rows));
        var (now, logged) = (distribution.LogProbability(batch.Actions.index_select(0, rows)), batch.BehaviorLogProbabilities.index_select(0, rows));
        var loss = PolicyLosses.Clipped(PolicyLosses.Ratios(now, logged), advantages.index_select(0, rows), _config.Clip);
        if (_config.EntropyBonus > 0)
            loss = loss.add(distribution.Entropy().mean(), alpha: -_config.EntropyBonus);
        loss.backward();
        _policy.Update();
        using var quiet = no_grad();
        return PolicyLosses.Divergences(now, logged).sum();
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    // Of the new policy on the whole batch: how far an iteration went.
    void Measure(EpisodeBatch batch, Tensor advantages, Tensor raw, Tensor values, Tensor targets, int epochs)
    {
        using var quiet = no_grad();
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var now = distribution.LogProbability(batch.Actions);
        var ratios = PolicyLosses.Ratios(now, batch.BehaviorLogProbabilities);
        _metrics.Add(
            PolicyLosses.Clipped(ratios, advantages, _config.Clip), raw.square().mean(), values.mean(), raw.std(unbiased: false), distribution.Entropy().mean(),
            PolicyLosses.Divergences(now, batch.BehaviorLogProbabilities).mean(), ratios.max(), PolicyLosses.ShareOutside(ratios, _config.Clip), PolicyLosses.ExplainedVariance(values, targets), full([], epochs, device: _device));
    }

    /// <summary>What other episodes say of the policy's return at least, negated.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var logRatios = ImportanceWeights.LogRatios(distribution.LogProbability(batch.Actions), batch.BehaviorLogProbabilities);
        return HeldOutReturns.LowerEstimate(logRatios, batch.Rewards, batch.Discounts, batch.Continues, batch.StepIndex, batch.LastRows, batch.LongestSteps).neg();
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value.State("value."), new("metric_sums", _metrics.Values)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_policy.Updates, _value.Updates];
        set => (_policy.Updates, _value.Updates) = (value[0], value[1]);
    }

    // ---- policy: the head's distribution ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _value.Dispose();
        _order.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
