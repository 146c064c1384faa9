using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="DiscreteBcq"/>. Where they differ from the paper, and why, is in train/docs/discrete_bcq.md.</summary>
public sealed record DiscreteBcqConfig : QLearningConfig
{
    /// <summary>tau: actions of at most this share of the likeliest one's probability are not taken; 0 is Q-learning. The default value is 0.3.</summary>
    public double Threshold { get; init; } = 0.3;

    /// <summary>Weight of the mean square of the imitation's logits; not negative. The default value is 0.01.</summary>
    public double LogitPenalty { get; init; } = 0.01;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Threshold is >= 0 and < 1))
            yield return $"threshold is {Threshold}; expected a number in [0, 1).";
        if (!(LogitPenalty >= 0))
            yield return $"logit_penalty is {LogitPenalty}; expected a number of at least 0.";
    }
}

/// <summary>
/// Batch-constrained Q-learning with discrete actions: Fujimoto, Conti, Ghavamzadeh, Pineau 2019, "Benchmarking batch deep
/// reinforcement learning algorithms", algorithm 1.
/// </summary>
/// <remarks>
/// Each step: an imitation network learns the policy of the data; the target is double DQN's with the maximum over actions
/// that the imitation finds likely enough at s_t; the policy is greedy over the same filter.
/// </remarks>
public sealed class DiscreteBcq : ITransitionLearner
{
    readonly DiscreteBcqConfig _config;
    readonly LearningNetwork _values, _imitation;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public DiscreteBcq(DiscreteBcqConfig config, LearnerSetup setup)
    {
        _config = config;
        _values = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _imitation = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "cross_entropy", "actions_allowed", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var qTm1 = _values.Online.Forward(batch.Observations);
        var logits = _imitation.Online.Forward(batch.Observations);
        Tensor errors, gradient, slopes;
        using (no_grad())
        {
            errors = TdLosses.TdErrors(qTm1, batch.Actions, target);
            gradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta, batch.Weights);
            // Weighted as well: the filter is of the data's policy, not of that of the draws.
            slopes = CloningLosses.MeanGradient(logits, batch.Actions, batch.ActionMasks, _config.LogitPenalty, batch.Weights);
            batch.Priorities?.copy_(errors.abs());
        }

        qTm1.backward([gradient]);
        logits.backward([slopes]);

        if (measure)
            Measure(qTm1, errors, logits, batch);
        _values.Update();
        _imitation.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // What the estimates are drawn to; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var allowed = OfflineLosses.BatchConstraint(_imitation.Online.Forward(batch.NextObservations), _config.Threshold, batch.NextActionMasks);
        return TdLosses.DoubleQTarget(
            batch.Rewards, batch.Discounts, _values.Target!.Forward(batch.NextObservations), _values.Online.Forward(batch.NextObservations), allowed);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor qTm1, Tensor errors, Tensor logits, TransitionBatch batch)
    {
        using var quiet = no_grad();
        var loss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        var crossEntropy = CloningLosses.CrossEntropy(logits, batch.Actions, batch.ActionMasks).mean();
        var allowed = OfflineLosses.BatchConstraint(logits, _config.Threshold, batch.ActionMasks).to(ScalarType.Float32).sum(-1L).mean();
        _metrics.Add(loss, errors.abs().mean(), qTm1.mean(), qTm1.max(), crossEntropy, allowed, _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch);
        return TdLosses.RelativeError(TdLosses.TdErrors(_values.Online.Forward(batch.Observations), batch.Actions, target), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), .. _imitation.State("imitation."), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => (_values.Updates, _imitation.Updates) = (value, value);
    }

    // ---- policy: greedy in the action values, over the filter ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    (Network Network, double Threshold)? ILearner.PolicyFilter => (_imitation.Online, _config.Threshold);

    public void Dispose()
    {
        _values.Dispose();
        _imitation.Dispose();
        _metrics.Dispose();
    }
}
