using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="Dqn"/>. Where they differ from the paper, and why, is in train/docs/dqn.md.
/// </summary>
public sealed record DqnConfig : QLearningConfig
{
    /// <summary>Whether the online network chooses the action that the target network values (double Q-learning). The default value is true.</summary>
    public bool Double { get; init; } = true;

    /// <summary>Whether the head is a state's value plus each action's advantage (Wang et al. 2016). The default value is false.</summary>
    public bool Dueling { get; init; }

    /// <summary>Whether the last two dense layers learn with noise (Fortunato et al. 2018). The default value is false.</summary>
    public bool Noisy { get; init; }
}

/// <summary>
/// Deep Q-learning from a fixed dataset: Mnih et al. 2015, "Human-level control through deep reinforcement learning",
/// with double Q-learning of van Hasselt et al. 2016, and on request dueling heads, noisy layers, n steps and priorities. No
/// environment is ever asked.
/// </summary>
/// <remarks>
/// Each step: a batch of transitions, the target r_t + discount_t * q_target(s_t, argmax_a q(s_t, a)), Huber's loss of the
/// error, one step of Adam with the gradient's norm limited, and the target network moved after the online one.
/// </remarks>
public sealed class Dqn : ITransitionLearner
{
    readonly DqnConfig _config;
    readonly LearningNetwork _values;
    readonly StepNoise _noise;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Dqn(DqnConfig config, LearnerSetup setup)
    {
        _config = config;
        var network = setup.Describe(config) with { Dueling = config.Dueling, Noisy = config.Noisy };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _noise = setup.Noise("noise");
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    /// <summary>q(s, a) by the network that learns: observations [B, D] to [B, A].</summary>
    public Tensor ActionValues(Tensor observations)
    {
        using var quiet = no_grad();
        return _values.Online.Forward(observations);
    }

    /// <summary>q(s, a) by the target network: observations [B, D] to [B, A].</summary>
    public Tensor TargetActionValues(Tensor observations)
    {
        using var quiet = no_grad();
        return _values.Target!.Forward(observations);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var noise = _config.Noisy ? _noise.At(Updates) : null;
        var target = Target(batch, noise);

        var qTm1 = _values.Online.Forward(batch.Observations, Draw(_values.Online, noise));
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
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // What the estimates are drawn to; a constant for the gradient.
    Tensor Target(TransitionBatch batch, Generator? noise)
    {
        using var quiet = no_grad();
        var qTargetT = _values.Target!.Forward(batch.NextObservations, Draw(_values.Target, noise));
        var qSelectorT = _config.Double ? _values.Online.Forward(batch.NextObservations, Draw(_values.Online, noise)) : qTargetT;
        return TdLosses.DoubleQTarget(batch.Rewards, batch.Discounts, qTargetT, qSelectorT, batch.NextActionMasks);
    }

    static Tensor? Draw(Network network, Generator? noise) => noise is null ? null : network.DrawNoise(noise);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor qTm1, Tensor errors)
    {
        using var quiet = no_grad();
        var loss = TdLosses.Huber(errors, _config.HuberDelta).mean();
        _metrics.Add(loss, errors.abs().mean(), qTm1.mean(), qTm1.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error on other data, without noise.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch, noise: null);
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
        _noise.Dispose();
        _metrics.Dispose();
    }
}
