using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

/// <summary>Transitions of n steps against sums written by hand.</summary>
public sealed class TransitionIndexTests : IDisposable
{
    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    // Rewards 1, 2, 4, 8 and gamma 1/2, so that every sum is exact.
    TransitionRecord[] Records(End end, TransitionOptions options, bool masks = false)
    {
        using var columns = _data.Write("four", [([1, 2, 4, 8], end)], masks);
        return new TransitionIndex(EpisodeData.All(columns), options).Records.ToArray();
    }

    static TransitionOptions Options(int steps) => new() { Steps = steps, Discount = 0.5 };

    // The final observation of episode 0 has the place -1.
    const int Final = -1;

    [Fact]
    public void OneStep_OfEachEnding_EndsAsItDid()
    {
        Assert.Equal([new(0, 1, 1, 0.5f), new(1, 2, 2, 0.5f), new(2, 3, 4, 0.5f), new(3, Final, 8, 0)], Records(End.Terminated, Options(1)));
    }

    [Fact]
    public void OneStep_CutWithItsObservation_BootstrapsFromIt()
    {
        Assert.Equal([new(0, 1, 1, 0.5f), new(1, 2, 2, 0.5f), new(2, 3, 4, 0.5f), new(3, Final, 8, 0.5f)], Records(End.Cut, Options(1)));
    }

    [Fact]
    public void OneStep_CutWithoutIt_LeavesTheLastStepOut()
    {
        Assert.Equal([new(0, 1, 1, 0.5f), new(1, 2, 2, 0.5f), new(2, 3, 4, 0.5f)], Records(End.CutUnseen, Options(1)));
    }

    [Fact]
    public void OneStep_TerminatedUnseen_HasNoNextButStays()
    {
        Assert.Equal(new TransitionRecord(3, TransitionRecord.NoNext, 8, 0), Records(End.TerminatedUnseen, Options(1))[^1]);
    }

    [Fact]
    public void ThreeSteps_AcrossATermination_AddWhatIsLeftAndStop()
    {
        // 1 + 2/2 + 4/4 = 3, then r_3 is behind gamma^3; 2 + 4/2 + 8/4 = 6; 4 + 8/2 = 8; 8.
        Assert.Equal([new(0, 3, 3, 0.125f), new(1, Final, 6, 0), new(2, Final, 8, 0), new(3, Final, 8, 0)], Records(End.Terminated, Options(3)));
    }

    [Fact]
    public void ThreeSteps_AcrossATruncation_BootstrapFromTheFinalObservationAtTheRightPower()
    {
        // Windows cut short look as far as they can: gamma^3, gamma^2, gamma^1, not gamma^3 throughout.
        Assert.Equal([new(0, 3, 3, 0.125f), new(1, Final, 6, 0.125f), new(2, Final, 8, 0.25f), new(3, Final, 8, 0.5f)], Records(End.Cut, Options(3)));
    }

    [Fact]
    public void ThreeSteps_AcrossATruncationWithoutObservation_BootstrapFromTheLastThatIsKnown()
    {
        // Observation 3 is the last known: 1 + 2/2 + 4/4 = 3 at gamma^3; 2 + 4/2 = 4 at gamma^2; 4 at gamma^1; step 3 is none. The reward 8 is nowhere.
        Assert.Equal([new(0, 3, 3, 0.125f), new(1, 3, 4, 0.25f), new(2, 3, 4, 0.5f)], Records(End.CutUnseen, Options(3)));
    }

    [Fact]
    public void MoreStepsThanTheEpisode_AreTheWholeReturn()
    {
        // 1 + 2/2 + 4/4 + 8/8 = 4.
        Assert.Equal(new TransitionRecord(0, Final, 4, 0.0625f), Records(End.Cut, Options(1000))[0]);
        Assert.Equal(new TransitionRecord(0, Final, 4, 0), Records(End.Terminated, Options(1000))[0]);
    }

    [Fact]
    public void Steps_OfTwoEpisodes_NeverRunIntoTheNext()
    {
        using var columns = _data.Write("two", [([1, 2], End.Cut), ([16, 32], End.Terminated)]);
        var records = new TransitionIndex(EpisodeData.All(columns), Options(3)).Records.ToArray();
        Assert.Equal([new(0, -1, 2, 0.25f), new(1, -1, 2, 0.5f), new(2, -2, 32, 0), new(3, -2, 32, 0)], records);
    }

    [Fact]
    public void Masks_AndNextActions_LeaveOutAnEndWhereNobodyActed()
    {
        // The final observation has no mask, and no action was taken there: as if it were unknown.
        Assert.Equal(3, Records(End.Cut, Options(1), masks: true).Length);
        Assert.Equal(3, Records(End.Cut, Options(1) with { NextActions = true }).Length);
        Assert.Equal(4, Records(End.Terminated, Options(1) with { NextActions = true }, masks: true).Length);
    }

    [Fact]
    public void Cloning_KeepsEveryStepOfEveryEnding()
    {
        foreach (var end in Enum.GetValues<End>())
        {
            var records = Records(end, new() { Bootstraps = false });
            Assert.Equal([0, 1, 2, 3], records.Select(record => record.Row));
            Assert.All(records, record => Assert.Equal((0f, false), (record.Discount, record.HasNext)));
            Directory.Delete(_data.Workspace.DataFolder, recursive: true);
        }
    }

    [Fact]
    public void KeepingAll_MarksTheStepThatCannotBeUsed()
    {
        var records = Records(End.CutUnseen, Options(3) with { KeepsAll = true });
        Assert.Equal([new(0, 3, 3, 0.125f), new(1, 3, 4, 0.25f), new(2, 3, 4, 0.5f), new(3, TransitionRecord.Unusable, 8, 0)], records);
        Assert.False(records[3].HasNext);
    }

    [Fact]
    public void Rewards_AreTransformedBeforeTheyAreAddedUp()
    {
        // (r - 1) * 2, at most 5: 0, 2, 5, 5. Of three steps: 0 + 2/2 + 5/4 = 2.25.
        var records = Records(End.Cut, Options(3) with { Rewards = new(1, 2, 5) });
        Assert.Equal([2.25f, 2 + 2.5f + 1.25f, 5 + 2.5f, 5], records.Select(record => record.Reward));
    }

    [Fact]
    public void Index_OfManySteps_IsWhatADefinitionByWordGives()
    {
        var random = RandomStream.Create(1, "episodes");
        var episodes = Enumerable.Range(0, 60)
            .Select(e => (Enumerable.Range(0, 1 + random.NextInt(12)).Select(_ => (double)(random.NextInt(17) - 8)).ToArray(), (End)random.NextInt(4)))
            .ToArray();
        using var columns = _data.Write("many", episodes);
        foreach (var n in new[] { 1, 2, 5, 40 })
        {
            var expected = new List<TransitionRecord>();
            var row = 0;
            for (var e = 0; e < episodes.Length; e++)
            {
                var (rewards, end) = episodes[e];
                for (var t = 0; t < rewards.Length; t++)
                {
                    // Observations t + 1 ... T - 1 are known, and T where the source has it.
                    var last = end == End.CutUnseen ? rewards.Length - 1 : rewards.Length;
                    var k = Math.Min(n, last - t);
                    if (k == 0)
                        continue;
                    var sum = Enumerable.Range(0, k).Sum(i => Math.Pow(0.5, i) * rewards[t + i]);
                    var atEnd = t + k == rewards.Length;
                    var next = !atEnd ? row + t + k : end == End.TerminatedUnseen ? TransitionRecord.NoNext : -1 - e;
                    expected.Add(new(row + t, next, (float)sum, atEnd && end is End.Terminated or End.TerminatedUnseen && atEnd ? 0 : (float)Math.Pow(0.5, k)));
                }

                row += rewards.Length;
            }

            Assert.Equal(expected, new TransitionIndex(EpisodeData.All(columns), Options(n)).Records.ToArray());
        }
    }
}
