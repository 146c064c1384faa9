using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class RoundTripTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Dataset_OfEveryOptionalColumn_ComesBackAsWritten()
    {
        DatasetDescription description = new()
        {
            ObservationSpace = BoxSpace.Unbounded(2),
            ActionSpace = new DiscreteSpace(3),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Probability,
            HasBehaviorProbabilities = true,
            HasActionMask = true,
            HasTimestamp = true,
            InfoColumns =
            [
                new("info_speed"), new("info_count", InfoType.Integer), new("info_flag", InfoType.Boolean),
                new("info_note", InfoType.Text), new("info_logits", InfoType.Double, 3),
            ],
        };
        EnvironmentIdentity environment = new("Toy-v0", new Dictionary<string, double> { ["size"] = 0.1 });
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "all", description))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a",
                SplitKey = "user-1",
                BehaviorPolicy = "logger",
                Environment = environment,
                SourceFile = "in.csv",
                Observations = [1, 2, 3, 4],
                DiscreteActions = [2, 0],
                Rewards = [0.1, -1e300],
                Terminated = true,
                FinalObservation = [5, 6],
                BehaviorLogProbabilities = [Math.Log(0.5), double.NaN],
                BehaviorProbabilities = [0.25, 0.25, 0.5, 1, 0, 0],
                ActionMasks = [true, true, true, true, false, false],
                TimestampMicros = [1_700_000_000_000_000, 1_700_000_000_500_000],
                Info =
                [
                    InfoValues.Of(new[] { 1.5, double.NaN }), InfoValues.Of(new[] { 1L << 60, -3 }), InfoValues.Of(new[] { true, false }),
                    InfoValues.Of(new[] { "with \"quotes\", commas", null }), InfoValues.Of(new[] { 1.0, 2, 3, 4, 5, 6 }),
                ],
            });
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "b",
                BehaviorPolicy = "logger",
                Observations = [7, 8],
                DiscreteActions = [1],
                Rewards = [3],
                Truncated = true,
                Info =
                [
                    InfoValues.Of(new[] { 2.5 }), InfoValues.Of(new[] { 4L }), InfoValues.Of(new[] { true }),
                    InfoValues.Of(new[] { "" }), InfoValues.Of(new[] { 7.0, 8, 9 }),
                ],
            });
            writer.Reject(new RejectedRow("in.csv", 7, "reward", "found 'x', expected a number, or \"nothing\""));
            writer.Commit();
        }

        Dataset dataset = Dataset.Open(_workspace.Workspace, "all");
        Assert.Equal("all-v1", dataset.FullName);
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        int seen = 0;
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            seen++;
            if (record.EpisodeId == 0)
            {
                Assert.Equal("user-1", e.SplitKey);
                Assert.Equal(environment, e.Environment);
                Assert.Equal("in.csv", e.SourceFile);
                Assert.Equal([1f, 2, 3, 4], e.Observations.ToArray());
                Assert.Equal([2, 0], e.DiscreteActions.ToArray());
                Assert.Equal([0.1, -1e300], e.Rewards.ToArray());
                Assert.True(e.Terminated && !e.Truncated);
                Assert.Equal([5f, 6], e.FinalObservation.ToArray());
                Assert.Equal([Math.Log(0.5), double.NaN], e.BehaviorLogProbabilities.ToArray());
                Assert.Equal([0.25, 0.25, 0.5, 1, 0, 0], e.BehaviorProbabilities.ToArray());
                Assert.Equal([true, true, true, true, false, false], e.ActionMasks.ToArray());
                Assert.Equal([1_700_000_000_000_000, 1_700_000_000_500_000], e.TimestampMicros.ToArray());
                Assert.Equal([1.5, double.NaN], e.Info[0].Doubles.ToArray());
                Assert.Equal([1L << 60, -3], e.Info[1].Integers.ToArray());
                Assert.Equal([true, false], e.Info[2].Booleans.ToArray());
                Assert.Equal<IEnumerable<string?>>(["with \"quotes\", commas", null], e.Info[3].Texts.ToArray());
                Assert.Equal([1.0, 2, 3, 4, 5, 6], e.Info[4].Doubles.ToArray());
            }
            else
            {
                Assert.Null(e.Environment);
                Assert.Null(e.SplitKey);
                Assert.True(e.FinalObservation.IsEmpty && e.BehaviorProbabilities.IsEmpty && e.ActionMasks.IsEmpty && e.TimestampMicros.IsEmpty);
                Assert.Equal([double.NaN], e.BehaviorLogProbabilities.ToArray());
                Assert.Equal<IEnumerable<string?>>([""], e.Info[3].Texts.ToArray());
            }
        });
        Assert.Equal(2, seen);
        Assert.Equal(
            "file,row,column,reason\nin.csv,7,reward,\"found 'x', expected a number, or \"\"nothing\"\"\"\n",
            File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")));

        using TrainingColumns columns = dataset.Compile(NullProgress.Instance);
        Assert.Equal([1f, 2, 3, 4, 7, 8], columns.Observations!.Slice(0, 3).ToArray());
        Assert.Equal([5f, 6, 0, 0], columns.FinalObservations!.Slice(0, 2).ToArray());
        Assert.Equal([1, 0], columns.FinalObservationKnown.Slice(0, 2).ToArray());
        Assert.Equal([2, 0, 1], columns.DiscreteActions!.Slice(0, 3).ToArray());
        Assert.Equal([0.1, -1e300, 3], columns.Rewards.Slice(0, 3).ToArray());
        Assert.Equal([0, 1, 0], columns.Terminated.Slice(0, 3).ToArray());
        Assert.Equal([0, 0, 1], columns.Truncated.Slice(0, 3).ToArray());
        Assert.Equal([Math.Log(0.5), double.NaN, double.NaN], columns.BehaviorLogProbabilities!.Slice(0, 3).ToArray());
        Assert.Equal([0.25, 0.25, 0.5, 1, 0, 0, double.NaN, double.NaN, double.NaN], columns.BehaviorProbabilities!.Slice(0, 3).ToArray());
        Assert.Equal([1, 1, 1, 1, 0, 0, 1, 1, 1], columns.ActionMasks!.Slice(0, 3).ToArray());
        Assert.Equal([0, 0, 1], columns.EpisodeIndex.Slice(0, 3).ToArray());
        Assert.Equal([0L, 2, 3], columns.EpisodeFirstRow.Slice(0, 3).ToArray());
        Assert.Equal([1.5, double.NaN, 2.5], columns.InfoColumn("speed").Slice(0, 3).ToArray());
        Assert.Equal([1L << 60, -3.0, 4], columns.InfoColumn("info_count").Slice(0, 3).ToArray());
        Assert.Equal([1.0, 0, 1], columns.InfoColumn("flag").Slice(0, 3).ToArray());
        Assert.Equal(3, columns.InfoColumn("logits").Width);
        Assert.Equal([4.0, 5, 6], columns.InfoColumn("logits")[1].ToArray());
        Assert.Contains("info_speed", Assert.Throws<UserErrorException>(() => columns.InfoColumn("note")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_AreStoredAsTheBytesTheyAre()
    {
        const int size = 6 * 5 * 3, steps = 1500;
        BoxSpace images = new([6, 5, 3], new double[size], [.. Enumerable.Repeat(255.0, size)], ElementType.UInt8);
        byte[] pixels = [.. Enumerable.Range(0, steps * size).Select(i => (byte)(i * 7))];
        byte[] final = [.. Enumerable.Range(0, size).Select(i => (byte)i)];
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "images", new() { ObservationSpace = images, ActionSpace = BoxSpace.Unbounded(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a",
                BehaviorPolicy = "p",
                ObservationBytes = pixels,
                ContinuousActions = new float[steps * 2],
                Rewards = new double[steps],
                Truncated = true,
                FinalObservationBytes = final,
            });
            writer.Commit();
        }

        Dataset dataset = Dataset.Open(_workspace.Workspace, "images");
        Assert.Equal(images, dataset.Manifest.ObservationSpace);
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        using TrainingColumns columns = dataset.Compile(NullProgress.Instance);
        Assert.Null(columns.Observations);
        Assert.True(columns.ObservationBytes!.Slice(0, steps).SequenceEqual(pixels));
        Assert.Equal(final, columns.FinalObservationBytes![0].ToArray());
        Spread spread = Assert.Single(dataset.Manifest.Statistics.Observation);
        Assert.Equal(pixels.Average(p => (double)p), spread.Mean, 1e-9);
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => Assert.True(e.ObservationBytes.SequenceEqual(columns.ObservationBytes.Slice(0, steps)) && e.FinalObservationBytes.SequenceEqual(columns.FinalObservationBytes[0])));
    }

    [Fact]
    public void DiscreteObservations_AreWholeNumbers()
    {
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "tabular", new() { ObservationSpace = new DiscreteSpace(716), ActionSpace = new DiscreteSpace(25) }))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a",
                BehaviorPolicy = "p",
                Observations = [715, 0, 3],
                DiscreteActions = [24, 0, 1],
                Rewards = [0, 0, 1],
                Terminated = true,
                FinalObservation = [7],
            });
            writer.Commit();
        }

        Dataset dataset = Dataset.Open(_workspace.Workspace, "tabular");
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        using TrainingColumns columns = dataset.Compile(NullProgress.Instance);
        Assert.Equal([715f, 0, 3], columns.Observations!.Slice(0, 3).ToArray());
        Assert.Equal([7f], columns.FinalObservations![0].ToArray());
        Assert.Null(columns.BehaviorLogProbabilities);
        Assert.Null(columns.ActionMasks);
        Assert.Equal([1, 1], dataset.Manifest.Statistics.ActionCounts.Take(2));
    }

    [Fact]
    public void Dataset_OfSeveralRowGroupsAndParts_KeepsItsOrder()
    {
        // Rows of 2,048 floats: a row group takes 6,144 of them, a part four row groups.
        const int width = 2048, stepsPerEpisode = 1000, episodes = 30;
        DatasetDescription description = new() { ObservationSpace = BoxSpace.Unbounded(width), ActionSpace = new DiscreteSpace(2) };
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "wide", description))
        {
            float[] observations = new float[stepsPerEpisode * width];
            for (int e = 0; e < episodes; e++)
            {
                for (int t = 0; t < stepsPerEpisode; t++)
                {
                    observations[t * width] = (e * stepsPerEpisode) + t;
                    observations[(t * width) + width - 1] = -t;
                }

                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"e{e}",
                    BehaviorPolicy = "p",
                    Observations = observations,
                    DiscreteActions = new int[stepsPerEpisode],
                    Rewards = new double[stepsPerEpisode],
                    Truncated = true,
                });
            }

            writer.Commit();
        }

        Dataset dataset = Dataset.Open(_workspace.Workspace, "wide");
        Assert.True(dataset.StepFiles.Count > 1, "the test wants several parts");
        Assert.True(RowGroups(dataset) > dataset.StepFiles.Count, "the test wants several row groups a part");
        using TrainingColumns columns = dataset.Compile(NullProgress.Instance);
        Assert.Equal(episodes * stepsPerEpisode, columns.Steps);
        for (int row = 0; row < columns.Steps; row++)
        {
            ReadOnlySpan<float> observation = columns.Observations![row];
            Assert.True(observation[0] == row && observation[^1] == -(row % stepsPerEpisode), $"row {row}");
        }
    }

    [Fact]
    public void Manifest_HasTheStatisticsOfTheRows()
    {
        DatasetManifest manifest = SampleEpisodes.Make(_workspace.Workspace, "sample", 40);
        Dataset dataset = Dataset.Open(_workspace.Workspace, "sample");
        using TrainingColumns columns = dataset.Compile(NullProgress.Instance);
        float[] second = [.. Enumerable.Range(0, (int)columns.Steps).Select(row => columns.Observations![row][1])];
        double mean = second.Average(v => (double)v), deviation = Math.Sqrt(second.Average(v => (v - mean) * (v - mean)));
        Spread spread = manifest.Statistics.Observation[1];
        Assert.Equal(mean, spread.Mean, 1e-12);
        Assert.Equal(deviation, spread.Std, 1e-12);
        Assert.Equal(second.Min(), spread.Min);
        Assert.Equal(second.Max(), spread.Max);
        Assert.Equal(dataset.Episodes.Average(e => e.Return), manifest.Statistics.Return!.Mean, 1e-12);
        Assert.Equal(dataset.Episodes.Max(e => (double)e.Steps), manifest.Statistics.EpisodeSteps!.Max);
        Assert.Equal(20, manifest.Counts.Terminated);
        Assert.Equal(columns.Steps, manifest.Statistics.ActionCounts.Sum());
        Assert.Equal(manifest.Counts.Steps, dataset.Episodes.Sum(e => (long)e.Steps));
    }

    [Fact]
    public void Columns_OpenWithoutTheDataset()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        string folder;
        double[] rewards;
        using (TrainingColumns columns = Dataset.Open(_workspace.Workspace, "sample").Compile(NullProgress.Instance))
        {
            folder = columns.Folder;
            rewards = columns.Rewards.Slice(0, (int)columns.Steps).ToArray();
        }

        Directory.Delete(_workspace.DataFolder, recursive: true);
        using TrainingColumns reopened = TrainingColumns.Open(folder);
        Assert.Equal(rewards, reopened.Rewards.Slice(0, (int)reopened.Steps).ToArray());
        Assert.Equal("sample-v1", reopened.Info.Dataset);
        Assert.Equal(SampleEpisodes.CartPoleLike.Environment, reopened.Info.Environment);
        Assert.Equal(["train"], reopened.Info.Splits);
    }

    static long RowGroups(Dataset dataset)
    {
        using DuckDbDatabase database = DuckDbDatabase.OpenInMemory();
        using DuckDbConnection connection = database.Connect();
        string files = DuckDbSql.Texts(dataset.StepFiles.Select(dataset.PathOf));
        using DuckDbResult result = connection.Query($"SELECT sum(num_row_groups)::BIGINT FROM parquet_file_metadata({files})");
        using DuckDbChunk chunk = result.Next()!;
        return chunk[0].Values<long>()[0];
    }
}
