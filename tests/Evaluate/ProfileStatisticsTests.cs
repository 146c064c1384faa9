using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class ProfileStatisticsTests
{
    [Fact]
    public void OptimalityGap_OfHandScores_LeavesOutWhatLiesBeyondTheTarget()
    {
        // min(score, 1): 0.5, 1 and 0.25, 0.75: task means 0.75 and 0.5.
        Assert.Equal(1 - 0.625, ScoreStatistics.OptimalityGap([[0.5, 3], [0.25, 0.75]], 1), 15);
        // A task with one seed weighs as much as one with four.
        Assert.Equal(1 - ((0.5 + 0.2) / 2), ScoreStatistics.OptimalityGap([[0.5], [0.2, 0.2, 0.2, 0.2]], 1), 15);
    }

    [Fact]
    public void ProbabilityOfImprovement_OfHandScores_CountsTiesHalf()
    {
        // Task 1: (1, 3) against (1, 2): 1-1 tie, 1-2 loss, 3-1 and 3-2 wins: 2.5 of 4. Task 2: 5 against (1, 9, 9): 1 of 3.
        Assert.Equal((0.625 + (1 / 3.0)) / 2, ScoreStatistics.ProbabilityOfImprovement([[1, 3], [5]], [[1, 2], [1, 9, 9]]), 15);
        Assert.Equal(0.5, ScoreStatistics.ProbabilityOfImprovement([[4, 4]], [[4, 4, 4]]), 15);
    }

    [Fact]
    public void ProbabilityOfImprovement_BothWays_SumsToOneAndEqualsTheCountOverPairs()
    {
        var stream = RandomStream.Create(5, "pairs");
        for (var round = 0; round < 50; round++)
        {
            // Few values, so that there are ties.
            double[][] Scores() => Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 1 + stream.NextInt(6)).Select(_ => (double)stream.NextInt(4)).Order().ToArray()).ToArray();
            var (x, y) = (Scores(), Scores());
            var forward = ScoreStatistics.ProbabilityOfImprovement(x, y);
            Assert.Equal(1, forward + ScoreStatistics.ProbabilityOfImprovement(y, x), 12);
            var counted = x.Zip(y, (a, b) => a.Average(s => b.Average(t => s > t ? 1 : s == t ? 0.5 : 0))).Average();
            Assert.Equal(counted, forward, 12);
        }
    }

    [Fact]
    public void Distributions_OfHandScores_CountWhatIsStrictlyAbove()
    {
        double[][] scores = [[0, 1, 2], [1]];
        var fractions = new double[4];
        ScoreStatistics.ScoreDistribution(scores, [-1, 0, 1, 2], fractions);
        Assert.All(fractions.Zip([1, 5 / 6.0, 1 / 6.0, 0]), pair => Assert.Equal(pair.Second, pair.First, 15));
        ScoreStatistics.AverageScoreDistribution([[0, 2], [5]], [-1, 0.5, 1, 4], fractions);
        Assert.Equal([1, 1, 0.5, 0.5], fractions);
    }

    [Fact]
    public void Statistics_OfReferenceScores_EqualRliable()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("rliable.json")));
        var root = document.RootElement;
        var (x, y) = (Tasks(root.GetProperty("scores_x")), Tasks(root.GetProperty("scores_y")));
        foreach (var (scores, expected) in new[]
        {
            (x, root.GetProperty("point").GetProperty("x")), (y, root.GetProperty("point").GetProperty("y")),
            (Tasks(root.GetProperty("small_3x3").GetProperty("scores")), root.GetProperty("small_3x3")),
        })
        {
            Assert.Equal(expected.GetProperty("optimality_gap").GetDouble(), ScoreStatistics.OptimalityGap(scores, 1), 12);
            Assert.Equal(expected.GetProperty("optimality_gap_gamma0_5").GetDouble(), ScoreStatistics.OptimalityGap(scores, 0.5), 12);
        }

        var improvement = ScoreStatistics.ProbabilityOfImprovement(x, y);
        Assert.Equal(root.GetProperty("probability_of_improvement_x_over_y").GetDouble(), improvement, 12);
        var profile = root.GetProperty("performance_profile_x");
        var thresholds = profile.GetProperty("tau").EnumerateArray().Select(t => t.GetDouble()).ToArray();
        var fractions = new double[thresholds.Length];
        ScoreStatistics.ScoreDistribution(x, thresholds, fractions);
        foreach (var name in (string[])["fraction_above_strict", "mean_over_tasks_of_score_distribution"])
            Assert.All(profile.GetProperty(name).EnumerateArray().Zip(fractions), pair => Assert.Equal(pair.First.GetDouble(), pair.Second, 12));

        // One seed less is seen.
        x[0] = x[0][1..];
        Assert.NotEqual(improvement, ScoreStatistics.ProbabilityOfImprovement(x, y), 6);
    }

    [Fact]
    public void OptimalityGap_UnderTheStratifiedBootstrap_HasRliablesInterval()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("rliable.json")));
        var scores = Tasks(document.RootElement.GetProperty("scores_x"));
        // Every task with its own runs: the seeds of each are drawn apart.
        var method = new MethodScores(scores.Length, scores.Select((task, t) => new MethodScores.Run([t], task.Select(s => new[] { s }).ToList())).ToList());
        var expected = document.RootElement.GetProperty("stratified_bootstrap_ci_x");
        foreach (var (name, statistic) in new (string, Func<IReadOnlyList<double[]>, double>)[]
        {
            ("mean", ScoreStatistics.Mean), ("median", ScoreStatistics.Median), ("iqm", ScoreStatistics.InterquartileMean), ("optimality_gap", s => ScoreStatistics.OptimalityGap(s, 1)),
        })
        {
            var (stream, buffer) = (RandomStream.Create(0, "rliable"), method.Buffer());
            var interval = Bootstrap.Percentile(Enumerable.Range(0, 20_000).Select(b =>
            {
                method.Resample(stream.Derive((ulong)b), buffer);
                return statistic(buffer);
            }).ToArray(), 0.95);
            var ends = expected.GetProperty(name).GetProperty("percentile_95");
            Assert.Equal(ends[0].GetDouble(), interval.Low, 0.002);
            Assert.Equal(ends[1].GetDouble(), interval.High, 0.002);
        }
    }

    // Stored as [runs][tasks]; rising, as the statistics want them.
    static double[][] Tasks(JsonElement matrix)
    {
        var runs = matrix.EnumerateArray().Select(run => run.EnumerateArray().Select(score => score.GetDouble()).ToArray()).ToArray();
        return Enumerable.Range(0, runs[0].Length).Select(task => runs.Select(run => run[task]).Order().ToArray()).ToArray();
    }
}
