namespace OfflineRL.Evaluate;

/// <summary>A rule that makes large weights smaller, with a parameter lambda.</summary>
/// <param name="Name">Of the rule.</param>
/// <param name="Lambdas">Tried where lambda is tuned, from the one that changes weights least on.</param>
/// <param name="Weight">From log w and lambda; in [0, w] for w of at least 1.</param>
sealed record WeightShrinkage(string Name, IReadOnlyList<double> Lambdas, Func<double, double, double> Weight)
{
    /// <summary>w.</summary>
    public static WeightShrinkage None { get; } = new("none", [], (logWeight, _) => Math.Exp(logWeight));

    /// <summary>min(w, lambda) (Ionides 2008; Su et al. 2020 call it pessimistic shrinkage).</summary>
    public static WeightShrinkage Clipping { get; } = new(
        "clipping", [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1], (logWeight, lambda) => Math.Min(Math.Exp(logWeight), lambda));

    /// <summary>w where w is at most lambda, else 0 (Wang, Agarwal and Dudik 2017, "Optimal and adaptive off-policy evaluation in contextual bandits").</summary>
    public static WeightShrinkage Switching { get; } = new(
        "switching", Clipping.Lambdas, (logWeight, lambda) => Math.Exp(logWeight) is var w && w <= lambda ? w : 0);

    /// <summary>lambda w / (w^2 + lambda) (Su, Dimakopoulou, Krishnamurthy and Dudik 2020, "Doubly robust off-policy evaluation with shrinkage"); 0 leaves the direct method.</summary>
    public static WeightShrinkage Optimistic { get; } = new(
        "optimistic", [1e6, 1e5, 1e4, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 0.5], (logWeight, lambda) => Math.Exp(logWeight) switch
        {
            0 => 0,
            // Divided by w, so that its square does not overflow.
            var w => lambda == 0 ? 0 : lambda / (w + (lambda / w)),
        });

    /// <summary>w / (1 - lambda + lambda w) (Metelli, Russo and Restelli 2021, "Subgaussian and differentiable importance sampling for off-policy evaluation and learning"); 0 is w, 1 is 1.</summary>
    public static WeightShrinkage SubGaussian { get; } = new(
        "sub_gaussian", [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5], (logWeight, lambda) => Math.Exp(logWeight) switch
        {
            0 => 0,
            var w => 1 / (((1 - lambda) / w) + lambda),
        });
}
