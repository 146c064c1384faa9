namespace OfflineRL.Datasets;

/// <summary>Weights of episodes by their returns.</summary>
public static class ReturnWeights
{
    /// <summary>
    /// exp((return - highest) / (temperature * (highest - lowest))), one an episode: 1 for the best. All 1 where all returns are equal.
    /// </summary>
    /// <remarks>Return-weighted resampling of Hong et al. 2023, "Harnessing mixed offline reinforcement learning datasets via trajectory weighting".</remarks>
    /// <param name="selection">The episodes.</param>
    /// <param name="temperature">Positive; the smaller, the more the best count.</param>
    public static double[] Of(EpisodeSelection selection, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        var returns = selection.Returns;
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var value in returns)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        var weights = new double[returns.Length];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = high > low ? Math.Exp((returns[i] - high) / (temperature * (high - low))) : 1;
        return weights;
    }
}
