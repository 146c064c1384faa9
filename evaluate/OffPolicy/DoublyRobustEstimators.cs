namespace OfflineRL.Evaluate;

/// <summary>Estimators that start from values q and v of the evaluation policy and correct them by weighted errors.</summary>
/// <remarks>
/// Notation as in <see cref="Estimators"/>; q_it and v_it are the values of a row. What sums over steps is regrouped by weight:
/// v_i0 + sum_t rho_it g^t [r_it + g v_i(t+1) - q_it]. Values must come from elsewhere than the episodes they are used on,
/// else the corrections vanish and the estimate is the model's.
/// </remarks>
public static class DoublyRobustEstimators
{
    /// <summary>DM: mean_i v(s_i0). No ratios: as good as the values, and without a way to know how good that is.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="values">[N] of each.</param>
    public static EpisodeStatistic DirectMethod(LoggedEpisodes episodes, ValueColumns values) =>
        EpisodeStatistic.Mean(StepTerms.StartValues(episodes, values));

    /// <summary>
    /// DR: mean_i sum_t g^t [rho_it (r_it - q_it) + rho_i(t-1) v_it] with rho_i(-1) = 1 (Jiang and Li 2016, "Doubly robust
    /// off-policy value evaluation for reinforcement learning"). Unbiased whatever the values are; the better they are, the less it varies.
    /// </summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="values">[N] of each.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic DoublyRobust(LoggedEpisodes episodes, ValueColumns values, double discount)
    {
        Estimators.RequireDiscount(discount);
        var sums = StepTerms.Weighted(episodes, StepTerms.Corrections(episodes, values, discount));
        for (var i = 0; i < sums.Length; i++)
            sums[i] += values.StateValues[episodes.FirstRow[i]];
        return EpisodeStatistic.Mean(sums);
    }

    /// <summary>
    /// WDR: DR with the weights of each step normalised over episodes, finished ones included (Thomas and Brunskill 2016,
    /// "Data-efficient off-policy policy evaluation for reinforcement learning", section 5). Biased, consistent and steadier.
    /// </summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="values">[N] of each.</param>
    /// <param name="discount">g in [0, 1].</param>
    public static EpisodeStatistic WeightedDoublyRobust(LoggedEpisodes episodes, ValueColumns values, double discount)
    {
        Estimators.RequireDiscount(discount);
        return StepTerms.Normalized(episodes, StepTerms.Corrections(episodes, values, discount), StepTerms.StartValues(episodes, values));
    }
}
