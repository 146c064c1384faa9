using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Tests.Ingest.Arrays;

namespace OfflineRL.Tests.Ingest.Exporting;

/// <summary>A dataset that is exported and imported again is the same dataset, in every format that can hold it.</summary>
public sealed class RoundTripTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    (string Source, IReadOnlyList<string> Lost) Export(Dataset dataset, ExportFormat format)
    {
        var path = Path.Combine(_recording.Workspace.Root, $"out.{format switch { ExportFormat.Csv => "csv", ExportFormat.Jsonl => "jsonl", ExportFormat.Npz => "npz", _ => "hdf5" }}");
        var lost = ExportJob.Run(dataset, format, path, NullProgress.Instance, CancellationToken.None);
        return (format == ExportFormat.MinariHdf5 ? Path.Combine(path, "data", "main_data.hdf5") : path, lost);
    }

    Dataset Again(string source, ExportFormat format)
    {
        var map = format is ExportFormat.Csv or ExportFormat.Jsonl ? source + ".yaml" : null;
        var config = Config.Load<ImportConfig>(map, ["name=again", $"source=['{source}']"]);
        var dataset = _recording.Import(config);
        dataset.Check(NullProgress.Instance);
        return dataset;
    }

    Dataset CartPole(IReadOnlyDictionary<string, double>? split = null) => _recording.Record(new RecordConfig { Name = "cartpole", Environment = "CartPole-v1?length=0.55", Steps = 3000, Split = split ?? new Dictionary<string, double>() });

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Jsonl)]
    [InlineData(ExportFormat.Npz)]
    [InlineData(ExportFormat.MinariHdf5)]
    [InlineData(ExportFormat.D4rlHdf5)]
    public void ARecording_ComesBackWithTheSameHash(ExportFormat format)
    {
        var dataset = CartPole(new Dictionary<string, double> { ["train"] = 0.7, ["test"] = 0.3 });
        var (source, lost) = Export(dataset, format);
        Assert.Empty(lost);
        Assert.Equal(dataset.Manifest.ContentHash, Again(source, format).Manifest.ContentHash);
    }

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Jsonl)]
    [InlineData(ExportFormat.Npz)]
    [InlineData(ExportFormat.MinariHdf5)]
    [InlineData(ExportFormat.D4rlHdf5)]
    public void RealActionsAndUnknownFinalObservations_ComeBack(ExportFormat format)
    {
        var dataset = Make(new BoxSpace([2], [-1, -2], [1, 2]), new InfoColumn("info_speed"), new InfoColumn("info_pair", InfoType.Double, 2));
        var (source, lost) = Export(dataset, format);
        Assert.Empty(lost);
        Assert.Equal(dataset.Manifest.ContentHash, Again(source, format).Manifest.ContentHash);
    }

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Npz)]
    [InlineData(ExportFormat.MinariHdf5)]
    [InlineData(ExportFormat.D4rlHdf5)]
    public void TablesOfStates_ComeBack(ExportFormat format)
    {
        var dataset = _recording.Record(new RecordConfig { Name = "lake", Environment = "FrozenLake-v1", Steps = 500 });
        var (source, lost) = Export(dataset, format);
        Assert.Empty(lost);
        Assert.Equal(dataset.Manifest.ContentHash, Again(source, format).Manifest.ContentHash);
    }

    [Theory]
    [InlineData(ExportFormat.Npz)]
    [InlineData(ExportFormat.MinariHdf5)]
    [InlineData(ExportFormat.D4rlHdf5)]
    public void Images_ComeBack(ExportFormat format)
    {
        var dataset = _recording.Record(new RecordConfig { Name = "breakout", Environment = "Breakout-MinAtar-v1", Steps = 400 });
        var (source, lost) = Export(dataset, format);
        var again = Again(source, format);
        Assert.Equal(dataset.Manifest.ObservationSpace, again.Manifest.ObservationSpace);
        if (format == ExportFormat.MinariHdf5)
        {
            Assert.Empty(lost);
            Assert.Equal(dataset.Manifest.ContentHash, again.Manifest.ContentHash);
            return;
        }

        // D4RL's layout has no place for a last frame, and says so.
        Assert.Contains("Final observations are images", Assert.Single(lost), StringComparison.Ordinal);
        Assert.Equal(Frames(dataset), Frames(again));
    }

    [Theory]
    [InlineData(ExportFormat.Jsonl)]
    [InlineData(ExportFormat.Npz)]
    [InlineData(ExportFormat.MinariHdf5)]
    [InlineData(ExportFormat.D4rlHdf5)]
    public void FeaturesOfActions_ComeBack(ExportFormat format)
    {
        var dataset = MakeFeatures(withoutIn: -1);
        var (source, lost) = Export(dataset, format);
        Assert.Empty(lost);
        var again = Again(source, format);
        Assert.Equal(dataset.Manifest.ContentHash, again.Manifest.ContentHash);
        Assert.Equal(2, again.Manifest.ActionFeatures);
    }

    [Fact]
    public void FeaturesOfActions_ThatAFormatDoesNotHold_AreNamed()
    {
        var (source, lost) = Export(MakeFeatures(withoutIn: -1), ExportFormat.Csv);
        Assert.Contains("Features of actions are left out", Assert.Single(lost), StringComparison.Ordinal);
        Assert.Equal(0, Again(source, ExportFormat.Csv).Manifest.ActionFeatures);
    }

    [Theory]
    [InlineData(ExportFormat.Jsonl)]
    [InlineData(ExportFormat.Npz)]
    public void EpisodesWithoutTheFeaturesThatOthersHave_GetZerosAndItIsSaid(ExportFormat format)
    {
        var (source, lost) = Export(MakeFeatures(withoutIn: 1), format);
        Assert.Contains("come back with zeros", Assert.Single(lost), StringComparison.Ordinal);
        var features = new List<float[]>();
        Again(source, format).ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => features.Add(e.ActionFeatures.ToArray()));
        Assert.Equal([false, true, false], features.Select(f => f.All(v => v == 0)));
        Assert.Equal(12, features[1].Length);
    }

    [Fact]
    public void Images_AreRefusedAsText()
    {
        var dataset = _recording.Record(new RecordConfig { Name = "breakout", Environment = "Breakout-MinAtar-v1", Steps = 100 });
        var error = Assert.Throws<UserErrorException>(() => Export(dataset, ExportFormat.Csv));
        Assert.Contains("images, which CSV and JSON lines do not hold", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_recording.Workspace.Root, "out.csv")));
    }

    [Fact]
    public void JsonLines_HoldEveryStep()
    {
        var dataset = CartPole();
        var (source, _) = Export(dataset, ExportFormat.Jsonl);
        var lines = File.ReadAllLines(source);
        Assert.Equal(3000, lines.Length);
        using var json = System.Text.Json.JsonDocument.Parse(lines[0]);
        Assert.Equal(4, json.RootElement.GetProperty("observation").GetArrayLength());
        Assert.Equal(dataset.Episodes[0].EpisodeKey, json.RootElement.GetProperty("episode_key").GetString());
        Assert.True(File.Exists(source + ".yaml"));
    }

    [Fact]
    public void H5py_ReadsWhatIsWritten()
    {
        var dataset = CartPole();
        var (minari, _) = Export(dataset, ExportFormat.MinariHdf5);
        var d4rl = Path.Combine(_recording.Workspace.Root, "flat.hdf5");
        ExportJob.Run(dataset, ExportFormat.D4rlHdf5, d4rl, NullProgress.Instance, CancellationToken.None);
        var said = ArrayFiles.Python(
            """
            import sys, json, h5py, numpy as np
            d, m = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])
            assert d['observations'].shape == (3000, 4) and d['observations'].dtype == np.float32, d['observations']
            assert d['terminals'].dtype == bool and d['timeouts'].dtype == bool
            groups = [m[f'episode_{i}'] for i in range(len(m))]
            assert all(g['observations'].shape[0] == g['actions'].shape[0] + 1 == g.attrs['total_steps'] + 1 for g in groups)
            assert np.array_equal(np.concatenate([g['observations'][:-1] for g in groups]), d['observations'][()])
            assert np.array_equal(np.concatenate([g['rewards'][()] for g in groups]), d['rewards'][()])
            ends = np.flatnonzero(d['terminals'][()] | d['timeouts'][()])
            assert len(ends) == len(groups), (len(ends), len(groups))
            last = np.stack([g['observations'][-1] for g in groups])
            assert np.array_equal(last, d['next_observations'][()][ends])
            meta = json.load(open(sys.argv[2].replace('main_data.hdf5', 'metadata.json')))
            assert meta['total_steps'] == 3000 and json.loads(meta['action_space'])['n'] == 2
            print(len(groups), float(d['rewards'][()].sum()))
            """,
            d4rl,
            minari).Split();
        Assert.Equal(dataset.Manifest.Counts.Episodes, long.Parse(said[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(dataset.Episodes.Sum(e => e.Return), double.Parse(said[1], System.Globalization.CultureInfo.InvariantCulture), 6);
    }

    [Fact]
    public void NumPy_ReadsWhatIsWritten()
    {
        var (source, _) = Export(CartPole(), ExportFormat.Npz);
        var said = ArrayFiles.Python("import sys, numpy as np\nz = np.load(sys.argv[1])\nprint(z['observations'].shape, z['infos/behavior_probs'].sum().round(6), z['metadata/episode_key'].dtype.kind)", source);
        Assert.Equal("(3000, 4) 3000.0 U", said.Trim());
    }

    [Fact]
    public void AnExport_ReplacesNothing()
    {
        var dataset = CartPole();
        var (source, _) = Export(dataset, ExportFormat.Csv);
        var before = File.ReadAllBytes(source);
        var error = Assert.Throws<UserErrorException>(() => Export(dataset, ExportFormat.Csv));
        Assert.Contains("exists already", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(source));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_recording.Workspace.Root), p => p.Contains("pending", StringComparison.Ordinal));
    }

    Dataset Make(Space actions, params InfoColumn[] info)
    {
        var description = new DatasetDescription
        {
            ObservationSpace = new BoxSpace([3], [-1, -1, double.NegativeInfinity], [1, 2, 3]),
            ActionSpace = actions,
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Density,
            InfoColumns = info,
            Provenance = new Provenance { Command = "test" },
        };
        using var writer = DatasetWriter.Create(_recording.Workspace, "made", description);
        for (var e = 0; e < 30; e++)
        {
            var random = RandomStream.Create((ulong)e, "test");
            var steps = 1 + e;
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"k\"{e},",
                BehaviorPolicy = e % 2 == 0 ? "even" : "odd's",
                Observations = Enumerable.Range(0, steps * 3).Select(_ => (float)random.NextGaussian() * 0.3f).Select(v => Math.Clamp(v, -1, 1)).ToArray(),
                ContinuousActions = Enumerable.Range(0, steps * 2).Select(_ => (float)random.Uniform(-1, 1)).ToArray(),
                Rewards = Enumerable.Range(0, steps).Select(_ => random.NextGaussian()).ToArray(),
                Terminated = e % 3 == 0,
                Truncated = e % 3 != 0,
                FinalObservation = e % 4 == 1 ? [] : [0.1f, 0.2f, 0.3f],
                BehaviorLogProbabilities = Enumerable.Range(0, steps).Select(t => t == 2 ? double.NaN : random.NextGaussian()).ToArray(),
                Info = [InfoValues.Of(Enumerable.Range(0, steps).Select(t => t == 1 ? double.NaN : t / 3.0).ToArray()), InfoValues.Of(Enumerable.Range(0, 2 * steps).Select(t => t / 7.0).ToArray())],
            });
        }

        return Dataset.Open(_recording.Workspace, writer.Commit().FullName);
    }

    // Three actions of two features, masked.
    Dataset MakeFeatures(int withoutIn)
    {
        var description = new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(1),
            ActionSpace = new DiscreteSpace(3),
            ActionFeatures = 2,
            HasActionMask = true,
            Provenance = new Provenance { Command = "test" },
        };
        using var writer = DatasetWriter.Create(_recording.Workspace, "features", description);
        for (var e = 0; e < 3; e++)
        {
            var steps = 1 + e;
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"k{e}",
                BehaviorPolicy = "p",
                Observations = Enumerable.Range(0, steps).Select(t => (float)t).ToArray(),
                DiscreteActions = new int[steps],
                Rewards = new double[steps],
                Terminated = true,
                ActionMasks = Enumerable.Range(0, 3 * steps).Select(i => i % 3 < 2).ToArray(),
                ActionFeatures = e == withoutIn ? [] : Enumerable.Range(0, 6 * steps).Select(i => i % 6 < 4 ? (i + e) / 7f : 0).ToArray(),
            });
        }

        return Dataset.Open(_recording.Workspace, writer.Commit().FullName);
    }

    static List<byte[]> Frames(Dataset dataset)
    {
        var frames = new List<byte[]>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => frames.Add(e.ObservationBytes.ToArray()));
        return frames;
    }
}
