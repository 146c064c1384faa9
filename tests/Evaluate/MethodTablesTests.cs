using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class MethodTablesTests
{
    static readonly ReferenceReturns[] References =
    [
        new("A", 0, 10, "hand"), new("B", 100, 200, "hand"),
    ];

    [Fact]
    public void Of_TwoTasksWithReferences_AggregatesNormalizedScores()
    {
        // dqn on A: 50 and 100 percent; on B: 0 and 20. bc: 25 everywhere.
        var tables = Of([.. Rows("dqn", "a-dqn", "A", 5, 10), .. Rows("dqn", "b-dqn", "B", 100, 120), .. Rows("bc", "a-bc", "A", 2.5, 2.5), .. Rows("bc", "b-bc", "B", 125)], References);
        var row = Assert.Single(tables.Aggregates, r => r is { Scope: "nominal (all)", Method: "dqn" });
        Assert.Equal(("normalized", 2, 2, 2, "a-dqn; b-dqn"), (row.Scale, row.Tasks, row.SeedsMin, row.SeedsMax, row.Policies));
        Assert.Equal((75 + 10) / 2.0, row.Mean, 12);
        Assert.Equal((75 + 10) / 2.0, row.Median, 12);
        Assert.Equal((20 + 50) / 2.0, row.Iqm, 12);
        Assert.Equal(57.5, row.OptimalityGap!.Value, 12);
        Assert.Equal(100, row.OptimalityTarget);
        Assert.True(row.MeanLow < row.Mean && row.Mean < row.MeanHigh);
        // A run with a single seed leaves nothing to resample.
        var bc = Assert.Single(tables.Aggregates, r => r is { Scope: "nominal (all)", Method: "bc" });
        Assert.Equal((25.0, 1, 2, null), (bc.Mean, bc.SeedsMin, bc.SeedsMax, bc.MeanLow));
        // On A dqn wins both times, on B never.
        var pair = Assert.Single(tables.Improvements, r => r.Scope == "nominal (all)");
        Assert.Equal((0.5, "undecided", null), (pair.Probability, pair.Conclusion, pair.Low));
        Assert.Empty(tables.Notes);
    }

    [Fact]
    public void Of_TasksInDifferentUnits_RefusesToAverageThem()
    {
        var tables = Of([.. Rows("dqn", "a-dqn", "A", 5, 10), .. Rows("dqn", "c-dqn", "C", 1000, 1200)], References);
        Assert.Equal(["A", "C"], tables.Aggregates.Select(r => r.Scope));
        Assert.Equal([("normalized", 75.0, 100), ("return", 1100.0, (double?)null)], tables.Aggregates.Select(r => (r.Scale, r.Mean, r.OptimalityTarget)));
        Assert.Contains("C has no reference returns", Assert.Single(tables.Notes), StringComparison.Ordinal);
        // The score table keeps them apart too, though both rows call their task nominal.
        var scores = ScoreTable.Of([.. Rows("builtin", "uniform", "A", 5), .. Rows("builtin", "uniform", "C", 1000)], [], 0.95, 100, RandomStream.Create(0, "s"));
        Assert.Equal([("A", 5.0), ("C", 1000.0)], scores.Select(s => (s.Task, s.Mean)));
    }

    [Fact]
    public void Of_VariantsOfOneEnvironment_AveragesReturnsAndKeepsASeedTogether()
    {
        // The seed decides everything: a seed is good on both variants or on neither.
        var rows = Enumerable.Range(0, 2).SelectMany(v => Rows("dqn", "dqn", $"C?length={v}", 0, 100, 200, 300).Select(r => r with { Task = $"v{v}", Label = "held_out" })).ToList();
        var row = Assert.Single(Of(rows, []).Aggregates, r => r.Scope == "held_out (all)");
        Assert.Equal(("return", 150.0), (row.Scale, row.Mean));
        var one = Assert.Single(Of(rows, []).Aggregates, r => r.Scope == "v0");
        // Drawn apart, the two tasks' means would vary less, by the root of two.
        Assert.InRange((row.MeanHigh!.Value - row.MeanLow!.Value) / (one.MeanHigh!.Value - one.MeanLow!.Value), 0.9, 1.1);
        var apart = Enumerable.Range(0, 2).SelectMany(v => Rows("dqn", $"dqn-{v}", $"C?length={v}", 0, 100, 200, 300).Select(r => r with { Task = $"v{v}", Label = "held_out" })).ToList();
        var other = Assert.Single(Of(apart, []).Aggregates, r => r.Scope == "held_out (all)");
        Assert.InRange((other.MeanHigh!.Value - other.MeanLow!.Value) / (one.MeanHigh!.Value - one.MeanLow!.Value), 0.6, 0.8);
    }

    [Fact]
    public void Of_TwoRunsOfAnAlgorithmOnOneTask_ComparesTheRuns()
    {
        var tables = Of([.. Rows("dqn", "small", "A", 1, 2, 3), .. Rows("dqn", "large", "A", 7, 8, 9)], References);
        Assert.Equal(["small", "large"], tables.Aggregates.Select(r => r.Method));
        var pair = Assert.Single(tables.Improvements);
        Assert.Equal(("small", "large", 0.0, 0.0, 0.0, "Y better"), (pair.MethodX, pair.MethodY, pair.Probability, pair.Low, pair.High, pair.Conclusion));
        Assert.Equal(101, tables.Profiles.Count(r => r.Method == "small"));
        Assert.All(tables.Profiles, r => Assert.True(r.Kind == "run_score" && r.Low <= r.Fraction && r.Fraction <= r.High));
        Assert.Equal([1, 0], new[] { tables.Profiles.First(r => r.Method == "large").Fraction, tables.Profiles.Last(r => r.Method == "large").Fraction });
    }

    [Fact]
    public void Of_SeveralSnapshots_KeepsLastAndBestApart()
    {
        RolloutRow[] Snapshot(int step, bool last, double score) => Rows("dqn", "dqn", "A", score, score + 1).Select(r => r with { Step = step, IsLast = last }).ToArray();
        var tables = Of([.. Snapshot(1, false, 8), .. Snapshot(2, true, 3), .. Rows("bc", "bc", "A", 5, 6)], References);
        Assert.Equal([(ScoreRow.Last, 35.0), (ScoreRow.Best, 85.0), (ScoreRow.Last, 55.0)], tables.Aggregates.Select(r => (r.Selection, r.Mean)));
        // The best of several snapshots is not set against a last one.
        var pair = Assert.Single(tables.Improvements);
        Assert.Equal((ScoreRow.Last, ScoreRow.Last, 0.0), (pair.SelectionX, pair.SelectionY, pair.Probability));
    }

    [Fact]
    public void Of_AMethodThatMissedATask_LeavesItOutAndSaysSo()
    {
        var tables = Of([.. Rows("dqn", "a-dqn", "A", 5, 10), .. Rows("dqn", "b-dqn", "B", 100, 120), .. Rows("bc", "a-bc", "A", 2, 3)], References);
        Assert.Equal(["dqn"], tables.Aggregates.Where(r => r.Scope == "nominal (all)").Select(r => r.Method));
        Assert.Contains("1 of its 2 tasks", Assert.Single(tables.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_OneMethodOnOneTask_IsEmpty_AndMoreEpisodesChangeNoInterval()
    {
        Assert.Empty(Of([.. Rows("dqn", "a", "A", 5, 10)], References).Aggregates);
        var few = Of([.. Rows("dqn", "a", "A", 5, 10), .. Rows("bc", "b", "A", 2, 3)], References);
        var many = Of([.. Enumerable.Range(0, 50).SelectMany(e => Rows("dqn", "a", "A", 5, 10).Concat(Rows("bc", "b", "A", 2, 3)).Select(r => r with { Episode = e }))], References);
        Assert.Equal(few.Aggregates, many.Aggregates);
        Assert.Equal(few.Improvements, many.Improvements);
        Assert.Equal(few.Profiles, many.Profiles);
    }

    static MethodTables Of(IReadOnlyList<RolloutRow> rows, IReadOnlyList<ReferenceReturns> references) => MethodTables.Of(rows, references, 0.95, 1000, RandomStream.Create(0, "methods"));

    // One episode a seed; the first score is of seed 0.
    static RolloutRow[] Rows(string algorithm, string policy, string environment, params double[] scores) => scores.Select((score, seed) => new RolloutRow
    {
        Algorithm = algorithm,
        Policy = policy,
        Task = "nominal",
        Environment = environment,
        Label = "nominal",
        Seed = seed,
        Step = 1,
        IsLast = true,
        RolloutSeed = 0,
        Episode = 0,
        Return = score,
        Length = 1,
        Terminated = true,
        Truncated = false,
    }).ToArray();
}
