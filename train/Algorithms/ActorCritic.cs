using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of the batch actor-critic.</summary>
public sealed record ActorCriticConfig : PolicyGradientConfig
{
    /// <summary>lambda of the advantages and of the critic's targets: 0 for the one-step error, 1 for the return to go. The default value is 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>Gradient steps of the critic on each batch, before the policy's. The default value is 10.</summary>
    public int ValueUpdates { get; init; } = 10;

    internal override bool AssumesOnPolicy => true;

    internal override bool LearnsFromFragments => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate().Concat(LambdaFaults(Lambda)))
            yield return fault;
        if (ValueUpdates < 1)
            yield return $"value_updates is {ValueUpdates}; expected at least 1.";
    }
}

/// <summary>
/// Batch actor-critic: Konda and Tsitsiklis 2000, "Actor-critic algorithms", on batches of whole episodes that the policy itself recorded. Nothing corrects for another
/// policy's actions.
/// </summary>
/// <remarks>
/// Each step: the critic makes some gradient steps towards lambda returns, which are computed anew for each; then the actor makes one along the mean over all rows of
/// A_t grad ln pi(a_t|s_t), with the advantages of the new critic.
/// </remarks>
public sealed class ActorCritic : IEpisodeLearner
{
    readonly ActorCriticConfig _config;
    readonly ActionHead _head;
    readonly LearningNetwork _policy, _value;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, random stream and device.</param>
    public ActorCritic(ActorCriticConfig config, LearnerSetup setup)
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
        FitValues(batch);
        var (raw, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
        var advantages = _config.NormalizeAdvantages ? PolicyLosses.Standardized(raw) : raw;
        var distribution = _head.Of(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var entropy = distribution.Entropy().mean();
        var loss = PolicyLosses.Score(distribution.LogProbability(batch.Actions), advantages);
        loss.add(entropy, alpha: -_config.EntropyBonus).backward();
        if (measure)
            Measure(loss, raw, values, entropy);
        _policy.RunStep = Updates;
        _policy.Update();
        Updates++;
    }

    void FitValues(EpisodeBatch batch)
    {
        _value.RunStep = Updates;
        for (var i = 0; i < _config.ValueUpdates; i++)
        {
            using var scope = NewDisposeScope();
            var (advantages, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
            EpisodeValues.Fit(_value, batch.Observations, values.add(advantages));
        }
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(Tensor loss, Tensor advantages, Tensor values, Tensor entropy)
    {
        using var quiet = no_grad();
        _metrics.Add(
            loss, advantages.square().mean(), values.mean(), advantages.std(unbiased: false), entropy, PolicyLosses.ExplainedVariance(values, values.add(advantages)),
            _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>The critic's relative error on other episodes.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        var (advantages, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
        return TdLosses.RelativeError(advantages, values.add(advantages));
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _value.State("value."), new("metric_sums", _metrics.Values)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_policy.Updates, _value.Updates];
        set => (_policy.Updates, _value.Updates) = (value[0], value[1]);
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
