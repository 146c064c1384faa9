using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Values of each episode from a fit that has not seen it. Chernozhukov et al. 2018, "Double/debiased machine learning for
/// treatment and structural parameters", section 3; for sequences Kallus and Uehara 2020, "Double reinforcement learning",
/// section 4.
/// </summary>
/// <remarks>A fit that has seen an episode agrees with its rewards, so that the correction of a doubly robust estimate vanishes and the model's bias stays.</remarks>
static class CrossFitting
{
    /// <summary>Fits once for each fold; folds are by hash of the episode's key, so that the same episode is in the same fold in every log.</summary>
    /// <param name="model">What is fitted.</param>
    /// <param name="log">All episodes.</param>
    /// <param name="folds">At least 2; 1 fits to all episodes and asks about the same.</param>
    /// <param name="random">Each fold has a child of it.</param>
    /// <param name="cancellation">Looked at between chunks of work.</param>
    /// <exception cref="UserErrorException">All episodes are in one fold.</exception>
    public static ValueColumns Fit(IValueModel model, FitLog log, int folds, RandomStream random, CancellationToken cancellation)
    {
        var values = new ValueColumns(new double[log.Steps], new double[log.Steps]);
        var all = Enumerable.Range(0, log.Episodes).ToList();
        if (folds == 1)
        {
            model.Fit(log, all, all, values, random, cancellation);
            return values;
        }

        for (var fold = 0; fold < folds; fold++)
        {
            var inside = all.Where(e => EpisodeFold.Of(log.EpisodeHash[e], folds) == fold).ToList();
            if (inside.Count == 0)
                continue;
            if (inside.Count == all.Count)
                throw EvaluateThrow.TooFewEpisodesForFolds(all.Count, folds);
            var outside = all.Where(e => EpisodeFold.Of(log.EpisodeHash[e], folds) != fold).ToList();
            model.Fit(log, outside, inside, values, random.Derive((ulong)fold), cancellation);
        }

        return values;
    }
}
