namespace OfflineRL.Evaluate;

/// <summary>How far the whole-episode weights can be trusted.</summary>
/// <param name="Episodes">n.</param>
/// <param name="EffectiveSampleSize">(sum w)^2 / sum w^2 (Kong 1992), in [1, n]; 0 where every weight is 0.</param>
/// <param name="MeanWeight">1 in expectation; far from it, the sample misses what matters. Infinite on overflow.</param>
/// <param name="MaxWeight">The largest weight. Infinite on overflow.</param>
/// <param name="TopEpisodeShare">The share of all weight that the heaviest episode has, in [1/n, 1].</param>
/// <param name="TopTenPercentShare">The share that the heaviest tenth of the episodes (at least one) has.</param>
/// <param name="ZeroWeightEpisodes">Episodes that the evaluation policy could not have produced.</param>
public sealed record WeightDiagnostics(
    int Episodes,
    double EffectiveSampleSize,
    double MeanWeight,
    double MaxWeight,
    double TopEpisodeShare,
    double TopTenPercentShare,
    int ZeroWeightEpisodes)
{
    /// <summary>k of the Pareto tail of the weights, see <see cref="ParetoTail"/>; NaN where the tail is too short or flat.</summary>
    public double TailShape { get; init; } = double.NaN;

    /// <summary>Below this effective sample size an estimate is an anecdote about a few episodes.</summary>
    public const double TooSmall = 10;

    /// <summary>Below this it is worth a look, not a decision.</summary>
    public const double Small = 50;

    /// <summary>Measures the weights rho_iT of whole episodes.</summary>
    public static WeightDiagnostics Of(LoggedEpisodes episodes)
    {
        var weights = ScaledFinalWeights(episodes);
        var sum = weights.Sum();
        var squares = weights.Sum(w => w * w);
        var maxLogWeight = MaxFinalLogWeight(episodes);
        var zero = weights.Count(w => w == 0);
        if (sum == 0)
            return new WeightDiagnostics(episodes.Count, 0, 0, 0, 0, 0, zero);

        var sorted = weights.Order().Reverse().ToArray();
        var tenth = Math.Max(1, episodes.Count / 10);
        return new WeightDiagnostics(
            episodes.Count,
            sum * sum / squares,
            Math.Exp(maxLogWeight) * (sum / episodes.Count),
            Math.Exp(maxLogWeight),
            sorted[0] / sum,
            sorted.Take(tenth).Sum() / sum,
            zero)
        {
            TailShape = ParetoTail.Shape(weights),
        };
    }

    /// <summary>
    /// Whether the mean weight lies so far from 1 that chance does not explain it (four standard errors and a hundredth
    /// for rounded logs): the heavy episodes that would bring it there were not drawn, and no interval knows of them.
    /// </summary>
    public bool MeanWeightIsOff
    {
        get
        {
            // The weights' variance follows from mean and effective sample size.
            var variance = MeanWeight * MeanWeight * Math.Max(0, (1 / EffectiveSampleSize) - (1.0 / Episodes));
            return !(Math.Abs(MeanWeight - 1) <= (4 * Math.Sqrt(variance)) + 0.01);
        }
    }

    /// <summary>What the numbers mean for a reader in a hurry: <c>usable</c>, <c>weak</c>, <c>do not trust</c> or <c>not identifiable</c>, and why.</summary>
    public string Verdict()
    {
        if (EffectiveSampleSize == 0)
            return "not identifiable from this log: the evaluation policy could have produced none of the logged episodes";
        var size = FormattableString.Invariant($"{EffectiveSampleSize:0.#} effective episodes of {Episodes}");
        if (EffectiveSampleSize < TooSmall)
            return $"do not trust: the weights leave {size}";
        if (MeanWeightIsOff)
            return FormattableString.Invariant($"do not trust: the mean weight is {MeanWeight:g3} where 1 is expected; {size}");
        if (TailShape > ParetoTail.TooHeavy)
            return FormattableString.Invariant($"weak: the weights' tail is heavy (Pareto k {TailShape:0.00}); {size}");
        return EffectiveSampleSize < Small ? $"weak: {size}" : $"usable: {size}";
    }

    /// <summary>[E], exp(log rho_iT - max_j log rho_jT): the largest is 1; all 0 where every weight is 0.</summary>
    internal static double[] ScaledFinalWeights(LoggedEpisodes episodes)
    {
        var scale = MaxFinalLogWeight(episodes);
        var weights = new double[episodes.Count];
        for (var i = 0; !double.IsNegativeInfinity(scale) && i < weights.Length; i++)
            weights[i] = Math.Exp(episodes.FinalLogWeight(i) - scale);
        return weights;
    }

    static double MaxFinalLogWeight(LoggedEpisodes episodes)
    {
        var max = double.NegativeInfinity;
        for (var i = 0; i < episodes.Count; i++)
            max = Math.Max(max, episodes.FinalLogWeight(i));
        return max;
    }
}
