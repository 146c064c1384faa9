using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Nfq"/>. Where they differ from the paper, and why, is in train/docs/nfq.md.</summary>
public sealed record NfqConfig : QLearningConfig
{
    /// <summary>Targets stand still for a fit of 200 steps, as the paper's do.</summary>
    public NfqConfig() => (TargetRate, TargetPeriodSteps) = (1, 200);
}

/// <summary>
/// Neural fitted Q iteration: Riedmiller 2005, "Neural fitted Q iteration: first experiences with a data efficient neural
/// reinforcement learning method". The target is r_t + discount_t * max_a q(s_t, a) by the network as it was after the last
/// target update: with period 1 the network itself, with a longer one a fit of that many steps between two looks at the future.
/// </summary>
public sealed class Nfq : ITransitionLearner
{
    readonly NfqConfig _config;
    readonly LearningNetwork _values;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Nfq(NfqConfig config, LearnerSetup setup)
    {
        _config = config;
        _values = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: !IsItsOwnTarget);
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    bool IsItsOwnTarget => _config is { TargetRate: 1, TargetPeriodSteps: 1 };

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var qTm1 = _values.Online.Forward(batch.Observations);
        Tensor errors, gradient;
        using (no_grad())
        {
            errors = TdLosses.TdErrors(qTm1, batch.Actions, target);
            gradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta, batch.Weights);
            batch.Priorities?.copy_(errors.abs());
        }

        qTm1.backward([gradient]);

        if (measure)
            Measure(qTm1, errors);
        _values.Update();
        if (!IsItsOwnTarget)
            _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var qT = (_values.Target ?? _values.Online).Forward(batch.NextObservations);
        return TdLosses.DoubleQTarget(batch.Rewards, batch.Discounts, qT, qT, batch.NextActionMasks);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor qTm1, Tensor errors)
    {
        using var quiet = no_grad();
        var loss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        _metrics.Add(loss, errors.abs().mean(), qTm1.mean(), qTm1.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch);
        return TdLosses.RelativeError(TdLosses.TdErrors(_values.Online.Forward(batch.Observations), batch.Actions, target), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => _values.Updates = value;
    }

    // ---- policy: greedy in the action values ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _metrics.Dispose();
    }
}
