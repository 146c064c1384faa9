using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Settings of <see cref="BehaviorCloning"/>. Where they differ from the source, and why, is in train/docs/bc.md.
/// </summary>
public sealed record BcConfig : LearnerConfig
{
    /// <summary>A constant step size of 0.001, and no limit on the gradient.</summary>
    public BcConfig() => (LearningRate, FinalLearningRate, MaxGradientNorm) = (1e-3, 1e-3, 0);

    /// <summary>Weight of the mean square of the logits in the loss; not negative. The default value is 0.01.</summary>
    public double LogitPenalty { get; init; } = 0.01;

    /// <summary>
    /// Models to train by cross-fitting, each on the episodes outside its fold: what <c>offlinerl ingest propensities</c> takes. 0, the default: one
    /// model a seed, on all episodes.
    /// </summary>
    public int Folds { get; init; }

    internal override ReplayNeeds Needs => ReplayNeeds.Cloning(ActionKind.Any);

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Folds is not 0 and (< 2 or > 100))
            yield return $"folds is {Folds}; expected 2 to 100, or 0 for one model of all episodes.";
        if (!(LogitPenalty >= 0))
            yield return $"logit_penalty is {LogitPenalty}; expected a number of at least 0.";
    }
}

/// <summary>
/// Behavior cloning with discrete actions: the maximum-likelihood fit of the policy that made the data, by cross-entropy
/// with a penalty on the logits (Fujimoto et al. 2019, "Benchmarking batch deep reinforcement learning algorithms").
/// </summary>
public sealed class BehaviorCloning : ITransitionLearner
{
    readonly BcConfig _config;
    readonly LearningNetwork _policy;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public BehaviorCloning(BcConfig config, LearnerSetup setup)
    {
        _config = config;
        _policy = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["loss", "cross_entropy", "accuracy", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var logits = _policy.Online.Forward(batch.Observations);
        Tensor gradient;
        using (no_grad())
            gradient = CloningLosses.MeanGradient(logits, batch.Actions, batch.ActionMasks, _config.LogitPenalty);

        logits.backward([gradient]);

        if (measure)
            Measure(batch, logits);
        _policy.Update();
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(TransitionBatch batch, Tensor logits)
    {
        using var quiet = no_grad();
        var crossEntropy = CloningLosses.CrossEntropy(logits, batch.Actions, batch.ActionMasks).mean();
        var loss = crossEntropy.add(CloningLosses.LogitPenalty(logits, batch.ActionMasks).mean(), alpha: _config.LogitPenalty);
        var scores = batch.ActionMasks is null ? logits : TdLosses.MaskOut(logits, batch.ActionMasks);
        var hits = scores.argmax(-1).eq(batch.Actions).to(ScalarType.Float32).mean();
        _metrics.Add(loss, crossEntropy, hits, _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The mean of -log pi(a given s) on other data: the negative held-out likelihood.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        return CloningLosses.CrossEntropy(_policy.Online.Forward(batch.Observations), batch.Actions, batch.ActionMasks).mean();
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set => _policy.Updates = value;
    }

    // ---- policy: softmax of the logits ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _metrics.Dispose();
    }
}
