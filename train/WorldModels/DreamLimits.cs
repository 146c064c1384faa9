namespace OfflineRL.Train.WorldModels;

/// <summary>How far dreams trust a model.</summary>
/// <param name="Horizon">Steps of a dream.</param>
/// <param name="Penalty">lambda: what a reward loses for each unit of disagreement.</param>
/// <param name="Threshold">Disagreement above which a dream is cut; null: nowhere.</param>
public sealed record DreamLimits(int Horizon, double Penalty, double? Threshold)
{
    /// <summary>
    /// The limits that a config leaves open, from errors on held-out data. Horizon: the largest k, up to <see cref="LimitsRule.MostHorizon"/> and the longest that was measured, at which, as at every one before it, the
    /// error of the observation is at most <see cref="LimitsRule.HorizonError"/> of the data's own spread; at least 1. Penalty: the error of the return of so many steps, a step, over the mean disagreement of one step
    /// on held-out data, so that a dream that the model knows as well as the data loses what its return is typically wrong by, missed terminations included; 0 without members. Threshold: the quantile of that disagreement.
    /// </summary>
    /// <param name="rule">What was asked for.</param>
    /// <param name="relativeErrors">By k from 1: root mean square error of the observation k steps ahead over the data's spread.</param>
    /// <param name="returnErrors">By k from 1: root mean square error of the sum of k rewards; infinite where it is not known.</param>
    /// <param name="disagreements">Of single steps on held-out data; empty where the model has none.</param>
    public static DreamLimits Choose(LimitsRule rule, ReadOnlySpan<double> relativeErrors, ReadOnlySpan<double> returnErrors, ReadOnlySpan<double> disagreements)
    {
        var horizon = 0;
        while (horizon < Math.Min(rule.MostHorizon, relativeErrors.Length) && relativeErrors[horizon] <= rule.HorizonError)
            horizon++;
        horizon = rule.Horizon ?? Math.Max(1, horizon);
        if (disagreements.IsEmpty)
            return new(horizon, rule.Penalty ?? 0, null);
        var sorted = disagreements.ToArray();
        Array.Sort(sorted);
        double? threshold = rule.TruncationQuantile == 1 ? null : sorted[(int)Math.Min(sorted.Length - 1, Math.Floor(rule.TruncationQuantile * sorted.Length))];
        return new(horizon, rule.Penalty ?? PenaltyOf(horizon, returnErrors, sorted.Average()), threshold);
    }

    // Of the longest return that is known up to the horizon.
    static double PenaltyOf(int horizon, ReadOnlySpan<double> returnErrors, double disagreement)
    {
        var steps = Math.Min(horizon, returnErrors.Length);
        while (steps > 1 && double.IsPositiveInfinity(returnErrors[steps - 1]))
            steps--;
        return disagreement > 0 ? returnErrors[steps - 1] / (steps * disagreement) : 0;
    }
}

/// <summary>What a config says of how far dreams go; what it leaves open is chosen by <see cref="DreamLimits.Choose"/>.</summary>
/// <param name="Horizon">Steps of a dream; null: chosen.</param>
/// <param name="Penalty">lambda; null: chosen.</param>
/// <param name="TruncationQuantile">Dreams are cut where the disagreement is above this quantile of the held-out data's, in (0, 1]; 1: nowhere.</param>
/// <param name="HorizonError">Error over the data's own spread that a chosen horizon allows.</param>
/// <param name="MostHorizon">The longest horizon that is chosen.</param>
public sealed record LimitsRule(int? Horizon, double? Penalty, double TruncationQuantile, double HorizonError, int MostHorizon)
{
    /// <summary>Whether errors have to be measured to know the limits.</summary>
    /// <param name="members">K of the model.</param>
    public bool IsOpen(int members) => Horizon is null || (members > 1 && (Penalty is null || TruncationQuantile < 1));

    /// <summary>What is wrong with limits for a model of so many members; null: nothing.</summary>
    /// <param name="penalty">As the config says it.</param>
    /// <param name="truncationQuantile">As the config says it.</param>
    /// <param name="members">K.</param>
    /// <param name="key">The setting that says K.</param>
    internal static string? Fault(double? penalty, double truncationQuantile, int members, string key) => members > 1 || (penalty is null or 0 && truncationQuantile == 1) ? null
        : FormattableString.Invariant($"penalty is {penalty ?? 0} and truncation_quantile {truncationQuantile} with a model of one member, which cannot say how unsure it is; expected 0 and 1. Set {key}, such as 5.");

    /// <summary>The limits where nothing was measured: the longest dream, rewards as they are.</summary>
    public DreamLimits Unmeasured => new(Horizon ?? MostHorizon, Penalty ?? 0, null);
}
