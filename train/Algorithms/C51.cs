using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of learners whose values are distributions over atoms.</summary>
public abstract record CategoricalConfig : QLearningConfig
{
    /// <summary>N: atoms of a distribution. The default value is 51.</summary>
    public int Atoms { get; init; } = 51;

    /// <summary>Value of the first atom. Not set: the smallest discounted return in the data.</summary>
    public double? Low { get; init; }

    /// <summary>Value of the last atom. Not set: the largest discounted return in the data.</summary>
    public double? High { get; init; }

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Atoms is < 2 or > 10_000)
            yield return $"atoms is {Atoms}; expected 2 to 10000.";
        if (Low is not null && High is not null && !(Low < High && double.IsFinite(High.Value - Low.Value)))
            yield return $"low is {Low} and high is {High}; expected finite numbers, the lower one first.";
    }

    internal override LearnerConfig Resolve(Space observations, ReturnRange returns)
    {
        var (low, high) = (Low ?? returns.Low, High ?? returns.High);
        // Data of one return, or one of the two set beyond it, still gets atoms on both sides.
        if (!(high - low >= 1e-6))
            (low, high) = (Low ?? (High is null ? low - 0.5 : high - 1), High ?? (Low is null ? high + 0.5 : low + 1));
        return (CategoricalConfig)base.Resolve(observations, returns) with { Low = low, High = high };
    }
}

/// <summary>Settings of <see cref="C51"/>. Where they differ from the paper, and why, is in train/docs/c51.md.</summary>
public sealed record C51Config : CategoricalConfig
{
    public C51Config() => AdamEpsilon = 0.01 / 32;

    /// <summary>Whether the online network chooses the action whose distribution the target network gives. The default value is false.</summary>
    public bool Double { get; init; }
}

/// <summary>
/// Returns as distributions over fixed atoms: Bellemare, Dabney, Munos 2017, "A distributional perspective on reinforcement
/// learning", algorithm 1.
/// </summary>
/// <remarks>
/// Each step: the target network's distribution at s_t for the action of the highest mean, shifted by r_t, shrunk by
/// discount_t and projected onto the atoms; the cross-entropy of the online distribution at s_tm1 with it.
/// </remarks>
public sealed class C51 : ITransitionLearner
{
    readonly C51Config _config;
    readonly LearningNetwork _values;
    readonly Tensor _support;
    readonly double _low, _high;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller; its atoms' ends are set.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public C51(C51Config config, LearnerSetup setup)
    {
        _config = config;
        (_low, _high) = (config.Low!.Value, config.High!.Value);
        var network = setup.Describe(config) with { Distribution = NetworkDescription.Categorical, Atoms = config.Atoms, Low = _low, High = _high };
        _values = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _support = CategoricalLosses.Support(_low, _high, config.Atoms, setup.Device).DetachFromDisposeScope();
        _metrics = new MetricSums(["loss", "td_error", "q_mean", "q_max", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var logitsTm1 = _values.Online.Forward(batch.Observations);
        Tensor gradient;
        using (no_grad())
        {
            gradient = CategoricalLosses.MeanCrossEntropyGradient(logitsTm1, batch.Actions, target, batch.Weights);
            // What Rainbow replays by; C51 with priorities does as well.
            batch.Priorities?.copy_(CategoricalLosses.Divergence(CategoricalLosses.CrossEntropy(logitsTm1, batch.Actions, target), target));
        }

        logitsTm1.backward([gradient]);

        if (measure)
            Measure(logitsTm1, batch, target);
        _values.Update();
        _values.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // The projected distribution; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var probabilitiesT = _values.Target!.Forward(batch.NextObservations).softmax(-1);
        var selector = _config.Double ? _values.Online.Forward(batch.NextObservations).softmax(-1) : probabilitiesT;
        var means = CategoricalLosses.Mean(selector, _support);
        if (batch.NextActionMasks is not null)
            means = TdLosses.MaskOut(means, batch.NextActionMasks);
        return CategoricalLosses.Project(batch.Rewards, batch.Discounts, Distributions.At(probabilitiesT, means.argmax(-1)), _support, _low, _high);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor logitsTm1, TransitionBatch batch, Tensor target)
    {
        using var quiet = no_grad();
        var q = CategoricalLosses.Mean(logitsTm1.softmax(-1), _support);
        var errors = TdLosses.TdErrors(q, batch.Actions, CategoricalLosses.Mean(target, _support));
        _metrics.Add(CategoricalLosses.CrossEntropy(logitsTm1, batch.Actions, target).mean(), errors.abs().mean(), q.mean(), q.max(), _values.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the means on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = CategoricalLosses.Mean(Target(batch), _support);
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

    // ---- policy: greedy in the means ----

    public Network PolicyNetwork => _values.Online;

    public double PolicyTemperature => 0;

    public void Dispose()
    {
        _values.Dispose();
        _support.Dispose();
        _metrics.Dispose();
    }
}
