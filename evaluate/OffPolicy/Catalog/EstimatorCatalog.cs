namespace OfflineRL.Evaluate;

/// <summary>Every estimator that a config can name.</summary>
static class EstimatorCatalog
{
    public static IReadOnlyList<EstimatorDefinition> All { get; } =
    [
        new() { Name = "is", Title = "importance sampling", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.ImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "wis", Title = "weighted importance sampling", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.WeightedImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "pdis", Title = "per-decision importance sampling", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.PerDecisionImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "wpdis", Title = "weighted per-decision importance sampling", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.WeightedPerDecisionImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "ips", Title = "inverse probability", Logs = LogKind.SingleDecisions, Compute = (x, _) => SingleDecisionEstimators.InverseProbability(x.Episodes) },
        new() { Name = "snips", Title = "self-normalised inverse probability", Logs = LogKind.SingleDecisions, Compute = (x, _) => SingleDecisionEstimators.SelfNormalized(x.Episodes) },
        Shrunk("clipped_ips", "inverse probability, weights clipped at lambda", WeightShrinkage.Clipping, values: false),
        Shrunk("sg_ips", "inverse probability, sub-Gaussian weights", WeightShrinkage.SubGaussian, values: false),
        new() { Name = "dm", Title = "direct method: the values alone", Policies = PolicyKind.Any, NeedsPropensities = false, NeedsValues = true, Compute = (x, _) => DoublyRobustEstimators.DirectMethod(x.Episodes, x.Values!) },
        new() { Name = "dr", Title = "doubly robust", NeedsValues = true, CorrectsAlongEpisodes = true, Compute = (x, _) => DoublyRobustEstimators.DoublyRobust(x.Episodes, x.Values!, x.Discount) },
        new() { Name = "wdr", Title = "weighted doubly robust", DefaultOn = LogKind.Sequences, NeedsValues = true, CorrectsAlongEpisodes = true, Compute = (x, _) => DoublyRobustEstimators.WeightedDoublyRobust(x.Episodes, x.Values!, x.Discount) },
        new() { Name = "magic", Held = "the blend", BlendsValues = true, Title = "blend of weighted doubly robust returns and values", DefaultOn = LogKind.Sequences, NeedsValues = true, CorrectsAlongEpisodes = true, Compute = (x, _) => Magic.Estimate(x.Episodes, x.Values!, x.Discount, x.Random.Derive("magic")) },
        new() { Name = "sndr", Title = "self-normalised doubly robust", Logs = LogKind.SingleDecisions, NeedsValues = true, Compute = (x, _) => SingleDecisionEstimators.SelfNormalizedDoublyRobust(x.Episodes, x.Values!) },
        Shrunk("clipped_dr", "doubly robust, weights clipped at lambda", WeightShrinkage.Clipping, values: true),
        Shrunk("switch_dr", "doubly robust where the weight is at most lambda, else the values", WeightShrinkage.Switching, values: true),
        Shrunk("dros", "doubly robust, optimistic shrinkage", WeightShrinkage.Optimistic, values: true),
        Shrunk("sg_dr", "doubly robust, sub-Gaussian weights", WeightShrinkage.SubGaussian, values: true),
        Kernel("kernel_is", "per-decision importance sampling with kernel weights of bandwidth lambda", values: false),
        Kernel("kernel_dr", "doubly robust with kernel weights of bandwidth lambda", values: true),
        new() { Name = "mis", Title = "marginalized importance sampling: weights of states", Logs = LogKind.Sequences, DefaultOn = null, Target = Targets.Discounted, Compute = (x, _) => FittedEstimators.Marginalized(x) },
        new() { Name = "model_based", Title = "the policy in the maximum-likelihood model of the log", NeedsPropensities = false, DefaultOn = null, Compute = (x, _) => FittedEstimators.Model(x) },
    ];

    /// <summary>The one of a name.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">There is none; the message names the nearest.</exception>
    public static EstimatorDefinition Find(string name) =>
        All.FirstOrDefault(e => e.Name == name) ?? throw EvaluateThrow.UnknownEstimator(name, All.Select(e => e.Name));

    static EstimatorDefinition Shrunk(string name, string title, WeightShrinkage shrinkage, bool values) => new()
    {
        Name = name,
        Title = title,
        Logs = LogKind.SingleDecisions,
        NeedsValues = values,
        Shrinkage = shrinkage,
        Lambdas = shrinkage.Lambdas,
        LargestLambda = shrinkage == WeightShrinkage.SubGaussian ? 1 : double.MaxValue,
        Compute = (x, lambda) => SingleDecisionEstimators.Shrunk(x.Episodes, values ? x.Values : null, shrinkage, lambda),
    };

    static EstimatorDefinition Kernel(string name, string title, bool values) => new()
    {
        Name = name,
        Title = title,
        Policies = PolicyKind.Deterministic,
        NeedsValues = values,
        CorrectsAlongEpisodes = values,
        DefaultOn = LogKind.SingleDecisions,
        Lambdas = KernelWeights.Bandwidths,
        Weights = (x, lambda) => x.Kernel.Episodes(lambda),
        Compute = (x, lambda) => values
            ? DoublyRobustEstimators.DoublyRobust(x.Kernel.Episodes(lambda), x.Values!, x.Discount)
            : Estimators.PerDecisionImportanceSampling(x.Kernel.Episodes(lambda), x.Discount),
    };
}
