namespace OfflineRL.Evaluate;

/// <summary>
/// Importance sampling estimators of a policy's mean (discounted) return from episodes that another policy logged.
/// </summary>
/// <remarks>
/// Notation: n episodes; rho_it = prod_(j &lt;= t) pi_e(a_ij | s_ij) / pi_b(a_ij | s_ij); g the discount in [0, 1]; G_i the
/// discounted return. Sources: Precup, Sutton and Singh 2000, "Eligibility traces for off-policy policy evaluation",
/// section 2 and 3; Thomas 2015, "Safe reinforcement learning", section 3. What none of them can check: that the logged
/// probabilities are those the actions were drawn with, and that the log holds all that its policy saw.
/// </remarks>
public static class Estimators
{
    /// <summary>mean_i G_i: what the policy that logged got. No ratios.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic BehaviorReturn(LoggedEpisodes episodes, double discount)
    {
        RequireDiscount(discount);
        var returns = new double[episodes.Count];
        for (var i = 0; i < returns.Length; i++)
            returns[i] = episodes.Return(i, discount);
        return EpisodeStatistic.Mean(returns);
    }

    /// <summary>IS: mean_i rho_iT G_i. Unbiased where pi_b covers pi_e; its variance grows exponentially in the length.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic ImportanceSampling(LoggedEpisodes episodes, double discount)
    {
        RequireDiscount(discount);
        var values = new double[episodes.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = StepTerms.Weighted(episodes.FinalLogWeight(i), episodes.Return(i, discount));
        return EpisodeStatistic.Mean(values);
    }

    /// <summary>WIS: sum_i rho_iT G_i / sum_i rho_iT. Biased, consistent, bounded by the logged returns.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic WeightedImportanceSampling(LoggedEpisodes episodes, double discount)
    {
        RequireDiscount(discount);
        var weights = WeightDiagnostics.ScaledFinalWeights(episodes);
        var numerators = new double[episodes.Count];
        for (var i = 0; i < numerators.Length; i++)
            numerators[i] = weights[i] * episodes.Return(i, discount);
        return EpisodeStatistic.Ratio(numerators, weights);
    }

    /// <summary>PDIS: mean_i sum_t g^t rho_it r_it. Unbiased like IS; a reward is weighted by the past only.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic PerDecisionImportanceSampling(LoggedEpisodes episodes, double discount)
    {
        RequireDiscount(discount);
        return EpisodeStatistic.Mean(StepTerms.Weighted(episodes, StepTerms.Rewards(episodes, discount)));
    }

    /// <summary>
    /// WPDIS (consistent weighted per-decision): sum_t g^t sum_i rho_it r_it / sum_i rho_it. A finished episode rests in an
    /// absorbing state with reward 0 and keeps its last weight in every later denominator; leaving it out would estimate
    /// the return of the long episodes alone.
    /// </summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic WeightedPerDecisionImportanceSampling(LoggedEpisodes episodes, double discount)
    {
        RequireDiscount(discount);
        return StepTerms.Normalized(episodes, StepTerms.Rewards(episodes, discount));
    }

    internal static void RequireDiscount(double discount)
    {
        if (!(discount is >= 0 and <= 1))
            throw EvaluateThrow.Discount(discount);
    }
}
