using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>HDF5 files that h5py wrote, in the layouts of D4RL, Minari and d3rlpy.</summary>
public sealed class Hdf5ImportTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    string Make(string body, string name = "a.hdf5")
    {
        var path = Path.Combine(_recording.Workspace.Root, name);
        ArrayFiles.Python("import sys, h5py, json\nimport numpy as np\nf = h5py.File(sys.argv[1], 'w')\n" + body + "\nf.close()", path);
        return path;
    }

    Dataset Import(string path, Func<ImportConfig, ImportConfig>? change = null)
    {
        var config = new ImportConfig { Name = "x", Source = [path] };
        var dataset = _recording.Import(change is null ? config : change(config));
        dataset.Check(NullProgress.Instance);
        return dataset;
    }

    const string Flat = """
        f.create_dataset('observations', data=np.arange(10, dtype=np.float32).reshape(5, 2), compression='gzip')
        f.create_dataset('actions', data=np.array([[.5], [-.5], [.25], [1], [2]], dtype=np.float64), compression='gzip', shuffle=True)
        f['rewards'] = np.arange(1, 6, dtype=np.float32)
        f['terminals'] = np.array([0, 0, 1, 0, 0], dtype=bool)
        f['timeouts'] = np.array([0, 0, 0, 0, 1], dtype=np.uint8)
        f['infos/qpos'] = np.arange(15, dtype=np.float64).reshape(5, 3)
        f['metadata/algorithm'] = 'SAC'
        """;

    [Fact]
    public void D4rlsLayout_IsKnown()
    {
        var dataset = Import(Make(Flat));
        var episodes = dataset.Episodes();
        Assert.Equal([3, 2], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([true, false], episodes.Select(e => e.Terminated));
        Assert.Equal([0, 1, 2, 3, 4, 5], episodes[0].Observations);
        Assert.Equal([1f, 2f], episodes[1].Actions);
        Assert.Equal([new InfoColumn("info_qpos", InfoType.Double, 3)], dataset.Manifest.InfoColumns);
    }

    [Fact]
    public void ChunksThatLieAcrossRows_ReadTheSame()
    {
        var dataset = Import(Make("""
            n = 50000
            f.create_dataset('observations', data=np.repeat(np.arange(n), 4).reshape(n, 4).astype(np.float32), compression='gzip', chunks=(15625, 1), shuffle=True)
            f.create_dataset('actions', data=np.zeros(n, np.int64), compression='gzip')
            f['rewards'] = np.arange(n, dtype=np.float64)
            f['terminals'] = np.arange(n) % 1000 == 999
            """));
        Assert.Equal(50, dataset.Manifest.Counts.Episodes);
        dataset.ReadEpisode(49, (EpisodeRecord _, in EpisodeColumns e) => Assert.Equal((49_999f, 49_999.0), (e.Observations[^1], e.Rewards[^1])));
    }

    const string Minari = """
        f.attrs['x'] = 1
        for i, n in ((10, 2), (2, 3)):
            g = f.create_group(f'episode_{i}')
            g.attrs['id'] = i
            g['observations'] = (100 * i + np.arange(n + 1, dtype=np.float64)).reshape(n + 1, 1)
            g['actions'] = 5 + np.arange(n, dtype=np.int64) % 2
            g['rewards'] = np.ones(n)
            g['terminations'] = np.arange(n) == (n - 1 if i == 2 else -1)
            g['truncations'] = np.arange(n) == (n - 1 if i == 10 else -1)
            g['infos/speed'] = np.arange(n + 1, dtype=np.float32)
        json.dump({'observation_space': json.dumps({'type': 'Box', 'dtype': 'float64', 'shape': [1], 'low': [float('-inf')], 'high': [1000.0]}),
                   'action_space': json.dumps({'type': 'Discrete', 'dtype': 'int64', 'start': 5, 'n': 3})}, open(sys.argv[1].rsplit('/', 1)[0] + '/metadata.json', 'w'))
        """;

    [Fact]
    public void MinarisLayout_IsKnownWithItsMetadata()
    {
        var dataset = Import(Make(Minari));
        var episodes = dataset.Episodes();
        // By number, not by name; the last observation is the final one.
        Assert.Equal([200, 201, 202], episodes[0].Observations);
        Assert.Equal([203], episodes[0].Final);
        Assert.Equal([1002], episodes[1].Final);
        Assert.Equal([true, false], episodes.Select(e => e.Terminated));
        Assert.Equal([0, 1, 0], episodes[0].Discrete);
        Assert.Equal(new DiscreteSpace(3), dataset.Manifest.ActionSpace);
        var box = Assert.IsType<BoxSpace>(dataset.Manifest.ObservationSpace);
        Assert.Equal((double.NegativeInfinity, 1000), (box.Low[0], box.High[0]));
        Assert.Equal(["info_speed"], dataset.Manifest.InfoColumns.Select(c => c.Name));
    }

    [Fact]
    public void NestedSpaces_AreFlattenedInTheirOrder()
    {
        var path = Make("""
            g = f.create_group('episode_0')
            g['observations/goal'] = np.array([[7], [8], [9]], dtype=np.float32)
            g['observations/achieved/_index_10'] = np.array([3, 3, 3], dtype=np.int64)
            g['observations/achieved/_index_2'] = np.array([[1, 2], [1, 2], [1, 2]], dtype=np.float64)
            g['actions'] = np.zeros((2, 2), np.float32)
            g['rewards'] = np.ones(2)
            g['terminations'] = np.array([False, True])
            g['truncations'] = np.array([False, False])
            """);
        var dataset = Import(path);
        Assert.Equal([1, 2, 3, 7, 1, 2, 3, 8], dataset.Episodes()[0].Observations);
        Assert.Equal([1, 2, 3, 9], dataset.Episodes()[0].Final);
        Assert.Equal([7, 8], Import(path, c => c with { Observation = ["observations/goal"] }).Episodes()[0].Observations);
    }

    [Fact]
    public void D3rlpysFirstLayout_SaysWhetherActionsAreDiscrete()
    {
        var dataset = Import(Make("""
            f['observations'] = np.arange(5, dtype=np.float32).reshape(5, 1)
            f['actions'] = np.array([0, 1, 2, 1, 0], dtype=np.float32)
            f['rewards'] = np.ones(5, np.float32)
            f['terminals'] = np.array([0, 0, 1, 0, 0], np.float32)
            f['episode_terminals'] = np.array([0, 0, 1, 0, 1], np.float32)
            f['discrete_action'] = True
            f['version'] = '1.0'
            """));
        Assert.Equal(new DiscreteSpace(3), dataset.Manifest.ActionSpace);
        Assert.Equal([true, false], dataset.Episodes.Select(e => e.Terminated));
    }

    [Fact]
    public void D3rlpysSecondLayout_IsKnown()
    {
        var dataset = Import(Make("""
            f['columns'] = ['observations', 'actions', 'rewards', 'terminated']
            f['num_episodes'] = 2
            for i, n in ((0, 2), (1, 3)):
                f[f'observations_{i}_0'] = np.full((n, 1), i, np.float32)
                f[f'observations_{i}_1'] = np.full((n, 2), 9, np.float32)
                f[f'actions_{i}'] = np.full((n, 1), i, np.int32)
                f[f'rewards_{i}'] = np.ones((n, 1), np.float32)
                f[f'terminated_{i}'] = i == 1
            f['version'] = '2.1'
            """));
        Assert.Equal([2, 3], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([false, true], dataset.Episodes.Select(e => e.Terminated));
        Assert.Equal([1, 9, 9, 1, 9, 9, 1, 9, 9], dataset.Episodes()[1].Observations);
        Assert.Equal(new DiscreteSpace(2), dataset.Manifest.ActionSpace);
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "del f['rewards']", "there is no column 'reward'" },
        { "del f['actions']", "action is empty" },
        { "del f['rewards']; f['rewards'] = np.ones(4)", "'rewards' has 4 rows and 'actions' 5" },
        { "del f['observations']; f['observations'] = h5py.SoftLink('/actions')", "is a link by name or into another file" },
        { "del f['observations']; f['observations'] = h5py.ExternalLink('/etc/passwd', '/x')", "is a link by name or into another file" },
        { "del f['observations']; f.create_dataset('observations', (5, 2), np.uint8, external=[('/etc/passwd', 0, 10)])", "keeps its data in another file" },
        { "del f['observations']; l = h5py.VirtualLayout((5, 2), np.float32); l[:] = h5py.VirtualSource('other.h5', 'x', shape=(5, 2)); f.create_virtual_dataset('observations', l)", "keeps its data in another file" },
        { "del f['observations']; f.create_dataset('observations', (10**15, 2), np.float32, chunks=(1000, 2))", "by 0 stored bytes, fewer than it can be packed into" },
        { "del f['rewards']; f['rewards'] = np.zeros(5, [('a', '<f4')])", "holds no plain numbers" },
        { "del f['rewards']; f['rewards'] = np.zeros(5, np.complex64)", "holds no plain numbers" },
        { "del f['rewards']; f.create_dataset('rewards', (5,), h5py.ref_dtype)", "holds no plain numbers" },
        { "del f['rewards']; f['rewards'] = np.array(['a'] * 5, dtype='S1')", "row 1, column 'rewards': found" },
        { "del f['terminals']; f['terminals'] = np.arange(5)", "found '2'; expected a flag" },
        { "del f['observations']; f.create_group('observations')", "observation is empty" },
        { "del f['rewards']; f.create_dataset('rewards', data=np.arange(5.0), compression='lzf')", "packed by a filter that this library lacks" },
        { "g = f\nfor i in range(20): g = g.create_group('g')", "more than 6 deep" },
        { "f['g/g'] = f['infos']; f['infos/loop'] = f['g']", "deep" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void ABrokenFile_IsRefusedWithAMessage(string change, string message) => AssertRefused(Make(Flat + "\n" + change), message);

    public static TheoryData<string, string> BrokenMinari => new()
    {
        { "del f['episode_2/rewards']", "'episode_2/rewards' is missing" },
        { "del f['episode_2/observations']; f['episode_2/observations'] = np.zeros((3, 1))", "has 3 rows; expected 4: one observation more than rewards" },
        { "del f['episode_10/actions']; f['episode_10/actions'] = np.zeros((2, 3))", "its arrays differ from those of" },
        { "del f['episode_10/infos']", "its arrays differ from those of" },
        { "del f['episode_2/observations']; f.create_dataset('episode_2/observations', (4,), h5py.vlen_dtype(np.uint8))", "JPEG images" },
        { "del f['episode_2/rewards']; f['episode_2/rewards'] = np.zeros((0,)); ", "expected" },
        { "del f['episode_2/terminations']", "'episode_2/terminations' is missing" },
    };

    [Theory]
    [MemberData(nameof(BrokenMinari))]
    public void ABrokenMinariFile_IsRefusedWithAMessage(string change, string message) => AssertRefused(Make(Minari + "\n" + change), message);

    [Fact]
    public void ATruncatedFile_IsRefusedWhereverItEnds()
    {
        var whole = File.ReadAllBytes(Make(Flat));
        for (var length = 8; length < whole.Length; length += whole.Length / 8)
            AssertRefused(_recording.WriteBytes("b.hdf5", whole[..length]), "");
    }

    [Fact]
    public void SeveralFiles_FollowOneAnother()
    {
        Make(Flat);
        Make(Flat, "b.hdf5");
        Assert.Equal(4, Import(Path.Combine(_recording.Workspace.Root, "*.hdf5")).Manifest.Counts.Episodes);
    }

    void AssertRefused(string path, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(new ImportConfig { Name = "x", Source = [path] }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }
}
