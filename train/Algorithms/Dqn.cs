using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="Dqn"/>. Where they differ from the paper, and why, is in train/docs/dqn.md.
/// </summary>
public sealed record DqnConfig : IValidatable
{
    /// <summary>gamma: what a reward is worth one step later, in [0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Step size of Adam at the first step. The default value is 0.0003.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Step size that the last step would reach; it changes linearly in between. The default value is 0, which lets the policy come to rest.</summary>
    public double FinalLearningRate { get; init; }

    /// <summary>Added to the denominator of Adam. The default value is 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Widths of the hidden layers. The default value is 256, 256.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [256, 256];

    /// <summary>Whether the online network chooses the action that the target network values (double Q-learning). The default value is true.</summary>
    public bool Double { get; init; } = true;

    /// <summary>Size of a temporal-difference error beyond which the loss grows linearly. The default value is 1.</summary>
    public double HuberDelta { get; init; } = 1;

    /// <summary>Largest 2-norm of the gradient over all parameters; larger ones are scaled to it; 0 for no limit. The default value is 10.</summary>
    public double MaxGradientNorm { get; init; } = 10;

    /// <summary>Share of the online parameters that moves into the target at each target update, in (0, 1]; 1 copies them. The default value is 0.005.</summary>
    public double TargetRate { get; init; } = 0.005;

    /// <summary>Gradient steps between target updates. The default value is 1.</summary>
    public int TargetPeriodSteps { get; init; } = 1;

    public IEnumerable<string> Validate()
    {
        if (!(Discount is >= 0 and <= 1))
            yield return $"discount is {Discount}; expected a number in [0, 1].";
        if (!(LearningRate > 0))
            yield return $"learning_rate is {LearningRate}; expected a positive number.";
        if (!(FinalLearningRate >= 0))
            yield return $"final_learning_rate is {FinalLearningRate}; expected a number of at least 0.";
        if (!(AdamEpsilon > 0))
            yield return $"adam_epsilon is {AdamEpsilon}; expected a positive number.";
        if (Hidden.Any(width => width is < 1 or > 65_536))
            yield return $"hidden is [{string.Join(", ", Hidden)}]; expected widths from 1 to 65536.";
        if (!(HuberDelta > 0))
            yield return $"huber_delta is {HuberDelta}; expected a positive number.";
        if (!(MaxGradientNorm >= 0))
            yield return $"max_gradient_norm is {MaxGradientNorm}; expected a number of at least 0 (0: no limit).";
        if (!(TargetRate is > 0 and <= 1))
            yield return $"target_rate is {TargetRate}; expected a number in (0, 1].";
        if (TargetPeriodSteps < 1)
            yield return $"target_period_steps is {TargetPeriodSteps}; expected at least 1.";
    }

    /// <summary>Step size of the update after <paramref name="done"/> of <paramref name="steps"/>.</summary>
    internal double LearningRateAt(long done, int steps) =>
        LearningRate + ((FinalLearningRate - LearningRate) * Math.Min(1.0, done / (double)steps));
}

/// <summary>
/// Deep Q-learning from a fixed dataset: Mnih et al. 2015, "Human-level control through deep reinforcement learning",
/// with double Q-learning of van Hasselt et al. 2016. No environment is ever asked.
/// </summary>
/// <remarks>
/// Each step: a batch of transitions, the target r_t + discount_t * q_target(s_t, argmax_a q(s_t, a)), Huber's loss of the
/// error, one step of Adam with the gradient's norm limited, and the target network moved after the online one.
/// </remarks>
public sealed class Dqn : ILearner
{
    readonly DqnConfig _config;
    readonly int _steps;
    readonly Mlp _online;
    readonly Mlp _target;
    readonly FlatAdam _optimizer;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="steps">Gradient steps of the whole run, over which the step size changes.</param>
    /// <param name="features">D, numbers of an observation as the network reads it.</param>
    /// <param name="actions">A.</param>
    /// <param name="random">For the first parameters; not used after.</param>
    /// <param name="device">Where training happens.</param>
    public Dqn(DqnConfig config, int steps, int features, int actions, RandomStream random, Device device)
    {
        (_config, _steps) = (config, steps);
        _online = new Mlp(features, config.Hidden, actions, random, device);
        _target = new Mlp(features, config.Hidden, actions, random, device);
        _target.Parameters.CopyFrom(_online.Parameters);
        _optimizer = new FlatAdam(_online.Parameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], device);
    }

    /// <summary>q(s, a) by the network that learns: observations [B, D] to [B, A].</summary>
    public Tensor ActionValues(Tensor observations)
    {
        using var quiet = no_grad();
        return _online.Forward(observations);
    }

    /// <summary>q(s, a) by the target network: observations [B, D] to [B, A].</summary>
    public Tensor TargetActionValues(Tensor observations)
    {
        using var quiet = no_grad();
        return _target.Forward(observations);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var qTm1 = _online.Forward(batch.Observations);
        Tensor errors, gradient;
        using (no_grad())
        {
            errors = TdLosses.TdErrors(qTm1, batch.Actions, target);
            gradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta);
        }

        qTm1.backward([gradient]);

        if (measure)
            Measure(qTm1, errors);
        _optimizer.LearningRate = _config.LearningRateAt(Updates, _steps);
        _optimizer.Step(zeroGrad: true);
        if (_optimizer.StepCount % _config.TargetPeriodSteps == 0)
            MoveTarget();
    }

    // What the estimates are drawn to; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var qTargetT = _target.Forward(batch.NextObservations);
        var qSelectorT = _config.Double ? _online.Forward(batch.NextObservations) : qTargetT;
        return TdLosses.DoubleQTarget(batch.Rewards, batch.Discounts, qTargetT, qSelectorT, batch.NextActionMasks);
    }

    void MoveTarget()
    {
        if (_config.TargetRate == 1)
            _target.Parameters.CopyFrom(_online.Parameters);
        else
            _target.Parameters.SoftUpdateFrom(_online.Parameters, _config.TargetRate);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor qTm1, Tensor errors)
    {
        using var quiet = no_grad();
        var loss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        _metrics.Add(loss, errors.abs().mean(), qTm1.mean(), qTm1.max(), _online.Parameters.GradientNorm());
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _online.NamedTensors("online."),
        .. _target.NamedTensors("target."),
        new("adam.first_moment", _optimizer.FirstMoment),
        new("adam.second_moment", _optimizer.SecondMoment),
        new("metric_sums", _metrics.Values),
    ];

    public long Updates
    {
        get => _optimizer.StepCount;
        set => _optimizer.StepCount = value;
    }

    // ---- policy: greedy in the action values ----

    public Mlp PolicyNetwork => _online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _optimizer.Dispose();
        _metrics.Dispose();
        _online.Dispose();
        _target.Dispose();
    }
}
