using System.Globalization;
using CsvHelper;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class ImportTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(string source) => new()
    {
        Name = "x",
        Source = [source],
        EpisodeId = ["e"],
        Observation = ["o"],
        Action = ["a"],
        Reward = "r",
        Done = "d",
    };

    [Theory]
    [InlineData("rllib_cartpole_parquet.yaml", "../shared/data/rllib_cartpole/cartpole-v1_large/*.parquet")]
    [InlineData("rllib_cartpole_csv.yaml", "../shared/data/rllib_cartpole/decoded_large.csv.gz")]
    public void RllibLogs_ByEitherWay_GiveTheSameRows(string config, string source)
    {
        var dataset = _recording.Import(Rllib(config, source));
        dataset.Check(NullProgress.Instance);
        var counts = dataset.Manifest.Counts;
        Assert.Equal((4137, 21, 1, 20), (counts.Steps, counts.Episodes, counts.Terminated, counts.Truncated));
        Assert.Equal(197.0, dataset.Manifest.Statistics.Return!.Mean, 1e-12);
        Assert.Equal([137], dataset.Episodes.Where(e => e.Terminated).Select(e => e.Steps));
        Assert.All(dataset.Episodes, e => Assert.True(e.FinalObservationKnown));
        Assert.Equal(PropensitySource.Logged, dataset.Manifest.PropensitySource);

        var other = config.Contains("csv", StringComparison.Ordinal)
            ? Rllib("rllib_cartpole_parquet.yaml", "../shared/data/rllib_cartpole/cartpole-v1_large/*.parquet")
            : Rllib("rllib_cartpole_csv.yaml", "../shared/data/rllib_cartpole/decoded_large.csv.gz");
        Assert.Equal(_recording.Import(other).Manifest.ContentHash, dataset.Manifest.ContentHash);
        // It can differ: the same log without its logits is other data.
        Assert.NotEqual(_recording.Import(other with { Info = new Dictionary<string, IReadOnlyList<string>>() }).Manifest.ContentHash, dataset.Manifest.ContentHash);
    }

    [Fact]
    public void RllibLogs_WithoutTheTimeLimit_TerminateEverywhere()
    {
        var config = Rllib("rllib_cartpole_csv.yaml", "../shared/data/rllib_cartpole/decoded_large.csv.gz");
        Assert.Equal(21, _recording.Import(config with { TimeLimit = null }).Manifest.Counts.Terminated);
    }

    [Fact]
    public void Import_OfFlatColumnsInAnyOrderOfRows_SortsByStepAndKeepsEpisodesByFirstRow()
    {
        var path = _recording.Write("a.csv",
            "who,t,x,y,act,gain,end,p,note,when",
            "7,1,3,4,1,0.5,true,0.25,second,2026-01-31T12:00:01Z",
            "b,0,9,9,0,2,False,0.5,\"with, comma\",2026-01-31T14:00:00+02:00",
            "7,0,1,2,0,-1,0,0.75,first,2026-01-31 12:00:00",
            "b,1,8,8,1,3,1,0.5,,2026-01-31T12:00:00.5Z");
        var dataset = _recording.Import(new ImportConfig
        {
            Name = "x",
            Source = [path],
            EpisodeId = ["who"],
            Step = "t",
            Observation = ["x", "y"],
            Action = ["act"],
            Reward = "gain",
            Done = "end",
            BehaviorProb = "p",
            Timestamp = "when",
            Info = new Dictionary<string, IReadOnlyList<string>> { ["both"] = ["y", "x"], ["one"] = ["x"] },
            InfoText = new Dictionary<string, string> { ["note"] = "note" },
        });
        dataset.Check(NullProgress.Instance);
        var seen = new List<string>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            var id = record.EpisodeKey.Split(':')[1];
            seen.Add(FormattableString.Invariant($"{id} obs {string.Join(' ', e.Observations.ToArray())} act {string.Join(' ', e.DiscreteActions.ToArray())} gain {string.Join(' ', e.Rewards.ToArray())}"));
            var from = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
            Assert.Equal([from, from + (id == "7" ? 1_000_000 : 500_000)], e.TimestampMicros.ToArray());
            double[] expected = id == "7" ? [Math.Log(0.75), Math.Log(0.25)] : [Math.Log(0.5), Math.Log(0.5)];
            Assert.Equal(expected, e.BehaviorLogProbabilities.ToArray());
            Assert.Equal(id == "7" ? [2.0, 1, 4, 3] : [9.0, 9, 8, 8], e.Info[0].Doubles.ToArray());
            Assert.Equal(id == "7" ? ["first", "second"] : ["with, comma", null], e.Info[2].Texts.ToArray());
        });
        Assert.Equal(["7 obs 1 2 3 4 act 0 1 gain -1 0.5", "b obs 9 9 8 8 act 0 1 gain 2 3"], seen);
        Assert.Equal(new DiscreteSpace(2), dataset.Manifest.ActionSpace);
        Assert.Equal(PropensityKind.Probability, dataset.Manifest.PropensityKind);
    }

    [Fact]
    public void Import_WithoutIds_EndsEpisodesAtTheFlagsAndNamesThemByFileAndRow()
    {
        var first = _recording.Write("a1.csv", "o,a,r,d", "1,0,1,0", "2,1,1,1", "3,0,1,0");
        var second = _recording.Write("a2.csv", "o,a,r,d", "4,1,1,1", "5,1,1,0");
        var dataset = _recording.Import(Map(Path.Combine(_recording.Workspace.Root, "a*.csv")) with { EpisodeId = [] });
        Assert.Equal([2, 2, 1], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([true, true, false], dataset.Episodes.Select(e => e.Terminated));
        Assert.Equal(["row1", "row3", "row2"], dataset.Episodes.Select(e => e.EpisodeKey.Split(':')[1]));
        Assert.Equal([first, first, second], dataset.Episodes.Select(e => e.SourceFile));
        Assert.All(dataset.Episodes, e => Assert.False(e.FinalObservationKnown));
        Assert.Contains(dataset.Manifest.Provenance.Notes, n => n.StartsWith("1 episodes end without an end flag", StringComparison.Ordinal));
        Assert.Equal(2, dataset.Manifest.Provenance.Sources.Count);
    }

    [Fact]
    public void Import_WhereTheNextObservationIsNotTheNextRows_CutsAsTruncated()
    {
        var path = _recording.Write("a.csv",
            "e,o,n,a,r,d",
            "1,1,2,0,1,0",
            "1,2,3,0,1,0",
            "1,7,8,0,1,0",
            "1,8,9,0,1,1");
        var dataset = _recording.Import(Map(path) with { NextObservation = ["n"] });
        Assert.Equal([2, 2], dataset.Episodes.Select(e => e.Steps));
        Assert.Equal([true, false], dataset.Episodes.Select(e => e.Truncated));
        Assert.Equal([false, true], dataset.Episodes.Select(e => e.Terminated));
        Assert.Equal(["1#0", "1#1"], dataset.Episodes.Select(e => e.EpisodeKey.Split(':')[1]));
        var finals = new List<float>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => finals.AddRange(e.FinalObservation));
        Assert.Equal([3, 9], finals);
        Assert.Contains(dataset.Manifest.Provenance.Notes, n => n.StartsWith("1 episodes were cut", StringComparison.Ordinal));

        var unreal = _recording.Import(Map(path) with { NextObservation = ["n"], NextObservationReal = false });
        Assert.All(unreal.Episodes, e => Assert.False(e.FinalObservationKnown));
        Assert.Single(_recording.Import(Map(path) with { NextObservation = ["n"], AlignmentTolerance = 5 }).Episodes);
    }

    [Fact]
    public void Import_OfNextObservationsThatAreEmpty_TakesThemAsUnknown()
    {
        var path = _recording.Write("a.csv", "e,o,n,a,r,d", "1,1,,0,1,0", "1,2,,0,1,1");
        Assert.False(Assert.Single(_recording.Import(Map(path) with { NextObservation = ["n"] }).Episodes).FinalObservationKnown);
    }

    // An episode of one step at the very start, as a log may begin: the first row that has something says how wide the field is.
    [Theory]
    [InlineData("a.jsonl", "{'e': 1, 'o': [1, 2], 'n': [], 'a': 0, 'r': 1, 'd': true}", "{'e': 2, 'o': [1, 2], 'n': [3, 4], 'a': 0, 'r': 1, 'd': true}", true)]
    [InlineData("a.jsonl", "{'e': 1, 'o': [1, 2], 'n': null, 'a': 0, 'r': 1, 'd': true}", "{'e': 2, 'o': [1, 2], 'n': [3, 4], 'a': 0, 'r': 1, 'd': true}", true)]
    [InlineData("a.jsonl", "{'e': 1, 'o': [1, 2], 'n': [], 'a': 0, 'r': 1, 'd': true}", "{'e': 2, 'o': [1, 2], 'n': [], 'a': 0, 'r': 1, 'd': true}", false)]
    [InlineData("a.jsonl", "{'e': 1, 'o': [1, 2], 'n': null, 'a': 0, 'r': 1, 'd': true}", "{'e': 2, 'o': [1, 2], 'n': null, 'a': 0, 'r': 1, 'd': true}", false)]
    [InlineData("a.csv", "e;o;n;a;r;d\n1;[1, 2];;0;1;1", "2;[1, 2];[3, 4];0;1;1", true)]
    [InlineData("a.csv", "e;o;n;a;r;d\n1;[1, 2];[];0;1;1", "2;[1, 2];[3, 4];0;1;1", true)]
    [InlineData("a.csv", "e;o;n;a;r;d\n1;[1, 2];;0;1;1", "2;[1, 2];;0;1;1", false)]
    public void Import_OfAFirstNextObservationThatIsEmpty_KnowsItsWidthAllTheSame(string name, string first, string second, bool known)
    {
        var path = _recording.Write(name, first.Replace('\'', '"'), second.Replace('\'', '"'));
        var dataset = _recording.Import(Map(path) with { NextObservation = ["n"] });
        Assert.Equal([false, known], dataset.Episodes.Select(e => e.FinalObservationKnown));
    }

    [Fact]
    public void Import_OfAFirstNextObservationThatIsEmpty_KnowsItsWidthInParquetToo()
    {
        var lists = _recording.WriteParquet("a.parquet", "SELECT i AS e, [1, 2]::FLOAT[] AS o, CASE i WHEN 0 THEN [] ELSE [3, 4] END::FLOAT[] AS n, 0 AS a, 1 AS r, true AS d FROM range(2) t(i)");
        Assert.Equal([false, true], _recording.Import(Map(lists) with { NextObservation = ["n"] }).Episodes.Select(e => e.FinalObservationKnown));
        var images = _recording.WriteParquet("b.parquet", "SELECT i AS e, '\\x01\\x02'::BLOB AS o, CASE i WHEN 0 THEN NULL ELSE '\\x03\\x04'::BLOB END AS n, 0 AS a, 1 AS r, true AS d FROM range(2) t(i)");
        Assert.Equal([false, true], _recording.Import(Map(images) with { NextObservation = ["n"] }).Episodes.Select(e => e.FinalObservationKnown));
    }

    [Fact]
    public void Import_OfListsAndMasks_ReadsContinuousAndMaskedActions()
    {
        var continuous = _recording.WriteParquet("c.parquet", "SELECT 1 AS e, [i, -i]::FLOAT[] AS o, [i / 10, 0.5]::DOUBLE[] AS a, i::DOUBLE AS r, i = 3 AS d, ln(0.3) AS lp FROM range(4) t(i)");
        var dataset = _recording.Import(Map(continuous) with { BehaviorLogProb = "lp", ActionLow = [-1], ActionHigh = [1, 2] });
        var box = Assert.IsType<BoxSpace>(dataset.Manifest.ActionSpace);
        Assert.Equal([-1.0, -1], box.Low);
        Assert.Equal([1.0, 2], box.High);
        Assert.Equal(PropensityKind.Density, dataset.Manifest.PropensityKind);

        var masked = _recording.WriteParquet("m.parquet", "SELECT 1 AS e, i AS o, i % 2 AS a, 1 AS r, i = 3 AS d, [true, true, false] AS mask, [0.5, 0.5, 7.0] AS logits FROM range(4) t(i)");
        dataset = _recording.Import(Map(masked) with { ActionMask = ["mask"], BehaviorLogits = ["logits"], ObservationCount = 4 });
        dataset.Check(NullProgress.Instance);
        Assert.Equal(new DiscreteSpace(4), dataset.Manifest.ObservationSpace);
        Assert.Equal(new DiscreteSpace(3), dataset.Manifest.ActionSpace);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            Assert.Equal([0.5, 0.5, 0], e.BehaviorProbabilities[..3].ToArray());
            Assert.Equal(Math.Log(0.5), e.BehaviorLogProbabilities[0]);
            Assert.Equal([true, true, false], e.ActionMasks[..3].ToArray());
        });
    }

    [Theory]
    [InlineData("a.csv", "e;o;a;r;d;m_0;m_1;m_2\n1;1;0;1;0;true;False;1", "1;2;2;1;1;0;1.0;TRUE")]
    [InlineData("a.csv", "e;o;a;r;d;m_0\n1;1;0;1;0;[true, false, true]", "1;2;2;1;1;[0, 1, 1]")]
    [InlineData("a.jsonl", "{'e': 1, 'o': 1, 'a': 0, 'r': 1, 'd': false, 'm_0': [true, false, true]}", "{'e': 1, 'o': 2, 'a': 2, 'r': 1, 'd': true, 'm_0': [0, 1, 1]}")]
    public void Import_OfMasksAsTextsAndNumbers_ReadsBoth(string name, string first, string second)
    {
        var path = _recording.Write(name, first.Replace('\'', '"'), second.Replace('\'', '"'));
        var dataset = _recording.Import(Map(path) with { ActionMask = ["m_*"] });
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => Assert.Equal([true, false, true, false, true, true], e.ActionMasks.ToArray()));
        Assert.Equal(new DiscreteSpace(3), dataset.Manifest.ActionSpace);
    }

    [Fact]
    public void Import_OfListsAsTextInCsv_ReadsThem()
    {
        var path = _recording.Write("a.csv", "e;o;a;r;d", "1;[1, 2.5];0;1;0", "1;[3,4];1;1;1");
        var dataset = _recording.Import(Map(path) with { Delimiter = ";" });
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => Assert.Equal([1, 2.5f, 3, 4], e.Observations.ToArray()));
        Assert.Equal(2, dataset.Manifest.ObservationSpace.FlatSize);
    }

    [Fact]
    public void Import_OfAColumnWithoutAName_CallsItByItsPlace()
    {
        var path = _recording.Write("a.csv", ",o,a,r,d", "7,1,0,1,1");
        var info = double.NaN;
        _recording.Import(Map(path) with { EpisodeId = ["column0"], Info = new Dictionary<string, IReadOnlyList<string>> { ["index"] = ["column0"] } })
            .ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => info = e.Info[0].Doubles.Span[0]);
        Assert.Equal(7, info);
    }

    [Fact]
    public void Import_OfManyInterleavedEpisodes_PutsEveryRowInItsPlace()
    {
        // 300 episodes of 100 steps, shuffled over two files; more than one chunk of DuckDB's.
        const string Rows = "SELECT i % 300 AS e, i // 300 AS t, (i % 300) * 1000 + i // 300 AS o, 0 AS a, 1 AS r, i // 300 = 99 AS d FROM range(30000) s(i)";
        _recording.WriteParquet("s1.parquet", $"SELECT * FROM ({Rows}) WHERE o % 7 < 3 ORDER BY hash(o)");
        _recording.WriteParquet("s2.parquet", $"SELECT * FROM ({Rows}) WHERE o % 7 >= 3 ORDER BY hash(o + 1)");
        var dataset = _recording.Import(Map(Path.Combine(_recording.Workspace.Root, "s*.parquet")) with { Step = "t" });
        Assert.Equal(300, dataset.Episodes.Count);
        var episodes = 0;
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            var first = e.Observations[0];
            Assert.Equal(Enumerable.Range(0, 100).Select(t => first + t), e.Observations.ToArray());
            episodes++;
        });
        Assert.Equal(300, episodes);
    }

    [Fact]
    public void Import_WithRejects_LeavesTheEpisodeOutAndListsEveryRow()
    {
        var path = _recording.Write("a.csv", "e,o,a,r,d", "1,1,0,1,0", "2,1,0,1,0", "1,2,0,nan,0", "2,2,0,1,1", "1,3,0,1,1");
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal("2", Assert.Single(dataset.Episodes).EpisodeKey.Split(':')[1]);
        Assert.Equal(3, dataset.Manifest.Counts.Rejected);
        var rejects = Rejects(dataset);
        Assert.Equal([1, 3, 5], rejects.Select(r => r.Row).Order());
        var bad = rejects.Single(r => r.Row == 3);
        Assert.Equal(("r", "expected a finite number"), (bad.Column, bad.Reason));
        Assert.Contains("row 3", rejects.Single(r => r.Row == 5).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfFloat32Printed_ReadsTheFloatBack()
    {
        var path = _recording.Write("a.csv", "e,o,a,r,d", "1,0.1,0,0.1,1");
        var rewards = new List<double>();
        _recording.Import(Map(path) with { Float32 = true }).ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => rewards.Add(e.Rewards[0]));
        _recording.Import(Map(path)).ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => rewards.Add(e.Rewards[0]));
        Assert.Equal([0.1f, 0.1], rewards);
    }

    [Fact]
    public void Import_Interrupted_LeavesNothing()
    {
        var path = _recording.Write("a.csv", "e,o,a,r,d", "1,1,0,1,1");
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => ImportJob.Run(Map(path), _recording.Workspace, NullProgress.Instance, source.Token));
        _recording.AssertNothingLeft();
    }

    static List<(long Row, string? Column, string Reason)> Rejects(Dataset dataset)
    {
        using var reader = new CsvReader(new StreamReader(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), CultureInfo.InvariantCulture);
        var rows = new List<(long, string?, string)>();
        reader.Read();
        reader.ReadHeader();
        while (reader.Read())
            rows.Add((reader.GetField<long>("row"), reader.GetField("column"), reader.GetField("reason")!));
        return rows;
    }

    static ImportConfig Rllib(string config, string source)
    {
        var file = SharedData.Require(source.Split("data/")[1].Split("/*")[0]);
        var loaded = Config.Load<ImportConfig>(Path.Combine(Checkout.Root, "ingest", "configs", config), []);
        Assert.Equal([source], loaded.Source);
        return loaded with { Source = [Directory.Exists(file) ? Path.Combine(file, "*.parquet") : file] };
    }
}
