using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Sampling;

public sealed class EpisodeReplayTests : IDisposable
{
    readonly TrainData _data = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    static DatasetDescription Description(bool masks = false) => new()
    {
        ObservationSpace = BoxSpace.Unbounded(2),
        ActionSpace = new DiscreteSpace(3),
        HasActionMask = masks,
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
    };

    // Episode e has e + 1 steps with the observations (e, t), the actions t mod 3, the rewards 10 e + t and the probabilities 1 / (t + 2). Episode 0
    // terminates, 1 is cut with a final observation, 2 without one, and so on in turn.
    static EpisodeColumns Episode(int e, bool masks = false)
    {
        var steps = Enumerable.Range(0, e + 1).ToArray();
        return new()
        {
            Key = $"many/{e}",
            BehaviorPolicy = "x",
            Observations = steps.SelectMany(t => new float[] { e, t }).ToArray(),
            DiscreteActions = steps.Select(t => t % 3).ToArray(),
            Rewards = steps.Select(t => (10.0 * e) + t).ToArray(),
            BehaviorLogProbabilities = steps.Select(t => -Math.Log(t + 2)).ToArray(),
            Terminated = e % 3 == 0,
            Truncated = e % 3 != 0,
            FinalObservation = e % 3 == 1 ? new float[] { e, e + 1 } : [],
            ActionMasks = masks ? steps.SelectMany(t => new[] { true, t % 3 == 1, true }).ToArray() : [],
        };
    }

    TrainingColumns Write(int episodes, bool masks = false)
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "many", Description(masks)))
        {
            for (var e = 0; e < episodes; e++)
                writer.WriteEpisode(Episode(e, masks));
            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "many").Compile(NullProgress.Instance);
    }

    static EpisodeReplay Replay(TrainingColumns columns, int episodes, int newestRounds = 0, bool propensities = true) => new(
        TrainingData.Of(columns),
        new() { Needs = ReplayNeeds.OfEpisodes(ActionKind.Any, 0.9, episodes, propensities), BatchSize = 1, Replay = new() { NewestRounds = newestRounds } },
        RandomStream.Create(5, "test"), CPU);

    static float[] Floats(Tensor tensor) => tensor.contiguous().data<float>().ToArray();

    static long[] Numbers(Tensor tensor) => tensor.contiguous().data<long>().ToArray();

    [Fact]
    public void Next_OfAllEpisodes_GivesEachWholeAndOnce()
    {
        using var columns = Write(3, masks: true);
        using var replay = Replay(columns, 0);
        var batch = replay.Next();
        Assert.Equal((3, 6, 3), (batch.Episodes, batch.Rows, batch.LongestSteps));
        Assert.Equal([0, 1, 3, 6], batch.Starts);
        // Six observations, then the final ones: of the first episode, which terminated, and the third, which has none, zeros.
        Assert.Equal([0f, 0, 1, 0, 1, 1, 2, 0, 2, 1, 2, 2, 0, 0, 1, 2, 0, 0], Floats(batch.States));
        Assert.Equal([6L, 2, 7, 4, 5, 8], Numbers(batch.NextRows));
        Assert.Equal([0f, 10, 11, 20, 21, 22], Floats(batch.Rewards));
        Assert.Equal([0f, 0.9f, 0.9f, 0.9f, 0.9f, 0], Floats(batch.Discounts));
        Assert.Equal([0f, 1, 0, 1, 1, 0], Floats(batch.Continues));
        Assert.Equal([0L, 0, 1, 0, 1, 2], Numbers(batch.Actions));
        Assert.Equal([0L, 1, 1, 2, 2, 2], Numbers(batch.EpisodeIndex));
        Assert.Equal([0L, 0, 1, 0, 1, 2], Numbers(batch.StepIndex));
        Assert.Equal([0L, 2, 5], Numbers(batch.LastRows));
        Assert.Equal([0f, 1, 0], Floats(batch.Bootstraps));
        Assert.Equal([.. new[] { 2, 2, 3, 2, 3, 4 }.Select(n => (float)-Math.Log(n))], Floats(batch.BehaviorLogProbabilities));
        Assert.Equal([true, false, true, true, false, true, true, true, true], batch.ActionMasks!.narrow(0, 0, 3).contiguous().data<bool>().ToArray());
    }

    [Fact]
    public void Next_OverManyDraws_GivesEveryEpisodeEquallyOften()
    {
        using var columns = Write(7);
        using var replay = Replay(columns, 10);
        var counts = new int[7];
        const int Draws = 300;
        for (var draw = 0; draw < Draws; draw++)
        {
            var batch = replay.Next();
            for (var e = 0; e < 10; e++)
            {
                var number = batch.Numbers[e];
                counts[number]++;
                // What is drawn is the episode that it says, whole, wherever it lies in the batch.
                Assert.Equal(number + 1, batch.Starts[e + 1] - batch.Starts[e]);
                Assert.Equal([number, 0f], Floats(batch.Observations[batch.Starts[e]]));
            }
        }

        // Chi-square with 6 degrees of freedom: 22.5 is exceeded once in a thousand; the seed is fixed.
        var expected = Draws * 10 / 7.0;
        Assert.True(counts.Sum(count => (count - expected) * (count - expected) / expected) < 22.5);
    }

    [Fact]
    public void Restore_OfAState_DrawsTheSameEpisodesAgain()
    {
        using var columns = Write(9);
        using var replay = Replay(columns, 4);
        replay.Next();
        var state = replay.State;
        var expected = Enumerable.Range(0, 5).Select(_ => replay.Next().Numbers.ToArray()).ToArray();
        using var other = Replay(columns, 4);
        ((IReplay)other).Restore(state, []);
        Assert.Equal(expected, Enumerable.Range(0, 5).Select(_ => other.Next().Numbers.ToArray()));
        Assert.NotEqual(expected[0], expected[1]);
    }

    [Fact]
    public void Extend_WithNewestRounds_ForgetsTheOlderOnes()
    {
        using var data = GrowingDataset.Create(_data.Workspace, "grows", Description(), 1_000);
        using var replay = Replay(data.Columns, 0, newestRounds: 2);
        Assert.Equal(0, replay.Count);
        List<int[]> seen = [];
        for (int round = 0, e = 0; round < 4; round++)
        {
            for (var i = 0; i <= round; i++)
                data.Append(Episode(e++));
            replay.Extend();
            seen.Add([.. replay.Next().Numbers]);
        }

        Assert.Equal([[0], [0, 1, 2], [1, 2, 3, 4, 5], [3, 4, 5, 6, 7, 8, 9]], seen);
        using var resumed = Replay(data.Columns, 0, newestRounds: 2);
        ((IReplay)resumed).Restore(replay.State, []);
        Assert.Equal(seen[3], resumed.Next().Numbers);
    }

    [Fact]
    public void Extend_WithDraws_StaysWithinTheNewestRounds()
    {
        using var data = GrowingDataset.Create(_data.Workspace, "grows", Description(), 1_000);
        data.Append(Episode(0));
        data.Append(Episode(1));
        using var replay = Replay(data.Columns, 16, newestRounds: 1);
        Assert.Equal([0, 1], replay.Next().Numbers.Distinct().Order());
        data.Append(Episode(2));
        data.Append(Episode(3));
        replay.Extend();
        Assert.Equal([2, 3], replay.Next().Numbers.Distinct().Order());
    }

    [Fact]
    public void New_WithoutPropensitiesThatAreNeeded_IsRefused()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "unknown", new() { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2) }))
        {
            writer.WriteEpisode(new() { Key = "a", BehaviorPolicy = "x", Observations = [0], DiscreteActions = [1], Rewards = [0], Terminated = true });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "unknown").Compile(NullProgress.Instance);
        var error = Assert.Throws<UserErrorException>(() => Replay(columns, 1));
        Assert.Contains("unknown-v1", error.Message, StringComparison.Ordinal);
        Assert.Contains("ingest propensities", error.Message, StringComparison.Ordinal);
        using var cloning = Replay(columns, 1, propensities: false);
        Assert.Equal(1, cloning.Next().Rows);
    }
}
