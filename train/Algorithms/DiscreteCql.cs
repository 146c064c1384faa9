using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="DiscreteCql"/>. Where they differ from the paper, and why, is in train/docs/discrete_cql.md.</summary>
public sealed record DiscreteCqlConfig : QLearningConfig
{
    /// <summary>Weight of the conservative penalty; 0 is double DQN. The default value is 1.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Whether the online network chooses the action that the target network values. The default value is true.</summary>
    public bool Double { get; init; } = true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Alpha >= 0))
            yield return $"alpha is {Alpha}; expected a number of at least 0.";
    }
}

/// <summary>
/// Conservative Q-learning with discrete actions: Kumar, Zhou, Tucker, Levine 2020, "Conservative Q-learning for offline
/// reinforcement learning", equation 4 (CQL(H)) on double DQN.
/// </summary>
/// <remarks>
/// Each step is double DQN's, with alpha (log sum_a exp q(s_tm1, a) - q(s_tm1, a_tm1)) in the loss: values of actions that the
/// data does not take are pushed down, those that it takes up.
/// </remarks>
public sealed class DiscreteCql : ITransitionLearner
{
    readonly DiscreteCqlConfig _config;
    readonly LearningNetwork _values;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public DiscreteCql(DiscreteCqlConfig config, LearnerSetup setup)
    {
        _config = config;
        _values = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _metrics = new MetricSums(["loss", "td_loss", "conservative_loss", "td_error", "q_mean", "q_max", "q_data", "gradient_norm"], setup.Device);
    }

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
            gradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta, batch.Weights)
                .add_(OfflineLosses.MeanCrossEntropyGradient(qTm1, batch.Actions, batch.ActionMasks, batch.Weights), alpha: _config.Alpha);
            batch.Priorities?.copy_(errors.abs());
        }

        qTm1.backward([gradient]);

        if (measure)
            Measure(qTm1, errors, batch);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // What the estimates are drawn to; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var qTargetT = _values.Target!.Forward(batch.NextObservations);
        var qSelectorT = _config.Double ? _values.Online.Forward(batch.NextObservations) : qTargetT;
        return TdLosses.DoubleQTarget(batch.Rewards, batch.Discounts, qTargetT, qSelectorT, batch.NextActionMasks);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor qTm1, Tensor errors, TransitionBatch batch)
    {
        using var quiet = no_grad();
        var tdLoss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        var penalty = OfflineLosses.Conservative(qTm1, batch.Actions, batch.ActionMasks).mean();
        var taken = qTm1.gather(-1, batch.Actions.unsqueeze(-1)).mean();
        _metrics.Add(tdLoss.add(penalty, alpha: _config.Alpha), tdLoss, penalty, errors.abs().mean(), qTm1.mean(), qTm1.max(), taken, _values.Online.Parameters.GradientNorm());
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
