using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Sets rankings against the truth.</summary>
static class SelectionTable
{
    // Fewer seeds than this are too few to resample.
    const int FewestSeeds = 5;

    public const string UniformChoice = "uniform choice";

    /// <summary>One row of a ranking; what needs the truth stays null where there is none.</summary>
    /// <param name="ranking">Of policies whose truth is known, where there is one.</param>
    /// <param name="isSameQuantity">Whether estimates and truths may be subtracted.</param>
    /// <param name="config">Confidence and resamples.</param>
    /// <param name="stream">Of the bootstrap; the same for all rankings, so that they are compared on the same resamples.</param>
    public static SelectionRow Of(EstimatorRanking ranking, bool isSameQuantity, SelectConfig config, RandomStream stream)
    {
        var first = ranking.Ordered[0];
        var row = new SelectionRow
        {
            Estimator = ranking.Name,
            ValueModel = first.ValueModel,
            Criterion = Text(ranking.Criterion),
            Policies = ranking.Ordered.Count,
            Ranked = ranking.Ranked,
            Trusted = ranking.Trusted,
            TopPolicy = ranking.Ranked > 0 ? first.Candidate.Policy : null,
            TopSeed = ranking.Ranked > 0 ? first.Candidate.Seed : null,
            TopStep = ranking.Ranked > 0 ? first.Candidate.Step : null,
            Verdict = ranking.Verdict,
        };
        return ranking.Truths is { } truths && ranking.Ranked > 0 ? WithTruth(row, ranking, truths, isSameQuantity, config, stream) : row;
    }

    /// <summary>What a choice at random would give on average: the row that the others must beat.</summary>
    /// <param name="truths">At least two.</param>
    public static SelectionRow Uniform(double[] truths)
    {
        var (best, range) = (truths.Max(), truths.Max() - truths.Min());
        var expected = OnlineTrials.ExpectedMaximum(truths);
        double Regret(int k) => best - expected[Math.Min(k, truths.Length) - 1];
        return new SelectionRow
        {
            Estimator = UniformChoice,
            ValueModel = "none",
            Criterion = "none",
            Policies = truths.Length,
            Ranked = 0,
            Trusted = 0,
            TopTruth = expected[0],
            Regret1 = Regret(1),
            Regret3 = Regret(3),
            Regret5 = Regret(5),
            NormalizedRegret1 = Over(Regret(1), range),
            NormalizedRegret3 = Over(Regret(3), range),
            NormalizedRegret5 = Over(Regret(5), range),
            Verdict = "what choosing blindly gives on average",
        };
    }

    /// <summary>How two rankings by the same criterion agree.</summary>
    public static AgreementRow Agreement(EstimatorRanking x, EstimatorRanking y)
    {
        var other = y.Ordered.Zip(y.Values).ToDictionary(p => p.First.Candidate, p => p.Second);
        var values = x.Ordered.Select(e => other.GetValueOrDefault(e.Candidate, double.NaN)).ToArray();
        return new AgreementRow
        {
            EstimatorX = x.Name,
            EstimatorY = y.Name,
            Criterion = Text(x.Criterion),
            Policies = x.Values.Zip(values).Count(p => !double.IsNaN(p.First) && !double.IsNaN(p.Second)),
            Spearman = Finite(RankCorrelation.Spearman(x.Values, values)),
            Kendall = Finite(RankCorrelation.Kendall(x.Values, values)),
            SameFirst = x.Ranked > 0 && y.Ranked > 0 && x.Ordered[0].Candidate == y.Ordered[0].Candidate,
        };
    }

    public static string Text(SelectionCriterion criterion) => criterion == SelectionCriterion.Estimate ? "estimate" : "lower_bound";

    static SelectionRow WithTruth(SelectionRow row, EstimatorRanking ranking, double[] truths, bool isSameQuantity, SelectConfig config, RandomStream stream)
    {
        // A return that goes on past the end of an episode is not what a rollout shows.
        isSameQuantity &= ranking.Ordered[0].Target != Targets.Discounted;
        var range = truths.Max() - truths.Min();
        var clusters = Clusters(ranking.Ordered);
        var (spearman, kendall) = Intervals(ranking.Values, truths, clusters, config, stream);
        // The one that logged has the same discount as the estimates; its return says something only in their units.
        var behavior = ranking.Ordered[0].BehaviorReturn;
        var worse = Enumerable.Range(0, truths.Length).Where(i => truths[i] <= behavior).ToList();
        var better = Enumerable.Range(0, truths.Length).Where(i => truths[i] > behavior).ToList();
        return row with
        {
            TopTruth = truths[0],
            Spearman = Finite(RankCorrelation.Spearman(ranking.Values, truths)),
            SpearmanLow = spearman?.Low,
            SpearmanHigh = spearman?.High,
            Kendall = Finite(RankCorrelation.Kendall(ranking.Values, truths)),
            KendallLow = kendall?.Low,
            KendallHigh = kendall?.High,
            Unit = clusters.Count == truths.Length ? "policies" : "seeds",
            Units = clusters.Count,
            Regret1 = ranking.Regret(1),
            Regret3 = ranking.Regret(3),
            Regret5 = ranking.Regret(5),
            NormalizedRegret1 = Over(ranking.Regret(1), range),
            NormalizedRegret3 = Over(ranking.Regret(3), range),
            NormalizedRegret5 = Over(ranking.Regret(5), range),
            MeanAbsoluteError = isSameQuantity && ranking.Criterion == SelectionCriterion.Estimate
                ? ranking.Values.Zip(truths).Where(p => !double.IsNaN(p.First)).Average(p => Math.Abs(p.First - p.Second))
                : null,
            TypeOneError = isSameQuantity && worse.Count > 0 ? worse.Count(i => ranking.Values[i] > behavior) / (double)worse.Count : null,
            TypeTwoError = isSameQuantity && better.Count > 0 ? better.Count(i => !(ranking.Values[i] > behavior)) / (double)better.Count : null,
        };
    }

    // Snapshots of one seed are not independent: the seed is drawn with all of them.
    static List<int[]> Clusters(IReadOnlyList<CandidateEstimate> ordered)
    {
        var seeds = Enumerable.Range(0, ordered.Count).GroupBy(i => (ordered[i].Candidate.Algorithm, ordered[i].Candidate.Run, ordered[i].Candidate.Seed)).ToList();
        var clusters = seeds.Count >= FewestSeeds ? seeds.Select(g => g.ToArray()) : Enumerable.Range(0, ordered.Count).Select(i => new[] { i });
        // The same order whatever the ranking, so that all rankings see the same resamples.
        return [.. clusters.OrderBy(c => c.Min(i => ordered[i].Candidate.ToString()), StringComparer.Ordinal)];
    }

    static (Interval? Spearman, Interval? Kendall) Intervals(double[] values, double[] truths, List<int[]> clusters, SelectConfig config, RandomStream stream)
    {
        var (spearman, kendall) = (new double[config.Resamples], new double[config.Resamples]);
        var drawn = new List<int>();
        for (var b = 0; b < config.Resamples; b++)
        {
            var draw = stream.Derive((ulong)b);
            drawn.Clear();
            for (var i = 0; i < clusters.Count; i++)
                drawn.AddRange(clusters[draw.NextInt(clusters.Count)]);
            var (x, y) = (drawn.Select(i => values[i]).ToArray(), drawn.Select(i => truths[i]).ToArray());
            spearman[b] = RankCorrelation.Spearman(x, y);
            kendall[b] = RankCorrelation.Kendall(x, y);
        }

        return (Ends(spearman), Ends(kendall));

        Interval? Ends(double[] replicates) => Bootstrap.Percentile(replicates, config.Confidence) is var ends && double.IsNaN(ends.Low) ? null : ends;
    }

    static double Over(double regret, double range) => range > 0 ? regret / range : 0;

    static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
