using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class ScoreStatisticsTests
{
    [Fact]
    public void InterquartileMean_OfEightScores_DropsTwoAtEachEnd()
    {
        Assert.Equal((2 + 3 + 4 + 5) / 4.0, ScoreStatistics.InterquartileMean([[100, 1, 2, 3, 4, 5, 90, -50]]), 12);
        Assert.Equal(7, ScoreStatistics.InterquartileMean([[7]]), 12);
        // Five seeds: floor(5 / 4) = 1 at each end.
        Assert.Equal((2 + 3 + 4) / 3.0, ScoreStatistics.InterquartileMean([[1, 2, 3, 4, 500]]), 12);
    }

    [Fact]
    public void InterquartileMean_WithUnequalSeeds_WeighsTasksEqually()
    {
        // Task 2 repeats one score; doing so more often must change nothing.
        var few = ScoreStatistics.InterquartileMean([[0, 10, 20, 30], [12, 12]]);
        var many = ScoreStatistics.InterquartileMean([[0, 10, 20, 30], [12, 12, 12, 12, 12, 12, 12, 12]]);
        Assert.Equal(few, many, 12);
        Assert.NotEqual(few, ScoreStatistics.InterquartileMean([[0, 10, 20, 30], [15, 15]]), 6);
    }

    [Fact]
    public void Median_OfTaskMeans_InterpolatesBetweenTheMiddleTwo()
    {
        Assert.Equal(2.5, ScoreStatistics.Median([[1, 3], [3], [-9], [40]]), 12);
        Assert.Equal(2, ScoreStatistics.Median([3, 1, 2]), 12);
    }

    [Fact]
    public void Aggregates_OfReferenceScores_EqualRliable()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("rliable.json")));
        var root = document.RootElement;
        foreach (var name in (string[])["x", "y"])
            Check(Tasks(root.GetProperty($"scores_{name}")), root.GetProperty("point").GetProperty(name));
        var small = root.GetProperty("small_3x3");
        Check(Tasks(small.GetProperty("scores")), small);

        static void Check(double[][] scores, JsonElement expected)
        {
            Assert.Equal(expected.GetProperty("mean").GetDouble(), ScoreStatistics.Mean(scores), 12);
            Assert.Equal(expected.GetProperty("median").GetDouble(), ScoreStatistics.Median(scores), 12);
            Assert.Equal(expected.GetProperty("iqm").GetDouble(), ScoreStatistics.InterquartileMean(scores), 12);
        }
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("median")]
    [InlineData("iqm")]
    public void StratifiedBootstrap_OfReferenceScores_GivesRliableIntervals(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("rliable.json")));
        var scores = Tasks(document.RootElement.GetProperty("scores_x"));
        var expected = document.RootElement.GetProperty("stratified_bootstrap_ci_x").GetProperty(name).GetProperty("percentile_95");
        Func<IReadOnlyList<double[]>, double> statistic = name switch
        {
            "mean" => ScoreStatistics.Mean,
            "median" => ScoreStatistics.Median,
            _ => ScoreStatistics.InterquartileMean,
        };

        var interval = Bootstrap.Percentile(Bootstrap.Stratified(scores, statistic, 20_000, RandomStream.Create(0, "rliable")), 0.95);
        Assert.Equal(expected[0].GetDouble(), interval.Low, 0.002);
        Assert.Equal(expected[1].GetDouble(), interval.High, 0.002);

        // The tolerance tells seeds apart: without four of them the interval lies elsewhere.
        var fewer = scores.Select(task => task.Where((_, seed) => seed >= 4).ToArray()).ToArray();
        var other = Bootstrap.Percentile(Bootstrap.Stratified(fewer, statistic, 20_000, RandomStream.Create(0, "rliable")), 0.95);
        Assert.True(Math.Max(Math.Abs(other.Low - interval.Low), Math.Abs(other.High - interval.High)) > 0.002);
    }

    // Stored as [runs][tasks].
    static double[][] Tasks(JsonElement matrix)
    {
        var runs = matrix.EnumerateArray().Select(run => run.EnumerateArray().Select(score => score.GetDouble()).ToArray()).ToArray();
        return Enumerable.Range(0, runs[0].Length).Select(task => runs.Select(run => run[task]).ToArray()).ToArray();
    }
}
