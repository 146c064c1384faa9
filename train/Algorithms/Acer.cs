using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Acer"/>. Where they differ from the paper, and why, is in train/docs/acer.md.</summary>
public sealed record AcerConfig : PolicyGradientConfig
{
    /// <summary>Episodes of a batch: 32, and an entropy bonus of 0.001.</summary>
    public AcerConfig() => (BatchEpisodes, EntropyBonus) = (32, 0.001);

    /// <summary>c: ratios above are truncated, and the correction takes over. The default value is 10.</summary>
    public double RatioLimit { get; init; } = 10;

    /// <summary>delta: how far a step may move the policy from the average one, by linearized divergence at each state; 0: no further at all. The default value is 1.</summary>
    public double TrustRegion { get; init; } = 1;

    /// <summary>Share of the policy's parameters that moves into the average policy's at each update, in (0, 1]. The default value is 0.01.</summary>
    public double AverageRate { get; init; } = 0.01;

    /// <summary>lambda of Retrace's traces, in [0, 1]. The default value is 1.</summary>
    public double Lambda { get; init; } = 1;

    internal override bool NeedsPropensities => true;

    internal override ReplayNeeds Needs => base.Needs with { Actions = ActionKind.Discrete };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate().Concat(LambdaFaults(Lambda)))
            yield return fault;
        if (!(RatioLimit > 0))
            yield return $"ratio_limit is {RatioLimit}; expected a positive number.";
        if (!(TrustRegion >= 0))
            yield return $"trust_region is {TrustRegion}; expected a number of at least 0.";
        if (!(AverageRate is > 0 and <= 1))
            yield return $"average_rate is {AverageRate}; expected a number in (0, 1].";
    }
}

/// <summary>
/// Actor-critic with experience replay for discrete actions: Wang et al. 2017, "Sample efficient actor-critic with experience replay", algorithm 2: a critic by Retrace,
/// truncated importance sampling with bias correction, and a trust region around an average of past policies.
/// </summary>
/// <remarks>
/// The correction needs the behavior's probabilities of actions that were not taken; a cloned network says how they share what the logged probability of the one that was leaves over.
/// </remarks>
public sealed class Acer : IEpisodeLearner
{
    readonly AcerConfig _config;
    readonly LearningNetwork _policy, _critic, _behavior;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public Acer(AcerConfig config, LearnerSetup setup)
    {
        _config = config;
        var network = setup.Describe(config);
        _policy = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: true);
        _critic = new LearningNetwork(network, config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _behavior = new LearningNetwork(network, config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(
            ["critic_loss", "q_mean", "v_mean", "advantage_mean", "entropy", "ratio_mean", "share_truncated", "correction_share", "average_kl", "behavior_cross_entropy", "behavior_kl", "gradient_norm"],
            setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var logits = _policy.Online.Forward(batch.Observations);
        var q = _critic.Online.Forward(batch.Observations);
        var behaviorLogits = _behavior.Online.Forward(batch.Observations);
        Estimates at;
        Tensor ascent, criticGradient, behaviorGradient;
        using (no_grad())
        {
            at = Estimate(batch, logits, q);
            var behavior = AcerLosses.CompletedBehavior(Distribution(behaviorLogits, batch).Probabilities, batch.Actions, batch.BehaviorLogProbabilities.exp());
            var pi = at.Policy.Probabilities;
            ascent = AcerLosses.CorrectedGradient(pi, behavior, batch.Actions, at.Retrace, q, _config.RatioLimit).add(AcerLosses.EntropyGradient(pi), alpha: _config.EntropyBonus);
            ascent = AcerLosses.WithinTrustRegion(ascent, pi, at.Average.Probabilities, _config.TrustRegion);
            criticGradient = zeros_like(q).scatter_(-1, batch.Actions.unsqueeze(-1), at.Errors.mul(-1.0 / batch.Rows).unsqueeze(-1));
            behaviorGradient = OfflineLosses.MeanCrossEntropyGradient(behaviorLogits, batch.Actions, batch.ActionMasks);
        }

        logits.backward([ascent.mul(-1.0 / batch.Rows)]);
        q.backward([criticGradient]);
        behaviorLogits.backward([behaviorGradient]);

        if (measure)
            Measure(batch, at, q, behaviorLogits);
        _policy.Update();
        _critic.Update();
        _behavior.Update();
        _policy.MoveTarget(_config.AverageRate, period: 1);
    }

    // Policy and average policy, log ratios, and the critic's targets.
    readonly record struct Estimates(Categorical Policy, Categorical Average, Tensor LogRatios, Tensor Retrace, Tensor Errors);

    Estimates Estimate(EpisodeBatch batch, Tensor logits, Tensor q)
    {
        var policy = Distribution(logits, batch);
        var logRatios = ImportanceWeights.LogRatios(policy.LogProbability(batch.Actions), batch.BehaviorLogProbabilities);
        // Of what came after an episode's end no mask is known: all actions count there.
        var final = batch.States.narrow(0, batch.Rows, batch.Episodes);
        var finalValues = OfflineLosses.ExpectedValue(_critic.Online.Forward(final), _policy.Online.Forward(final));
        var values = cat([policy.Probabilities.mul(q).sum(-1L), finalValues]);
        var taken = q.gather(-1, batch.Actions.unsqueeze(-1)).squeeze(-1);
        var retrace = OffPolicyTargets.Retrace(
            ImportanceWeights.Of(logRatios), batch.Rewards, batch.Discounts, batch.Continues, taken, values.index_select(0, batch.NextRows), lambda: _config.Lambda);
        return new(policy, Distribution(_policy.Target!.Forward(batch.Observations), batch), logRatios, retrace, retrace.sub(taken));
    }

    static Categorical Distribution(Tensor logits, EpisodeBatch batch) => new(logits, batch.ActionMasks);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(EpisodeBatch batch, Estimates at, Tensor q, Tensor behaviorLogits)
    {
        using var quiet = no_grad();
        var pi = at.Policy.Probabilities;
        var behavior = AcerLosses.CompletedBehavior(Distribution(behaviorLogits, batch).Probabilities, batch.Actions, batch.BehaviorLogProbabilities.exp());
        var v = pi.mul(q).sum(-1L);
        _metrics.Add(
            at.Errors.square().mean().div(2), q.mean(), v.mean(), at.Retrace.sub(v).mean(), at.Policy.Entropy().mean(), ImportanceWeights.Of(at.LogRatios).mean(),
            ImportanceWeights.ShareAbove(at.LogRatios, _config.RatioLimit), pi.sub(behavior.mul(_config.RatioLimit)).clamp_min(0).sum(-1L).mean(),
            at.Average.KlTo(at.Policy).mean(), CloningLosses.CrossEntropy(behaviorLogits, batch.Actions, batch.ActionMasks).mean(),
            ImportanceWeights.KlFromBehavior(at.LogRatios), _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the critic to its Retrace targets on other episodes.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var at = Estimate(batch, _policy.Online.Forward(batch.Observations), _critic.Online.Forward(batch.Observations));
        return TdLosses.RelativeError(at.Errors, at.Retrace);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State =>
        [.. _policy.State("policy."), .. _critic.State("critic."), .. _behavior.State("behavior."), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set => (_policy.Updates, _critic.Updates, _behavior.Updates) = (value, value, value);
    }

    // ---- policy: softmax of the logits ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    /// <summary>q: an output for each action.</summary>
    internal Network CriticNetwork => _critic.Online;

    public void Dispose()
    {
        _policy.Dispose();
        _critic.Dispose();
        _behavior.Dispose();
        _metrics.Dispose();
    }
}
