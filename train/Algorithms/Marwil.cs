using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of MARWIL.</summary>
public sealed record MarwilConfig : AdvantageRegressionConfig
{
    /// <summary>beta: how much an advantage counts, in units of their root mean square; 0 is behavior cloning. The default value is 1.</summary>
    public double Beta { get; init; } = 1;

    /// <summary>Share of the batch in the moving average of squared advantages at each step, in (0, 1]. The default value is 0.01.</summary>
    public double NormRate { get; init; } = 0.01;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Beta >= 0) || !double.IsFinite(Beta))
            yield return $"beta is {Beta}; expected a finite number of at least 0 (0: behavior cloning).";
        if (!(NormRate is > 0 and <= 1))
            yield return $"norm_rate is {NormRate}; expected a number in (0, 1].";
    }
}

/// <summary>
/// Monotonic advantage re-weighted imitation learning: Wang et al. 2018, "Exponentially weighted imitation learning for batched historical data". It needs no propensities:
/// what is improved upon is the policy that made the data, whatever that was.
/// </summary>
/// <remarks>
/// Each step: returns to go of whole episodes and their advantages over v(s_t), once; then passes of minibatches in which the policy clones the action taken by the weight exp(beta A_t / c), c the root of a
/// moving average of A^2, and the value network moves to the returns.
/// </remarks>
public sealed class Marwil : IEpisodeLearner
{
    readonly MarwilConfig _config;
    readonly int _batchSize;
    readonly Device _device;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly StepNoise _order;
    // [1]: the moving average of squared advantages, which starts from 0.
    readonly Tensor _squares;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, rows of a minibatch, random stream and device.</param>
    public Marwil(MarwilConfig config, LearnerSetup setup)
    {
        (_config, _batchSize, _device) = (config, setup.BatchSize, setup.Device);
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _order = setup.Noise("minibatches");
        _squares = zeros(1, device: setup.Device).DetachFromDisposeScope();
        _metrics = new MetricSums(["policy_loss", "value_loss", "return_mean", "advantage_norm", "weight_mean", "weight_max", "share_limited", "entropy", "explained_variance"], setup.Device);
    }

    // ---- one iteration ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (returns, values) = EpisodeValues.ReturnsToGo(_value, batch);
        var advantages = returns.sub(values);
        _squares.mul_(1 - _config.NormRate).add_(advantages.square().mean(), alpha: _config.NormRate);
        var norm = Norm(Updates + 1);
        var weights = Weights(advantages, norm);
        if (measure)
            Measure(batch, returns, values, norm, weights);
        _policy.RunStep = _value.RunStep = Updates;
        var generator = _order.At(Updates);
        for (var epoch = 0; epoch < _config.Epochs; epoch++)
        {
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                using var inner = NewDisposeScope();
                var observations = batch.Observations.index_select(0, rows);
                var policy = _head.Of(_policy.Online.Forward(observations), batch.ActionMasks?.index_select(0, rows));
                PolicyLosses.Score(policy.LogProbability(batch.Actions.index_select(0, rows)), weights.index_select(0, rows)).backward();
                _policy.Update();
                EpisodeValues.Fit(_value, observations, returns.index_select(0, rows));
            }
        }

        Updates++;
    }

    // c: the root of the moving average after so many steps, as if it had not begun at 0.
    Tensor Norm(long steps) => _squares.div(1 - Math.Pow(1 - _config.NormRate, Math.Max(1, steps))).sqrt();

    Tensor Weights(Tensor advantages, Tensor norm) =>
        OfflineLosses.ExponentialWeights(advantages.mul(_config.Beta).div(norm.add(1e-8)), 1, _config.WeightLimit);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(EpisodeBatch batch, Tensor returns, Tensor values, Tensor norm, Tensor weights)
    {
        using var quiet = no_grad();
        var policy = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        _metrics.Add(
            PolicyLosses.Score(policy.LogProbability(batch.Actions), weights), returns.sub(values).square().mean(), returns.mean(), norm.squeeze(0),
            weights.mean(), weights.max(), weights.ge(_config.WeightLimit * (1 - 1e-6)).to(ScalarType.Float32).mean(), policy.Entropy().mean(), PolicyLosses.ExplainedVariance(values, returns));
    }

    /// <summary>Minus the mean log-probability of other episodes' actions by their weights, which add up to 1.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var (returns, values) = EpisodeValues.ReturnsToGo(_value, batch);
        var weights = Weights(returns.sub(values), Norm(Updates));
        return PolicyLosses.Score(_head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions), weights.div(weights.mean()));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value.State("value."), new("squared_advantages", _squares), new("metric_sums", _metrics.Values)];

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
        _squares.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
