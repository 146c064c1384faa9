using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Sampling;

public sealed class TransitionReplayTests : IDisposable
{
    readonly TrainData _data = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    // Observation (episode, step), reward 10 * episode + step. Episode 0 terminates, 1 is cut with a final observation,
    // 2 is cut without, 3 terminates without one.
    TrainingColumns Write(bool masks = false, SplitRule? split = null)
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "four", new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(2),
            ActionSpace = new DiscreteSpace(3),
            HasActionMask = masks,
            Split = split ?? SplitRule.AllTrain,
        }))
        {
            for (var e = 0; e < 4; e++)
            {
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"four/{e}",
                    BehaviorPolicy = "x",
                    Observations = [e, 0, e, 1, e, 2],
                    DiscreteActions = [0, 1, 2],
                    Rewards = [10 * e, (10 * e) + 1, (10 * e) + 2],
                    Terminated = e is 0 or 3,
                    Truncated = e is 1 or 2,
                    FinalObservation = e < 2 ? [e, 3] : [],
                    ActionMasks = masks ? [true, true, false, false, true, true, true, false, true] : [],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "four").Compile(NullProgress.Instance);
    }

    static TransitionReplay Sampler(TrainingColumns columns, int batch = 64, string split = "train", ReplayConfig? config = null) =>
        TrainData.Replay(columns, batch, ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.9), config, split, seed: 5);

    [Fact]
    public void Next_OverManyDraws_GivesEveryValidTransitionEquallyAndNoOther()
    {
        using var columns = Write();
        using var sampler = Sampler(columns);
        Assert.Equal(11, sampler.Count);
        var counts = new Dictionary<float, int>();
        const int Draws = 200;
        for (var draw = 0; draw < Draws; draw++)
        {
            foreach (var reward in sampler.Next().Rewards.data<float>().ToArray())
                counts[reward] = counts.GetValueOrDefault(reward) + 1;
        }

        Assert.Equal([0f, 1, 2, 10, 11, 12, 20, 21, 30, 31, 32], counts.Keys.Order());
        // Chi-square with 10 degrees of freedom: 29.6 is exceeded once in a thousand; the seed is fixed.
        var expected = Draws * 64 / 11.0;
        Assert.True(counts.Values.Sum(count => (count - expected) * (count - expected) / expected) < 29.6);
    }

    [Fact]
    public void Next_OfEachTransition_FollowsWithTheRightObservationAndDiscount()
    {
        using var columns = Write();
        using var sampler = Sampler(columns);
        var batch = sampler.Next();
        var (observations, next) = (batch.Observations.data<float>().ToArray(), batch.NextObservations.data<float>().ToArray());
        var (rewards, discounts, actions) = (batch.Rewards.data<float>().ToArray(), batch.Discounts.data<float>().ToArray(), batch.Actions.data<long>().ToArray());
        var seen = new HashSet<float>();
        for (var i = 0; i < 64; i++)
        {
            var (episode, step) = ((int)rewards[i] / 10, (int)rewards[i] % 10);
            Assert.Equal([episode, step], observations[(2 * i)..((2 * i) + 2)].Select(x => (int)x));
            Assert.Equal(step, actions[i]);
            var terminates = step == 2 && episode is 0 or 3;
            Assert.Equal(terminates ? 0 : 0.9f, discounts[i]);
            // A terminal step whose final observation is unknown is followed by zeros, which the discount silences.
            Assert.Equal(episode == 3 && step == 2 ? [0, 0] : [episode, step + 1], next[(2 * i)..((2 * i) + 2)].Select(x => (int)x));
            seen.Add(rewards[i]);
        }

        Assert.Contains(12f, seen);
        Assert.Contains(32f, seen);
    }

    [Fact]
    public void Next_AfterRestoringTheState_DrawsTheSameAgain()
    {
        using var columns = Write();
        using var sampler = Sampler(columns, batch: 5);
        sampler.Next();
        IReplay replay = sampler;
        var state = replay.State;
        var first = Enumerable.Range(0, 4).SelectMany(_ => sampler.Next().Rewards.data<float>().ToArray()).ToArray();
        replay.Restore(state, []);
        Assert.Equal(first, Enumerable.Range(0, 4).SelectMany(_ => sampler.Next().Rewards.data<float>().ToArray()));
    }

    [Fact]
    public void Next_WithMasks_GivesThoseOfBothStepsAndLeavesOutCutEnds()
    {
        using var columns = Write(masks: true);
        using var sampler = Sampler(columns);
        // The mask of a final observation is not stored: the cut step of episode 1 goes as well.
        Assert.Equal(10, sampler.Count);
        var batch = sampler.Next();
        var (now, next, rewards) = (batch.ActionMasks!.data<bool>().ToArray(), batch.NextActionMasks!.data<bool>().ToArray(), batch.Rewards.data<float>().ToArray());
        bool[][] stored = [[true, true, false], [false, true, true], [true, false, true], [true, true, true]];
        for (var i = 0; i < 64; i++)
        {
            var step = (int)rewards[i] % 10;
            Assert.Equal(stored[step], now[(3 * i)..((3 * i) + 3)]);
            Assert.Equal(stored[step + 1], next[(3 * i)..((3 * i) + 3)]);
        }
    }

    [Fact]
    public void Constructor_OfASplit_DrawsFromItsEpisodesAlone()
    {
        var rule = new SplitRule(1, [new("train", 0.5), new("test", 0.5)]);
        using var columns = Write(split: rule);
        var inTest = Enumerable.Range(0, 4).Where(e => rule.PartOf($"four/{e}") == "test").ToArray();
        Assert.InRange(inTest.Length, 1, 3);
        using var sampler = Sampler(columns, split: "test");
        Assert.All(sampler.Next().Rewards.data<float>().ToArray(), reward => Assert.Contains((int)reward / 10, inTest));
        Assert.Contains("it has train, test", Assert.Throws<UserErrorException>(() => Sampler(columns, split: "validation")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_OfContinuousActions_SaysWhatTheAlgorithmNeeds()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "smooth", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = BoxSpace.Unbounded(1) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0], ContinuousActions = [0], Rewards = [0], Terminated = true });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "smooth").Compile(NullProgress.Instance);
        Assert.Contains("needs discrete actions", Assert.Throws<UserErrorException>(() => Sampler(columns)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_WithoutAnyTransition_SaysSo()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "ends", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0], DiscreteActions = [0], Rewards = [0], Truncated = true });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "ends").Compile(NullProgress.Instance);
        Assert.Contains("no transition to learn from", Assert.Throws<UserErrorException>(() => Sampler(columns)).Message, StringComparison.Ordinal);
    }
}
