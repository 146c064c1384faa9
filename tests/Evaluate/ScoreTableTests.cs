using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class ScoreTableTests
{
    [Fact]
    public void Of_SeveralSeeds_TakesTheSeedAsUnit()
    {
        // Seed means 10, 20, 30, whatever the number of their episodes.
        var row = Assert.Single(Table(Rows("nominal", 0, 100, true, 5, 15), Rows("nominal", 1, 100, true, 20), Rows("nominal", 2, 100, true, 30, 30, 30)));
        Assert.Equal(("seeds", 3, 6, ScoreRow.Last), (row.Unit, row.Units, row.Episodes, row.Selection));
        Assert.Equal(20, row.Mean, 12);
        Assert.Equal(20, row.Iqm, 12);
        Assert.Equal((10, 30), (row.Min, row.Max));
        Assert.Equal((10, 30), (row.MeanLow, row.MeanHigh));
    }

    [Fact]
    public void Of_MoreEpisodesOfTheSameSeeds_NarrowsNoInterval()
    {
        var few = Assert.Single(Table(Rows("t", 0, 1, true, 0), Rows("t", 1, 1, true, 100), Rows("t", 2, 1, true, 50)));
        double[] Many(double value) => Enumerable.Repeat(value, 1000).ToArray();
        var many = Assert.Single(Table(Rows("t", 0, 1, true, Many(0)), Rows("t", 1, 1, true, Many(100)), Rows("t", 2, 1, true, Many(50))));
        Assert.Equal((few.IqmLow, few.IqmHigh), (many.IqmLow, many.IqmHigh));
        Assert.True(few.IqmLow < few.IqmHigh);
    }

    [Fact]
    public void Of_OneSeed_TakesTheEpisodeAsUnitAndSaysSo()
    {
        var row = Assert.Single(Table(Rows("nominal", 0, 100, true, 1, 2, 3, 4)));
        Assert.Equal(("episodes", 4), (row.Unit, row.Units));
        Assert.True(row.IqmLow < 2.5 && row.IqmHigh > 2.5);
        Assert.Null(Assert.Single(Table(Rows("nominal", 0, 100, true, 7))).IqmLow);
    }

    [Fact]
    public void Of_SeveralSnapshots_KeepsLastAndBestApart()
    {
        var table = Table(
            Rows("nominal", 0, 100, false, 90), Rows("nominal", 0, 200, true, 10),
            Rows("nominal", 1, 100, false, 40), Rows("nominal", 1, 200, true, 50));
        Assert.Equal([ScoreRow.Last, ScoreRow.Best], table.Select(r => r.Selection));
        Assert.Equal([30, 70], table.Select(r => r.Mean));
    }

    [Fact]
    public void Of_OneSnapshotThatIsNotAlwaysTheFinalOne_IsChosenAndNotLast()
    {
        var row = Assert.Single(Table(Rows("nominal", 0, 100, false, 90), Rows("nominal", 1, 200, true, 50)));
        Assert.Equal((ScoreRow.Chosen, 70.0, 2), (row.Selection, row.Mean, row.Units));
    }

    [Fact]
    public void Of_SeveralHeldOutTasks_PoolsThemApartFromNominal()
    {
        var table = Table(
            Rows("nominal", 0, 1, true, 500), Rows("nominal", 1, 1, true, 500),
            Rows("long", 0, 1, true, 100), Rows("long", 1, 1, true, 200),
            Rows("short", 0, 1, true, 300), Rows("short", 1, 1, true, 400));
        var pooled = Assert.Single(table, r => r.Task == ScoreRow.AllHeldOut);
        Assert.Equal(250, pooled.Mean, 12);
        Assert.Equal(250, pooled.Iqm, 12);
        Assert.Equal(4, table.Count);
        // Seed 0 has 200 over both tasks, seed 1 has 300: that is all there is to resample.
        Assert.Equal(("seeds", 2, 200, 300), (pooled.Unit, pooled.Units, pooled.Min, pooled.Max));
        Assert.Equal((200, 300), (pooled.MeanLow, pooled.MeanHigh));
    }

    [Fact]
    public void Of_MoreTasksOfTheSameSeeds_NarrowsNoInterval()
    {
        // One network meets all tasks and fails or succeeds on all of them: twenty tasks say no more than two.
        IEnumerable<RolloutRow> Tasks(int count) => Enumerable.Range(0, count).SelectMany(t => Enumerable.Range(0, 5).SelectMany(seed => Rows($"task-{t}", seed, 1, true, 100 * seed)));
        ScoreRow Pooled(int count) => Table(Tasks(count).ToArray()).Single(r => r.Task == ScoreRow.AllHeldOut);
        Assert.Equal(Pooled(2) with { Episodes = 0 }, Pooled(20) with { Episodes = 0 });
        Assert.True(Pooled(20).MeanHigh - Pooled(20).MeanLow > 150);
    }

    [Fact]
    public void Of_ASeedThatMissedATask_LeavesItOutOfThePool()
    {
        var pooled = Assert.Single(
            Table(Rows("a", 0, 1, true, 1), Rows("b", 0, 1, true, 3), Rows("a", 1, 1, true, 5), Rows("b", 1, 1, true, 7), Rows("a", 2, 1, true, 900)),
            r => r.Task == ScoreRow.AllHeldOut);
        Assert.Equal((2, 4.0), (pooled.Units, pooled.Mean));
    }

    [Fact]
    public void Of_TheSameRowsTwice_GivesTheSameDigits()
    {
        RolloutRow[][] rows = [Rows("t", 0, 1, true, 3), Rows("t", 1, 1, true, 9), Rows("t", 2, 1, true, 4)];
        Assert.Equal(Table(rows), Table(rows));
    }

    [Fact]
    public void Of_LengthsSuccessesAndDiscountedReturns_AveragesThemBySeed()
    {
        RolloutRow[] With(RolloutRow[] rows, double discount, params bool?[] successes) => [.. rows.Select((r, i) => r with { Length = 10 * (i + 1), Success = successes[i], DiscountedReturn = r.Return / 2, Discount = discount })];
        var row = Assert.Single(Table(
            With(Rows("nominal", 0, 1, true, 8, 4), 0.9, true, false),
            With(Rows("nominal", 1, 1, true, 2, 2), 0.9, true, true)));
        Assert.Equal((15.0, 0.75, 2.0, 0.9), (row.LengthMean, row.SuccessRate, row.DiscountedMean, row.Discount));
        // Two seeds: the ends are the two seeds' own means.
        Assert.Equal((0.5, 1.0, 1.0, 3.0), (row.SuccessLow, row.SuccessHigh, row.DiscountedLow, row.DiscountedHigh));
        var mixed = Assert.Single(Table(
            With(Rows("nominal", 0, 1, true, 8, 4), 0.9, true, null),
            With(Rows("nominal", 1, 1, true, 2, 2), 0.99, true, true)));
        Assert.Equal((15.0, null, null, null), (mixed.LengthMean, mixed.SuccessRate, mixed.DiscountedMean, mixed.Discount));
    }

    static IReadOnlyList<ScoreRow> Table(params RolloutRow[][] rows) => ScoreTable.Of(rows.SelectMany(r => r), [], 0.95, 500, RandomStream.Create(0, "scores"));

    static RolloutRow[] Rows(string task, long seed, int step, bool last, params double[] returns) => returns.Select((value, episode) => new RolloutRow
    {
        Algorithm = "dqn",
        Policy = "x",
        Task = task,
        Environment = $"Line?variant={task}",
        Label = task == "nominal" ? "nominal" : "held_out",
        Seed = seed,
        Step = step,
        IsLast = last,
        RolloutSeed = 0,
        Episode = episode,
        Return = value,
        Length = 1,
        Terminated = true,
        Truncated = false,
    }).ToArray();
}
