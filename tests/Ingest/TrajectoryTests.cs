using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>How rows become episodes.</summary>
public sealed class TrajectoryTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(string source) => new()
    {
        Name = "x",
        Source = [source],
        Observation = ["o"],
        Action = ["a"],
        Reward = "r",
    };

    static string Ids(Dataset dataset) => string.Join(' ', dataset.Episodes.Select(e => e.EpisodeKey.Split(':')[1]));

    static List<float> Observations(Dataset dataset)
    {
        var all = new List<float>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => all.AddRange(e.Observations));
        return all;
    }

    [Fact]
    public void EachRow_IsAnEpisodeOfOneTerminalStep()
    {
        var path = _recording.Write("a.csv", "o,a,r,user", "1,0,1,u", "2,1,0,u", "3,0,1,v");
        var dataset = _recording.Import(Map(path) with { Episodes = EpisodeRule.EachRow, SplitKey = "user" });
        dataset.Check(NullProgress.Instance);
        Assert.Equal([1, 1, 1], dataset.Episodes.Select(e => e.Steps));
        Assert.All(dataset.Episodes, e => Assert.True(e.Terminated));
        Assert.Equal("row1 row2 row3", Ids(dataset));
        Assert.Equal(["u", "u", "v"], dataset.Episodes.Select(e => e.SplitKey));
        Assert.Equal("1 2 1", Ids(_recording.Import(Map(path) with { Episodes = EpisodeRule.EachRow, EpisodeId = ["o"], Observation = ["o"], Source = [_recording.Write("b.csv", "o,a,r", "1,0,1", "2,0,1", "1,0,1")] })));
    }

    [Fact]
    public void TimeGaps_MakeSessionsOfEachUser()
    {
        string[] rows =
        [
            "u,1,0,1,2026-01-01T10:00:00Z", "u,2,0,1,2026-01-01T10:29:59Z", "u,3,0,1,2026-01-01T11:00:00Z",
            "v,4,0,1,2026-01-01T10:00:00Z", "v,5,0,1,2026-01-02T10:00:00Z", "v,6,0,1,2026-01-02T10:00:01Z",
        ];
        var config = Map("") with { EpisodeId = ["user"], EpisodeGap = TimeSpan.FromMinutes(30), Timestamp = "when" };
        var ordered = _recording.Import(config with { Source = [_recording.Write("a.csv", ["user,o,a,r,when", .. rows])] });
        ordered.Check(NullProgress.Instance);
        Assert.Equal([2, 1, 1, 2], ordered.Episodes.Select(e => e.Steps));
        Assert.Equal("u@0 u@1 v@0 v@1", Ids(ordered));
        Assert.All(ordered.Episodes, e => Assert.True(e.Truncated));
        Assert.Contains(ordered.Manifest.Provenance.Notes, n => n.StartsWith("1 episodes end where more than 00:30:00 passed", StringComparison.Ordinal) || n.StartsWith("2 episodes end where", StringComparison.Ordinal));

        // The same rows in another order give the same sessions.
        var mixed = _recording.Import(config with { Source = [_recording.Write("b.csv", ["user,o,a,r,when", rows[2], rows[5], rows[0], rows[3], rows[4], rows[1]])] });
        Assert.Equal("u@0 u@1 v@0 v@1", Ids(mixed));
        Assert.Equal(Observations(ordered), Observations(mixed));
    }

    [Fact]
    public void TimeGaps_WithoutIds_FollowTheTimes()
    {
        var path = _recording.Write("a.csv", "o,a,r,when", "3,0,1,2026-01-01T12:00:00Z", "1,0,1,2026-01-01T10:00:00Z", "2,0,1,2026-01-01T10:00:30Z");
        var config = Config.Load<ImportConfig>(null, ["name=x", $"source=['{path}']", "observation=o", "action=a", "reward=r", "timestamp=when", "episode_gap=2m"]);
        var dataset = _recording.Import(config);
        Assert.Equal([2, 1], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([1, 2, 3], Observations(dataset));
    }

    [Fact]
    public void Rules_TellTimeLimitsFromTerminations()
    {
        var path = _recording.Write("a.csv", "e,t,o,a,r,why", "1,0,1,0,1,", "1,1,2,0,1,limit", "2,0,3,0,1,fell", "3,0,4,0,1,", "3,1,5,0,1,");
        var dataset = _recording.Import(Map(path) with
        {
            EpisodeId = ["e"],
            Step = "t",
            TerminatedWhen = new FlagRule { Column = "why", Is = "fell" },
            TruncatedWhen = new FlagRule { Column = "t", AtLeast = 1 },
        });
        Assert.Equal([false, true, false], dataset.Episodes.Select(e => e.Terminated));
        Assert.Equal([true, false, true], dataset.Episodes.Select(e => e.Truncated));
        Assert.DoesNotContain(dataset.Manifest.Provenance.Notes, n => n.Contains("end flag", StringComparison.Ordinal));

        var byRule = _recording.Import(Map(path) with { TruncatedWhen = new FlagRule { Column = "why", IsNot = "x" }, TerminatedWhen = new FlagRule { Column = "o", Is = "5.0" } });
        Assert.Equal([2, 1, 2], byRule.Episodes.Select(e => e.Steps));
        Assert.Equal([false, false, true], byRule.Episodes.Select(e => e.Terminated));
    }

    [Fact]
    public void Rules_AskForSomething()
    {
        var fault = Assert.Throws<UserErrorException>(() => _recording.Import(Map("a.csv") with { EpisodeId = ["o"], TruncatedWhen = new FlagRule { Column = "o" } }));
        Assert.Contains("truncated_when.nothing is asked of the column", fault.Message, StringComparison.Ordinal);
        var path = _recording.Write("a.csv", "o,a,r", "1,0,1");
        fault = Assert.Throws<UserErrorException>(() => _recording.Import(Map(path) with { TruncatedWhen = new FlagRule { Column = "oo", Is = "1" } }));
        Assert.Contains("no column 'oo', which truncated names", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEpisodeThatComesBack_IsPutTogether_AndStepsThatGoBackAreSorted()
    {
        var path = _recording.Write("a.csv", "e,t,o,a,r", "b,0,1,0,1", "a,1,4,0,1", "b,1,2,0,1", "a,0,3,0,1");
        var dataset = _recording.Import(Map(path) with { EpisodeId = ["e"], Step = "t" });
        Assert.Equal("b a", Ids(dataset));
        Assert.Equal([1, 2, 3, 4], Observations(dataset));
        var backward = _recording.Write("b.csv", "e,t,o,a,r", "1,2,3,0,1", "1,1,2,0,1", "1,0,1,0,1");
        Assert.Equal([1, 2, 3], Observations(_recording.Import(Map(backward) with { EpisodeId = ["e"], Step = "t" })));
    }

    [Fact]
    public void Keep_LeavesOutTheRowAlone_AndCutsThere()
    {
        var path = _recording.Write("a.csv", "e,t,o,a,r,d", "1,0,1,0,1,0", "1,1,nan,0,1,0", "1,2,3,0,1,0", "1,3,4,0,1,1", "2,0,5,0,1,0", "2,5,6,0,1,1");
        var dataset = _recording.Import(Map(path) with { EpisodeId = ["e"], Step = "t", Done = "d", OnError = ErrorRule.Keep });
        dataset.Check(NullProgress.Instance);
        Assert.Equal("1#0 1#1 2#0 2#1", Ids(dataset));
        Assert.Equal([1, 2, 1, 1], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([false, true, false, true], dataset.Episodes.Select(e => e.Terminated));
        Assert.Equal([1, 3, 4, 5, 6], Observations(dataset));
        Assert.Equal(1, dataset.Manifest.Counts.Rejected);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(700)]
    [InlineData(5000)]
    public void RunsAndSingleRows_GiveTheSameDataset(int length)
    {
        // A text that is no plain number makes the importer go row by row; where it stands in a column that nothing reads of, nothing changes.
        var rows = Enumerable.Range(0, 5000).Select(i => FormattableString.Invariant($"{i / length},{i % length},{i * 0.5},{i * 0.5 + (i % length == length - 1 ? 7 : 0.5)},{i % 3},{i % 7 / 7.0},{(i % length == length - 1 ? 1 : 0)},{i}")).ToArray();
        var config = Map("") with
        {
            EpisodeId = ["e"], Step = "t", NextObservation = ["n"], Done = "d", EpisodeKey = EpisodeKeyRule.Content,
            Info = new Dictionary<string, IReadOnlyList<string>> { ["i"] = ["i"] },
        };
        var plain = _recording.Import(config with { Source = [_recording.Write("a.csv", ["e,t,o,n,a,r,d,i", .. rows])] });
        // Two lists of other lengths leave no chunk even.
        var lists = rows.Select(r => r.Split(',')).Select(f => $"{f[0]},{f[1]},[{f[2]}],[{f[3]}],{f[4]},{f[5]},{f[6]},{f[7]}".Split(',')).Select(f => string.Join(';', f)).ToArray();
        var slow = _recording.Import(config with { Source = [_recording.Write("b.csv", ["e;t;o;n;a;r;d;i", .. lists, "x;0;[1,2];[1];0;1;1;0"])], Delimiter = ";", OnError = ErrorRule.Reject });
        Assert.Equal(1, slow.Manifest.Counts.Rejected);
        Assert.Equal(plain.Manifest.ContentHash, slow.Manifest.ContentHash);
        Assert.Equal(5000, plain.Manifest.Counts.Steps);
        Assert.Equal((5000 + length - 1) / length, plain.Manifest.Counts.Episodes);
    }

    [Fact]
    public void NextObservationsThatAreEmptyAtTheEnds_LeaveTheRestKnown()
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT i // 10 AS e, i AS o, CASE WHEN i % 10 < 9 OR i > 90 THEN i + 1 END AS n, 0 AS a, 1 AS r, i % 10 = 9 AS d FROM range(100) s(i)");
        var dataset = _recording.Import(Map(path) with { EpisodeId = ["e"], NextObservation = ["n"], Done = "d" });
        Assert.Equal(10, dataset.Episodes.Count);
        Assert.Equal([99], dataset.Episodes.Where(e => e.FinalObservationKnown).Select(e => (int)e.FirstRow + 9));
    }

    [Fact]
    public void TheSweeper_TakesWhatAKilledImportLeft_AfterADay()
    {
        var path = _recording.Write("a.csv", "o,a,r,d", "1,0,1,1");
        var (old, young) = (Path.Combine(_recording.Workspace.CacheFolder, ".import.pending-0123456789abcdef"), Path.Combine(_recording.Workspace.CacheFolder, ".import.pending-fedcba9876543210"));
        foreach (var folder in new[] { old, young })
        {
            Directory.CreateDirectory(Path.Combine(folder, "spill"));
            File.WriteAllText(Path.Combine(folder, "spill", "x.tmp"), "x");
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(old, "*", SearchOption.AllDirectories).Append(old))
            File.SetLastWriteTimeUtc(entry, DateTime.UtcNow.AddDays(-2));
        _recording.Import(Map(path) with { Done = "d" });
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(young));
    }

    [Fact]
    public void ThePendulumReplay_HasTimeLimitsAndNoFinalObservations()
    {
        var source = SharedData.Require("d3rlpy_pendulum_replay/decoded.csv.gz");
        var config = Config.Load<ImportConfig>(Path.Combine(Checkout.Root, "ingest", "configs", "d3rlpy_pendulum_csv.yaml"), []);
        var dataset = _recording.Import(config with { Source = [source] });
        Assert.Equal((99_500, 500, 0, 500), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes, dataset.Manifest.Counts.Terminated, dataset.Manifest.Counts.Truncated));
        Assert.All(dataset.Episodes, e => Assert.Equal((199, false), (e.Steps, e.FinalObservationKnown)));
        Assert.Equal(-180.5, dataset.Manifest.Statistics.Return!.Mean, 0.05);
    }
}
