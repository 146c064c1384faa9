using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Repeats, limits and clipping against sequences worked out by hand.</summary>
public sealed class WrapperStepTests
{
    static readonly BoxSpace One = BoxSpace.Unbounded(1);
    static readonly BoxSpace Byte = new([1, 1, 2], [0, 0], [255, 255], ElementType.UInt8);

    [Fact]
    public void ActionRepeat_SumsRewardsAndStopsAtTheEnd()
    {
        // Rewards 1 2 3 4 5, terminated after 5.
        using var batch = Countdown.Wrapped("action_repeat=3", One).Reset(1);
        Assert.Equal([0f], batch.Row(0));
        for (var episode = 0; episode < 3; episode++)
        {
            batch.Step(0);
            Assert.Equal((6, false, false), (batch.Rewards[0], batch.Terminated[0], batch.Truncated[0]));
            Assert.Equal([30f], batch.Row(0));
            batch.Step(0);
            Assert.Equal((9, true, false), (batch.Rewards[0], batch.Terminated[0], batch.Truncated[0]));
            Assert.Equal([50f], batch.FinalRow(0));
            // The step that was left over belongs to no episode.
            Assert.Equal([0f], batch.Row(0));
        }
    }

    [Fact]
    public void ActionRepeat_WhereTheLastTimeEndsTheEpisode_GoesOnFromTheInnerReset()
    {
        var inner = new Countdown(One, 4, 1);
        using var batch = Countdown.Wrapped("action_repeat=2", inner).Reset(1);
        using var plain = new Batch(new Countdown(One, 4, 1)).Reset(1);
        batch.Step(0);
        batch.Step(0);
        Assert.True(batch.Terminated[0]);
        for (var t = 0; t < 4; t++)
            plain.Step(0);
        Assert.Equal(((Countdown)plain.Environment).Tags[0], inner.Tags[0]);
    }

    [Fact]
    public void ActionRepeat_OverALimitInside_TruncatesAndSaysHowManyStepsThatIs()
    {
        using var batch = Countdown.Wrapped("action_repeat=3", One, length: 100, limit: 7).Reset(1);
        Assert.Equal(3, batch.Environment.MaxEpisodeSteps);
        batch.Step(0);
        batch.Step(0);
        Assert.False(batch.Truncated[0]);
        batch.Step(0);
        Assert.Equal((7, false, true), (batch.Rewards[0], batch.Terminated[0], batch.Truncated[0]));
        Assert.Equal([70f], batch.FinalRow(0));
    }

    [Fact]
    public void FrameSkip_ShowsTheMaximumOfTheLastTwoFrames()
    {
        // Number 0 flickers: on at even times; number 1 counts.
        using var batch = Countdown.Wrapped("frame_skip=3", Byte, length: 8, look: (t, j) => j == 0 ? (t % 2 == 0 ? 7 : 0) : t).Reset(1);
        batch.Step(0);
        Assert.Equal([7f, 3f], batch.Row(0));
        Assert.Equal(6, batch.Rewards[0]);
        batch.Step(0);
        Assert.Equal([7f, 6f], batch.Row(0));
        // Times 7 and 8: the end.
        batch.Step(0);
        Assert.True(batch.Terminated[0]);
        Assert.Equal(15, batch.Rewards[0]);
        Assert.Equal([7f, 8f], batch.FinalRow(0));
        Assert.Equal([7f, 0f], batch.Row(0));
    }

    [Fact]
    public void FrameSkip_WhereTheFirstFrameEndsTheEpisode_ShowsItAlone()
    {
        using var batch = Countdown.Wrapped("frame_skip=2", Byte, length: 3, look: (t, j) => j == 0 && t == 2 ? 9 : t).Reset(1);
        batch.Step(0);
        Assert.Equal([9f, 2f], batch.Row(0));
        batch.Step(0);
        Assert.True(batch.Terminated[0]);
        Assert.Equal([3f, 3f], batch.FinalRow(0));
    }

    [Theory]
    [InlineData("reward_clip=2", new[] { 1.0, 2, 2, 2, 2 })]
    [InlineData("reward_clip=0.5", new[] { 0.5, 0.5, 0.5, 0.5, 0.5 })]
    [InlineData("reward_clip=4&action_repeat=2", new[] { 3.0, 4, 4 })]
    public void RewardClip_LimitsTheSumOfAStep(string query, double[] rewards)
    {
        using var batch = Countdown.Wrapped(query, One).Reset(1);
        foreach (var reward in rewards)
        {
            batch.Step(0);
            Assert.Equal(reward, batch.Rewards[0]);
        }

        Assert.True(batch.Terminated[0]);
    }

    [Fact]
    public void RewardClip_OfANegativeReward_KeepsItsSign()
    {
        using var batch = Countdown.Wrapped("reward_clip=0.25", new Countdown(One, 5, 1, scale: -1)).Reset(3);
        batch.Step(0);
        Assert.Equal(-0.25, batch.Rewards[0]);
    }

    [Fact]
    public void TimeLimit_CutsEpisodesAndStartsTheNextOne()
    {
        var inner = new Countdown(One, 5, 1);
        using var batch = Countdown.Wrapped("time_limit=3", inner).Reset(1);
        Assert.Equal(3, batch.Environment.MaxEpisodeSteps);
        var tags = new HashSet<int>();
        for (var episode = 0; episode < 5; episode++)
        {
            tags.Add(inner.Tags[0]);
            for (var t = 1; t <= 3; t++)
            {
                batch.Step(0);
                Assert.Equal((t, false, t == 3), (batch.Rewards[0], batch.Terminated[0], batch.Truncated[0]));
            }

            Assert.Equal([30f], batch.FinalRow(0));
            Assert.Equal([0f], batch.Row(0));
        }

        Assert.True(tags.Count > 3, $"{tags.Count} different starts of 5");
    }

    [Theory]
    [InlineData("time_limit=5")]
    [InlineData("time_limit=9")]
    public void TimeLimit_WhereTheEpisodeEndsFirstOrThen_IsTerminated(string query)
    {
        using var batch = Countdown.Wrapped(query, One).Reset(1);
        for (var t = 1; t <= 10; t++)
        {
            batch.Step(0);
            Assert.Equal((t % 5 == 0, false), (batch.Terminated[0], batch.Truncated[0]));
        }
    }

    [Fact]
    public void TimeLimit_BeyondTheInnerOne_LeavesThat()
    {
        using var batch = Countdown.Wrapped("time_limit=9", One, length: 100, limit: 4).Reset(1);
        Assert.Equal(4, batch.Environment.MaxEpisodeSteps);
        for (var t = 1; t <= 8; t++)
        {
            batch.Step(0);
            Assert.Equal(t % 4 == 0, batch.Truncated[0]);
        }
    }

    [Fact]
    public void Step_WithABadActionOrSpan_ChangesNothing()
    {
        using var batch = Countdown.Wrapped("action_repeat=2&frame_stack=2", One, count: 2).Reset(1, 2);
        batch.Step(0, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Environment.Step(
            new ActionBatch { Discrete = [0, 0] },
            new StepOutput { Observations = new float[2], Rewards = batch.Rewards, Terminated = batch.Terminated, Truncated = batch.Truncated, FinalObservations = batch.Final }));
        batch.Step(0, 0);
        Assert.Equal([20f, 40f], batch.Row(0));
        Assert.Equal(7, batch.Rewards[1]);
    }
}
