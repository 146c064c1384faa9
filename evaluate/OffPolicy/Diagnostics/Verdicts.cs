namespace OfflineRL.Evaluate;

/// <summary>Whether to trust an estimate, in words for a reader in a hurry.</summary>
static class Verdicts
{
    /// <param name="spec">Which estimator.</param>
    /// <param name="weights">Those it used; null where there are none.</param>
    /// <param name="estimate">Its value; NaN: undefined.</param>
    /// <param name="support">Null where the log has no whole distributions.</param>
    /// <param name="behavior">What the logged probabilities are worth.</param>
    public static string Of(EstimatorSpec spec, WeightDiagnostics? weights, double estimate, Support? support, BehaviorCheck behavior)
    {
        var unsupported = support is { Steps: > 0 } ? FormattableString.Invariant($"; {support.Mass:0.###} of the policy's actions were never logged") : "";
        if (weights is null || !spec.Definition.NeedsPropensities)
            return "as good as its values: no weight checks them against the log" + unsupported;
        if (support is { Mass: > 0.5 } && weights.EffectiveSampleSize > 0)
            return FormattableString.Invariant($"not identifiable from this log: {support.Mass:0.###} of the policy's actions were never logged");
        if (!behavior.IsSound)
            return $"do not trust: the logged probabilities are {behavior.Finding}";
        var text = weights.Verdict();
        if (weights.EffectiveSampleSize > 0 && !double.IsFinite(estimate))
            text = double.IsNaN(estimate)
                ? "undefined: from some step on, no logged episode follows the policy"
                : "overflow: a weight does not fit into a double; look at wis and wpdis";
        var blend = spec.Definition.BlendsValues && weights.EffectiveSampleSize > 0 ? "; a blend with the values, whose error its interval leaves out: look at wdr" : "";
        return text + blend + unsupported;
    }
}
