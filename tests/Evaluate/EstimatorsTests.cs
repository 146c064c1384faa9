using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class EstimatorsTests
{
    // Two episodes: ratios 2, 1/2 with rewards 1, 2; ratio 1/2 with reward 3. Discount 1/2, so G is 2 and 3.
    static LoggedEpisodes Small(double firstRatio = 2) => LoggedEpisodes.Create(
        [0, 2, 3],
        [1, 2, 3],
        [Math.Log(firstRatio * 0.4), Math.Log(0.25), Math.Log(0.3)],
        [Math.Log(0.4), Math.Log(0.5), Math.Log(0.6)]);

    [Fact]
    public void Estimators_OnTwoEpisodes_EqualHandComputedNumbers()
    {
        var episodes = Small();
        Assert.Equal(2.5, Estimators.BehaviorReturn(episodes, 0.5).Value, 12);
        Assert.Equal(((1 * 2) + (0.5 * 3)) / 2, Estimators.ImportanceSampling(episodes, 0.5).Value, 12);
        Assert.Equal(((1 * 2) + (0.5 * 3)) / 1.5, Estimators.WeightedImportanceSampling(episodes, 0.5).Value, 12);
        Assert.Equal((((2 * 1) + (0.5 * 1 * 2)) + (0.5 * 3)) / 2, Estimators.PerDecisionImportanceSampling(episodes, 0.5).Value, 12);
        // Step 1: the episode that ended keeps its weight 1/2 in the denominator.
        Assert.Equal((((2 * 1) + (0.5 * 3)) / 2.5) + (0.5 * (1 * 2) / (1 + 0.5)), Estimators.WeightedPerDecisionImportanceSampling(episodes, 0.5).Value, 12);
    }

    [Fact]
    public void Estimators_WithAChangedRatio_GiveOtherNumbers()
    {
        foreach (var estimator in All)
            Assert.NotEqual(estimator(Small(), 0.5).Value, estimator(Small(firstRatio: 2.1), 0.5).Value, 3);
    }

    [Fact]
    public void Estimators_WithUnitRatios_EqualTheMeanReturn()
    {
        var episodes = Random(1, count: 60, maxLength: 9, ratioSpread: 0);
        var mean = Estimators.BehaviorReturn(episodes, 0.9).Value;
        Assert.NotEqual(0, mean, 2);
        Assert.Equal(mean, Estimators.ImportanceSampling(episodes, 0.9).Value, 12);
        Assert.Equal(mean, Estimators.WeightedImportanceSampling(episodes, 0.9).Value, 12);
        Assert.Equal(mean, Estimators.PerDecisionImportanceSampling(episodes, 0.9).Value, 12);
        // Without absorption the long episodes alone would count at late steps, and this would not hold.
        Assert.Equal(mean, Estimators.WeightedPerDecisionImportanceSampling(episodes, 0.9).Value, 12);
    }

    [Fact]
    public void Estimators_OfOneStepEpisodes_PerDecisionEqualsWhole()
    {
        var episodes = Random(2, count: 40, maxLength: 1, ratioSpread: 1);
        Assert.Equal(Estimators.ImportanceSampling(episodes, 0.9).Value, Estimators.PerDecisionImportanceSampling(episodes, 0.9).Value, 12);
        Assert.Equal(Estimators.WeightedImportanceSampling(episodes, 0.9).Value, Estimators.WeightedPerDecisionImportanceSampling(episodes, 0.9).Value, 12);
        Assert.NotEqual(Estimators.ImportanceSampling(episodes, 0.9).Value, Estimators.WeightedImportanceSampling(episodes, 0.9).Value, 3);
    }

    [Fact]
    public void WeightedEstimators_WithWeightsBeyondDouble_StayFinite()
    {
        // Log weights of +-900: neither fits into a double, their ratio is what counts.
        var episodes = LoggedEpisodes.Create([0, 1, 2, 4], [1, 2, 5, 7], [900, 900, -901, 0], [-1, -1, -1, -1]);
        Assert.Equal(1.5, Estimators.WeightedImportanceSampling(episodes, 1).Value, 12);
        Assert.Equal(1.5, Estimators.WeightedPerDecisionImportanceSampling(episodes, 1).Value, 12);
        Assert.Equal(2, WeightDiagnostics.Of(episodes).EffectiveSampleSize, 12);
        Assert.Equal(double.PositiveInfinity, Estimators.ImportanceSampling(episodes, 1).Value);
    }

    [Fact]
    public void Estimators_WhereNoEpisodeIsPossible_AreZeroOrUndefined()
    {
        var never = double.NegativeInfinity;
        var episodes = LoggedEpisodes.Create([0, 2, 3], [1, 2, 3], [0, never, never], [-1, -1, -1]);
        Assert.Equal(0, Estimators.ImportanceSampling(episodes, 1).Value);
        Assert.Equal(Math.E / 2, Estimators.PerDecisionImportanceSampling(episodes, 1).Value, 12);
        Assert.True(double.IsNaN(Estimators.WeightedImportanceSampling(episodes, 1).Value));
        Assert.True(double.IsNaN(Estimators.WeightedPerDecisionImportanceSampling(episodes, 1).Value));
        var weights = WeightDiagnostics.Of(episodes);
        Assert.Equal(2, weights.ZeroWeightEpisodes);
        Assert.Equal(2, episodes.ZeroRatioSteps);
        Assert.StartsWith("not identifiable", weights.Verdict(), StringComparison.Ordinal);
    }

    [Fact]
    public void StandardError_OfAMean_IsTheUsualOne()
    {
        var statistic = EpisodeStatistic.Mean([1, 2, 4, 9]);
        Assert.Equal(Math.Sqrt((9 + 4 + 0 + 25) / (4.0 * 3)), statistic.StandardError(), 12);
    }

    [Fact]
    public void Influence_OfEveryEstimator_IsTheDerivativeInTheCounts()
    {
        var episodes = Random(3, count: 12, maxLength: 6, ratioSpread: 0.7);
        foreach (var estimator in All)
        {
            var statistic = estimator(episodes, 0.9);
            var influence = statistic.Influence();
            Assert.Equal(0, influence.Sum(), 9);
            // Counts are whole numbers: one part in 10^6 more of one episode.
            var counts = Enumerable.Repeat(1_000_000, episodes.Count).ToArray();
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i]++;
                var up = statistic.Evaluate(counts);
                counts[i] -= 2;
                var down = statistic.Evaluate(counts);
                counts[i]++;
                Assert.Equal((up - down) / 2e-6 * counts.Length, influence[i], 4);
            }

            Assert.Contains(influence, u => Math.Abs(u) > 0.1);
        }
    }

    [Fact]
    public void LoggedEpisodes_WithAnImpossibleLoggedAction_NamesEpisodeAndStep()
    {
        var error = Assert.Throws<UserErrorException>(() =>
            LoggedEpisodes.Create([0, 1, 3], [1, 2, 3], [0, 0, 0], [-1, -1, double.NegativeInfinity]));
        Assert.Contains("episode 1, step 1", error.Message, StringComparison.Ordinal);
        Assert.Throws<UserErrorException>(() => LoggedEpisodes.Create([0, 1], [1], [double.NaN], [-1]));
        Assert.Throws<UserErrorException>(() => LoggedEpisodes.Create([0, 1], [double.NaN], [-1], [-1]));
        Assert.Throws<UserErrorException>(() => LoggedEpisodes.Create([0, 1, 1], [1], [-1], [-1]));
        Assert.Throws<UserErrorException>(() => Estimators.ImportanceSampling(Small(), 1.01));
    }

    [Fact]
    public void WeightDiagnostics_OfKnownWeights_EqualHandComputedNumbers()
    {
        // Weights 1, 1/2: (1.5)^2 / 1.25.
        var weights = WeightDiagnostics.Of(Small());
        Assert.Equal(2.25 / 1.25, weights.EffectiveSampleSize, 12);
        Assert.Equal(0.75, weights.MeanWeight, 12);
        Assert.Equal(1, weights.MaxWeight, 12);
        Assert.Equal(1 / 1.5, weights.TopEpisodeShare, 12);
        Assert.Equal(1 / 1.5, weights.TopTenPercentShare, 12);
        Assert.Contains("do not trust", weights.Verdict(), StringComparison.Ordinal);
    }

    [Fact]
    public void Verdict_WhereTheMeanWeightIsFarFromOne_SaysSo()
    {
        // 100 weights of 1/4, all alike: the effective sample size sees nothing wrong.
        var first = Enumerable.Range(0, 101).ToArray();
        var (zeros, low) = (new double[100], Enumerable.Repeat(Math.Log(0.25), 100).ToArray());
        var off = WeightDiagnostics.Of(LoggedEpisodes.Create(first, new double[100], low, zeros));
        Assert.Equal(100, off.EffectiveSampleSize, 9);
        Assert.Contains("the mean weight is 0.25 where 1 is expected", off.Verdict(), StringComparison.Ordinal);
        Assert.StartsWith("usable", WeightDiagnostics.Of(LoggedEpisodes.Create(first, new double[100], zeros, zeros)).Verdict(), StringComparison.Ordinal);
    }

    internal static readonly IReadOnlyList<Func<LoggedEpisodes, double, EpisodeStatistic>> All =
    [
        Estimators.ImportanceSampling,
        Estimators.WeightedImportanceSampling,
        Estimators.PerDecisionImportanceSampling,
        Estimators.WeightedPerDecisionImportanceSampling,
    ];

    static LoggedEpisodes Random(ulong seed, int count, int maxLength, double ratioSpread)
    {
        var stream = RandomStream.Create(seed, "episodes");
        var first = new List<int> { 0 };
        for (var i = 0; i < count; i++)
            first.Add(first[^1] + 1 + stream.NextInt(maxLength));
        var steps = first[^1];
        var rewards = new double[steps];
        var behavior = new double[steps];
        var evaluation = new double[steps];
        for (var row = 0; row < steps; row++)
        {
            rewards[row] = 1 + stream.NextGaussian();
            behavior[row] = Math.Log(stream.Uniform(0.2, 0.9));
            evaluation[row] = behavior[row] + (ratioSpread * stream.NextGaussian());
        }

        return LoggedEpisodes.Create(first.ToArray(), rewards, evaluation, behavior);
    }
}
