using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class CsvSourceTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new()
    {
        Name = "x",
        Source = source,
        Observation = ["o"],
        Action = ["a"],
        ActionCount = 10,
        Reward = "r",
        Done = "d",
    };

    [Theory]
    [InlineData(',', "\n", false)]
    [InlineData('\t', "\n", false)]
    [InlineData(';', "\r\n", true)]
    [InlineData('|', "\r\n", false)]
    [InlineData(',', "\r\n", true)]
    public void Delimiters_LineEndsAndByteOrderMarks_AreSeenByContent(char delimiter, string lineEnd, bool mark)
    {
        string[] lines = ["o,a,r,d,note", "1.5,3,2,0,\"two\nlines, and a \"\"quote\"\"\"", "2.5,4,1,1,plain"];
        var text = string.Join(lineEnd, lines.Select(l => l.Replace(',', delimiter).Replace("lines" + delimiter, "lines,", StringComparison.Ordinal))) + lineEnd;
        foreach (var packed in new Func<byte[], byte[]>[] { b => b, Gzip, Zstd, b => Zip("x.csv", b) })
        {
            var path = Write("log.data", packed([.. mark ? Encoding.UTF8.Preamble : [], .. Encoding.UTF8.GetBytes(text)]));
            var dataset = _recording.Import(Map(path) with { Format = SourceFormat.Csv, InfoText = new Dictionary<string, string> { ["note"] = "note" } });
            dataset.Check(NullProgress.Instance);
            dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
            {
                Assert.Equal([1.5f, 2.5f], e.Observations.ToArray());
                Assert.Equal([3, 4], e.DiscreteActions.ToArray());
                Assert.Equal<IEnumerable<string?>>(["two\nlines, and a \"quote\"", "plain"], e.Info[0].Texts.ToArray());
            });
        }
    }

    [Fact]
    public void Tsv_IsAFormatOfItsOwn()
    {
        var path = _recording.Write("a.tsv", "o\ta\tr\td\tx,y,z", "1\t2\t3\t1\ta,b,c");
        Assert.Equal(1, _recording.Import(Map(path) with { Format = SourceFormat.Tsv }).Manifest.Counts.Steps);
        Assert.Equal(1, _recording.Import(Map(path)).Manifest.Counts.Steps);
    }

    [Fact]
    public void TheContractsOwnNames_NeedNoMap()
    {
        var path = _recording.Write("a.csv", "episode_id,step,observation_0,observation_1,action,reward,terminated,truncated,behavior_log_prob", "7,0,1,2,0,1.5,false,false,-0.5", "7,1,3,4,1,2.5,true,false,-0.25");
        var dataset = _recording.Import(new ImportConfig { Name = "x", Source = [path] });
        Assert.Equal(2, dataset.Manifest.ObservationSpace.FlatSize);
        Assert.Equal(4.0, dataset.Episodes.Single().Return);
        Assert.Equal(PropensitySource.Logged, dataset.Manifest.PropensitySource);
    }

    [Fact]
    public void AStar_NamesAllColumnsThatBeginSo()
    {
        var path = _recording.Write("a.csv", "obs_b,obs_a,a,r,d", "1,2,0,0,1");
        var dataset = _recording.Import(Map(path) with { Observation = ["obs_*"] });
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => Assert.Equal([1f, 2], e.Observations.ToArray()));
        Assert.Contains("obs_b", dataset.Manifest.Provenance.Config, StringComparison.Ordinal);
    }

    // Rows 2, 4, 5 and 8 are broken; 1, 3, 6 and 7 are not, and are numbered as they stand in the file.
    static readonly string[] Broken =
    [
        "o,a,r,d", "1,1,1,1", "2,1,1", "3,1,1,1", "4,1,1,1,9", "5,1,\"x\"y,1", "6,\"1\",1,1", "7,1,1,1", "8,1,\"never closed,1", "9,77,1,1", "10,1,1,1",
    ];

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void BrokenRows_AreListedAndNoneOfTheOthersIsLost(string lineEnd)
    {
        var path = Write("a.csv", Encoding.UTF8.GetBytes(string.Join(lineEnd, Broken)));
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        dataset.Check(NullProgress.Instance);
        var seen = new List<float>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => seen.AddRange(e.Observations));
        Assert.Equal([1f, 3, 6, 7, 10], seen);
        var rejects = File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv"));
        Assert.Contains(",2,,\"found 3 fields; expected 4, as in the header: '2,1,1'\"", rejects, StringComparison.Ordinal);
        Assert.Contains(",4,,\"found 5 fields", rejects, StringComparison.Ordinal);
        Assert.Contains(",5,,\"a closing quote is followed by more text", rejects, StringComparison.Ordinal);
        Assert.Contains(",8,,\"a quote is not closed", rejects, StringComparison.Ordinal);
        // Found later, by its value, and numbered as it stands in the file.
        Assert.Contains(",9,a,", rejects, StringComparison.Ordinal);
        Assert.Equal(5, dataset.Manifest.Counts.Rejected);
    }

    [Theory]
    [InlineData("1,1,1", "line 3: found 3 fields; expected 4")]
    [InlineData("1,1,1,1,1", "line 3: found 5 fields; expected 4")]
    [InlineData("1,1,\"x\"y,1", "line 3")]
    [InlineData("1,1,\"never closed,1", "line 3")]
    [InlineData("1,1,\xE9,1", "line 3")]
    public void ABrokenRow_StopsTheImportWithItsLine(string line, string message)
    {
        var path = Write("a.csv", Encoding.Latin1.GetBytes("o,a,r,d\n1,1,1,1\n" + line + "\n2,2,2,1\n"));
        AssertRefused(Map(path), message);
    }

    [Fact]
    public void MixedLineEnds_AreRead()
    {
        var path = Write("a.csv", "o,a,r,d\r\n1,1,1,1\n2,1,1,1\r\n3,1,1,1\n"u8.ToArray());
        Assert.Equal(3, _recording.Import(Map(path)).Manifest.Counts.Steps);
    }

    [Fact]
    public void AnOpenQuote_InAFileLargerThanARecordMayBe_CostsOneRow()
    {
        var lines = Enumerable.Range(0, 400_000).Select(i => i == 5 ? "5,1,\"open,1" : $"{i},1,1,1").Prepend("o,a,r,d").ToArray();
        var path = _recording.Write("a.csv", lines);
        Assert.True(new FileInfo(path).Length > CsvScreen.LongestRecord);
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal((399_999, 1), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
    }

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "utf16", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("o,a,r,d\n1,1,1,1\n")).ToArray(), "UTF-16" },
        { "zeros", new byte[1000], "zero" },
        { "nothing", [], "first line is empty" },
        { "blank", "\n\n1,2\n"u8.ToArray(), "first line is empty" },
        { "no rows", "o,a,r,d\n"u8.ToArray(), "there are no rows" },
        { "other columns", "x,y\n1,2\n"u8.ToArray(), "there is no column 'o'" },
        { "cut gzip", Gzip(Rows(2000))[..500], "not a whole gzip file" },
        { "changed gzip", Changed(Gzip(Rows(2000)), 200), "gzip" },
        { "cut zstd", Zstd(Rows(2000))[..500], "not a whole Zstandard file" },
        { "changed zstd", Changed(Zstd(Rows(2000)), 60), "" },
        { "cut zip", Zip("a.csv", Rows(2000))[..500], "not a whole zip archive" },
        { "changed zip", Changed(Zip("a.csv", Rows(2000)), 200), "" },
        { "empty zip", Zip("folder/", []), "first line is empty" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void AFile_ThatIsNone_EndsInAMessage(string name, byte[] content, string message)
    {
        var path = Write("a.csv", content);
        foreach (var rule in new[] { ErrorRule.Stop, ErrorRule.Reject })
            AssertRefused(Map(path) with { OnError = rule, Format = SourceFormat.Csv }, message, name);
    }

    [Fact]
    public void NamesThatLookLikePatterns_AreTheFilesTheyName()
    {
        var path = _recording.Write("a[1].csv", "o,a,r,d", "1,1,1,1");
        Assert.Equal(1, _recording.Import(Map(path)).Manifest.Counts.Steps);
    }

    [Fact]
    public void AFolder_IsAllFilesBelowIt()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_recording.Workspace.Root, "logs", "more")).Parent!.FullName;
        File.WriteAllText(Path.Combine(folder, "b.csv"), "o,a,r,d\n2,1,1,1\n");
        File.WriteAllText(Path.Combine(folder, "more", "a.csv"), "o,a,r,d\n3,1,1,1\n");
        File.WriteAllText(Path.Combine(folder, "a.csv"), "o,a,r,d\n1,1,1,1\n");
        File.WriteAllText(Path.Combine(folder, "_SUCCESS"), "");
        File.WriteAllText(Path.Combine(folder, ".hidden"), "nothing of ours");
        var seen = new List<float>();
        _recording.Import(Map(folder)).ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => seen.AddRange(e.Observations));
        Assert.Equal([1f, 2, 3], seen);
    }

    /// <summary>A file of any bytes.</summary>
    string Write(string name, byte[] content)
    {
        var path = Path.Combine(_recording.Workspace.Root, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    void AssertRefused(ImportConfig config, string message, string? what = null)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.True(error.Message.Contains(message, StringComparison.Ordinal), $"{what}: {error.Message}");
        _recording.AssertNothingLeft();
    }

    static byte[] Rows(int count) => Encoding.UTF8.GetBytes("o,a,r,d\n" + string.Concat(Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"{i * 7919 % 1000 / 3.0},{i * 31 % 10},{i * 17 % 11},1\n"))));

    static byte[] Changed(byte[] content, int at)
    {
        for (var i = at; i < at + 20; i++)
            content[i] ^= 0x5A;
        return content;
    }

    internal static byte[] Gzip(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
            gzip.Write(content);
        return stream.ToArray();
    }

    internal static byte[] Zip(string member, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry(member).Open();
            entry.Write(content);
        }

        return stream.ToArray();
    }

    /// <summary>By DuckDB, whose encoder is not the decoder under test.</summary>
    internal static byte[] Zstd(byte[] content)
    {
        var folder = Directory.CreateTempSubdirectory("offlinerl-zstd-").FullName;
        try
        {
            var (plain, packed) = (Path.Combine(folder, "plain"), Path.Combine(folder, "packed"));
            File.WriteAllBytes(plain, content);
            using var zstd = Process.Start(new ProcessStartInfo("zstd", ["-q", plain, "-o", packed]) { RedirectStandardError = true });
            zstd!.WaitForExit();
            Assert.SkipUnless(zstd.ExitCode == 0, "zstd could not compress.");
            return File.ReadAllBytes(packed);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("The program zstd is not there.");
            return [];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
