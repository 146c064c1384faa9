using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>A dataset that is learned from while it is recorded: the same as one that was written at once, whenever it is looked at.</summary>
public sealed class GrowingDatasetTests : IDisposable
{
    const int Capacity = 2_000;

    readonly TestWorkspace _test = new();
    readonly List<(EpisodeRecord Record, float[] Observations, int[] Actions, double[] Rewards, double[] Logs, double[] Probabilities, float[] Final)> _episodes = [];

    public GrowingDatasetTests()
    {
        SampleEpisodes.Make(_test.Workspace, "source", episodes: 40);
        Dataset.Open(_test.Workspace, "source").ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => _episodes.Add((
            record, e.Observations.ToArray(), e.DiscreteActions.ToArray(), e.Rewards.ToArray(), e.BehaviorLogProbabilities.ToArray(), e.BehaviorProbabilities.ToArray(), e.FinalObservation.ToArray())));
    }

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Commit_OfAGrowingDataset_GivesVersionsThatShareTheirFilesAndHashLikeOnesWrittenAtOnce()
    {
        using var growing = GrowingDataset.Create(_test.Workspace, "grown", SampleEpisodes.CartPoleLike, Capacity);
        Append(growing, 0, 15);
        var first = growing.Commit(new());
        Append(growing, 15, 40);
        var second = growing.Commit(new() { Command = "later" });
        Assert.Equal(("grown-v1", "grown-v2", "later"), (first.FullName, second.FullName, second.Provenance.Command));
        Assert.Equal(SampleEpisodes.Make(_test.Workspace, "part", episodes: 15).ContentHash, first.ContentHash);
        Assert.Equal(Dataset.Open(_test.Workspace, "source").Manifest.ContentHash, second.ContentHash);
        Assert.Equal(Dataset.Open(_test.Workspace, "source").Manifest.Statistics.Return, second.Statistics.Return);
        Assert.Equal((2, 3), (first.Files.Count, second.Files.Count));
        Assert.Equal(first.Files[0].Sha256, second.Files[0].Sha256);
        // The rows of the first version lie on the disk once, under both names and the writer's.
        Assert.Equal(3, Links(Path.Combine(_test.DataFolder, "grown-v1", first.Files[0].Path)));
        foreach (var name in new[] { "grown-v1", "grown-v2" })
            Assert.Empty(Dataset.Open(_test.Workspace, name).Findings(NullProgress.Instance));
    }

    [Fact]
    public void Columns_OfAGrowingDataset_AreThoseOfTheCompiledVersion()
    {
        using var growing = GrowingDataset.Create(_test.Workspace, "grown", SampleEpisodes.CartPoleLike, Capacity);
        Append(growing, 0, 7);
        var columns = growing.Columns;
        var pointer = Address(columns);
        growing.Commit(new());
        Append(growing, 7, 40);
        growing.Commit(new());
        Assert.Equal(pointer, Address(columns));
        using var compiled = Dataset.Open(_test.Workspace, "grown").Compile(NullProgress.Instance);
        Assert.Equal(compiled.Info.ContentHash, columns.Info.ContentHash);
        Assert.Equal((compiled.Steps, compiled.Episodes), (columns.Steps, columns.Episodes));
        var (steps, episodes) = ((int)compiled.Steps, compiled.Episodes);
        Assert.Equal(compiled.Observations!.Slice(0, steps), columns.Observations!.Slice(0, steps));
        Assert.Equal(compiled.FinalObservations!.Slice(0, episodes), columns.FinalObservations!.Slice(0, episodes));
        Assert.Equal(compiled.FinalObservationKnown.Slice(0, episodes), columns.FinalObservationKnown.Slice(0, episodes));
        Assert.Equal(compiled.DiscreteActions!.Slice(0, steps), columns.DiscreteActions!.Slice(0, steps));
        Assert.Equal(compiled.Rewards.Slice(0, steps), columns.Rewards.Slice(0, steps));
        Assert.Equal(compiled.Terminated.Slice(0, steps), columns.Terminated.Slice(0, steps));
        Assert.Equal(compiled.Truncated.Slice(0, steps), columns.Truncated.Slice(0, steps));
        Assert.Equal(compiled.BehaviorLogProbabilities!.Slice(0, steps), columns.BehaviorLogProbabilities!.Slice(0, steps));
        Assert.Equal(compiled.BehaviorProbabilities!.Slice(0, steps), columns.BehaviorProbabilities!.Slice(0, steps));
        Assert.Equal(compiled.EpisodeIndex.Slice(0, steps), columns.EpisodeIndex.Slice(0, steps));
        Assert.Equal(compiled.EpisodeFirstRow.Slice(0, episodes + 1), columns.EpisodeFirstRow.Slice(0, episodes + 1));
        Assert.Equal(compiled.EpisodeSplit.Slice(0, episodes), columns.EpisodeSplit.Slice(0, episodes));
    }

    [Fact]
    public void Resume_OfAVersion_GoesOnToTheSameDataset()
    {
        using (var growing = GrowingDataset.Create(_test.Workspace, "grown", SampleEpisodes.CartPoleLike, Capacity))
        {
            Append(growing, 0, 15);
            growing.Commit(new());
            // Lost: what a killed process had not committed.
            Append(growing, 15, 20);
        }

        Assert.Equal(["grown-v1", "source-v1"], _test.DataEntries());
        using var resumed = GrowingDataset.Resume(_test.Workspace, Dataset.Open(_test.Workspace, "grown-v1"), Capacity);
        Assert.Equal(Dataset.Open(_test.Workspace, "grown-v1").Manifest.ContentHash, resumed.Columns.Info.ContentHash);
        Append(resumed, 15, 40);
        Assert.Equal(Dataset.Open(_test.Workspace, "source").Manifest.ContentHash, resumed.Commit(new()).ContentHash);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(50)]
    public void Extend_OfAnIndex_GivesTheIndexOfAllEpisodes(int steps)
    {
        using var growing = GrowingDataset.Create(_test.Workspace, "grown", SampleEpisodes.CartPoleLike, Capacity);
        Append(growing, 0, 3);
        var options = new TransitionOptions { Steps = steps, Discount = 0.9 };
        var index = new TransitionIndex(EpisodeSelection.Of(growing.Columns, "train"), options);
        foreach (var (from, to) in new[] { (3, 4), (4, 4), (4, 21), (21, 40) })
        {
            Append(growing, from, to);
            index.Extend();
            var whole = new TransitionIndex(EpisodeSelection.Of(growing.Columns, "train"), options);
            Assert.Equal(whole.Count, index.Count);
            Assert.Equal(whole.Records, index.Records);
            Assert.Equal(whole.EpisodeFirstItem, index.EpisodeFirstItem);
            Assert.Equal(whole.Selection.Steps, index.Selection.Steps);
            Assert.Equal(whole.Selection.Returns, index.Selection.Returns);
        }
    }

    [Fact]
    public void Grow_OfAPrioritizedOrder_KeepsPrioritiesAndGivesNewItemsTheLargest()
    {
        foreach (var over in new[] { false, true })
        {
            var options = new PriorityOptions { Exponent = 1, Epsilon = 1e-9, WeightsOverAll = over };
            var order = new PrioritizedOrder(3, options);
            order.Update([0, 1, 2], [2, 0.5f, 4]);
            order.Grow(5);
            order.Grow(5);
            order.Grow(40);
            order.Update([4], [0.25f]);
            float[] expected = [2, 0.5f, 4, 4, 0.25f, .. Enumerable.Repeat(4f, 35)];
            Assert.Equal(expected, order.Weights.ToArray());
            var restored = new PrioritizedOrder(40, options);
            restored.Restore(order.Weights, order.Largest);
            var stream = new CounterStream(7);
            int[] items = new int[512], same = new int[512];
            order.Draw(stream, 0, items);
            restored.Draw(stream, 0, same);
            Assert.Equal(same, items);
            Assert.All(items, item => Assert.InRange(item, 0, 39));
            float[] weights = new float[512], sameWeights = new float[512];
            order.Weigh(items, 0, weights);
            restored.Weigh(items, 0, sameWeights);
            Assert.Equal(sameWeights, weights);
        }
    }

    [Fact]
    public void Append_WithoutRoom_SaysHowMuchThereIs()
    {
        using var growing = GrowingDataset.Create(_test.Workspace, "grown", SampleEpisodes.CartPoleLike, 10);
        var fault = Assert.Throws<UserErrorException>(() => Append(growing, 0, 40));
        Assert.Contains("there is room for 10", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_OfAVersion_IsRefused()
    {
        var fault = Assert.Throws<UserErrorException>(() => GrowingDataset.Create(_test.Workspace, "grown-v3", SampleEpisodes.CartPoleLike, 10));
        Assert.Contains("expected a plain name", fault.Message, StringComparison.Ordinal);
    }

    void Append(GrowingDataset growing, int from, int to)
    {
        foreach (var e in _episodes[from..to])
        {
            growing.Append(new EpisodeColumns
            {
                Key = e.Record.EpisodeKey,
                BehaviorPolicy = e.Record.BehaviorPolicy,
                SourceFile = e.Record.SourceFile,
                Observations = e.Observations,
                DiscreteActions = e.Actions,
                Rewards = e.Rewards,
                Terminated = e.Record.Terminated,
                Truncated = e.Record.Truncated,
                FinalObservation = e.Final,
                BehaviorLogProbabilities = e.Logs,
                BehaviorProbabilities = e.Probabilities,
            });
        }
    }

    static unsafe nint Address(TrainingColumns columns) => (nint)columns.Observations!.Pointer;

    static int Links(string path)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%h", path]) { RedirectStandardOutput = true })!;
        return int.Parse(stat.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
