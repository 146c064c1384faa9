using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="FittedQEvaluation"/>.</summary>
public sealed record FittedQConfig : LearnerConfig
{
    /// <summary>Gradient steps. The default value is 10,000.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Rows of a minibatch. The default value is 256.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Gradient steps for which the targets stand still: one regression of the iteration. The default value is 10; a return of H steps takes about H regressions to be known.</summary>
    public int TargetPeriodSteps { get; init; } = 10;

    /// <summary>Of <see cref="Steps"/>, the first so many go towards the logged returns instead. The default value is 1,000.</summary>
    public int WarmupSteps { get; init; } = 1_000;

    /// <summary>Error beyond which the loss grows linearly, where returns are scaled to a root mean square of 1. The default value is 1.</summary>
    public double HuberDelta { get; init; } = 1;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Steps < 1)
            yield return $"steps is {Steps}; expected at least 1.";
        if (WarmupSteps < 0)
            yield return $"warmup_steps is {WarmupSteps}; expected at least 0.";
        if (BatchSize is < 1 or > 1_048_576)
            yield return $"batch_size is {BatchSize}; expected 1 to 1048576.";
        if (TargetPeriodSteps < 1)
            yield return $"target_period_steps is {TargetPeriodSteps}; expected at least 1.";
        if (!(HuberDelta > 0))
            yield return $"huber_delta is {HuberDelta}; expected a positive number.";
    }
}

/// <summary>
/// Fitted Q evaluation with a network: Le, Voloshin and Yue 2019, "Batch policy learning under constraints", algorithm 3. A policy that is
/// given is evaluated, not learned: q(s_tm1, a_tm1) is drawn to r_t + discount_t * v(s_t), v the policy's mean of q by a copy of the
/// network that stands still for one regression, Huber's loss, Adam.
/// </summary>
/// <remarks>Which targets, the caller says: it knows the policy. Fit values on other episodes than those that they are used on.</remarks>
public sealed class FittedQEvaluation : IDisposable
{
    readonly FittedQConfig _config;
    readonly LearningNetwork _values;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="inputs">What the network reads: observations, or observations and actions beside each other.</param>
    /// <param name="outputs">A: an output for each discrete action; 1 where the action is read.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where training happens.</param>
    /// <exception cref="UserErrorException">The torso does not fit the inputs.</exception>
    public FittedQEvaluation(FittedQConfig config, Space inputs, int outputs, RandomStream random, Device device)
    {
        _config = config;
        _values = new LearningNetwork(Torsos.Describe(inputs, outputs, config.Torso, config.Hidden), config, config.Steps, random, device, hasTarget: true);
    }

    /// <summary>Gradient steps done.</summary>
    public long Updates => _values.Updates;

    /// <summary>Whether the targets moved with the last step, or are the first ones.</summary>
    public bool TargetIsNew => _values.Updates % _config.TargetPeriodSteps == 0;

    /// <summary>q by the network that learns: [B, *] to [B, A]; outside of the gradient.</summary>
    public Tensor Values(Tensor inputs)
    {
        using var quiet = no_grad();
        return _values.Online.Forward(inputs);
    }

    /// <summary>q by the copy that targets are made of: [B, *] to [B, A]; outside of the gradient.</summary>
    public Tensor TargetValues(Tensor inputs)
    {
        using var quiet = no_grad();
        return _values.Target!.Forward(inputs);
    }

    /// <summary>One gradient step.</summary>
    /// <param name="inputs">[B, *] float32.</param>
    /// <param name="actions">[B] int64: the actions taken; null where the network reads them.</param>
    /// <param name="targets">[B] float32: r_t + discount_t * v(s_t).</param>
    public void Step(Tensor inputs, Tensor? actions, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var q = _values.Online.Forward(inputs);
        Tensor gradient;
        using (no_grad())
        {
            gradient = actions is null
                ? targets.sub(q.squeeze(-1)).clamp_(-_config.HuberDelta, _config.HuberDelta).mul_(-1.0 / q.size(0)).unsqueeze(-1)
                : TdLosses.MeanHuberGradient(TdLosses.TdErrors(q, actions, targets), actions, q.size(-1), _config.HuberDelta);
        }

        q.backward([gradient]);
        _values.Update();
        _values.MoveTarget(1, _config.TargetPeriodSteps);
    }

    public void Dispose() => _values.Dispose();
}
