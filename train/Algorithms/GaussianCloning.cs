using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>
/// Behavior cloning with continuous actions: the maximum-likelihood fit of a normal distribution whose mean and standard deviation, one for
/// each dimension of an action, depend on the observation (Nix and Weigend 1994, "Estimating the mean and variance of the target probability distribution").
/// </summary>
public sealed class GaussianCloning : ITransitionLearner
{
    readonly LearningNetwork _policy;
    readonly MetricSums _metrics;
    readonly Tensor _shift, _scale;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of the actions, steps, random stream and device.</param>
    public GaussianCloning(BcConfig config, LearnerSetup setup)
    {
        var units = setup.ActionUnits ?? throw new ArgumentException("Continuous actions have units.", nameof(setup));
        _policy = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["loss", "deviation", "squared_error", "gradient_norm"], setup.Device);
        _shift = tensor([.. units.Shift.Select(v => (float)v)], device: setup.Device);
        _scale = tensor([.. units.Scale.Select(v => (float)v)], device: setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var heads = _policy.Online.Forward(batch.Observations);
        Tensor gradient;
        using (no_grad())
            gradient = GaussianLosses.MeanGradient(heads, Targets(batch));

        heads.backward([gradient]);

        if (measure)
            Measure(batch, heads);
        _policy.Update();
    }

    // In units of the log's own spread, so that one step size and one range of deviations serve torques and blood sugars alike.
    Tensor Targets(TransitionBatch batch) => batch.Actions.sub(_shift).div(_scale);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(TransitionBatch batch, Tensor heads)
    {
        using var quiet = no_grad();
        var targets = Targets(batch);
        var loss = GaussianLosses.NegativeLogDensity(heads, targets).mean();
        var width = heads.size(-1) / 2;
        var error = targets.sub(heads.narrow(-1, 0, width)).square().mean();
        _metrics.Add(loss, GaussianLosses.LogDeviation(heads).exp().mean(), error, _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The mean of -log density of the logged actions, in their units, on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        return GaussianLosses.NegativeLogDensity(_policy.Online.Forward(batch.Observations), Targets(batch)).mean();
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State(), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set => _policy.Updates = value;
    }

    // ---- policy: the normal distribution, within the bounds of the actions ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _shift.Dispose();
        _scale.Dispose();
        _policy.Dispose();
        _metrics.Dispose();
    }
}
