using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="DiscreteIql"/>. Where they differ from the paper, and why, is in train/docs/discrete_iql.md.</summary>
public sealed record DiscreteIqlConfig : BootstrapConfig
{
    /// <summary>tau: which expectile of q over the data's actions v is; towards 1 it is the best of them. The default value is 0.7.</summary>
    public double Expectile { get; init; } = 0.7;

    /// <summary>beta: how much advantages sharpen the cloned policy; 0 is cloning. The default value is 3.</summary>
    public double InverseTemperature { get; init; } = 3;

    /// <summary>Largest weight of a cloned action. The default value is 100.</summary>
    public double WeightLimit { get; init; } = 100;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Expectile is > 0 and < 1))
            yield return $"expectile is {Expectile}; expected a number between 0 and 1.";
        if (!(InverseTemperature >= 0) || !double.IsFinite(InverseTemperature))
            yield return $"inverse_temperature is {InverseTemperature}; expected a finite number of at least 0.";
        if (!(WeightLimit > 0))
            yield return $"weight_limit is {WeightLimit}; expected a positive number.";
    }
}

/// <summary>
/// Implicit Q-learning with discrete actions: Kostrikov, Nair, Levine 2022, "Offline reinforcement learning with implicit
/// Q-learning", algorithm 1. No action that the data lacks is ever valued.
/// </summary>
/// <remarks>
/// Each step: v(s_tm1) to an expectile of the smaller of two target critics at the action taken (equation 5); both critics to
/// r_t + discount_t v(s_t) (equation 6); the policy to the action taken, weighted by exp(beta (q - v)) (equation 7).
/// </remarks>
public sealed class DiscreteIql : ITransitionLearner
{
    readonly DiscreteIqlConfig _config;
    readonly LearningNetwork _critics, _value, _actor;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public DiscreteIql(DiscreteIqlConfig config, LearnerSetup setup)
    {
        _config = config;
        var network = setup.Describe(config);
        _critics = new LearningNetwork(network with { Members = 2 }, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _value = new LearningNetwork(network with { Outputs = 1 }, config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _actor = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["critic_loss", "value_loss", "actor_loss", "td_error", "q_mean", "q_max", "v_mean", "weight_mean", "gradient_norm"], setup.Device);
    }

    // ---- one gradient step ----

    public void Step(TransitionBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        Tensor qTargetTm1, target;
        using (no_grad())
        {
            qTargetTm1 = TakenByAll(_critics.Target!.Forward(batch.Observations), batch.Actions).amin(0);
            target = Target(batch);
        }

        var vTm1 = _value.Online.Forward(batch.Observations);
        var qTm1 = _critics.Online.Forward(batch.Observations);
        var logits = _actor.Online.Forward(batch.Observations);
        Tensor advantages, errors, weights;
        Tensor valueGradient, criticGradient, actorGradient;
        using (no_grad())
        {
            advantages = qTargetTm1.sub(vTm1.squeeze(-1));
            weights = OfflineLosses.ExponentialWeights(advantages.mul(_config.InverseTemperature), 1, _config.WeightLimit);
            errors = target.unsqueeze(0).sub(TakenByAll(qTm1, batch.Actions));
            valueGradient = OfflineLosses.MeanExpectileGradient(advantages, _config.Expectile).unsqueeze(-1);
            // The square's gradient, summed over the critics: -2 error / B at the action taken.
            criticGradient = zeros_like(qTm1).scatter_(-1, ForAll(batch.Actions, qTm1), errors.mul(-2.0 / target.numel()).unsqueeze(-1));
            actorGradient = OfflineLosses.MeanCrossEntropyGradient(logits, batch.Actions, batch.ActionMasks, weights);
        }

        vTm1.backward([valueGradient]);
        qTm1.backward([criticGradient]);
        logits.backward([actorGradient]);

        if (measure)
            Measure(batch, qTm1, vTm1, logits, errors, advantages, weights);
        _value.Update();
        _critics.Update();
        _actor.Update();
        _critics.MoveTarget(_config.TargetRate, _config.TargetPeriodSteps);
    }

    // r_t + discount_t v(s_t); a constant for the gradient.
    Tensor Target(TransitionBatch batch) => batch.Rewards.addcmul(batch.Discounts, _value.Online.Forward(batch.NextObservations).squeeze(-1), 1);

    // [K, B, A] at [B] actions: [K, B].
    static Tensor TakenByAll(Tensor q, Tensor actions) => q.gather(-1, ForAll(actions, q)).squeeze(-1);

    static Tensor ForAll(Tensor actions, Tensor q) => actions.unsqueeze(0).unsqueeze(-1).expand(q.size(0), actions.size(0), 1);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(TransitionBatch batch, Tensor qTm1, Tensor vTm1, Tensor logits, Tensor errors, Tensor advantages, Tensor weights)
    {
        using var quiet = no_grad();
        _metrics.Add(
            errors.mul(errors).sum(0L).mean(),
            OfflineLosses.Expectile(advantages, _config.Expectile).mean(),
            CloningLosses.CrossEntropy(logits, batch.Actions, batch.ActionMasks).mul(weights).mean(),
            errors.abs().mean(), qTm1.mean(), qTm1.max(), vTm1.mean(), weights.mean(), _critics.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the critics' mean on other data.</summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var target = Target(batch);
        return TdLosses.RelativeError(target.sub(TakenByAll(_critics.Online.Forward(batch.Observations), batch.Actions).mean([0])), target);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
    [
        .. _critics.State("critics."),
        .. _value.State("value."),
        .. _actor.State("actor."),
        new("metric_sums", _metrics.Values),
    ];

    public long Updates
    {
        get => _critics.Updates;
        set => (_critics.Updates, _value.Updates, _actor.Updates) = (value, value, value);
    }

    // ---- policy: softmax of the actor's logits ----

    public Network PolicyNetwork => _actor.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _critics.Dispose();
        _value.Dispose();
        _actor.Dispose();
        _metrics.Dispose();
    }
}
