using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class BootstrapTests
{
    [Fact]
    public void OverEpisodes_RunTwice_GivesTheSameDigits()
    {
        var statistic = EpisodeStatistic.Mean([3, 1, 4, 1, 5, 9, 2, 6]);
        var once = Bootstrap.OverEpisodes([statistic], 200, RandomStream.Create(7, "bootstrap"))[0];
        var again = Bootstrap.OverEpisodes([statistic], 200, RandomStream.Create(7, "bootstrap"))[0];
        var other = Bootstrap.OverEpisodes([statistic], 200, RandomStream.Create(8, "bootstrap"))[0];
        Assert.Equal(once, again);
        Assert.NotEqual(once, other);
    }

    [Fact]
    public void OverEpisodes_OfAMean_SpreadsByTheStandardError()
    {
        var stream = RandomStream.Create(1, "sample");
        var values = Enumerable.Range(0, 100).Select(_ => stream.NextGaussian()).ToArray();
        var statistic = EpisodeStatistic.Mean(values);
        var replicates = Bootstrap.OverEpisodes([statistic], 4000, RandomStream.Create(2, "bootstrap"))[0];
        var interval = Bootstrap.Percentile(replicates, 0.95);
        Assert.Equal(statistic.Value - (1.96 * statistic.StandardError()), interval.Low, 0.02);
        Assert.Equal(statistic.Value + (1.96 * statistic.StandardError()), interval.High, 0.02);
    }

    [Fact]
    public void BiasCorrected_OnSkewedValues_MovesTowardsTheTail()
    {
        var stream = RandomStream.Create(3, "sample");
        var values = Enumerable.Range(0, 60).Select(_ => Math.Exp(1.2 * stream.NextGaussian())).ToArray();
        var statistic = EpisodeStatistic.Mean(values);
        var replicates = Bootstrap.OverEpisodes([statistic], 4000, RandomStream.Create(4, "bootstrap"))[0];
        var plain = Bootstrap.Percentile(replicates, 0.95);
        var corrected = Bootstrap.BiasCorrected(replicates, statistic.Value, statistic.Influence(), 0.95);
        Assert.True(corrected.Low > plain.Low && corrected.High > plain.High, $"{plain} {corrected}");
    }

    [Fact]
    public void BiasCorrected_OnSymmetricValues_IsThePercentileInterval()
    {
        double[] replicates = [.. Enumerable.Range(-500, 1001).Select(i => i / 100.0)];
        var corrected = Bootstrap.BiasCorrected(replicates, 0, [-1, 1, -2, 2], 0.9);
        var plain = Bootstrap.Percentile(replicates, 0.9);
        Assert.Equal(plain.Low, corrected.Low, 6);
        Assert.Equal(plain.High, corrected.High, 6);
        Assert.Equal(-4.5, plain.Low, 6);
    }

    [Fact]
    public void Percentile_WithUndefinedReplicates_LeavesThemOutOrGivesNone()
    {
        var replicates = Enumerable.Range(0, 100).Select(i => i < 5 ? double.NaN : i).ToArray();
        Assert.Equal(5, Bootstrap.Percentile(replicates, 1 - 1e-12).Low, 6);
        Assert.True(double.IsNaN(Bootstrap.Percentile([double.NaN, 1, 2], 0.9).Low));
    }

    [Fact]
    public void Stratified_WithOneUnitAStratum_HasNoSpread()
    {
        var replicates = Bootstrap.Stratified([[1], [5]], ScoreStatistics.Mean, 50, RandomStream.Create(1, "b"));
        Assert.All(replicates, r => Assert.Equal(3, r));
    }

    [Fact]
    public void Stratified_StaysWithinAStratum()
    {
        // Across strata a draw could take 0 or 100 twice; within them the mean of the strata is always 50.
        var replicates = Bootstrap.Stratified([[0, 0, 0], [100, 100]], ScoreStatistics.Mean, 200, RandomStream.Create(1, "b"));
        Assert.All(replicates, r => Assert.Equal(50, r));
    }
}
