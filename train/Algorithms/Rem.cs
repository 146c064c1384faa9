using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Rem"/>. Where they differ from the paper, and why, is in train/docs/rem.md.</summary>
public sealed record RemConfig : QLearningConfig
{
    /// <summary>K: value estimates that share all layers but the last. The default value is 200.</summary>
    public int Heads { get; init; } = 200;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Heads is < 1 or > 10_000)
            yield return $"heads is {Heads}; expected 1 to 10000.";
    }
}

/// <summary>
/// Random ensemble mixture: Agarwal, Schuurmans, Norouzi 2020, "An optimistic perspective on offline reinforcement learning",
/// equation 5, with many heads on one network.
/// </summary>
/// <remarks>
/// Each step draws one convex mixture of the heads and learns DQN's error of the mixed values, with the same mixture in
/// estimate and target; the policy is greedy in the mean of the heads.
/// </remarks>
public sealed class Rem : ITransitionLearner
{
    readonly RemConfig _config;
    readonly LearningNetwork _values;
    readonly StepNoise _draws;
    readonly Device _device;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Rem(RemConfig config, LearnerSetup setup)
    {
        (_config, _device) = (config, setup.Device);
        var network = setup.Describe(config) with { Distribution = NetworkDescription.Heads, Atoms = config.Heads };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _draws = setup.Noise("mixture");
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "heads_spread", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var mixture = OfflineLosses.MixtureWeights(rand(_config.Heads, device: _device, generator: _draws.At(Updates)));
        var target = Target(batch, mixture);

        var headsTm1 = _values.Online.Forward(batch.Observations);
        Tensor qTm1, errors, gradient;
        using (no_grad())
        {
            qTm1 = OfflineLosses.Mixture(headsTm1, mixture);
            errors = TdLosses.TdErrors(qTm1, batch.Actions, target);
            // The mixture is linear: each head has its share of the mixed value's gradient.
            gradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta, batch.Weights).unsqueeze(-1).mul(mixture);
            batch.Priorities?.copy_(errors.abs());
        }

        headsTm1.backward([gradient]);

        if (measure)
            Measure(headsTm1, qTm1, errors);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // What the mixed estimates are drawn to; a constant for the gradient.
    Tensor Target(TransitionBatch batch, Tensor mixture)
    {
        using var quiet = no_grad();
        var qT = OfflineLosses.Mixture(_values.Target!.Forward(batch.NextObservations), mixture);
        return TdLosses.DoubleQTarget(batch.Rewards, batch.Discounts, qT, qT, batch.NextActionMasks);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor headsTm1, Tensor qTm1, Tensor errors)
    {
        using var quiet = no_grad();
        var loss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        _metrics.Add(loss, errors.abs().mean(), qTm1.mean(), qTm1.max(), headsTm1.std(-1, unbiased: false).mean(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the heads' mean on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var even = full([_config.Heads], 1.0 / _config.Heads, dtype: ScalarType.Float32, device: _device);
        var target = Target(batch, even);
        return TdLosses.RelativeError(TdLosses.TdErrors(OfflineLosses.Mixture(_values.Online.Forward(batch.Observations), even), batch.Actions, target), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => _values.Updates = value;
    }

    // ---- policy: greedy in the mean of the heads ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _draws.Dispose();
        _metrics.Dispose();
    }
}
