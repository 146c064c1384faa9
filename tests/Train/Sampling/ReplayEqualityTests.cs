using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Sampling;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Sampling;

/// <summary>The same batches wherever the columns lie, whatever fetches ahead, and after a restart.</summary>
public sealed class ReplayEqualityTests : IDisposable
{
    readonly EpisodeData _data = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    static readonly ReplayNeeds Transitions = ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.9, steps: 3);
    static readonly ReplayNeeds Sequences = Transitions with { SequenceSteps = 5, BurnInSteps = 2 };
    static readonly ReplayNeeds Prioritized = Transitions with { PriorityExponent = 0.6 };

    public static TheoryData<string> Cases => ["transitions", "masks", "sequences", "prioritized", "prioritized sequences", "two datasets", "two datasets of sequences", "frames", "frames of bytes", "discrete", "normalized", "returns"];

    // Data and settings of a case; the data holds its columns.
    (TrainingData Data, ReplaySettings Settings) Case(string name, string placement, string prefetch)
    {
        ReplayConfig config = new() { Placement = placement, PrefetchBatches = prefetch };
        var needs = name.Contains("prioritized", StringComparison.Ordinal) ? Prioritized : Transitions;
        if (name.Contains("sequences", StringComparison.Ordinal))
            needs = needs with { SequenceSteps = 5, BurnInSteps = 2 };
        if (name == "returns")
            config = config with { Order = "returns", TopShare = 0.5 };
        if (name.StartsWith("frames", StringComparison.Ordinal))
            config = config with { FrameStack = 3 };
        ReplaySettings settings = new() { Needs = needs, BatchSize = 9, Steps = 40, Replay = config };
        if (name == "normalized")
            settings = settings with { Normalization = new() { Observations = "standardize", Rewards = "return_range" } };
        return (Data(name), settings);
    }

    TrainingData Data(string name)
    {
        const int Episodes = 6, Steps = 7;
        End[] ends = [End.Cut, End.Terminated, End.CutUnseen, End.TerminatedUnseen];
        return name switch
        {
            "frames of bytes" => TrainingData.Of(Once(name, () => _data.WriteFrames("bytes", 3, 8))),
            "discrete" => TrainingData.Of(Once(name, WriteDiscrete)),
            "masks" => TrainingData.Of(Once(name, () => _data.Write("masks", [.. Enumerable.Range(0, Episodes).Select(e => (new double[Steps], ends[e % 4]))], masks: true))),
            _ when name.StartsWith("two", StringComparison.Ordinal) => new([
                new(Once("first", () => _data.Write("first", Episodes, Steps, ends)), 1),
                new(Once("second", () => _data.Write("second", 4, 9, End.Cut)), 3),
            ]),
            _ => TrainingData.Of(Once("first", () => _data.Write("first", Episodes, Steps, ends))),
        };

        // Opened anew each time, for each replay's data disposes of its columns.
        TrainingColumns Once(string key, Func<TrainingColumns> write)
        {
            var dataset = key switch { "frames of bytes" => "bytes", _ => key };
            return Directory.Exists(Path.Combine(_data.Workspace.DataFolder, dataset + "-v1"))
                ? Dataset.Open(_data.Workspace.Workspace, dataset).Compile(NullProgress.Instance)
                : write();
        }
    }

    TrainingColumns WriteDiscrete()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace.Workspace, "discrete", new DatasetDescription { ObservationSpace = new DiscreteSpace(5), ActionSpace = new DiscreteSpace(2) }))
        {
            for (var e = 0; e < 5; e++)
            {
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"discrete/{e}",
                    BehaviorPolicy = "x",
                    Observations = [e % 5, (e + 1) % 5, (e + 2) % 5],
                    DiscreteActions = [0, 1, 0],
                    Rewards = [e, 1, 2],
                    Terminated = e % 2 == 0,
                    Truncated = e % 2 == 1,
                    FinalObservation = e == 0 ? [] : [4],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace.Workspace, "discrete").Compile(NullProgress.Instance);
    }

    // Every number of some batches. Errors are told as a learner would, by what it read.
    static List<float[]> Draw(TransitionReplay replay, int batches)
    {
        List<float[]> drawn = [];
        for (var i = 0; i < batches; i++)
        {
            using var scope = NewDisposeScope();
            var batch = replay.Next();
            Tensor?[] parts = [batch.Observations, batch.Actions, batch.Rewards, batch.Discounts, batch.NextObservations, batch.ActionMasks, batch.NextActionMasks, batch.Weights, batch.Resets, batch.LossMask];
            drawn.AddRange(parts.OfType<Tensor>().Select(part => Digits(part.to(ScalarType.Float32).contiguous().data<float>().ToArray())));
            batch.Priorities?.copy_((batch.Rewards.dim() == 2 ? batch.Rewards.sum(0L) : batch.Rewards).cos());
        }

        return drawn;
    }

    // Of images a hash is enough, and faster to compare.
    static float[] Digits(float[] numbers) =>
        numbers.Length < 10_000 ? numbers : [.. SHA256.HashData(MemoryMarshal.AsBytes(numbers.AsSpan())).Select(part => (float)part)];

    List<float[]> Draw(string name, string placement, string prefetch, int batches = 12)
    {
        var (data, settings) = Case(name, placement, prefetch);
        using (data)
        using (TransitionReplay replay = new(data, settings, RandomStream.Create(1, "sampler"), CPU))
            return Draw(replay, batches);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Columns_OnTheDevice_GiveTheDigitsOfTheHost(string name)
    {
        var host = Draw(name, "host", "0");
        Assert.True(host.Count >= 12 * 5);
        Assert.True(host.Select(part => string.Join(',', part)).Distinct().Count() > 20);
        Assert.Equal(host, Draw(name, "device", "0"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Batches_FetchedAhead_AreThoseOfAPlainLoop(string name) =>
        Assert.Equal(Draw(name, "host", "0"), Draw(name, "host", "3"));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Restored_GoesOnAsIfNothingHadBeen(string name)
    {
        foreach (var placement in new[] { "host", "device" })
        {
            var (data, settings) = Case(name, placement, placement == "host" ? "2" : "0");
            using (data)
            {
                using TransitionReplay whole = new(data, settings, RandomStream.Create(1, "sampler"), CPU);
                using TransitionReplay other = new(data, settings, RandomStream.Create(1, "sampler"), CPU);
                Draw(whole, 7);
                IReplay from = whole, to = other;
                // Saved first: the last errors are told then. Some draws before the restoring must not matter.
                var (saved, tensors) = (from.SaveTensors(), to.EmptyTensors());
                Draw(other, 3);
                Assert.Equal(saved.Select(t => t.Name), tensors.Select(t => t.Name));
                foreach (var (target, source) in tensors.Zip(saved))
                    target.Tensor.copy_(source.Tensor);
                to.Restore(from.State, tensors);
                Assert.Equal(Draw(whole, 10), Draw(other, 10));
                Assert.Equal(from.State.Batch, to.State.Batch);
                Assert.Equal(17, to.State.Batch);
            }
        }
    }

    [Fact]
    public void Seeds_GiveDifferentBatches()
    {
        using var columns = _data.Write("first", 6, 7, End.Cut);
        using var one = Tests.Train.TrainData.Replay(columns, 9, Transitions, seed: 1);
        using var two = Tests.Train.TrainData.Replay(columns, 9, Transitions, seed: 2);
        Assert.NotEqual(Draw(one, 3), Draw(two, 3));
    }

    [Fact]
    public void Sequences_HaveTheAxesTheyShould()
    {
        using var columns = _data.Write("first", 6, 7, End.Cut);
        using var replay = Tests.Train.TrainData.Replay(columns, 4, Sequences);
        var batch = replay.Next();
        Assert.Equal([7L, 4L, 2L], batch.Observations.shape);
        Assert.Equal([7L, 4L, 2L], batch.NextObservations.shape);
        Assert.Equal([7L, 4L], batch.Rewards.shape);
        Assert.Equal((ScalarType.Bool, ScalarType.Float32), (batch.Resets!.dtype, batch.LossMask!.dtype));
        // Of an unmasked step the next observation is that of the step after it, but where memory is reset.
        var (observations, next, resets) = (batch.Observations.data<float>().ToArray(), batch.NextObservations.data<float>().ToArray(), batch.Resets.data<bool>().ToArray());
        Assert.True(resets[..4].All(reset => reset));
        Assert.Contains(true, resets[4..]);
        // One transition a step here: n-step returns look further than the next row.
        for (var t = 0; t + 1 < 7; t++)
        {
            for (var b = 0; b < 4; b++)
            {
                var (at, after) = ((t * 4) + b, ((t + 1) * 4) + b);
                Assert.Equal(resets[after] ? 0 : observations[(2 * at) + 1] + 1, observations[(2 * after) + 1]);
                Assert.Equal(observations[2 * at], next[2 * at]);
                Assert.InRange(next[(2 * at) + 1] - observations[(2 * at) + 1], 1, 3);
            }
        }
    }

    [Fact]
    public void Priorities_DrawWhatErredMost()
    {
        using var columns = _data.Write("first", 1, 8, End.Cut);
        using var replay = Tests.Train.TrainData.Replay(columns, 8, ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.9) with { PriorityExponent = 1, PriorityCorrection = 1 });
        // At first all are new and alike: the stratified batch has each once, with the weight 1.
        var batch = replay.Next();
        Assert.Equal(Enumerable.Range(0, 8).Select(i => (float)i), batch.Rewards.data<float>().ToArray());
        Assert.All(batch.Weights!.data<float>().ToArray(), weight => Assert.Equal(1, weight));
        // Step 5 errs seven times as much as the others together: half of all draws.
        batch.Priorities!.copy_(tensor(new float[] { 1, 1, 1, 1, 1, 7, 1, 1 }));
        batch = replay.Next();
        var rewards = batch.Rewards.data<float>().ToArray();
        Assert.InRange(rewards.Count(reward => reward == 5), 3, 5);
        // beta is 1: the weight is one over the share, and the largest of the batch is 1.
        Assert.All(rewards.Zip(batch.Weights!.data<float>().ToArray()), pair => Assert.Equal(pair.First == 5 ? 1 / 7f : 1, pair.Second, 1e-5f));
    }

    [Fact]
    public void Orders_ThatExcludeEachOther_AreRefused()
    {
        using var columns = _data.Write("first", 1, 8, End.Cut);
        Assert.Contains("replay.order is 'returns' and the algorithm's priority_exponent is above 0",
            Assert.Throws<UserErrorException>(() => Tests.Train.TrainData.Replay(columns, 8, Prioritized, new() { Order = "returns" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_OfTooFewSteps_AreRefusedWhereverTheColumnsLie()
    {
        using var columns = _data.Write("first", 1, 6, End.Cut);
        foreach (var placement in new[] { "host", "device" })
        {
            Assert.Contains("expected at least 7", Assert.Throws<UserErrorException>(() =>
                Tests.Train.TrainData.Replay(columns, 8, Sequences, new() { Placement = placement })).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Datasets_OfOtherSpaces_CannotBeMixed()
    {
        using var first = _data.Write("first", 1, 6, End.Cut);
        using var discrete = WriteDiscrete();
        Assert.Contains("Only datasets of the same spaces can be mixed", Assert.Throws<UserErrorException>(() => new TrainingData([new(first, 1), new(discrete, 1)])).Message, StringComparison.Ordinal);
        foreach (var text in new[] { "first=0,discrete=1", "first=,discrete=1", "first=1,discrete", "=1" })
            Assert.Contains("is not of the form NAME=SHARE", Assert.Throws<UserErrorException>(() => TrainingData.Open(_data.Workspace.Workspace, text, NullProgress.Instance)).Message, StringComparison.Ordinal);
        using var mixed = TrainingData.Open(_data.Workspace.Workspace, "first=1,first-v1=3", NullProgress.Instance);
        Assert.Equal("first-v1=0.25,first-v1=0.75", mixed.Info.Dataset);
        Assert.Equal(12, mixed.Info.Steps);
    }
}
