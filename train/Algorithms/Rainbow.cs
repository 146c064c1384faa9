using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Rainbow"/>. Where they differ from the paper, and why, is in train/docs/rainbow.md.</summary>
public sealed record RainbowConfig : CategoricalConfig
{
    /// <summary>Table 1 of the paper: n 3, priority exponent 0.5, correction from 0.4, Adam's epsilon 0.00015.</summary>
    public RainbowConfig() => (NSteps, PriorityExponent, PriorityCorrection, AdamEpsilon) = (3, 0.5, 0.4, 1.5e-4);

    /// <summary>Whether the online network chooses the action whose distribution the target network gives. The default value is true.</summary>
    public bool Double { get; init; } = true;

    /// <summary>Whether the head is a state's distribution plus each action's advantage. The default value is true.</summary>
    public bool Dueling { get; init; } = true;

    /// <summary>Whether the last two dense layers learn with noise. The default value is true.</summary>
    public bool Noisy { get; init; } = true;

    /// <summary>sigma_0 of the noise. The default value is 0.5.</summary>
    public double Sigma { get; init; } = 0.5;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Sigma > 0))
            yield return $"sigma is {Sigma}; expected a positive number.";
    }
}

/// <summary>
/// All of it together: Hessel et al. 2018, "Rainbow: combining improvements in deep reinforcement learning": distributions over
/// atoms, double Q-learning, dueling streams, noisy layers, n steps and priorities.
/// </summary>
/// <remarks>
/// Each step: the sum of n rewards and the bootstrap's discount from the batch; the target network's distribution at s_t of
/// the action that the online network prefers, shifted, shrunk and projected; the cross-entropy with it, weighted by
/// importance; its size goes back as the transition's priority. Every forward pass has noise of its own.
/// </remarks>
public sealed class Rainbow : ITransitionLearner
{
    readonly RainbowConfig _config;
    readonly LearningNetwork _values;
    readonly Tensor _support;
    readonly double _low, _high;
    readonly StepNoise _noise;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller; its atoms' ends are set.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Rainbow(RainbowConfig config, LearnerSetup setup)
    {
        _config = config;
        (_low, _high) = (config.Low!.Value, config.High!.Value);
        var network = setup.Describe(config) with
        {
            Distribution = NetworkDescription.Categorical,
            Atoms = config.Atoms,
            Low = _low,
            High = _high,
            Dueling = config.Dueling,
            Noisy = config.Noisy,
            Sigma = config.Sigma,
        };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _support = CategoricalLosses.Support(_low, _high, config.Atoms, setup.Device).DetachFromDisposeScope();
        _noise = setup.Noise("noise");
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var noise = _config.Noisy ? _noise.At(Updates) : null;
        var target = Target(batch, noise);

        var logitsTm1 = _values.Online.Forward(batch.Observations, Draw(_values.Online, noise));
        Tensor losses, gradient;
        using (no_grad())
        {
            losses = CategoricalLosses.CrossEntropy(logitsTm1, batch.Actions, target);
            gradient = CategoricalLosses.MeanCrossEntropyGradient(logitsTm1, batch.Actions, target, batch.Weights);
            batch.Priorities?.copy_(CategoricalLosses.Divergence(losses, target));
        }

        logitsTm1.backward([gradient]);

        if (measure)
            Measure(logitsTm1, batch, target, losses);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // The projected distribution; a constant for the gradient.
    Tensor Target(TransitionBatch batch, Generator? noise)
    {
        using var quiet = no_grad();
        var probabilitiesT = _values.Target!.Forward(batch.NextObservations, Draw(_values.Target, noise)).softmax(-1);
        var selector = _config.Double ? _values.Online.Forward(batch.NextObservations, Draw(_values.Online, noise)).softmax(-1) : probabilitiesT;
        var means = CategoricalLosses.Mean(selector, _support);
        if (batch.NextActionMasks is not null)
            means = TdLosses.MaskOut(means, batch.NextActionMasks);
        return CategoricalLosses.Project(batch.Rewards, batch.Discounts, Distributions.At(probabilitiesT, means.argmax(-1)), _support, _low, _high);
    }

    static Tensor? Draw(Network network, Generator? noise) => noise is null ? null : network.DrawNoise(noise);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor logitsTm1, TransitionBatch batch, Tensor target, Tensor losses)
    {
        using var quiet = no_grad();
        var q = CategoricalLosses.Mean(logitsTm1.softmax(-1), _support);
        var errors = TdLosses.TdErrors(q, batch.Actions, CategoricalLosses.Mean(target, _support));
        _metrics.Add(losses.mean(), errors.abs().mean(), q.mean(), q.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the means on other data, without noise.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = CategoricalLosses.Mean(Target(batch, noise: null), _support);
        var q = CategoricalLosses.Mean(_values.Online.Forward(batch.Observations).softmax(-1), _support);
        return TdLosses.RelativeError(TdLosses.TdErrors(q, batch.Actions, target), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _values.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _values.Updates;
        set => _values.Updates = value;
    }

    // ---- policy: greedy in the means, without noise ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _support.Dispose();
        _noise.Dispose();
        _metrics.Dispose();
    }
}
