namespace OfflineRL.Evaluate;

/// <summary>Estimators of a policy's mean reward from single decisions that another policy logged: contextual bandits.</summary>
/// <remarks>
/// Notation: n decisions; w_i = pi_e(a_i | x_i) / pi_b(a_i | x_i); q_i = q(x_i, a_i); v_i = sum_a pi_e(a | x_i) q(x_i, a). Sources:
/// Dudik, Langford and Li 2011, "Doubly robust policy evaluation and learning" (DR); Swaminathan and Joachims 2015, "The
/// self-normalized estimator for counterfactual learning" (SNIPS). Episodes must have one step each.
/// </remarks>
public static class SingleDecisionEstimators
{
    /// <summary>IPS: mean_i w_i r_i. Unbiased where pi_b covers pi_e.</summary>
    /// <param name="episodes">n, of one step each.</param>
    public static EpisodeStatistic InverseProbability(LoggedEpisodes episodes) => Shrunk(episodes, null, WeightShrinkage.None, 0);

    /// <summary>SNIPS: sum_i w_i r_i / sum_i w_i. Biased, consistent, within the logged rewards.</summary>
    /// <param name="episodes">n, of one step each.</param>
    public static EpisodeStatistic SelfNormalized(LoggedEpisodes episodes) => Normalized(episodes, null);

    /// <summary>SNDR: mean_i v_i + sum_i w_i (r_i - q_i) / sum_i w_i.</summary>
    /// <param name="episodes">n, of one step each.</param>
    /// <param name="values">[n] of each.</param>
    public static EpisodeStatistic SelfNormalizedDoublyRobust(LoggedEpisodes episodes, ValueColumns values) => Normalized(episodes, values);

    /// <summary>mean_i v_i + s(w_i) (r_i - q_i), with weights that a rule makes smaller: less variance for some bias.</summary>
    /// <param name="episodes">n, of one step each.</param>
    /// <param name="values">[n] of each; null: zeros, which leaves mean_i s(w_i) r_i.</param>
    /// <param name="shrinkage">s.</param>
    /// <param name="lambda">Its parameter.</param>
    internal static EpisodeStatistic Shrunk(LoggedEpisodes episodes, ValueColumns? values, WeightShrinkage shrinkage, double lambda)
    {
        RequireSingle(episodes, values);
        var terms = new double[episodes.Count];
        for (var i = 0; i < terms.Length; i++)
        {
            var error = episodes.Rewards[i] - (values?.ActionValues[i] ?? 0);
            // An overflowing weight times an error of 0 is 0, not NaN.
            terms[i] = (values?.StateValues[i] ?? 0) + (error == 0 ? 0 : shrinkage.Weight(episodes.LogWeights[i], lambda) * error);
        }

        return EpisodeStatistic.Mean(terms);
    }

    internal static void RequireSingle(LoggedEpisodes episodes, ValueColumns? values)
    {
        if (episodes.MaxLength != 1)
            throw EvaluateThrow.NotSingleDecisions(episodes.MaxLength);
        values?.RequireFit(episodes.Steps);
    }

    static EpisodeStatistic Normalized(LoggedEpisodes episodes, ValueColumns? values)
    {
        RequireSingle(episodes, values);
        var weights = WeightDiagnostics.ScaledFinalWeights(episodes);
        var numerators = new double[episodes.Count];
        for (var i = 0; i < numerators.Length; i++)
            numerators[i] = weights[i] * (episodes.Rewards[i] - (values?.ActionValues[i] ?? 0));
        return EpisodeStatistic.Ratio(numerators, weights, values?.StateValues);
    }
}
