using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="Vtrace"/>. Where they differ from the paper, and why, is in train/docs/vtrace.md.</summary>
public sealed record VtraceConfig : PolicyGradientConfig
{
    /// <summary>Episodes of a batch: 32, and an entropy bonus of 0.01.</summary>
    public VtraceConfig() => (BatchEpisodes, EntropyBonus) = (32, 0.01);

    /// <summary>rho-bar: the largest ratio that multiplies an error; the values are those of a policy between behavior and learned one. The default value is 1.</summary>
    public double RhoLimit { get; init; } = 1;

    /// <summary>c-bar: the largest ratio of a trace. The default value is 1.</summary>
    public double TraceLimit { get; init; } = 1;

    /// <summary>lambda: what traces are multiplied by beside, in [0, 1]. The default value is 1.</summary>
    public double Lambda { get; init; } = 1;

    internal override bool NeedsPropensities => true;

    internal override bool LearnsFromFragments => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate().Concat(LambdaFaults(Lambda)))
            yield return fault;
        if (!(RhoLimit > 0))
            yield return $"rho_limit is {RhoLimit}; expected a positive number.";
        if (!(TraceLimit > 0))
            yield return $"trace_limit is {TraceLimit}; expected a positive number.";
    }
}

/// <summary>
/// V-trace actor-critic on stored episodes: Espeholt et al. 2018, "IMPALA: scalable distributed deep-RL with importance weighted actor-learner architectures",
/// section 4.
/// </summary>
/// <remarks>
/// Each step: V-trace targets by the networks as they are; the policy along the mean over rows of min(rho limit, ratio_t) (r_t + discount_t vs_(t+1) - v_t) grad log pi(a_t|s_t)
/// and of its entropy; the value network by the mean squared distance to vs_t.
/// </remarks>
public sealed class Vtrace : IEpisodeLearner
{
    readonly VtraceConfig _config;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    public Vtrace(VtraceConfig config, LearnerSetup setup)
    {
        _config = config;
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(
            ["policy_loss", "value_loss", "value_mean", "advantage_deviation", "entropy", "ratio_mean", "share_truncated", "effective_share", "behavior_kl", "gradient_norm"], setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var pi = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var logProbabilities = pi.LogProbability(batch.Actions);
        var all = _value.Online.Forward(batch.States).squeeze(-1);
        Tensor logRatios, advantages, errors, valueGradient;
        using (no_grad())
        {
            logRatios = ImportanceWeights.LogRatios(logProbabilities, batch.BehaviorLogProbabilities);
            (errors, advantages) = Targets(batch, logRatios, all);
            valueGradient = cat([errors.mul(-2.0 / batch.Rows), zeros_like(batch.Bootstraps)]);
        }

        var entropy = pi.Entropy().mean();
        var loss = PolicyLosses.Score(logProbabilities, _config.NormalizeAdvantages ? PolicyLosses.Standardized(advantages) : advantages);
        loss.add(entropy, alpha: -_config.EntropyBonus).backward();
        all.backward([valueGradient]);

        if (measure)
            Measure(loss, errors, all, advantages, entropy, logRatios);
        _policy.Update();
        _value.Update();
    }

    // vs_t - v_t, and what multiplies grad log pi.
    (Tensor Errors, Tensor Advantages) Targets(EpisodeBatch batch, Tensor logRatios, Tensor all)
    {
        var values = all.narrow(0, 0, batch.Rows);
        var (targets, advantages) = OffPolicyTargets.Vtrace(
            ImportanceWeights.Of(logRatios), batch.Rewards, batch.Discounts, batch.Continues, values, all.index_select(0, batch.NextRows), _config.RhoLimit, _config.TraceLimit, _config.Lambda);
        return (targets.sub(values), advantages);
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor loss, Tensor errors, Tensor values, Tensor advantages, Tensor entropy, Tensor logRatios)
    {
        using var quiet = no_grad();
        _metrics.Add(
            loss, errors.square().mean(), values.mean(), advantages.std(unbiased: false), entropy, ImportanceWeights.Of(logRatios).mean(),
            ImportanceWeights.ShareAbove(logRatios, _config.RhoLimit), ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Limited(logRatios, _config.RhoLimit)).div(errors.numel()),
            ImportanceWeights.KlFromBehavior(logRatios), _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The relative error of the values to their V-trace targets on other episodes.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var logProbabilities = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions);
        var all = _value.Online.Forward(batch.States).squeeze(-1);
        var (errors, _) = Targets(batch, ImportanceWeights.LogRatios(logProbabilities, batch.BehaviorLogProbabilities), all);
        return TdLosses.RelativeError(errors, errors.add(all.narrow(0, 0, batch.Rows)));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value.State("value."), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set => (_policy.Updates, _value.Updates) = (value, value);
    }

    // ---- policy: the head's distribution ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    /// <summary>v: one output.</summary>
    internal Network ValueNetwork => _value.Online;

    public void Dispose()
    {
        _policy.Dispose();
        _value.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
