using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What holds of every listed environment whose state can be saved, whatever its family.</summary>
public sealed class StatefulTests
{
    const int Count = 11;

    public static TheoryData<string> Ids => new(EnvironmentRegistry.All.Where(d => d.Requirement.Length == 0).Select(d => d.Id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Restore_InAnotherBatch_GoesOnWithTheSameDigits(string id)
    {
        var (batch, random) = Started(id, 40);
        using var first = batch;
        var environment = Stateful(batch);
        // Instance 7 goes on as instance 2 of a batch of 3, which has been elsewhere.
        var snapshot = environment.Save(7);
        using var other = new Batch(id, 3).Reset(91, 92, 93);
        other.Step(Actions.Repeat(environment.ActionSpace, 3, random).Batch);
        var row = new float[environment.ObservationSpace.FlatSize];
        Stateful(other).Restore(2, snapshot, row);
        Assert.Equal(batch.Row(7), row);
        Assert.Equal(snapshot.State, Stateful(other).Save(2).State);

        // To an end and on into the next episode, which shows that the random stream came along.
        for (int t = 0, after = 0; after < 20; t++)
        {
            Assert.True(t < environment.MaxEpisodeSteps + 20, "no episode ended");
            var actions = Actions.Repeat(environment.ActionSpace, Count, random);
            batch.Step(actions.Batch);
            other.Step(actions.Take(5, 3));
            RequireEqual(batch, 7, other, 2);
            after += after > 0 || batch.Terminated[7] || batch.Truncated[7] ? 1 : 0;
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void SetState_OfAStateReadElsewhere_GivesItsObservationAndTakesNothingFromTheOthers(string id)
    {
        var (batch, random) = Started(id, 9);
        using var first = batch;
        var environment = Stateful(batch);
        var (state, again) = (new double[environment.StateNames.Count], new double[environment.StateNames.Count]);
        environment.GetState(4, state);
        using var other = new Batch(id, 2).Reset(5, 6);
        var untouched = other.Row(0);
        var row = new float[environment.ObservationSpace.FlatSize];
        Stateful(other).SetState(1, state, row);
        Stateful(other).GetState(1, again);
        Assert.Equal(state, again);
        Assert.Equal(0, Stateful(other).Save(1).Steps);
        Assert.Equal(untouched, other.Row(0));

        // Set again, it is the same state: whatever follows from one follows from the other.
        using var third = new Batch(id, 1).Reset(6);
        Stateful(third).Restore(0, Stateful(other).Save(1), row);
        var action = Actions.Repeat(environment.ActionSpace, 2, random);
        other.Step(action.Batch);
        third.Step(action.Take(1, 1));
        RequireEqual(other, 1, third, 0);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void SetState_WithWrongNumbers_IsRefusedAndChangesNothing(string id)
    {
        var (batch, _) = Started(id, 3);
        using var first = batch;
        var environment = Stateful(batch);
        var state = new double[environment.StateNames.Count];
        environment.GetState(0, state);
        var row = new float[environment.ObservationSpace.FlatSize];
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.SetState(0, [.. state, 0], row));
        for (var i = 0; i < state.Length; i++)
        {
            var wrong = state.ToArray();
            wrong[i] = double.NaN;
            Assert.Throws<ArgumentOutOfRangeException>(() => environment.SetState(0, wrong, row));
        }

        var after = new double[state.Length];
        environment.GetState(0, after);
        Assert.Equal(state, after);
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.GetState(Count, after));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Restore_OfASnapshotThatCannotBe_IsRefusedAndChangesNothing(string id)
    {
        var (batch, _) = Started(id, 3);
        using var first = batch;
        var environment = Stateful(batch);
        var snapshot = environment.Save(1);
        var row = new float[environment.ObservationSpace.FlatSize];
        foreach (var wrong in new[]
        {
            snapshot with { Steps = -1 },
            snapshot with { Steps = environment.MaxEpisodeSteps },
            snapshot with { State = [.. snapshot.State, 0] },
            snapshot with { State = [.. snapshot.State.Select(_ => double.NaN)] },
        })
            Assert.Throws<ArgumentOutOfRangeException>(() => environment.Restore(1, wrong, row));
        Assert.Throws<ArgumentException>(() => environment.Restore(1, snapshot with { Random = default }, row));
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.Restore(1, snapshot, row.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.Restore(Count, snapshot, row));
        var after = environment.Save(1);
        Assert.Equal(snapshot.State, after.State);
        Assert.Equal((snapshot.Steps, snapshot.Random), (after.Steps, after.Random));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_InABatchOfAnySizeAndOnAnyThread_GivesTheDigitsOfASingleInstance(string id)
    {
        var space = EnvironmentRegistry.Definition(id).ActionSpace;
        var steps = EnvironmentRegistry.Definition(id).MaxEpisodeSteps > 300 ? 300 : EnvironmentRegistry.Definition(id).MaxEpisodeSteps + 50;
        const int Instances = 21;
        var random = RandomStream.Create(3, id);
        var actions = Enumerable.Range(0, steps).Select(_ => Actions.Repeat(space, Instances, random)).ToArray();
        var expected = Trace(0, Instances);
        // Each thread has a part of the instances, of another size.
        (int First, int Size)[] parts = [(0, 1), (1, 3), (4, 9), (13, 8)];
        var found = new float[parts.Length][][];
        var threads = parts.Select((part, i) => new Thread(() => found[i] = Trace(part.First, part.Size))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        for (var p = 0; p < parts.Length; p++)
        {
            for (var i = 0; i < parts[p].Size; i++)
                Assert.Equal(expected[parts[p].First + i], found[p][i]);
        }

        // One row of numbers an instance: all it shows over all steps.
        float[][] Trace(int first, int size)
        {
            using var batch = new Batch(id, size).Reset(Enumerable.Range(first, size).Select(i => 1000UL + (ulong)i).ToArray());
            var rows = Enumerable.Range(0, size).Select(_ => new List<float>()).ToArray();
            for (var t = 0; t < steps; t++)
            {
                batch.Step(actions[t].Take(first, size));
                for (var i = 0; i < size; i++)
                {
                    rows[i].AddRange(batch.Row(i));
                    rows[i].AddRange([(float)batch.Rewards[i], batch.Terminated[i] ? 1 : 0, batch.Truncated[i] ? 1 : 0]);
                    if (batch.Terminated[i] || batch.Truncated[i])
                        rows[i].AddRange(batch.FinalRow(i));
                }
            }

            return rows.Select(r => r.ToArray()).ToArray();
        }
    }

    static (Batch Batch, RandomStream Random) Started(string id, int steps)
    {
        var batch = new Batch(id, Count).Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray());
        Assert.SkipUnless(batch.Environment is IStatefulEnvironment, $"{id} keeps its state to itself.");
        var random = RandomStream.Create(2, id);
        for (var t = 0; t < steps; t++)
            batch.Step(Actions.Repeat(batch.Environment.ActionSpace, Count, random).Batch);
        return (batch, random);
    }

    static IStatefulEnvironment Stateful(Batch batch) => (IStatefulEnvironment)batch.Environment;

    static void RequireEqual(Batch expected, int i, Batch found, int j)
    {
        Assert.Equal(expected.Row(i), found.Row(j));
        Assert.Equal(expected.Rewards[i], found.Rewards[j]);
        Assert.Equal(expected.Terminated[i], found.Terminated[j]);
        Assert.Equal(expected.Truncated[i], found.Truncated[j]);
        if (expected.Terminated[i] || expected.Truncated[i])
            Assert.Equal(expected.FinalRow(i), found.FinalRow(j));
    }
}

/// <summary>Actions of a whole batch, of either kind.</summary>
sealed record Actions(int[] Discrete, float[] Continuous, int Width)
{
    public ActionBatch Batch => new() { Discrete = Discrete, Continuous = Continuous };

    /// <summary>Uniform ones.</summary>
    public static Actions Repeat(Space space, int count, RandomStream random) => space switch
    {
        DiscreteSpace discrete => new(Enumerable.Range(0, count).Select(_ => random.NextInt(discrete.Count)).ToArray(), [], 1),
        BoxSpace box => new(
            [], Enumerable.Range(0, count * box.FlatSize).Select(i => (float)random.Uniform(box.Low[i % box.FlatSize], box.High[i % box.FlatSize])).ToArray(), box.FlatSize),
        _ => throw new NotSupportedException(space.ToString()),
    };

    /// <summary>Those of some of the instances.</summary>
    public ActionBatch Take(int first, int count) => Discrete.Length > 0
        ? new ActionBatch { Discrete = Discrete.AsSpan(first, count) }
        : new ActionBatch { Continuous = Continuous.AsSpan(first * Width, count * Width) };
}
