namespace OfflineRL.Evaluate;

/// <summary>How heavy the upper tail of weights is: the shape k of the generalised Pareto distribution fitted to the largest.</summary>
/// <remarks>
/// Vehtari, Simpson, Gelman, Yao and Gabry 2024, "Pareto smoothed importance sampling"; the fit is that of Zhang and Stephens 2009,
/// "A new and efficient estimation method for the generalized Pareto distribution", drawn towards 1/2 as ten more weights would.
/// Moments up to 1/k exist: above 1/2 the variance of a weighted mean is infinite, above <see cref="TooHeavy"/> it settles too slowly
/// for any sample that one has, above 1 there is no mean.
/// </remarks>
static class ParetoTail
{
    public const double TooHeavy = 0.7;

    // Fewer weights than this are no tail.
    const int Fewest = 5;

    /// <summary>k of the largest min(n / 5, 3 sqrt n) weights above the next; NaN where these are fewer than five, or all alike.</summary>
    /// <param name="weights">[n], on any common scale.</param>
    public static double Shape(IReadOnlyList<double> weights)
    {
        var tail = Math.Min(weights.Count / 5, (int)Math.Ceiling(3 * Math.Sqrt(weights.Count)));
        if (tail < Fewest)
            return double.NaN;
        var largest = weights.OrderDescending().Take(tail + 1).ToArray();
        var cutoff = largest[tail];
        var exceedances = largest.Take(tail).Select(w => w - cutoff).Where(x => x > 1e-9 * largest[0]).Order().ToArray();
        return exceedances.Length < Fewest ? double.NaN : Fit(exceedances);
    }

    /// <summary>k of sorted positive exceedances.</summary>
    internal static double Fit(ReadOnlySpan<double> sorted)
    {
        var n = sorted.Length;
        var candidates = 30 + (int)Math.Sqrt(n);
        var (theta, shape, logLikelihood) = (new double[candidates], new double[candidates], new double[candidates]);
        var quartile = sorted[(int)((n / 4.0) + 0.5) - 1];
        for (var j = 0; j < candidates; j++)
        {
            theta[j] = (1 / sorted[^1]) + ((1 - Math.Sqrt(candidates / (j + 0.5))) / (3 * quartile));
            shape[j] = MeanLog(sorted, theta[j]);
            logLikelihood[j] = n * (Math.Log(-theta[j] / shape[j]) - shape[j] - 1);
        }

        var largest = logLikelihood.Where(double.IsFinite).Max();
        var (sum, mean) = (0.0, 0.0);
        for (var j = 0; j < candidates; j++)
        {
            var weight = double.IsFinite(logLikelihood[j]) ? Math.Exp(logLikelihood[j] - largest) : 0;
            sum += weight;
            mean += weight * theta[j];
        }

        return ((n * MeanLog(sorted, mean / sum)) + 5) / (n + 10);
    }

    static double MeanLog(ReadOnlySpan<double> values, double theta)
    {
        var sum = 0.0;
        foreach (var x in values)
            sum += Math.Log(1 - (theta * x));
        return sum / values.Length;
    }
}
