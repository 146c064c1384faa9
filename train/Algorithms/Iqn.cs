using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Iqn"/>. Where they differ from the paper, and why, is in train/docs/iqn.md.</summary>
public sealed record IqnConfig : QLearningConfig
{
    public IqnConfig() => AdamEpsilon = 0.01 / 32;

    /// <summary>N: fractions drawn for the estimate. The default value is 64.</summary>
    public int Fractions { get; init; } = 64;

    /// <summary>N': fractions drawn for the target. The default value is 64.</summary>
    public int TargetFractions { get; init; } = 64;

    /// <summary>K: fractions whose mean chooses the action, drawn for the target and in equal slices to act. The default value is 32.</summary>
    public int ActingFractions { get; init; } = 32;

    /// <summary>n: cosines of the embedding. The default value is 64.</summary>
    public int Cosines { get; init; } = 64;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        foreach (var (key, value) in new[] { ("fractions", Fractions), ("target_fractions", TargetFractions), ("acting_fractions", ActingFractions), ("cosines", Cosines) })
        {
            if (value is < 1 or > 4096)
                yield return $"{key} is {value}; expected 1 to 4096.";
        }

        if (Hidden is { Count: 0 })
            yield return "hidden is []; expected at least one layer, whose outputs the fractions' embedding multiplies.";
    }
}

/// <summary>
/// Quantiles of any fraction: Dabney, Ostrovski, Silver, Munos 2018, "Implicit quantile networks for distributional
/// reinforcement learning", equations 3 and 4 and algorithm 1.
/// </summary>
/// <remarks>
/// Each step: K fractions choose the action at s_t by the target network, N' fractions give its return there, and N others
/// the estimates at s_tm1, whose quantile Huber loss goes over all pairs.
/// </remarks>
public sealed class Iqn : ITransitionLearner
{
    readonly IqnConfig _config;
    readonly LearningNetwork _values;
    readonly StepNoise _draws;
    readonly Device _device;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Iqn(IqnConfig config, LearnerSetup setup)
    {
        (_config, _device) = (config, setup.Device);
        var network = setup.Describe(config) with { Distribution = NetworkDescription.Implicit, Cosines = config.Cosines, Fractions = config.ActingFractions };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _draws = setup.Noise("fractions");
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var draws = _draws.At(Updates);
        var target = Target(batch, draws);

        var taus = Draw(batch, _config.Fractions, draws);
        var quantilesTm1 = _values.Online.Forward(batch.Observations, taus: taus);
        Tensor estimates, gradient;
        using (no_grad())
        {
            estimates = Distributions.At(quantilesTm1, batch.Actions);
            var slopes = QuantileLosses.MeanQuantileHuberGradient(estimates, taus, target, batch.Weights, _config.HuberDelta);
            gradient = Distributions.AtActionOnly(slopes, batch.Actions, quantilesTm1.size(-2));
            batch.Priorities?.copy_(MeanErrors(estimates, target).abs());
        }

        quantilesTm1.backward([gradient]);

        if (measure)
            Measure(quantilesTm1, taus, estimates, target);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // [B, N']; a constant for the gradient.
    Tensor Target(TransitionBatch batch, Generator draws)
    {
        using var quiet = no_grad();
        var means = _values.Target!.Forward(batch.NextObservations, taus: Draw(batch, _config.ActingFractions, draws)).mean([-1]);
        if (batch.NextActionMasks is not null)
            means = TdLosses.MaskOut(means, batch.NextActionMasks);
        var quantilesT = _values.Target.Forward(batch.NextObservations, taus: Draw(batch, _config.TargetFractions, draws));
        return batch.Rewards.unsqueeze(-1).addcmul(batch.Discounts.unsqueeze(-1), Distributions.At(quantilesT, means.argmax(-1)), 1);
    }

    Tensor Draw(TransitionBatch batch, int count, Generator draws) => rand([batch.Actions.size(0), count], device: _device, generator: draws);

    static Tensor MeanErrors(Tensor estimates, Tensor target) => target.mean([-1]).sub(estimates.mean([-1]));

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor quantilesTm1, Tensor taus, Tensor estimates, Tensor target)
    {
        using var quiet = no_grad();
        var q = quantilesTm1.mean([-1]);
        var loss = QuantileLosses.QuantileHuber(estimates, taus, target, _config.HuberDelta).mean();
        _metrics.Add(loss, MeanErrors(estimates, target).abs().mean(), q.mean(), q.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the means on other data, with the same fractions at every call.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var draws = _draws.At(0);
        var target = Target(batch, draws);
        var taus = Draw(batch, _config.Fractions, draws);
        var estimates = Distributions.At(_values.Online.Forward(batch.Observations, taus: taus), batch.Actions);
        return TdLosses.RelativeError(MeanErrors(estimates, target), target.mean([-1]));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => _values.Updates = value;
    }

    // ---- policy: greedy in the means over K fractions ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _draws.Dispose();
        _metrics.Dispose();
    }
}
