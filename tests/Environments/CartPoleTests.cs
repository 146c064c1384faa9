using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class CartPoleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(21)]
    public void Step_InABatchOfAnySize_GivesTheDigitsOfASingleInstance(int count)
    {
        var seeds = Enumerable.Range(0, count).Select(i => 100UL + (ulong)i).ToArray();
        using var together = new Batch("CartPole-v1?length=0.8", count).Reset(seeds);
        var alone = seeds.Select(s => new Batch("CartPole-v1?length=0.8", 1).Reset(s)).ToArray();
        var random = RandomStream.Create(1, "actions");
        var ends = 0;
        for (var t = 0; t < 200; t++)
        {
            var actions = Enumerable.Range(0, count).Select(_ => random.NextInt(2)).ToArray();
            together.Step(actions);
            for (var i = 0; i < count; i++)
            {
                alone[i].Step(actions[i]);
                Assert.Equal(alone[i].Row(0), together.Row(i));
                Assert.Equal(alone[i].Terminated[0], together.Terminated[i]);
                Assert.Equal(alone[i].Truncated[0], together.Truncated[i]);
                if (!together.Terminated[i])
                    continue;
                ends++;
                Assert.Equal(alone[i].FinalRow(0), together.FinalRow(i));
            }
        }

        Assert.True(ends >= count, $"only {ends} episodes ended");
    }

    [Fact]
    public void Step_WhereThePoleFalls_KeepsTheFinalObservationAndStartsAgain()
    {
        using var batch = new Batch("CartPole-v1", 2).Reset(1, 2);
        var steps = 0;
        do
        {
            batch.Step(0, 1);
            steps++;
        }
        while (!batch.Terminated[0]);

        Assert.InRange(steps, 7, 12);
        Assert.Equal(1.0, batch.Rewards[0]);
        Assert.False(batch.Truncated[0]);
        Assert.True(Math.Abs(batch.FinalRow(0)[2]) > CartPoleKernel.AngleLimit);
        Assert.All(batch.Row(0), v => Assert.InRange(v, -0.05f, 0.05f));
    }

    [Fact]
    public void Step_AtTheLimit_TruncatesAndDoesNotTerminate()
    {
        using var batch = new Batch("CartPole-v1", 1).Reset(5);
        var policy = BuiltInPolicies.Make("scripted", EnvironmentRegistry.Definition("CartPole-v1"));
        var action = new int[1];
        for (var t = 1; t <= 500; t++)
        {
            policy.Act(new PolicyInput { Count = 1, Observations = batch.Observations }, new PolicyOutput { Discrete = action, LogProbabilities = new double[1] });
            batch.Step(action);
            Assert.False(batch.Terminated[0]);
            Assert.Equal(t == 500, batch.Truncated[0]);
        }

        Assert.NotEqual(batch.FinalRow(0), batch.Row(0));
        batch.Step(0);
        Assert.False(batch.Truncated[0]);
    }

    [Fact]
    public void Step_OfALongEpisode_DoesNotTouchFinalObservationsOfOthers()
    {
        using var batch = new Batch("CartPole-v1", 2).Reset(1, 2);
        Array.Fill(batch.Final, -7f);
        for (var t = 0; !batch.Terminated[0]; t++)
            batch.Step(0, t % 2);
        Assert.False(batch.Terminated[1]);
        Assert.All(batch.FinalRow(1), v => Assert.Equal(-7f, v));
    }

    [Fact]
    public void Reset_WithTheSameSeed_RepeatsAndWithAnotherDiffers()
    {
        using var batch = new Batch("CartPole-v1", 3).Reset(1, 1, 2);
        Assert.Equal(batch.Row(0), batch.Row(1));
        Assert.NotEqual(batch.Row(0), batch.Row(2));
        var first = batch.Row(0);
        batch.Step(0, 1, 0);
        batch.Reset(1, 1, 2);
        Assert.Equal(first, batch.Row(0));
    }

    [Fact]
    public void ResetInstance_OfOne_LeavesTheOthersAndEqualsReset()
    {
        using var batch = new Batch("CartPole-v1", 2).Reset(1, 2);
        using var other = new Batch("CartPole-v1", 2).Reset(1, 9);
        batch.Step(1, 1);
        var row = new float[4];
        batch.Environment.ResetInstance(1, 9, row);
        Assert.Equal(other.Row(1), row);
        batch.Step(0, 0);
        other.Step(1, 0);
        Assert.Equal(other.Row(1), batch.Row(1));
    }

    [Theory]
    [InlineData("CartPole-v1", 0.05)]
    [InlineData("CartPole-v1?start=0.15", 0.15)]
    public void Reset_OfManyInstances_FillsTheStartRangeEvenly(string id, double start)
    {
        const int Count = 4000;
        using var batch = new Batch(id, Count).Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray());
        for (var variable = 0; variable < 4; variable++)
        {
            var values = Enumerable.Range(0, Count).Select(i => (double)batch.Observations[(i * 4) + variable]).ToArray();
            Assert.InRange(values.Min(), -start, -0.99 * start);
            Assert.InRange(values.Max(), 0.99 * start, start);
            // Five standard errors of the mean of a uniform variable.
            Assert.InRange(values.Average(), -5 * start / Math.Sqrt(3 * Count), 5 * start / Math.Sqrt(3 * Count));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void Step_WithAnActionOutsideTheSpace_SaysWhichAndStepsNothing(int action)
    {
        using var batch = new Batch("CartPole-v1", 2).Reset(1, 2);
        var before = batch.Row(0);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(0, action));
        Assert.Contains($"Action {action} in instance 1", error.Message, StringComparison.Ordinal);
        batch.Reset(1, 2);
        Assert.Equal(before, batch.Row(0));
    }

    [Fact]
    public void Step_BeforeTheFirstReset_IsRefused()
    {
        using var batch = new Batch("CartPole-v1", 1);
        Assert.Throws<InvalidOperationException>(() => batch.Step(0));
    }
}
