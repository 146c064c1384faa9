using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="BehaviorCloning"/>. Where they differ from the source, and why, is in train/docs/bc.md.
/// </summary>
public sealed record BcConfig : IValidatable
{
    /// <summary>Step size of Adam. The default value is 0.001.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Added to the denominator of Adam. The default value is 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Widths of the hidden layers. The default value is 256, 256.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [256, 256];

    /// <summary>Weight of the mean square of the logits in the loss; not negative. The default value is 0.01.</summary>
    public double LogitPenalty { get; init; } = 0.01;

    /// <summary>Largest 2-norm of the gradient over all parameters; larger ones are scaled to it; 0 for no limit. The default value is 0.</summary>
    public double MaxGradientNorm { get; init; }

    public IEnumerable<string> Validate()
    {
        if (!(LearningRate > 0))
            yield return $"learning_rate is {LearningRate}; expected a positive number.";
        if (!(AdamEpsilon > 0))
            yield return $"adam_epsilon is {AdamEpsilon}; expected a positive number.";
        if (Hidden.Any(width => width is < 1 or > 65_536))
            yield return $"hidden is [{string.Join(", ", Hidden)}]; expected widths from 1 to 65536.";
        if (!(LogitPenalty >= 0))
            yield return $"logit_penalty is {LogitPenalty}; expected a number of at least 0.";
        if (!(MaxGradientNorm >= 0))
            yield return $"max_gradient_norm is {MaxGradientNorm}; expected a number of at least 0 (0: no limit).";
    }
}

/// <summary>
/// Behavior cloning with discrete actions: the maximum-likelihood fit of the policy that made the data, by cross-entropy
/// with a penalty on the logits (Fujimoto et al. 2019, "Benchmarking batch deep reinforcement learning algorithms").
/// </summary>
public sealed class BehaviorCloning : ILearner
{
    readonly BcConfig _config;
    readonly Mlp _online;
    readonly FlatAdam _optimizer;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="features">D, numbers of an observation as the network reads it.</param>
    /// <param name="actions">A.</param>
    /// <param name="random">For the first parameters; not used after.</param>
    /// <param name="device">Where training happens.</param>
    public BehaviorCloning(BcConfig config, int features, int actions, RandomStream random, Device device)
    {
        _config = config;
        _online = new Mlp(features, config.Hidden, actions, random, device);
        _optimizer = new FlatAdam(_online.Parameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
        _metrics = new MetricSums(["loss", "cross_entropy", "accuracy", "gradient_norm"], device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var logits = _online.Forward(batch.Observations);
        var crossEntropy = CloningLosses.CrossEntropy(logits, batch.Actions, batch.ActionMasks).mean();
        var loss = _config.LogitPenalty == 0
            ? crossEntropy
            : crossEntropy + (CloningLosses.LogitPenalty(logits, batch.ActionMasks).mean() * _config.LogitPenalty);
        loss.backward();

        if (measure)
            Measure(batch, logits, crossEntropy, loss);
        _optimizer.Step(zeroGrad: true);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(TransitionBatch batch, Tensor logits, Tensor crossEntropy, Tensor loss)
    {
        using var quiet = no_grad();
        var scores = logits.detach();
        if (batch.ActionMasks is not null)
            scores = TdLosses.MaskOut(scores, batch.ActionMasks);
        var hits = scores.argmax(-1).eq(batch.Actions).to(ScalarType.Float32).mean();
        _metrics.Add(loss.detach(), crossEntropy.detach(), hits, _online.Parameters.GradientNorm());
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _online.NamedTensors("online."),
        new("adam.first_moment", _optimizer.FirstMoment),
        new("adam.second_moment", _optimizer.SecondMoment),
        new("metric_sums", _metrics.Values),
    ];

    public long Updates
    {
        get => _optimizer.StepCount;
        set => _optimizer.StepCount = value;
    }

    // ---- policy: softmax of the logits ----

    public Mlp PolicyNetwork => _online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _optimizer.Dispose();
        _metrics.Dispose();
        _online.Dispose();
    }
}
