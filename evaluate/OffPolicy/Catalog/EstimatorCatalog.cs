namespace OfflineRL.Evaluate;

/// <summary>Every estimator that a config can name.</summary>
static class EstimatorCatalog
{
    public static IReadOnlyList<EstimatorDefinition> All { get; } =
    [
        new() { Name = "is", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.ImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "wis", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.WeightedImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "pdis", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.PerDecisionImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "wpdis", DefaultOn = LogKind.Sequences, Compute = (x, _) => Estimators.WeightedPerDecisionImportanceSampling(x.Episodes, x.Discount) },
        new() { Name = "dm", NeedsPropensities = false, NeedsValues = true, Compute = (x, _) => DoublyRobustEstimators.DirectMethod(x.Episodes, x.Values!) },
        new() { Name = "dr", NeedsValues = true, Compute = (x, _) => DoublyRobustEstimators.DoublyRobust(x.Episodes, x.Values!, x.Discount) },
        new() { Name = "wdr", DefaultOn = LogKind.Sequences, NeedsValues = true, Compute = (x, _) => DoublyRobustEstimators.WeightedDoublyRobust(x.Episodes, x.Values!, x.Discount) },
    ];

    /// <summary>The one of a name.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">There is none; the message names the nearest.</exception>
    public static EstimatorDefinition Find(string name) =>
        All.FirstOrDefault(e => e.Name == name) ?? throw EvaluateThrow.UnknownEstimator(name, All.Select(e => e.Name));
}
