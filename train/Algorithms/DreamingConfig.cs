using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of every learner that trains an actor and a critic in the dreams of a world model. What is not set is filled in by the learner, and stands in the resolved config.</summary>
public abstract record DreamingConfig : LearnerConfig
{
    public const string Auto = "auto", Off = "off", ScoreFunction = "score_function", Pathwise = "pathwise";
    public const string ThroughDream = "dream", ThroughStep = "step";
    public const string NormalCritic = "normal", TwoHotCritic = "two_hot";
    public const string SlowTargets = "target", SlowRegularizer = "regularizer";
    public const string NoNormalization = "none", Percentile = "percentile";

    /// <summary>The longest horizon that is chosen: that of the papers.</summary>
    public const int MostHorizon = 15;

    protected DreamingConfig() => (AdamEpsilon, MaxGradientNorm) = (1e-5, 100);

    /// <summary>gamma: what a reward is worth one step later, in (0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>H: steps of a dream; not set: chosen from the model's errors on held-out episodes (<see cref="DreamLimits"/>), at most 15, and 15 where these are not measured.</summary>
    public int? Horizon { get; init; }

    /// <summary>Dreams of a gradient step, from as many encoded states of the batch, drawn with replacement; 0: one from each. The default value is 256.</summary>
    public int Dreams { get; init; } = 256;

    /// <summary><c>score_function</c> (REINFORCE) or <c>pathwise</c> (back-propagation through the model); <c>auto</c>, the default: the first for discrete actions, the second for continuous ones.</summary>
    public string Gradient { get; init; } = Auto;

    /// <summary>How far the pathwise gradient goes back: through the whole <c>dream</c>, or through one <c>step</c> at a time, as in the per-step form with lambda 0. The default value is <c>dream</c>.</summary>
    public string Backpropagate { get; init; } = ThroughDream;

    /// <summary>lambda of the returns, in [0, 1]: 0 is the per-step form, r' + gamma v(z'). The default value is 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>Step size of the actor's Adam at the first step; it changes like the model's. The default value is 0.0003.</summary>
    public double ActorLearningRate { get; init; } = 3e-4;

    /// <summary>Step size of the critic's Adam at the first step; it changes like the model's. The default value is 0.0003.</summary>
    public double CriticLearningRate { get; init; } = 3e-4;

    /// <summary>What the actor's mean entropy counts in its loss, at least 0.</summary>
    public double? EntropyBonus { get; init; }

    /// <summary>What minus the mean ln pi(a|z) of the logged actions at the dreams' starts counts in the actor's loss, at least 0: how much the policy is held to what the data know. The default value is 0.</summary>
    public double BehaviorWeight { get; init; }

    /// <summary><c>normal</c>: one number, by its squared error; <c>two_hot</c>: a distribution over 63 atoms of symlog returns.</summary>
    public string? Critic { get; init; }

    /// <summary>What the slow critic is for: <c>target</c>: returns are made of its values; <c>regularizer</c>: the critic stays near it.</summary>
    public string? SlowCritic { get; init; }

    /// <summary>Share of the critic that moves into the slow one at each of its updates, in (0, 1]; 1 copies it.</summary>
    public double? SlowCriticRate { get; init; }

    /// <summary>Gradient steps between updates of the slow critic.</summary>
    public int? SlowCriticPeriodSteps { get; init; }

    /// <summary><c>none</c>, or <c>percentile</c>: returns over the running distance of their 5th and 95th percentiles, where that is above 1.</summary>
    public string? ReturnNormalization { get; init; }

    /// <summary>lambda: what a dreamed reward loses for each unit of the disagreement of the model's members, at least 0; not set: chosen from errors on held-out episodes (<see cref="DreamLimits"/>), and 0 for a model of one member.</summary>
    public double? Penalty { get; init; }

    /// <summary>Dreams end after a step whose disagreement is above this quantile of the held-out data's, in (0, 1]; 1, the default: nowhere.</summary>
    public double TruncationQuantile { get; init; } = 1;

    /// <summary><c>auto</c>, the default: on a GPU all that leads from the starts of dreams to gradients is one CUDA graph; <c>off</c>: it is launched operator by operator.</summary>
    public string CudaGraph { get; init; } = Auto;

    /// <summary>The distribution over continuous actions.</summary>
    public PolicyConfig Policy { get; init; } = new();

    internal override PolicyConfig? ActionDistribution => Policy;

    internal override bool StandardizesObservations => true;

    internal override int? DreamSteps => Horizon ?? 1;

    /// <summary>How far dreams go.</summary>
    /// <param name="model">Says what error a chosen horizon allows.</param>
    internal LimitsRule LimitsBy(WorldModelConfig model) => new(Horizon, Penalty, TruncationQuantile, model.HorizonError, MostHorizon);

    /// <summary>What is wrong with the limits for a model of so many members; null: nothing.</summary>
    /// <param name="members">K.</param>
    /// <param name="key">The setting that says K.</param>
    internal string? LimitsFault(int members, string key) => LimitsRule.Fault(Penalty, TruncationQuantile, members, key);

    /// <summary>The optimizer's settings for the actor.</summary>
    internal LearnerConfig OfActor => this with { LearningRate = ActorLearningRate, FinalLearningRate = FinalLearningRate * ActorLearningRate / LearningRate };

    /// <summary>The optimizer's settings for the critic.</summary>
    internal LearnerConfig OfCritic => this with { LearningRate = CriticLearningRate, FinalLearningRate = FinalLearningRate * CriticLearningRate / LearningRate };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        foreach (var (key, value, options) in new (string, string?, string[])[]
        {
            ("gradient", Gradient, [Auto, ScoreFunction, Pathwise]), ("backpropagate", Backpropagate, [ThroughDream, ThroughStep]), ("critic", Critic, [NormalCritic, TwoHotCritic]),
            ("slow_critic", SlowCritic, [SlowTargets, SlowRegularizer]), ("return_normalization", ReturnNormalization, [NoNormalization, Percentile]),
            ("cuda_graph", CudaGraph, [Auto, Off]),
        })
        {
            if (value is not null && !options.Contains(value))
                yield return $"{key} is '{value}'; expected {string.Join(" or ", options)}.{NearestName.Hint(value, options)}";
        }

        if (!(Discount is > 0 and <= 1))
            yield return $"discount is {Discount}; expected a number above 0, and at most 1.";
        if (Horizon is < 1 or > 1_000)
            yield return $"horizon is {Horizon}; expected 1 to 1000, or none to have it chosen.";
        if (Dreams is < 0 or > 1_000_000)
            yield return $"dreams is {Dreams}; expected 1 to 1000000, or 0 for one from each state.";
        if (!(Lambda is >= 0 and <= 1))
            yield return $"lambda is {Lambda}; expected a number in [0, 1].";
        if (!(ActorLearningRate > 0))
            yield return $"actor_learning_rate is {ActorLearningRate}; expected a positive number.";
        if (!(CriticLearningRate > 0))
            yield return $"critic_learning_rate is {CriticLearningRate}; expected a positive number.";
        if (EntropyBonus is not (null or >= 0) || EntropyBonus is { } bonus && !double.IsFinite(bonus))
            yield return $"entropy_bonus is {EntropyBonus}; expected a finite number of at least 0.";
        if (!(BehaviorWeight >= 0 && double.IsFinite(BehaviorWeight)))
            yield return FormattableString.Invariant($"behavior_weight is {BehaviorWeight}; expected a finite number of at least 0 (0: the policy is held to nothing).");
        if (SlowCriticRate is not (null or (> 0 and <= 1)))
            yield return $"slow_critic_rate is {SlowCriticRate}; expected a number in (0, 1].";
        if (SlowCriticPeriodSteps < 1)
            yield return $"slow_critic_period_steps is {SlowCriticPeriodSteps}; expected at least 1.";
        if (Penalty is { } penalty && !(penalty >= 0 && double.IsFinite(penalty)))
            yield return FormattableString.Invariant($"penalty is {penalty}; expected a finite number of at least 0 (0: none), or none to have it chosen.");
        if (!(TruncationQuantile is > 0 and <= 1))
            yield return FormattableString.Invariant($"truncation_quantile is {TruncationQuantile}; expected a number above 0, and at most 1 (1: dreams are not cut).");
    }
}
