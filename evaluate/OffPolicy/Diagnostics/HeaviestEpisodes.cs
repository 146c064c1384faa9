namespace OfflineRL.Evaluate;

/// <summary>How far the self-normalised estimate (WIS) moves when the heaviest episodes are left out.</summary>
static class HeaviestEpisodes
{
    /// <summary>WIS without the <paramref name="left"/> heaviest episodes; NaN where none of weight remains.</summary>
    public static double Without(LoggedEpisodes episodes, double discount, int left)
    {
        var counts = new int[episodes.Count];
        Array.Fill(counts, 1);
        foreach (var episode in Enumerable.Range(0, episodes.Count).OrderByDescending(episodes.FinalLogWeight).Take(left))
            counts[episode] = 0;
        return left >= episodes.Count ? double.NaN : Estimators.WeightedImportanceSampling(episodes, discount).Evaluate(counts);
    }
}
