using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="ImportancePolicyGradient"/>. Where they differ from the sources, and why, is in train/docs/importance_pg.md.</summary>
public sealed record ImportancePgConfig : EpisodeConfig
{
    internal const string Trajectory = "trajectory", PerDecision = "per_decision", TrajectoryNormalized = "trajectory_normalized", PerDecisionNormalized = "per_decision_normalized";
    internal const string Corrected = "corrected", Logged = "logged";
    internal const string None = "none", Average = "average", Value = "value";
    internal const string Vtrace = "vtrace";
    internal const string Stop = "stop", StepBack = "step_back";

    static readonly string[] AllWeights = [Trajectory, PerDecision, TrajectoryNormalized, PerDecisionNormalized];
    static readonly string[] AllFutures = [Corrected, Logged];
    static readonly string[] AllBaselines = [None, Average, Value];
    static readonly string[] AllValueTargets = [Logged, Vtrace];
    static readonly string[] AllAnswers = [Stop, StepBack];

    /// <summary>64 episodes of a batch.</summary>
    public ImportancePgConfig() => BatchEpisodes = 64;

    /// <summary><c>trajectory</c>, <c>per_decision</c>, <c>trajectory_normalized</c> or <c>per_decision_normalized</c>, the default: which product of ratios a step has.</summary>
    public string Weights { get; init; } = PerDecisionNormalized;

    /// <summary>
    /// With per-decision weights alone: <c>logged</c>, the default, takes what follows an action as the behavior had it; <c>corrected</c> weighs each later reward by its own step, too.
    /// </summary>
    public string Future { get; init; } = Logged;

    /// <summary>Largest product of ratios; larger ones are clipped to it; 0: no limit. The default value is 1, with which no step gains weight, and those lose it that the policy would not have come to.</summary>
    public double ClipProduct { get; init; } = 1;

    /// <summary>Largest ratio of a single step; larger ones are truncated to it before they are multiplied. The default value is 0: no limit.</summary>
    public double TruncateRatio { get; init; }

    /// <summary><c>none</c>, <c>average</c> (of the batch's returns to go) or <c>value</c>, the default: what returns are compared with.</summary>
    public string Baseline { get; init; } = Value;

    /// <summary>What the value network is drawn to: <c>logged</c>, the default, the returns of the behavior; <c>vtrace</c>: those of the policy, by ratios of at most 1.</summary>
    public string ValueTargets { get; init; } = Logged;

    /// <summary>Whether step t counts gamma^t, which is the gradient of the discounted return; false, the default: all steps count the same.</summary>
    public bool DiscountVisits { get; init; }

    /// <summary>Weight of the policy's entropy in what is maximized, in units of one standard deviation of the returns. The default value is 0.</summary>
    public double EntropyBonus { get; init; }

    /// <summary>Updates at the start that clone the log's actions, so that ratios begin near 1. The default value is 1,000.</summary>
    public int CloningSteps { get; init; } = 1_000;

    /// <summary>Share of the rows that the weights may leave effective before the answer below is given, in [0, 1). The default value is 0.02; 0: never.</summary>
    public double LeastEffectiveShare { get; init; } = 0.02;

    /// <summary><c>stop</c>, the default: the run ends with the last policy that kept the bound; <c>step_back</c>: it goes on from there with half the step size.</summary>
    public string OnLowSupport { get; init; } = Stop;

    internal override bool NeedsPropensities => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        foreach (var (key, value, all) in new[]
        {
            ("weights", Weights, AllWeights), ("future", Future, AllFutures), ("baseline", Baseline, AllBaselines),
            ("value_targets", ValueTargets, AllValueTargets), ("on_low_support", OnLowSupport, AllAnswers),
        })
        {
            if (!all.Contains(value))
                yield return $"{key} is '{value}'; expected {string.Join(", ", all)}.{NearestName.Hint(value, all)}";
        }

        if (!(ClipProduct >= 0))
            yield return $"clip_product is {ClipProduct}; expected a positive number, or 0 for no limit.";
        if (!(TruncateRatio >= 0))
            yield return $"truncate_ratio is {TruncateRatio}; expected a positive number, or 0 for no limit.";
        if (!(EntropyBonus >= 0))
            yield return $"entropy_bonus is {EntropyBonus}; expected a number of at least 0.";
        if (CloningSteps < 0)
            yield return $"cloning_steps is {CloningSteps}; expected at least 0.";
        if (!(LeastEffectiveShare is >= 0 and < 1))
            yield return $"least_effective_share is {LeastEffectiveShare}; expected a share in [0, 1) (0: no bound).";
    }
}

/// <summary>
/// The importance-sampled policy gradient on stored episodes: sum over t of grad log pi(a_t|s_t) w_t (G_t - b(s_t)), with w_t from the logged
/// probabilities. Precup, Sutton, Singh 2000, "Eligibility traces for off-policy policy evaluation", for the weights; Williams 1992 for the gradient.
/// </summary>
/// <remarks>
/// Each step is one update of the policy, and one of the value network by mean squared error. Where an episode was cut off before a known state, that
/// state's value stands for what would have come; before an unknown one the return ends.
/// </remarks>
public sealed class ImportancePolicyGradient : IEpisodeLearner
{
    // Products have the expectation 1 where the behavior has the policy's support: so small a mean of them says that the log lacks what the policy does.
    const double VanishedMean = 1e-3;

    // Below it the spread of the returns is rounding.
    const double LeastSpread = 1e-6;

    readonly ImportancePgConfig _config;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly MetricSums _metrics;
    readonly Snapshot _kept;
    WorstStep? _worst;
    long _stepsBack;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public ImportancePolicyGradient(ImportancePgConfig config, LearnerSetup setup)
    {
        _config = config;
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _kept = new Snapshot([.. _policy.State("policy."), .. _value.State("value.")]);
        _metrics = new MetricSums(
            ["estimated_return", "effective_share", "effective_episodes", "product_mean", "weight_mean", "weight_max", "share_clipped", "share_truncated", "behavior_kl",
                "entropy", "value_loss", "gradient_norm"], setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var clones = _policy.Updates < _config.CloningSteps;
        // Twice forward, since what a step counts depends on all the others; both times by blocks of rows.
        var logProbabilities = RowBlocks.Map(batch.Observations, (observations, start, length) => Policy(batch, observations, start, length).LogProbability(batch.Actions.narrow(0, start, length)));
        var all = RowBlocks.Map(batch.States, (states, _, _) => _value.Online.Forward(states).squeeze(-1));
        Tensor coefficients, valueErrors, weighted;
        Weighing weighing;
        using (no_grad())
        {
            var (values, nextValues) = (all.narrow(0, 0, batch.Rows), all.index_select(0, batch.NextRows));
            weighing = Weigh(batch, ImportanceWeights.LogRatios(logProbabilities, batch.BehaviorLogProbabilities));
            var returns = Returns.ToGo(batch.Rewards, batch.Discounts, batch.Continues, nextValues);
            weighted = Weighted(batch, weighing.Weights, returns, nextValues);
            coefficients = clones ? ones_like(returns) : Coefficients(batch, weighing.Weights, weighted, returns, values);
            valueErrors = ValueTarget(batch, weighing.LogRatios, returns, values, nextValues).sub(values);
        }

        foreach (var (start, length) in RowBlocks.Of(batch.Observations))
            Backward(batch, start, length, coefficients, valueErrors, clones ? 0 : _config.EntropyBonus);
        if (measure)
            Measure(batch, weighing, weighted, valueErrors);
        _policy.Update();
        _value.Update();
    }

    IActionDistribution Policy(EpisodeBatch batch, Tensor observations, long start, long length) =>
        _head.Of(_policy.Online.Forward(observations), batch.ActionMasks?.narrow(0, start, length));

    // Minus the mean over all rows of coefficient times log pi and of the entropy; the mean square of the value's errors.
    void Backward(EpisodeBatch batch, long start, long length, Tensor coefficients, Tensor valueErrors, double entropyBonus)
    {
        using var scope = NewDisposeScope();
        var observations = batch.Observations.narrow(0, start, length);
        var pi = Policy(batch, observations, start, length);
        var gain = pi.LogProbability(batch.Actions.narrow(0, start, length)).mul(coefficients.narrow(0, start, length)).sum();
        if (entropyBonus > 0)
            gain = gain.add(pi.Entropy().sum(), alpha: entropyBonus);
        gain.mul(-1.0 / batch.Rows).backward();
        _value.Online.Forward(observations).backward([valueErrors.narrow(0, start, length).mul(-2.0 / batch.Rows).unsqueeze(-1)]);
    }

    // Weights as they multiply, and what they were made of.
    readonly record struct Weighing(Tensor LogRatios, Tensor Products, Tensor Totals, Tensor Weights, Tensor LogWeights);

    Weighing Weigh(EpisodeBatch batch, Tensor logRatios)
    {
        var ratios = ImportanceWeights.Limited(logRatios, Limit(_config.TruncateRatio));
        var products = ImportanceWeights.PerDecision(ratios, batch.StepIndex, batch.LongestSteps);
        var totals = ImportanceWeights.Trajectory(products, batch.LastRows);
        var clip = Limit(_config.ClipProduct);
        var logs = _config.Weights switch
        {
            ImportancePgConfig.Trajectory => ImportanceWeights.Limited(totals, clip).index_select(0, batch.EpisodeIndex),
            ImportancePgConfig.TrajectoryNormalized => ImportanceWeights.Normalized(ImportanceWeights.Limited(totals, clip)).index_select(0, batch.EpisodeIndex),
            ImportancePgConfig.PerDecision => ImportanceWeights.Limited(products, clip),
            _ => ImportanceWeights.NormalizedPerDecision(ImportanceWeights.Limited(products, clip), batch.StepIndex, batch.LastRows, batch.LongestSteps),
        };
        return new(logRatios, products, totals, ImportanceWeights.Of(logs), logs);
    }

    bool WeighsEachReward => _config.Weights is ImportancePgConfig.PerDecision or ImportancePgConfig.PerDecisionNormalized && _config.Future == ImportancePgConfig.Corrected;

    // w_t G_t, with the weights of later steps inside it where rewards have their own.
    Tensor Weighted(EpisodeBatch batch, Tensor weights, Tensor returns, Tensor nextValues) => WeighsEachReward
        ? ImportanceGradients.PerReward(weights, batch.Rewards, batch.Discounts, batch.Continues, nextValues)
        : ImportanceGradients.PerAction(weights, returns);

    // w_t (G_t - b_t) over the root mean square of G - b, so that step sizes and entropy do not depend on the unit of the rewards.
    Tensor Coefficients(EpisodeBatch batch, Tensor weights, Tensor weighted, Tensor returns, Tensor values)
    {
        var baselines = _config.Baseline switch
        {
            ImportancePgConfig.Value => values,
            ImportancePgConfig.Average => returns.mean().expand(returns.shape),
            _ => zeros_like(returns),
        };
        var spread = returns.sub(baselines).square().mean().sqrt().clamp_min(LeastSpread);
        var coefficients = weighted.addcmul(weights, baselines, -1).div(spread);
        return _config.DiscountVisits ? coefficients.mul(batch.StepIndex.to(ScalarType.Float32).mul(Math.Log(_config.Discount)).exp()) : coefficients;
    }

    Tensor ValueTarget(EpisodeBatch batch, Tensor logRatios, Tensor returns, Tensor values, Tensor nextValues) => _config.ValueTargets == ImportancePgConfig.Logged
        ? returns
        : OffPolicyTargets.Vtrace(ImportanceWeights.Of(logRatios), batch.Rewards, batch.Discounts, batch.Continues, values, nextValues).Targets;

    static double Limit(double setting) => setting == 0 ? double.PositiveInfinity : setting;

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(EpisodeBatch batch, Weighing weighing, Tensor weighted, Tensor valueErrors)
    {
        using var quiet = no_grad();
        var entropy = RowBlocks.Map(batch.Observations, (observations, start, length) => Policy(batch, observations, start, length).Entropy()).mean();
        var first = batch.StepIndex.eq(0).to(ScalarType.Float32);
        _metrics.Add(
            weighted.mul(first).sum().div(batch.Episodes), ImportanceWeights.EffectiveSampleSize(weighing.LogWeights).div(batch.Rows),
            ImportanceWeights.EffectiveSampleSize(weighing.Totals), ImportanceWeights.Of(weighing.Products).mean(), weighing.Weights.mean(), weighing.Weights.max(),
            ImportanceWeights.ShareAbove(weighing.Products, Limit(_config.ClipProduct)), ImportanceWeights.ShareAbove(weighing.LogRatios, Limit(_config.TruncateRatio)),
            ImportanceWeights.KlFromBehavior(weighing.LogRatios), entropy, valueErrors.square().mean(), _policy.Online.Parameters.GradientNorm());
        _worst?.Dispose();
        _worst = new WorstStep(batch, weighing.LogRatios);
    }

    /// <summary>Minus the self-normalized estimate of the return on other episodes, plus one standard error by the effective sample size.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var logProbabilities = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions);
        var logRatios = ImportanceWeights.LogRatios(logProbabilities, batch.BehaviorLogProbabilities);
        var products = ImportanceWeights.PerDecision(logRatios, batch.StepIndex, batch.LongestSteps);
        var normalized = ImportanceWeights.Of(ImportanceWeights.NormalizedPerDecision(products, batch.StepIndex, batch.LastRows, batch.LongestSteps));
        var first = batch.StepIndex.eq(0).to(ScalarType.Float32);
        var estimate = ImportanceGradients.PerReward(normalized, batch.Rewards, batch.Discounts, batch.Continues).mul(first).sum().div(batch.Episodes);
        var returns = Returns.ToGo(batch.Rewards, batch.Discounts, batch.Continues);
        var spread = returns.sub(returns.mul(first).sum().div(batch.Episodes)).mul(first).square().sum().div(batch.Episodes).sqrt();
        return spread.div(ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Trajectory(products, batch.LastRows)).sqrt()).sub(estimate);
    }

    // ---- what becomes of a policy that the log no longer supports ----

    /// <inheritdoc/>
    public string? EndsBecause(ReadOnlySpan<double> means)
    {
        var share = means[1];
        // A cloned policy that is not there yet is no reason to go back to a worse one.
        if (_config.LeastEffectiveShare == 0 || _policy.Updates <= _config.CloningSteps || share >= _config.LeastEffectiveShare)
        {
            _kept.Take();
            return null;
        }

        _kept.GiveBack();
        if (_config.OnLowSupport == ImportancePgConfig.Stop)
            return string.Create(CultureInfo.InvariantCulture, $"{LowSupport(share)} The policy is that of the line before. Set importance_pg.on_low_support to step_back to go on with half the step, lower learning_rate, or limit weights by truncate_ratio or clip_product.");
        ApplyStepsBack(_stepsBack + 1);
        return null;
    }

    /// <inheritdoc/>
    public string? Remark(ReadOnlySpan<double> means)
    {
        var (share, mean) = (means[1], means[3]);
        if (mean < VanishedMean)
            return string.Create(CultureInfo.InvariantCulture, $"the weights vanish: products of ratios have the mean {mean:G3}, where 1 is to be expected.{_worst?.Describe()}");
        if (_config.LeastEffectiveShare == 0 || _config.OnLowSupport == ImportancePgConfig.Stop || share >= _config.LeastEffectiveShare)
            return null;
        return _policy.Updates <= _config.CloningSteps
            ? $"while cloning: {LowSupport(share)}"
            : string.Create(CultureInfo.InvariantCulture, $"{LowSupport(share)} Back to the policy of the line before, with 1/{Math.Pow(2, _stepsBack + 1):G} of the step size.");
    }

    string LowSupport(double share) => string.Create(CultureInfo.InvariantCulture,
        $"the log supports the policy no longer: weights leave {100 * share:F2}% of the steps effective, under importance_pg.least_effective_share {_config.LeastEffectiveShare:G}.{_worst?.Describe()}");

    void ApplyStepsBack(long count)
    {
        _stepsBack = count;
        (_policy.StepScale, _value.StepScale) = (Math.Pow(0.5, count), Math.Pow(0.5, count));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value.State("value."), .. _kept.State("kept."), new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set => (_policy.Updates, _value.Updates) = (value, value);
    }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_stepsBack];
        set => ApplyStepsBack(value.Count > 0 ? value[0] : 0);
    }

    // ---- policy: a draw from the distribution ----

    /// <summary>v: one output.</summary>
    internal Network ValueNetwork => _value.Online;

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _worst?.Dispose();
        _kept.Dispose();
        _policy.Dispose();
        _value.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
