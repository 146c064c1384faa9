using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of REINFORCE.</summary>
public sealed record ReinforceConfig : PolicyGradientConfig
{
    internal const string Whole = "whole";
    internal const string ToGo = "to_go";
    internal const string None = "none";
    internal const string Average = "average";
    internal const string Value = "value";
    internal const string LeaveOneOut = "leave_one_out";

    static readonly string[] AllReturns = [ToGo, Whole];
    static readonly string[] AllBaselines = [None, Average, Value, LeaveOneOut];

    /// <summary><c>to_go</c>: an action counts by what came after it; <c>whole</c>: by all of its episode. The default value is <c>to_go</c>.</summary>
    public string Returns { get; init; } = ToGo;

    /// <summary>
    /// What is taken off the returns: <c>none</c>, <c>average</c> or <c>leave_one_out</c> of the batch's episodes at the same step, or <c>value</c>: a network's. The default value is <c>value</c>.
    /// </summary>
    public string Baseline { get; init; } = Value;

    /// <summary>Whether the action at step t counts gamma^t times as much, as in the gradient of the discounted return; for <c>to_go</c>. The default value is false.</summary>
    public bool DiscountSteps { get; init; }

    /// <summary>Gradient steps of the value network on each batch, after the policy's. The default value is 10.</summary>
    public int ValueUpdates { get; init; } = 10;

    internal bool HasValue => Baseline == Value;

    internal override bool AssumesOnPolicy => true;

    internal override bool LearnsFromFragments => HasValue && Returns == ToGo && !DiscountSteps;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!AllReturns.Contains(Returns))
            yield return $"returns is '{Returns}'; expected {string.Join(" or ", AllReturns)}.";
        if (!AllBaselines.Contains(Baseline))
            yield return $"baseline is '{Baseline}'; expected {string.Join(", ", AllBaselines)}.";
        if (ValueUpdates < 1)
            yield return $"value_updates is {ValueUpdates}; expected at least 1.";
    }
}

/// <summary>
/// REINFORCE: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", on batches of whole episodes that the
/// policy itself recorded. Nothing corrects for another policy's actions.
/// </summary>
/// <remarks>
/// Each step: the gradient of (1 / E) sum over all rows of (R_t - b_t) ln pi(a_t|s_t), by Adam; then, with a value baseline, some steps of the value network towards
/// the returns to go, so that what is taken off a return never knew it.
/// </remarks>
public sealed class Reinforce : IEpisodeLearner
{
    readonly ReinforceConfig _config;
    readonly ActionHead _head;
    readonly LearningNetwork _policy;
    readonly LearningNetwork? _value;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    public Reinforce(ReinforceConfig config, LearnerSetup setup)
    {
        _config = config;
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        if (config.HasValue)
            _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["policy_loss", "value_loss", "return_mean", "advantage_deviation", "entropy", "explained_variance", "gradient_norm"], setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (returns, values) = ReturnsAndValues(batch);
        var advantages = Advantages(batch, returns, values);
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        // A sum over the steps of an episode, a mean over episodes.
        var scale = batch.Rows / (double)batch.Episodes;
        var entropy = distribution.Entropy().mean();
        var loss = PolicyLosses.Score(distribution.LogProbability(batch.Actions), advantages).mul(scale);
        loss.add(entropy, alpha: -_config.EntropyBonus * scale).backward();
        if (measure)
            Measure(loss, returns, values, advantages, entropy);
        _policy.RunStep = Updates;
        _policy.Update();
        FitValues(batch, returns);
        Updates++;
    }

    // G_t, which goes on after a truncated end by its value where there is a value network, and v(s_t).
    (Tensor Returns, Tensor Values) ReturnsAndValues(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        return _value is null
            ? (Losses.Returns.ToGo(batch.Rewards, batch.Discounts, batch.Continues), zeros_like(batch.Rewards))
            : EpisodeValues.ReturnsToGo(_value, batch);
    }

    Tensor Advantages(EpisodeBatch batch, Tensor returns, Tensor values)
    {
        using var quiet = no_grad();
        var advantages = _config.Returns == ReinforceConfig.Whole ? OfWholeEpisodes(batch, returns, values) : OfSteps(batch, returns, values);
        return _config.NormalizeAdvantages ? PolicyLosses.Standardized(advantages) : advantages;
    }

    Tensor OfSteps(EpisodeBatch batch, Tensor returns, Tensor values)
    {
        var advantages = returns.sub(Baseline(returns, values, batch.StepIndex, batch.LongestSteps));
        return _config.DiscountSteps ? advantages.mul(full_like(advantages, _config.Discount).pow(batch.StepIndex.to(ScalarType.Float32))) : advantages;
    }

    // What the first steps say holds for all of their episodes.
    Tensor OfWholeEpisodes(EpisodeBatch batch, Tensor returns, Tensor values)
    {
        var first = batch.LastRows.sub(batch.StepIndex.index_select(0, batch.LastRows));
        var whole = returns.index_select(0, first);
        return whole.sub(Baseline(whole, values.index_select(0, first), zeros_like(first), longest: 1)).index_select(0, batch.EpisodeIndex);
    }

    Tensor Baseline(Tensor returns, Tensor values, Tensor stepIndex, int longest) => _config.Baseline switch
    {
        ReinforceConfig.Average => Baselines.Average(returns, stepIndex, longest),
        ReinforceConfig.LeaveOneOut => Baselines.LeaveOneOut(returns, stepIndex, longest),
        _ => values,
    };

    void FitValues(EpisodeBatch batch, Tensor returns)
    {
        if (_value is null)
            return;
        _value.RunStep = Updates;
        for (var i = 0; i < _config.ValueUpdates; i++)
        {
            using var scope = NewDisposeScope();
            EpisodeValues.Fit(_value, batch.Observations, returns);
        }
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor loss, Tensor returns, Tensor values, Tensor advantages, Tensor entropy)
    {
        using var quiet = no_grad();
        _metrics.Add(
            loss, returns.sub(values).square().mean(), returns.mean(), advantages.std(unbiased: false), entropy, PolicyLosses.ExplainedVariance(values, returns),
            _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The loss with standardized returns: whether actions that did better are likelier.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var returns = PolicyLosses.Standardized(ReturnsAndValues(batch).Returns);
        return PolicyLosses.Score(_head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions), returns);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value?.State("value.") ?? [], new("metric_sums", _metrics.Values)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_policy.Updates, _value?.Updates ?? 0];
        set
        {
            _policy.Updates = value[0];
            if (_value is not null)
                _value.Updates = value[1];
        }
    }

    // ---- policy: the head's distribution ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _value?.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
