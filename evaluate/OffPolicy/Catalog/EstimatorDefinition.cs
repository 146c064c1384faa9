namespace OfflineRL.Evaluate;

/// <summary>An estimator as a config names it: what it needs, what it estimates, and the function that computes it.</summary>
sealed record EstimatorDefinition
{
    /// <summary>As in configs and tables, such as <c>wdr</c>.</summary>
    public required string Name { get; init; }

    /// <summary>In words, for <c>--help</c>.</summary>
    public required string Title { get; init; }

    /// <summary>Which logs it is for.</summary>
    public LogKind Logs { get; init; } = LogKind.Any;

    /// <summary>What it needs to know of the policy.</summary>
    public PolicyKind Policies { get; init; } = PolicyKind.WithPropensities;

    /// <summary>Whether it weighs by the log's probabilities.</summary>
    public bool NeedsPropensities { get; init; } = true;

    /// <summary>Whether it takes q and v.</summary>
    public bool NeedsValues { get; init; }

    /// <summary>Whether it corrects values of states after the first by logged rewards: those end where an episode was cut, and so must the values.</summary>
    public bool CorrectsAlongEpisodes { get; init; }

    /// <summary>Whether it takes values uncorrected where weights vary.</summary>
    public bool BlendsValues { get; init; }

    /// <summary>On which logs it is computed where a config names no estimator (and, where it needs values, gives some); null: on none.</summary>
    public LogKind? DefaultOn { get; init; } = LogKind.Any;

    /// <summary>What value is estimated.</summary>
    public string Target { get; init; } = Targets.FiniteHorizon;

    /// <summary>Of the estimators that make large weights smaller; null: others.</summary>
    public WeightShrinkage? Shrinkage { get; init; }

    /// <summary>The lambdas that are tried where none is given, from the one of least bias on; empty: it has no lambda.</summary>
    public IReadOnlyList<double> Lambdas { get; init; } = [];

    /// <summary>Lambdas go from 0 to here.</summary>
    public double LargestLambda { get; init; } = double.MaxValue;

    /// <summary>What resamples hold at its value on the log, beside a tuned lambda; empty: nothing.</summary>
    public string Held { get; init; } = "";

    /// <summary>The weights it uses, where they are not the log's.</summary>
    public Func<EstimatorInput, double, LoggedEpisodes>? Weights { get; init; }

    /// <summary>Computes it; lambda is NaN where it has none.</summary>
    public required Func<EstimatorInput, double, EpisodeStatistic> Compute { get; init; }
}

/// <summary>What estimators are computed from.</summary>
/// <param name="Log">The log, weighted for the policy.</param>
/// <param name="Policy">What the policy would have done on its rows.</param>
/// <param name="Values">Null where the config gives none.</param>
/// <param name="Random">For what an estimator draws itself.</param>
sealed record EstimatorInput(OpeLog Log, IEvaluationPolicy Policy, ValueColumns? Values, Datasets.RandomStream Random)
{
    KernelWeights? _kernel;

    public LoggedEpisodes Episodes => Log.Episodes;

    public double Discount => Log.Discount;

    /// <summary>For policies without a density.</summary>
    public KernelWeights Kernel => _kernel ??= KernelWeights.Of(Log, (IActingPolicy)Policy);
}

/// <summary>Kinds of logs.</summary>
enum LogKind
{
    Any,

    /// <summary>Every episode has one step: contextual bandits.</summary>
    SingleDecisions,

    Sequences,
}

/// <summary>What an estimator needs to know of a policy.</summary>
enum PolicyKind
{
    Any,

    /// <summary>It gives every action a probability or a density.</summary>
    WithPropensities,

    /// <summary>It is deterministic over continuous actions.</summary>
    Deterministic,
}

/// <summary>What value a row of the estimates is of.</summary>
static class Targets
{
    /// <summary>The (discounted) return to the end of an episode as the log has it, cuts included.</summary>
    public const string FiniteHorizon = "finite_horizon";

    /// <summary>The discounted return on to termination, or for ever.</summary>
    public const string Discounted = "discounted";

    /// <summary>The mean reward of one decision.</summary>
    public const string SingleDecision = "single_decision";
}
