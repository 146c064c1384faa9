using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="QrDqn"/>. Where they differ from the paper, and why, is in train/docs/qr_dqn.md.</summary>
public sealed record QrDqnConfig : QLearningConfig
{
    public QrDqnConfig() => AdamEpsilon = 0.01 / 32;

    /// <summary>N: quantiles of a distribution. The default value is 200.</summary>
    public int Quantiles { get; init; } = 200;

    /// <summary>Whether the online network chooses the action whose quantiles the target network gives. The default value is false.</summary>
    public bool Double { get; init; }

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Quantiles is < 1 or > 10_000)
            yield return $"quantiles is {Quantiles}; expected 1 to 10000.";
    }
}

/// <summary>
/// Returns as quantiles: Dabney, Rowland, Bellemare, Munos 2018, "Distributional reinforcement learning with quantile
/// regression", algorithm 1.
/// </summary>
/// <remarks>
/// Each step: the target network's quantiles at s_t for the action of the highest mean, times discount_t plus r_t; the
/// quantile Huber loss of the online quantiles at s_tm1 against them.
/// </remarks>
public sealed class QrDqn : ITransitionLearner
{
    readonly QrDqnConfig _config;
    readonly LearningNetwork _values;
    readonly Tensor _taus;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public QrDqn(QrDqnConfig config, LearnerSetup setup)
    {
        _config = config;
        var network = setup.Describe(config) with { Distribution = NetworkDescription.Quantile, Atoms = config.Quantiles };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _taus = QuantileLosses.Midpoints(config.Quantiles, setup.Device).DetachFromDisposeScope();
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var quantilesTm1 = _values.Online.Forward(batch.Observations);
        Tensor estimates, gradient;
        using (no_grad())
        {
            estimates = Distributions.At(quantilesTm1, batch.Actions);
            var slopes = QuantileLosses.MeanQuantileHuberGradient(estimates, _taus, target, batch.Weights, _config.HuberDelta);
            gradient = Distributions.AtActionOnly(slopes, batch.Actions, quantilesTm1.size(-2));
            batch.Priorities?.copy_(MeanErrors(estimates, target).abs());
        }

        quantilesTm1.backward([gradient]);

        if (measure)
            Measure(quantilesTm1, estimates, target);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // [B, N]; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var quantilesT = _values.Target!.Forward(batch.NextObservations);
        var means = (_config.Double ? _values.Online.Forward(batch.NextObservations) : quantilesT).mean([-1]);
        if (batch.NextActionMasks is not null)
            means = TdLosses.MaskOut(means, batch.NextActionMasks);
        return batch.Rewards.unsqueeze(-1).addcmul(batch.Discounts.unsqueeze(-1), Distributions.At(quantilesT, means.argmax(-1)), 1);
    }

    static Tensor MeanErrors(Tensor estimates, Tensor target) => target.mean([-1]).sub(estimates.mean([-1]));

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor quantilesTm1, Tensor estimates, Tensor target)
    {
        using var quiet = no_grad();
        var q = quantilesTm1.mean([-1]);
        var loss = QuantileLosses.QuantileHuber(estimates, _taus, target, _config.HuberDelta).mean();
        _metrics.Add(loss, MeanErrors(estimates, target).abs().mean(), q.mean(), q.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the means on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch);
        var estimates = Distributions.At(_values.Online.Forward(batch.Observations), batch.Actions);
        return TdLosses.RelativeError(MeanErrors(estimates, target), target.mean([-1]));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => _values.Updates = value;
    }

    // ---- policy: greedy in the means ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _taus.Dispose();
        _metrics.Dispose();
    }
}
