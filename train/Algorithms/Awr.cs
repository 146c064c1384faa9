using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of advantage-weighted regression.</summary>
public sealed record AwrConfig : AdvantageRegressionConfig
{
    /// <summary>beta: the advantage that makes an action e times as likely, in units of their standard deviation where they are standardized; positive. The default value is 1.</summary>
    public double Beta { get; init; } = 1;

    /// <summary>lambda of the value targets: 0 for the one-step target, 1 for the return to go. The default value is 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>Whether advantages are standardized over the batch: less their mean, over their standard deviation. The default value is true.</summary>
    public bool NormalizeAdvantages { get; init; } = true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Beta > 0))
            yield return $"beta is {Beta}; expected a positive number.";
        if (!(Lambda is >= 0 and <= 1))
            yield return $"lambda is {Lambda}; expected a number in [0, 1].";
    }
}

/// <summary>
/// Advantage-weighted regression: Peng et al. 2019, "Advantage-weighted regression: simple and scalable off-policy reinforcement learning", algorithm 1. It needs no propensities: what is
/// improved upon is the mixture of policies that made the data.
/// </summary>
/// <remarks>
/// Each step: the value network moves to TD(lambda) targets of whole episodes (equation 8); then, with what it says now, the policy clones the action taken by the weight exp(A_t / beta), at most the limit
/// (equation 9).
/// </remarks>
public sealed class Awr : IEpisodeLearner
{
    readonly AwrConfig _config;
    readonly int _batchSize;
    readonly Device _device;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly StepNoise _order;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, rows of a minibatch, random stream and device.</param>
    public Awr(AwrConfig config, LearnerSetup setup)
    {
        (_config, _batchSize, _device) = (config, setup.BatchSize, setup.Device);
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _order = setup.Noise("minibatches");
        _metrics = new MetricSums(["policy_loss", "value_loss", "value_mean", "advantage_deviation", "weight_mean", "weight_max", "share_limited", "entropy", "explained_variance"], setup.Device);
    }

    // ---- one iteration ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        _policy.RunStep = _value.RunStep = Updates;
        var generator = _order.At(Updates);
        var targets = Targets(batch).Targets;
        LearnValues(batch, targets, generator);
        var (fresh, values) = Targets(batch);
        var advantages = fresh.sub(values);
        var weights = Weights(advantages);
        if (measure)
            Measure(batch, advantages, values, fresh, weights);
        LearnPolicy(batch, weights, generator);
        Updates++;
    }

    void LearnValues(EpisodeBatch batch, Tensor targets, Generator generator)
    {
        for (var epoch = 0; epoch < _config.Epochs; epoch++)
        {
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                using var inner = NewDisposeScope();
                EpisodeValues.Fit(_value, batch.Observations.index_select(0, rows), targets.index_select(0, rows));
            }
        }
    }

    void LearnPolicy(EpisodeBatch batch, Tensor weights, Generator generator)
    {
        for (var epoch = 0; epoch < _config.Epochs; epoch++)
        {
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                using var inner = NewDisposeScope();
                var policy = _head.Of(_policy.Online.Forward(batch.Observations.index_select(0, rows)), batch.ActionMasks?.index_select(0, rows));
                PolicyLosses.Score(policy.LogProbability(batch.Actions.index_select(0, rows)), weights.index_select(0, rows)).backward();
                _policy.Update();
            }
        }
    }

    Tensor Weights(Tensor advantages) =>
        OfflineLosses.ExponentialWeights(_config.NormalizeAdvantages ? PolicyLosses.Standardized(advantages) : advantages, _config.Beta, _config.WeightLimit);

    // Lambda returns and v(s_t); constants for the gradient.
    (Tensor Targets, Tensor Values) Targets(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var (advantages, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
        return (values.add(advantages), values);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(EpisodeBatch batch, Tensor advantages, Tensor values, Tensor targets, Tensor weights)
    {
        using var quiet = no_grad();
        var policy = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        _metrics.Add(
            PolicyLosses.Score(policy.LogProbability(batch.Actions), weights), advantages.square().mean(), values.mean(), advantages.std(unbiased: false),
            weights.mean(), weights.max(), weights.ge(_config.WeightLimit * (1 - 1e-6)).to(ScalarType.Float32).mean(), policy.Entropy().mean(), PolicyLosses.ExplainedVariance(values, targets));
    }

    /// <summary>Minus the mean log-probability of other episodes' actions by their weights, which add up to 1.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var (targets, values) = Targets(batch);
        var weights = Weights(targets.sub(values));
        return PolicyLosses.Score(_head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions), weights.div(weights.mean()));
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
