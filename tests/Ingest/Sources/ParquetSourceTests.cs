using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class ParquetSourceTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new() { Name = "x", Source = source, Observation = ["o"], Action = ["a"], ActionCount = 2, Reward = "r", Done = "d" };

    [Fact]
    public void NestedColumns_AreReachedByPath()
    {
        var path = _recording.WriteParquet("a.parquet", """
            SELECT {'x': i + 0.5, 'deep': {'y': [i, i + 1]}} AS s, [[1.0, 2.0], [3.0, i]] AS m, [[1.0, 2.0], [3.0, i]]::FLOAT[2][2] AS cube,
                [{'v': i}, {'v': 2 * i}] AS things, i % 2 AS a, 1.0 AS r, true AS d FROM range(3) t(i)
            """);
        var dataset = _recording.Import(Map(path) with
        {
            Observation = ["s.x", "s.deep.y[1]"],
            Info = new Dictionary<string, IReadOnlyList<string>> { ["m"] = ["m"], ["cube"] = ["cube"], ["v"] = ["things[*].v"], ["one"] = ["things[1].v"], ["element"] = ["m[1][0]"] },
        });
        dataset.Check(NullProgress.Instance);
        var i = 0;
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            Assert.Equal([i + 0.5f, i + 1], e.Observations.ToArray());
            Assert.Equal([1.0, 2, 3, i], e.Info[0].Doubles.ToArray());
            Assert.Equal([1.0, 2, 3, i], e.Info[1].Doubles.ToArray());
            Assert.Equal([i, 2.0 * i], e.Info[2].Doubles.ToArray());
            Assert.Equal([2.0 * i], e.Info[3].Doubles.ToArray());
            Assert.Equal([3.0], e.Info[4].Doubles.ToArray());
            i++;
        });
        Assert.Equal(3, i);
    }

    [Fact]
    public void OurOwnParquet_ComesBackWithoutAMap()
    {
        var first = _recording.Import(Map(_recording.WriteParquet("a.parquet", "SELECT [i, 1.5] AS o, i % 2 AS a, i * 0.5 AS r, i % 3 = 2 AS d, [[1, i], [2, 3]] AS f, [true, true] AS mask FROM range(9) t(i)"))
            with { ActionFeatures = ["f"], ActionMask = ["mask"] });
        Assert.Equal(2, first.Manifest.ActionFeatures);
        var second = _recording.Import(new ImportConfig { Name = "y", Source = [first.PathOf(first.StepFiles[0])], ActionCount = 2 });
        second.Check(NullProgress.Instance);
        Assert.Equal((9, 3, 2), (second.Manifest.Counts.Steps, second.Manifest.Counts.Episodes, second.Manifest.ActionFeatures));
        second.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => Assert.Equal(
            Enumerable.Range(0, 3).SelectMany(t => new float[] { 1, (record.EpisodeId * 3) + t, 2, 3 }), e.ActionFeatures.ToArray()));
    }

    [Fact]
    public void HivePartitions_AreColumns()
    {
        foreach (var part in new[] { 1, 2 })
        {
            var folder = Directory.CreateDirectory(Path.Combine(_recording.Workspace.Root, "logs", $"part={part}", "day=2026-01-01")).FullName;
            _recording.WriteParquet(Path.Combine(folder, "x.parquet"), $"SELECT {part} AS o, 1 AS a, 1.0 AS r, true AS d");
        }

        var config = Map(Path.Combine(_recording.Workspace.Root, "logs")) with { EpisodeId = ["part"], InfoText = new Dictionary<string, string> { ["day"] = "day" }, Info = new Dictionary<string, IReadOnlyList<string>> { ["part"] = ["part"] } };
        var dataset = _recording.Import(config);
        var seen = new List<(float, double, string?)>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => seen.Add((e.Observations[0], e.Info[0].Doubles.Span[0], e.Info[1].Texts.Span[0])));
        Assert.Equal([(1, 1, "2026-01-01"), (2, 2, "2026-01-01")], seen);
        Assert.Equal(2, _recording.Import(config with { Source = [Path.Combine(_recording.Workspace.Root, "logs", "*", "*", "*.parquet")] }).Manifest.Counts.Episodes);

        _recording.WriteParquet(Path.Combine(_recording.Workspace.Root, "logs", "stray.parquet"), "SELECT 1 AS o, 1 AS a, 1.0 AS r, true AS d");
        AssertRefused(config, "lies in partitions by []");
    }

    [Theory]
    [InlineData("SELECT 1 AS o, 1 AS a, 1.0 AS r", "lacks d BOOLEAN")]
    [InlineData("SELECT 1 AS o, 1 AS a, 1.0 AS r, true AS d, 2 AS more", "has besides more INTEGER")]
    [InlineData("SELECT 1 AS o, 1 AS a, 'x' AS r, true AS d", "has besides r VARCHAR")]
    [InlineData("SELECT [1] AS o, 1 AS a, 1.0 AS r, true AS d", "has besides o INTEGER[]")]
    [InlineData("SELECT 1 AS O2, 1 AS a, 1.0 AS r, true AS d", "lacks o INTEGER")]
    public void FilesOfOtherColumns_AreNamed(string query, string message)
    {
        string[] files = [.. new[] { "a", "b" }.Select(n => _recording.WriteParquet(n + ".parquet", "SELECT 1 AS o, 1 AS a, 1.0 AS r, true AS d")), _recording.WriteParquet("c.parquet", query)];
        AssertRefused(Map(files), "c.parquet: its columns are not those of");
        AssertRefused(Map(files), message);
    }

    [Theory]
    [InlineData("s.z")]
    [InlineData("s.x.y")]
    [InlineData("s[0]")]
    [InlineData("o.x")]
    public void APath_ThatLeadsNowhere_IsNamedWithTheColumnsType(string observation)
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT {'x': 1.5} AS s, 1 AS o, 1 AS a, 1.0 AS r, true AS d");
        AssertRefused(Map(path) with { Observation = [observation] }, $"observation names '{observation}', and nothing is there");
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(-60, 20)]
    [InlineData(-8, 4)]
    [InlineData(4, 30)]
    [InlineData(-200, 60)]
    [InlineData(30, 200)]
    public void ChangedBytes_EndInAMessageOrAreRead(int at, int count)
    {
        var path = _recording.WriteParquet("a.parquet", "SELECT [i, i * 0.5] AS o, i % 2 AS a, i * 1.0 AS r, i % 50 = 49 AS d, 'note' || i AS note FROM range(5000) t(i)");
        var bytes = File.ReadAllBytes(path);
        for (var i = 0; i < count; i++)
            bytes[at < 0 ? bytes.Length + at + i : at + i] ^= (byte)(0x35 + i);
        File.WriteAllBytes(path, bytes);
        try
        {
            _recording.Import(Map(path) with { InfoText = new Dictionary<string, string> { ["note"] = "note" } }).Check(NullProgress.Instance);
        }
        catch (UserErrorException e)
        {
            Assert.Contains("a.parquet", e.Message, StringComparison.Ordinal);
            _recording.AssertNothingLeft();
        }
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
