using System.IO.Compression;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>Input that cannot be used: one message that says what, where and what to do, and nothing left behind.</summary>
public sealed class ImportBadInputTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new()
    {
        Name = "x",
        Source = source,
        EpisodeId = ["e"],
        Step = "t",
        Observation = ["o", "v"],
        NextObservation = ["n", "w"],
        Action = ["a"],
        Reward = "r",
        Done = "d",
        BehaviorProb = "p",
        Timestamp = "when",
        SplitKey = "user",
        Info = new Dictionary<string, IReadOnlyList<string>> { ["i"] = ["i"] },
    };

    static readonly string[] Header = ["e,t,o,v,n,w,a,r,d,p,when,user,i"];
    static readonly string[] Good =
    [
        "1,0,1,2,3,4,0,1,0,0.5,2026-01-01,u,7",
        "1,1,3,4,5,6,1,1,0,0.5,2026-01-01,u,7",
        "1,2,5,6,7,8,1,1,1,0.5,2026-01-01,u,7",
    ];

    [Fact]
    public void TheGoodFile_ThatTheOthersAreMadeFrom_Imports() =>
        Assert.Equal(3, _recording.Import(Map(_recording.Write("a.csv", [.. Header, .. Good]))).Manifest.Counts.Steps);

    [Theory]
    [InlineData(2, "1,1,3,abc,5,6,1,1,0,0.5,2026-01-01,u,7", "row 2, column 'v': found 'abc'; expected a finite number")]
    [InlineData(2, "1,1,3,,5,6,1,1,0,0.5,2026-01-01,u,7", "row 2, column 'v': found nothing")]
    [InlineData(2, "1,1,inf,4,5,6,1,1,0,0.5,2026-01-01,u,7", "row 2, column 'o': found 'inf'")]
    [InlineData(2, "1,1,1e39,4,5,6,1,1,0,0.5,2026-01-01,u,7", "within the range of float32")]
    [InlineData(2, "1,1,3,4,5,abc,1,1,0,0.5,2026-01-01,u,7", "row 2, column 'w': found 'abc'")]
    [InlineData(2, "1,1,3,4,5,6,1,NaN,0,0.5,2026-01-01,u,7", "row 2, column 'r': found 'NaN'; expected a finite number")]
    [InlineData(2, "1,1,3,4,5,6,1,,0,0.5,2026-01-01,u,7", "row 2, column 'r': found nothing")]
    [InlineData(2, "1,1,3,4,5,6,0.5,1,0,0.5,2026-01-01,u,7", "row 2, column 'a': found '0.5'; expected a whole number from 0 to 1")]
    [InlineData(2, "1,1,3,4,5,6,-1,1,0,0.5,2026-01-01,u,7", "row 2, column 'a': found '-1'")]
    [InlineData(2, "1,1,3,4,5,6,1,1,2,0.5,2026-01-01,u,7", "row 2, column 'd': found '2'; expected a flag")]
    [InlineData(2, "1,1,3,4,5,6,1,1,1,0.5,2026-01-01,u,7", "row 3, column 'e': found a row of an episode that ended before it")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,0,2026-01-01,u,7", "row 2, column 'p': found '0'; expected the probability")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,1.5,2026-01-01,u,7", "row 2, column 'p': found '1.5'")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,0.5,yesterday,u,7", "row 2, column 'when': found 'yesterday'")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,0.5,2026-01-01,other,7", "row 2, column 'user': found 'other'; expected 'u', as in the episode's other rows")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,0.5,2026-01-01,u,seven", "row 2, column 'i': found 'seven'")]
    [InlineData(2, "1,3,3,4,5,6,1,1,0,0.5,2026-01-01,u,7", "row 3, column 't': found '2'; expected 1, the step after the row before it: a row is missing or there twice")]
    [InlineData(2, "1,0,3,4,5,6,1,1,0,0.5,2026-01-01,u,7", "row 2, column 't': found '0'; expected 1")]
    [InlineData(1, "1,7,1,2,3,4,0,1,0,0.5,2026-01-01,u,7", "row 1, column 'e': found a row of an episode that ended before it")]
    [InlineData(3, "2,1,3,4,5,6,1,1,0,0.5,2026-01-01,u,7", "row 3, column 't': found '1'; expected 0 for the first row of an episode: rows are missing before it")]
    [InlineData(3, ",0,3,4,5,6,1,1,0,0.5,2026-01-01,u,7", "row 3, column 'e': found nothing; expected the id")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0", "a.csv, line 3: found 9 fields; expected 13")]
    [InlineData(2, "1,1,3,4,5,6,1,1,0,0.5,2026-01-01,u,7,8", "a.csv, line 3: found 14 fields; expected 13")]
    public void ARow_ThatCannotBeTaken_IsNamedWithItsColumnAndValue(int row, string line, string message)
    {
        var lines = Good.ToArray();
        lines[row - 1] = line;
        AssertRefused(Map(_recording.Write("a.csv", [.. Header, .. lines])) with { ActionCount = 2 }, message);
    }

    [Fact]
    public void AMissingColumn_IsNamedWithTheKeyAndTheColumnsThatAreThere()
    {
        var path = _recording.Write("a.csv", [.. Header, .. Good]);
        AssertRefused(Map(path) with { Reward = "rr" }, "a.csv: there is no column 'rr', which reward names. Did you mean 'r'? Known: e, t, o, v");
        AssertRefused(Map(path) with { Info = new Dictionary<string, IReadOnlyList<string>> { ["i"] = ["j"] } }, "'j', which info.i names");
    }

    [Fact]
    public void ARowOfTheSecondFile_IsNumberedWithinIt()
    {
        var first = _recording.Write("a.csv", [.. Header, .. Good]);
        var second = _recording.Write("b.csv", [.. Header, .. Good.Select(l => "2" + l[1..].Replace(",7", ",x", StringComparison.Ordinal))]);
        AssertRefused(Map(first, second), $"{second}, row 1, column 'i': found 'x'");
    }

    [Fact]
    public void ATypeThatCannotBe_IsNamed()
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT 1 AS e, {x: 1} AS o, 0 AS a, 1 AS r, true AS d, [1, 2] AS l, DATE '2026-01-01' AS day");
        var map = new ImportConfig { Name = "x", Source = [path], EpisodeId = ["e"], Observation = ["o"], Action = ["a"], Reward = "r", Done = "d" };
        AssertRefused(map, "column 'o', which observation names, has type STRUCT(x INTEGER); expected numbers");
        AssertRefused(map with { Observation = ["e"], Reward = "l" }, "column 'l', which reward names, has type INTEGER[]; expected one number a row");
        AssertRefused(map with { Observation = ["e", "l"] }, "column 'l', which observation names");
        AssertRefused(map with { Observation = ["day"] }, "has type DATE");
        AssertRefused(map with { Observation = ["e"], Timestamp = "r" }, "expected timestamps");
    }

    [Fact]
    public void ARaggedList_IsNamedWithTheLengthOfTheFirst()
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT 1 AS e, CASE i WHEN 2 THEN [1.0, 2.0] ELSE [1.0, 2.0, 3.0] END AS o, 0 AS a, 1 AS r, i = 3 AS d FROM range(4) t(i)");
        AssertRefused(
            new ImportConfig { Name = "x", Source = [path], EpisodeId = ["e"], Observation = ["o"], Action = ["a"], Reward = "r", Done = "d" },
            "row 3, column 'o': found '[1.0, 2.0]'; expected 3 numbers, as in the first row");
    }

    [Fact]
    public void WidthsThatDoNotBelongTogether_AreNamed()
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT 1 AS e, [1.0, 2.0] AS o, [1.0] AS n, 0 AS a, 1 AS r, true AS d, [0.5, 0.5] AS p");
        var map = new ImportConfig { Name = "x", Source = [path], EpisodeId = ["e"], Observation = ["o"], Action = ["a"], Reward = "r", Done = "d" };
        AssertRefused(map with { NextObservation = ["n"] }, "next_observation (n) has 1 numbers in the first row; expected 2");
        AssertRefused(map with { BehaviorProbs = ["p"], ActionCount = 3 }, "behavior_probs (p) has 2 numbers in the first row; expected 3");
        AssertRefused(map with { Action = ["o"], ActionLow = [0, 0, 0] }, "action_low has 3 numbers; expected 1, or 2");
    }

    [Fact]
    public void ProbabilitiesThatDoNotFit_AreRefused()
    {
        var map = new ImportConfig { Name = "x", EpisodeId = ["e"], Observation = ["o"], Action = ["a"], Reward = "r", Done = "d", BehaviorProbs = ["p"] };
        var sum = _recording.WriteParquet("a.parquet", "SELECT 1 AS e, 1 AS o, 0 AS a, 1 AS r, true AS d, [0.5, 0.4] AS p");
        AssertRefused(map with { Source = [sum] }, "expected probabilities from 0 to 1 that sum to 1");
        var taken = _recording.WriteParquet("b.parquet", "SELECT 1 AS e, 1 AS o, 0 AS a, 1 AS r, true AS d, [0.5, 0.5] AS p, 0.7 AS q");
        AssertRefused(map with { Source = [taken], BehaviorProb = "q" }, "column 'q': found the probability 0.7; expected 0.5, as the distribution says");
    }

    [Fact]
    public void AParquetFileCutShort_IsNamed()
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT i AS e, 1 AS o, 0 AS a, 1 AS r, true AS d FROM range(1000) t(i)");
        var bytes = File.ReadAllBytes(path);
        var map = new ImportConfig { Name = "x", Source = [path], EpisodeId = ["e"], Observation = ["o"], Action = ["a"], Reward = "r", Done = "d" };
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        AssertRefused(map, "a.parquet: not a whole Parquet file");
        // The frame is there and the footer is not: DuckDB finds it.
        File.WriteAllBytes(path, [.. "PAR1"u8, .. new byte[100], .. "PAR1"u8]);
        AssertRefused(map, "cannot be read");
    }

    [Fact]
    public void SourcesThatCannotBeRead_AreNamed()
    {
        var path = _recording.Write("a.csv", [.. Header, .. Good]);
        AssertRefused(Map(Path.Combine(_recording.Workspace.Root, "*.csv.gz")), "no file of that name");
        AssertRefused(Map(_recording.Write("empty.csv")), "empty.csv: the first line is empty");
        AssertRefused(Map(_recording.Write("twice.csv", "e,o,o")), "names column 'o' twice");
        AssertRefused(Map(_recording.Write("none.csv", Header)), "there are no rows");
        AssertRefused(Map(path, _recording.Write("other.csv", "e,t,o", "1,0,1")), "other.csv: its header is 'e,t,o'; expected");
        AssertRefused(Map(path, _recording.WriteParquet("p.parquet", "SELECT 1 AS e")), "expected files of one format");

        var zipped = Path.Combine(_recording.Workspace.Root, "cut.csv.gz");
        using (var file = File.Create(zipped))
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
            gzip.Write([.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * i))]);
        File.WriteAllBytes(zipped, File.ReadAllBytes(zipped)[..50]);
        AssertRefused(Map(zipped), "cut.csv.gz");
        File.WriteAllText(zipped, "e,o\n1,2\n");
        AssertRefused(Map(zipped), "there is no column 't'");
    }

    [Fact]
    public void AConfigWithoutWhatItNeeds_NamesEveryFault()
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(new ImportConfig()));
        foreach (var part in (string[])["name is empty", "source is empty"])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        error = Assert.Throws<UserErrorException>(() => _recording.Import(new ImportConfig { Name = "x", Source = [_recording.Write("a.csv", [.. Header, .. Good])] }));
        foreach (var part in (string[])["observation is empty", "action is empty", "nothing tells episodes apart", "a.csv has the columns e, "])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        AssertRefused(Map("a") with { Terminated = "d" }, "done and terminated or truncated are given");
        AssertRefused(Map(_recording.Write("a.csv", [.. Header, .. Good])) with { Done = null, TimeLimit = 5 }, "it needs done");
        AssertRefused(Map("a") with { Environment = "CartPole-v7" }, "Did you mean 'CartPole-v1'?");
    }

    [Fact]
    public void ADatasetNameThatExists_IsRefusedAndTheOldOneStays()
    {
        var map = Map(_recording.Write("a.csv", [.. Header, .. Good])) with { Name = "x-v1" };
        var first = _recording.Import(map);
        Assert.Throws<UserErrorException>(() => _recording.Import(map));
        Assert.Equal(["x-v1"], Directory.GetFileSystemEntries(_recording.Workspace.DataFolder).Select(Path.GetFileName));
        first.Check(NullProgress.Instance);
    }

    [Fact]
    public void RejectingEverything_LeavesNoDataset()
    {
        var path = _recording.Write("a.csv", [.. Header, .. Good.Select(l => l.Replace(",u,", ",,", StringComparison.Ordinal))]);
        AssertRefused(Map(path) with { OnError = ErrorRule.Reject }, "none of the 3 rows could be taken");
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }
}
