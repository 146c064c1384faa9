using OfflineRL.Datasets;
using OfflineRL.Ingest;
using static OfflineRL.Tests.Ingest.Arrays.ArrayFiles;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>NumPy's files become datasets without a map, by the names that logs go by.</summary>
public sealed class NumpyImportTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    Dataset Import(string path, Func<ImportConfig, ImportConfig>? change = null)
    {
        var config = new ImportConfig { Name = "x", Source = [path] };
        var dataset = _recording.Import(change is null ? config : change(config));
        dataset.Check(NullProgress.Instance);
        return dataset;
    }

    [Fact]
    public void D4rlNames_TellTerminalsFromTimeouts()
    {
        var dataset = Import(_recording.Npz("a.npz", D4rl()));
        var episodes = dataset.Episodes();
        Assert.Equal([3, 2], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([true, false], episodes.Select(e => e.Terminated));
        Assert.Equal([0, 1, 2, 3, 4, 5], episodes[0].Observations);
        Assert.Equal([0.5f, -0.5f, 0.25f], episodes[0].Actions);
        Assert.Equal([4.0, 5.0], episodes[1].Rewards);
        Assert.Empty(episodes[0].Final);
    }

    [Fact]
    public void NextObservationsAndInfos_AreTaken()
    {
        var arrays = D4rl().With("next_observations", Floats("(5, 2)", 2, 3, 4, 5, 6, 7, 12, 13, 14, 15)).With("infos/Q pos", Doubles("(5, 1)", 1, 2, 3, 4, 5)).With("metadata/algorithm", Longs("(3,)", 1, 2, 3));
        var dataset = Import(_recording.Npz("a.npz", arrays));
        Assert.Equal([6, 7], dataset.Episodes()[0].Final);
        Assert.Equal(["info_q_pos"], dataset.Manifest.InfoColumns.Select(c => c.Name));
    }

    [Fact]
    public void WhatTheMapSays_Stays()
    {
        var arrays = D4rl().With("actions", Longs("(5,)", 0, 1, 2, 1, 0)).With("other", Floats("(5,)", 9, 9, 9, 9, 9));
        var dataset = Import(_recording.Npz("a.npz", arrays), c => c with { Reward = "other", ActionCount = 4 });
        Assert.Equal(new DiscreteSpace(4), dataset.Manifest.ActionSpace);
        Assert.Equal([9.0, 9.0, 9.0], dataset.Episodes()[0].Rewards);
    }

    [Fact]
    public void NeoRl2Names_HaveDoneForTerminalStatesAlone()
    {
        var dataset = Import(_recording.Npz(
            "a.npz",
            ("obs", Floats("(4, 1)", 0, 1, 5, 6)),
            ("next_obs", Floats("(4, 1)", 1, 2, 6, 7)),
            ("action", Floats("(4, 2)", 0, 1, 2, 3, 4, 5, 6, 7)),
            ("reward", Floats("(4,)", 1, 1, 1, 1)),
            ("done", Floats("(4,)", 0, 1, 0, 0)),
            ("truncated", Floats("(4,)", 0, 0, 0, 1))));
        Assert.Equal((2L, 1L, 1L), (dataset.Manifest.Counts.Episodes, dataset.Manifest.Counts.Terminated, dataset.Manifest.Counts.Truncated));
        Assert.Equal([7], dataset.Episodes()[1].Final);
    }

    [Fact]
    public void OneMoreObservationThanActions_BecomesTheFinalOne()
    {
        // As the package 'imitation' saves trajectories; its infos are objects, which are left out and never loaded.
        var dataset = Import(_recording.Npz(
            "a.npz",
            ("obs", Floats("(7, 1)", 0, 1, 2, 3, 10, 11, 12)),
            ("acts", Longs("(5,)", 0, 1, 0, 1, 1)),
            ("rews", Doubles("(5,)", 1, 2, 3, 4, 5)),
            ("infos", Npy("'|O'", "(5,)", [0x80, 4, 0x2E])),
            ("terminal", Flags("(2,)", true, false)),
            ("indices", Longs("(1,)", 3))));
        var episodes = dataset.Episodes();
        Assert.Contains(dataset.Manifest.Provenance.Notes, n => n.Contains("'infos' is left out", StringComparison.Ordinal));
        Assert.Equal([0, 1, 2], episodes[0].Observations);
        Assert.Equal([3], episodes[0].Final);
        Assert.True(episodes[0].Terminated);
        Assert.Equal([10, 11], episodes[1].Observations);
        Assert.Equal([12], episodes[1].Final);
        Assert.False(episodes[1].Terminated);
        Assert.Equal([1, 1], episodes[1].Discrete);
    }

    [Fact]
    public void ALoneTrajectory_NeedsNoIndices()
    {
        var dataset = Import(_recording.Npz("a.npz", ("obs", Floats("(3, 1)", 0, 1, 2)), ("acts", Longs("(2,)", 0, 1)), ("rews", Doubles("(2,)", 1, 2))));
        Assert.Equal([2], Assert.Single(dataset.Episodes()).Final);
    }

    [Fact]
    public void NpyFilesOfAFolder_AreTheColumnsOfOneTable()
    {
        foreach (var (name, npy) in D4rl())
            _recording.WriteBytes($"log/{name}.npy", npy);
        var dataset = Import(Path.Combine(_recording.Workspace.Root, "log", "*.npy"));
        Assert.Equal((5L, 2L), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes));
        Assert.Equal([4, 5], dataset.Episodes()[0].Observations[^2..]);
    }

    [Fact]
    public void SeveralArchives_FollowOneAnother()
    {
        _recording.Npz("a.npz", D4rl());
        _recording.Npz("b.npz", D4rl());
        var dataset = Import(Path.Combine(_recording.Workspace.Root, "*.npz"));
        Assert.Equal((10L, 4L), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes));
        Assert.EndsWith("b.npz", dataset.Episodes[3].SourceFile, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'>f8'", 8)]
    [InlineData("'<f2'", 2)]
    [InlineData("'<i2'", 2)]
    [InlineData("'>i4'", 4)]
    [InlineData("'|i1'", 1)]
    [InlineData("'<u4'", 4)]
    public void ElementTypes_AreReadExactly(string descr, int size)
    {
        var numbers = new byte[5 * 2 * size];
        for (var i = 0; i < 10; i++)
        {
            byte[] raw = descr[2] == 'f' ? size == 8 ? BitConverter.GetBytes((double)i) : BitConverter.GetBytes((Half)i) : BitConverter.GetBytes((long)i)[..size];
            if (descr[1] == '>')
                Array.Reverse(raw);
            raw.CopyTo(numbers, i * size);
        }

        var dataset = Import(_recording.Npz("a.npz", D4rl().With("observations", Npy(descr, "(5, 2)", numbers))));
        Assert.Equal([0, 1, 2, 3, 4, 5], dataset.Episodes()[0].Observations);
    }

    [Fact]
    public void FortranOrder_IsTurned()
    {
        var dataset = Import(_recording.Npz("a.npz", D4rl().With("observations", Npy("'<f4'", "(5, 2)", Bytes<float>([0, 2, 4, 10, 12, 1, 3, 5, 11, 13]), fortran: true))));
        Assert.Equal([0, 1, 2, 3, 4, 5], dataset.Episodes()[0].Observations);
    }

    [Fact]
    public void FramesOfBytes_BecomeImages()
    {
        var frames = Enumerable.Range(0, 5 * 2 * 3).Select(i => (byte)i).ToArray();
        var dataset = Import(_recording.Npz("a.npz", D4rl().With("observations", Npy("'|u1'", "(5, 2, 3)", frames))));
        Assert.Equal([2, 3], Assert.IsType<BoxSpace>(dataset.Manifest.ObservationSpace).Shape);
        byte[] first = [];
        dataset.ReadEpisode(1, (EpisodeRecord _, in EpisodeColumns e) => first = e.ObservationBytes.ToArray());
        Assert.Equal(frames[18..], first);
    }

    [Fact]
    public void MoreRowsThanAChunkAndAPart_KeepTheirOrder()
    {
        const int Rows = 70_000;
        var observations = Enumerable.Range(0, Rows * 600).Select(i => (float)(i / 600)).ToArray();
        var dataset = Import(
            _recording.Npz(
                "a.npz",
                ("obs", Floats($"({Rows}, 600)", observations)),
                ("actions", Longs($"({Rows},)", [.. Enumerable.Range(0, Rows).Select(i => (long)(i % 2))])),
                ("rewards", Doubles($"({Rows},)", [.. Enumerable.Range(0, Rows).Select(i => (double)i)])),
                ("episode", Longs($"({Rows},)", [.. Enumerable.Range(0, Rows).Select(i => (long)(i / 1000))]))),
            c => c with { Observation = ["obs"] });
        Assert.Equal(70, dataset.Manifest.Counts.Episodes);
        dataset.ReadEpisode(69, (EpisodeRecord _, in EpisodeColumns e) =>
        {
            Assert.Equal(69_999, e.Rewards[^1]);
            Assert.Equal(69_999, e.Observations[^1]);
        });
    }
}
