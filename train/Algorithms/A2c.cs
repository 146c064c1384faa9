using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of A2C.</summary>
public sealed record A2cConfig : PolicyGradientConfig
{
    public A2cConfig() => EntropyBonus = 0.01;

    /// <summary>n: an episode is taken in pieces of so many steps, at whose end the value stands for the rest; 0: in one piece. The default value is 0.</summary>
    public int NSteps { get; init; }

    internal override bool AssumesOnPolicy => true;

    internal override bool LearnsFromFragments => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (NSteps < 0)
            yield return $"n_steps is {NSteps}; expected at least 0 (0: episodes in one piece).";
    }
}

/// <summary>
/// Advantage actor-critic with parallel actors that act together and learn together: Mnih et al. 2016, "Asynchronous methods for deep reinforcement learning",
/// algorithm S3, made synchronous. The actors are the loop's instances. Nothing corrects for another policy's actions.
/// </summary>
/// <remarks>
/// Each step: R_t = r_t + discount_t R_(t+1), at the last step of a piece r_t + discount_t v(s_(t+1)); one gradient step of the policy along the mean over all
/// rows of (R_t - v(s_t)) grad ln pi(a_t|s_t) + entropy_bonus grad H, and one of the value network on the mean of (R_t - v(s_t))^2.
/// </remarks>
public sealed class A2c : IEpisodeLearner
{
    readonly A2cConfig _config;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    public A2c(A2cConfig config, LearnerSetup setup)
    {
        _config = config;
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new LearningNetwork(_head.Describe(setup.Describe(config)), config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(["policy_loss", "value_loss", "value_mean", "advantage_deviation", "entropy", "explained_variance", "gradient_norm"], setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var targets = Targets(batch);
        var values = _value.Online.Forward(batch.Observations).squeeze(-1);
        var errors = targets.sub(values);
        var raw = errors.detach();
        var advantages = _config.NormalizeAdvantages ? PolicyLosses.Standardized(raw) : raw;
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var entropy = distribution.Entropy().mean();
        var loss = PolicyLosses.Score(distribution.LogProbability(batch.Actions), advantages);
        loss.add(entropy, alpha: -_config.EntropyBonus).backward();
        errors.square().mean().backward();
        if (measure)
            Measure(loss, raw, values, targets, entropy);
        _policy.Update();
        _value.Update();
    }

    // R_t; constants for the gradient.
    Tensor Targets(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var (_, next) = EpisodeValues.Of(_value, batch);
        return Returns.ToGo(batch.Rewards, batch.Discounts, _config.NSteps == 0 ? batch.Continues : Pieces(batch), next);
    }

    // 1, and 0 at the last step of each piece.
    Tensor Pieces(EpisodeBatch batch) => batch.Continues.mul(batch.StepIndex.remainder(_config.NSteps).ne(_config.NSteps - 1).to(ScalarType.Float32));

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor loss, Tensor advantages, Tensor values, Tensor targets, Tensor entropy)
    {
        using var quiet = no_grad();
        _metrics.Add(
            loss, advantages.square().mean(), values.mean(), advantages.std(unbiased: false), entropy, PolicyLosses.ExplainedVariance(values, targets),
            _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The critic's relative error on other episodes.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var targets = Targets(batch);
        return TdLosses.RelativeError(targets.sub(_value.Online.Forward(batch.Observations).squeeze(-1)), targets);
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

    public void Dispose()
    {
        _policy.Dispose();
        _value.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
