using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="DiscreteCrr"/>. Where they differ from the paper, and why, is in train/docs/discrete_crr.md.</summary>
public sealed record DiscreteCrrConfig : BootstrapConfig
{
    /// <summary>Targets are copied every 100 steps, as in the paper.</summary>
    public DiscreteCrrConfig() => (TargetRate, TargetPeriodSteps) = (1, 100);

    /// <summary><c>exp</c>: weight exp(advantage / beta), at most the limit; <c>binary</c>: 1 where the advantage is positive, else 0. The default value is <c>exp</c>.</summary>
    public string Weights { get; init; } = "exp";

    /// <summary>beta: the temperature of <c>exp</c>. The default value is 1.</summary>
    public double Beta { get; init; } = 1;

    /// <summary>Largest weight of <c>exp</c>. The default value is 20.</summary>
    public double WeightLimit { get; init; } = 20;

    /// <summary>Critic's error beyond which the loss grows linearly. The default value is 1.</summary>
    public double HuberDelta { get; init; } = 1;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Weights is not ("exp" or "binary"))
            yield return $"weights is '{Weights}'; expected exp or binary.";
        if (!(Beta > 0))
            yield return $"beta is {Beta}; expected a positive number.";
        if (!(WeightLimit > 0))
            yield return $"weight_limit is {WeightLimit}; expected a positive number.";
        if (!(HuberDelta > 0))
            yield return $"huber_delta is {HuberDelta}; expected a positive number.";
    }
}

/// <summary>
/// Critic regularized regression with discrete actions: Wang et al. 2020, "Critic regularized regression", algorithm 1.
/// </summary>
/// <remarks>
/// Each step: the critic to r_t + discount_t sum_a pi_target(a | s_t) q_target(s_t, a); the policy to the action taken, weighted
/// by its advantage over the policy's own value, sum_a pi(a | s_tm1) q(s_tm1, a). Both sums are exact, where the paper draws.
/// </remarks>
public sealed class DiscreteCrr : ITransitionLearner
{
    readonly DiscreteCrrConfig _config;
    readonly LearningNetwork _critic, _actor;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public DiscreteCrr(DiscreteCrrConfig config, LearnerSetup setup)
    {
        _config = config;
        _critic = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _actor = new LearningNetwork(setup.Describe(config), config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _metrics = new MetricSums(["critic_loss", "actor_loss", "td_error", "q_mean", "q_max", "advantage_mean", "weight_mean", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var target = Target(batch);

        var qTm1 = _critic.Online.Forward(batch.Observations);
        var logits = _actor.Online.Forward(batch.Observations);
        Tensor errors, advantages, weights;
        Tensor criticGradient, actorGradient;
        using (no_grad())
        {
            errors = TdLosses.TdErrors(qTm1, batch.Actions, target);
            advantages = TdLosses.TdErrors(qTm1, batch.Actions, OfflineLosses.ExpectedValue(qTm1, logits, batch.ActionMasks)).neg();
            weights = _config.Weights == "binary"
                ? OfflineLosses.BinaryWeights(advantages)
                : OfflineLosses.ExponentialWeights(advantages, _config.Beta, _config.WeightLimit);
            criticGradient = TdLosses.MeanHuberGradient(errors, batch.Actions, qTm1.size(-1), _config.HuberDelta);
            actorGradient = OfflineLosses.MeanCrossEntropyGradient(logits, batch.Actions, batch.ActionMasks, weights);
        }

        qTm1.backward([criticGradient]);
        logits.backward([actorGradient]);

        if (measure)
            Measure(batch, qTm1, logits, errors, advantages, weights);
        _critic.Update();
        _actor.Update();
        _critic.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
        _actor.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // The critic's target; a constant for the gradient.
    Tensor Target(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var value = OfflineLosses.ExpectedValue(_critic.Target!.Forward(batch.NextObservations), _actor.Target!.Forward(batch.NextObservations), batch.NextActionMasks);
        return batch.Rewards.addcmul(batch.Discounts, value, 1);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(TransitionBatch batch, Tensor qTm1, Tensor logits, Tensor errors, Tensor advantages, Tensor weights)
    {
        using var quiet = no_grad();
        _metrics.Add(
            TdLosses.Huber(errors, _config.HuberDelta).mean(),
            CloningLosses.CrossEntropy(logits, batch.Actions, batch.ActionMasks).mul(weights).mean(),
            errors.abs().mean(), qTm1.mean(), qTm1.max(), advantages.mean(), weights.mean(), _critic.Online.Parameters.GradientNorm());
    }

    /// <summary>The critic's relative error on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch);
        return TdLosses.RelativeError(TdLosses.TdErrors(_critic.Online.Forward(batch.Observations), batch.Actions, target), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _critic.State("critic."), .. _actor.State("actor."), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _critic.Updates;
        set => (_critic.Updates, _actor.Updates) = (value, value);
    }

    // ---- policy: softmax of the actor's logits ----

    public Network PolicyNetwork => _actor.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _critic.Dispose();
        _actor.Dispose();
        _metrics.Dispose();
    }
}
