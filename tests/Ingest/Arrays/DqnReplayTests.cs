using OfflineRL.Datasets;
using OfflineRL.Ingest;
using static OfflineRL.Tests.Ingest.Arrays.ArrayFiles;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>Checkpoints of a replay buffer: gzipped arrays, a frame stored once.</summary>
public sealed class DqnReplayTests : IDisposable
{
    const int Frame = 4;

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    // A frame of zeros where the letter is '.', else of the row's number; terminal where it is upper case.
    string Write(string rows, int checkpoint = 0, string? broken = null, byte[]? with = null, long? added = null)
    {
        var frames = rows.SelectMany((c, i) => Enumerable.Repeat(c == '.' ? (byte)0 : (byte)(i + 1), Frame)).ToArray();
        var n = rows.Length;
        Store("observation", Npy("'|u1'", $"({n}, 2, 2)", frames));
        Store("action", Npy("'<i4'", $"({n},)", Bytes([.. rows.Select((c, i) => c == '.' ? 0 : i % 3)])));
        Store("reward", Floats($"({n},)", [.. rows.Select((c, i) => c == '.' ? 0f : i)]));
        Store("terminal", Npy("'|u1'", $"({n},)", [.. rows.Select(c => char.IsUpper(c) ? (byte)1 : (byte)0)]));
        if (added is { } count)
            _recording.WriteBytes($"replay/add_count_ckpt.{checkpoint}.gz", Npy("'<i8'", "()", BitConverter.GetBytes(count)), gzip: true);
        return Path.Combine(_recording.Workspace.Root, "replay", "*observation*.gz");

        void Store(string name, byte[] npy)
        {
            if (name != broken)
                _recording.WriteBytes($"replay/$store$_{name}_ckpt.{checkpoint}.gz", npy, gzip: true);
            else if (with is not null)
                _recording.WriteBytes($"replay/$store$_{name}_ckpt.{checkpoint}.gz", with);
        }
    }

    ImportResult Import(string source) =>
        ImportJob.Run(new ImportConfig { Name = "x", Source = [source] }, _recording.Workspace, NullProgress.Instance, CancellationToken.None);

    List<(int Steps, bool Terminated, byte First, double[] Rewards)> Episodes(DatasetManifest manifest)
    {
        var episodes = new List<(int, bool, byte, double[])>();
        var dataset = Dataset.Open(_recording.Workspace, manifest.FullName);
        dataset.Check(NullProgress.Instance);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => episodes.Add((record.Steps, record.Terminated, e.ObservationBytes[0], e.Rewards.ToArray())));
        return episodes;
    }

    [Fact]
    public void Rows_BecomeEpisodesOfImages()
    {
        var result = Import(Write("...abC...deFgh"));
        var space = Assert.IsType<BoxSpace>(result.Manifest.ObservationSpace);
        Assert.Equal([2, 2], space.Shape);
        Assert.Equal(ElementType.UInt8, space.ElementType);
        Assert.Equal(new DiscreteSpace(3), result.Manifest.ActionSpace);
        var episodes = Episodes(result.Manifest);
        Assert.Equal([(3, true, 4), (3, true, 10), (2, false, 13)], episodes.Select(e => (e.Steps, e.Terminated, (int)e.First)));
        Assert.Equal([3.0, 4.0, 5.0], episodes[0].Rewards);
        // The frames of zeros are no steps: they are counted and listed.
        Assert.Equal(6, result.Manifest.Counts.Rejected);
    }

    [Fact]
    public void BlackFramesWithinAnEpisode_AreSteps() => Assert.Equal([7], Episodes(Import(Write("ab...cD")).Manifest).Select(e => e.Steps));

    [Fact]
    public void Checkpoints_AreTakenByNumberAndDoNotFollowOneAnother()
    {
        var source = Write("abc", 10);
        Write("dE", 9);
        var episodes = Episodes(Import(source).Manifest);
        Assert.Equal([(2, true), (3, false)], episodes.Select(e => (e.Steps, e.Terminated)));
    }

    [Fact]
    public void TheSeamOfARing_CutsAnEpisode() =>
        Assert.Equal([2, 3], Episodes(Import(Write("abcde", added: 12)).Manifest).Select(e => e.Steps));

    [Fact]
    public void MoreRowsThanABatch_KeepTheirEnds()
    {
        var rows = string.Concat(Enumerable.Repeat(new string('a', 999) + "Z", 9));
        Assert.Equal(Enumerable.Repeat(1000, 9), Episodes(Import(Write(rows)).Manifest).Select(e => e.Steps));
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "observation", "whose name is not that of a replay buffer's store" },
        { "reward", "$store$_reward_ckpt.0.gz: there is no such file beside" },
        { "terminal-rows", "'terminal' has 2 rows and 'observation' 5" },
        { "action-type", "expected whole numbers as actions" },
        { "reward-width", "expected whole numbers as actions, and one reward" },
        { "action-object", "is an object array: a pickle" },
        { "promises", "more than its" },
        { "truncated", "" },
        { "no-gzip", "cannot be read" },
        { "trailing", "more bytes follow than it says" },
        { "short", "it ends too early" },
        { "add-count", "expected one whole number, the count of rows" },
        { "fortran", "Fortran order" },
        { "header", "is not a .npy file" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void ABrokenStore_IsRefusedWithAMessage(string kind, string message)
    {
        var source = kind switch
        {
            "observation" => Alone(),
            "reward" => Write("abcdE", broken: "reward"),
            "terminal-rows" => Write("abcdE", broken: "terminal", with: Zip(Npy("'|u1'", "(2,)", new byte[2]))),
            "action-type" => Write("abcdE", broken: "action", with: Zip(Floats("(5,)", 1, 2, 3, 4, 5))),
            "reward-width" => Write("abcdE", broken: "reward", with: Zip(Floats("(5, 2)", new float[10]))),
            "action-object" => Write("abcdE", broken: "action", with: Zip(Npy("'|O'", "(5,)", new byte[40]))),
            "promises" => Write("abcdE", broken: "observation", with: Zip(Npy("'|u1'", "(1000000000000, 2, 2)", new byte[20]))),
            "truncated" => Write("abcdE", broken: "observation", with: Zip(Npy("'|u1'", "(5, 2, 2)", [.. Enumerable.Range(0, 20).Select(i => (byte)(i * 77))]))[..^20]),
            "no-gzip" => Write("abcdE", broken: "reward", with: Floats("(5,)", 1, 2, 3, 4, 5)),
            "trailing" => Write("abcdE", broken: "reward", with: Zip([.. Floats("(5,)", 1, 2, 3, 4, 5), 1])),
            "short" => Write("abcdE", broken: "reward", with: Zip(Npy("'<f4'", "(5,)", new byte[13]))),
            "add-count" => Write("abcdE"),
            "fortran" => Write("abcdE", broken: "observation", with: Zip(Npy("'|u1'", "(5, 2, 2)", new byte[20], fortran: true))),
            _ => Write("abcdE", broken: "action", with: Zip([1, 2, 3, 4])),
        };
        if (kind == "add-count")
            _recording.WriteBytes("replay/add_count_ckpt.0.gz", Floats("(3,)", 1, 2, 3), gzip: true);
        var error = Assert.Throws<UserErrorException>(() => Import(source));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }

    string Alone() => _recording.WriteBytes("replay/rewards.gz", Floats("(5,)", 1, 2, 3, 4, 5), gzip: true);

    static byte[] Zip(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(to, System.IO.Compression.CompressionLevel.Optimal))
            gzip.Write(bytes);
        return to.ToArray();
    }
}
