using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

public sealed class SequenceReaderTests : IDisposable
{
    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    static TransitionIndex Index(TrainingColumns columns, bool bootstraps = true) => new(EpisodeData.All(columns), new() { KeepsAll = true, Bootstraps = bootstraps });

    // Rewards 0, 1, 2 | 10, 11 | 20, 21: a cut unseen, a termination, a cut with its end.
    TrainingColumns Three() => _data.Write("three", [([0, 1, 2], End.CutUnseen), ([10, 11], End.Terminated), ([20, 21], End.Cut)]);

    [Fact]
    public void Window_AcrossEpisodes_MarksWhereMemoryEnds()
    {
        using var columns = Three();
        using SequenceReader reader = new(Index(columns), ObservationEncoder.Of(columns.Info.ObservationSpace), length: 4, burnIn: 1);
        Assert.Equal(5, reader.Steps);
        GatheredBatch batch = new(5 * 2, 2);
        reader.Read([1, 5], batch.Target, column: 0, columns: 2);
        // [T, B]: the window from item 1, and the one from item 5, which goes round to the first episode.
        Assert.Equal([1, 20, 2, 21, 10, 0, 11, 1, 20, 2], batch.Rewards);
        Assert.Equal([1, 1, 0, 0, 1, 1, 0, 0, 1, 0], batch.Resets);
        // Step 0 is burn-in; reward 2 is the last of a cut episode whose end nobody saw.
        Assert.Equal([0, 0, 0, 1, 1, 1, 1, 1, 1, 0], batch.LossMask);
        Assert.Equal([1, 2, 2, 0, 1, 0, 2, 1, 2, 2], batch.Actions);
        Assert.Equal([0, 1, 2, 0], batch.Observations[..4]);
        // After the unseen end are zeros; after item 6, the final observation of episode 2.
        Assert.Equal([0, 0, 2, 2], batch.NextObservations[4..8]);
    }

    [Fact]
    public void Window_OfCloning_CountsEveryStepAfterTheBurnIn()
    {
        using var columns = Three();
        using SequenceReader reader = new(Index(columns, bootstraps: false), ObservationEncoder.Of(columns.Info.ObservationSpace), length: 3, burnIn: 0);
        GatheredBatch batch = new(3, 2);
        reader.Read([1], batch.Target, column: 0, columns: 1);
        Assert.Equal([1, 1, 1], batch.LossMask);
        Assert.Equal([1, 2, 10], batch.Rewards);
    }

    [Fact]
    public void Windows_FromEveryItem_HoldEveryStepEquallyOften()
    {
        using var columns = _data.Write("seven", episodes: 3, steps: 4, End.Cut, End.Terminated);
        var index = Index(columns);
        using SequenceReader reader = new(index, ObservationEncoder.Of(columns.Info.ObservationSpace), length: 5, burnIn: 2);
        GatheredBatch batch = new(7 * index.Count, 2);
        reader.Read([.. Enumerable.Range(0, index.Count)], batch.Target, column: 0, columns: index.Count);
        Assert.All(batch.Rewards.CountBy(reward => reward), count => Assert.Equal(7, count.Value));
    }

    [Fact]
    public void Read_IntoSomeColumns_LeavesTheOthers()
    {
        using var columns = Three();
        using SequenceReader reader = new(Index(columns), ObservationEncoder.Of(columns.Info.ObservationSpace), length: 2, burnIn: 0);
        GatheredBatch batch = new(2 * 3, 2);
        batch.Rewards.AsSpan().Fill(-1);
        reader.Read([3], batch.Target, column: 1, columns: 3);
        Assert.Equal([-1, 10, -1, -1, 11, -1], batch.Rewards);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read([0, 1], batch.Target, column: 2, columns: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read([0], batch.Target, column: 0, columns: 4));
    }

    [Fact]
    public void Sequences_LongerThanAllSteps_AreRefusedInOneMessage()
    {
        using var columns = Three();
        using (SequenceReader whole = new(Index(columns), ObservationEncoder.Of(columns.Info.ObservationSpace), length: 5, burnIn: 2))
            Assert.Equal(7, whole.Steps);
        var message = Assert.Throws<UserErrorException>(() => new SequenceReader(Index(columns), ObservationEncoder.Of(columns.Info.ObservationSpace), length: 5, burnIn: 3)).Message;
        Assert.Equal("Dataset three-v1 has 7 steps in the 3 episodes of its split 'train'; expected at least 8, for sequences of 5 steps after 3 of burn-in. Choose shorter sequences or another dataset.", message);
        Assert.Throws<ArgumentException>(() => new SequenceReader(new(EpisodeData.All(columns), new()), ObservationEncoder.Of(columns.Info.ObservationSpace), 2, 0));
    }
}
