using System.Text;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class JsonSourceTests : IDisposable
{
    static readonly string[] Rows =
    [
        """{"id": 7, "state": {"x": 1.5, "y": 2}, "img": [[1, 2], [3, 4]], "a": 1, "r": 0.5, "d": false, "more": {"list": [{"v": 10}, {"v": 11}]}, "note": "ü"}""",
        """{"id": 7, "state": {"y": 4, "x": 3}, "img": [[5, 6], [7, 8]], "a": 0, "r": 1, "d": true, "more": {"list": [{"v": 12}, {"v": 13}]}, "note": null}""",
    ];

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new()
    {
        Name = "x",
        Source = source,
        EpisodeId = ["id"],
        Observation = ["state.x", "state.y"],
        Action = ["a"],
        Reward = "r",
        Done = "d",
        Info = new Dictionary<string, IReadOnlyList<string>> { ["img"] = ["img"], ["second"] = ["more.list[1].v"], ["all"] = ["more.list[*].v"] },
        InfoText = new Dictionary<string, string> { ["note"] = "note" },
    };

    public static TheoryData<string> Layouts => [string.Join('\n', Rows), string.Join("\r\n\r\n", Rows) + "\r\n", "[" + string.Join(",\n", Rows) + "]", string.Join('\n', Rows).Replace(", \"", ",\n \"", StringComparison.Ordinal)];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Objects_OneALineInAnArrayOrSpreadOut_GiveTheSame(string text)
    {
        foreach (var packed in new Func<byte[], byte[]>[] { b => b, CsvSourceTests.Gzip, CsvSourceTests.Zstd, b => CsvSourceTests.Zip("a", b) })
        {
            var dataset = _recording.Import(Map(Write("log", packed(Encoding.UTF8.GetBytes(text)))));
            dataset.Check(NullProgress.Instance);
            var seen = 0;
            dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
            {
                seen++;
                Assert.Equal([1.5f, 2, 3, 4], e.Observations.ToArray());
                Assert.Equal([1, 0], e.DiscreteActions.ToArray());
                Assert.Equal([0.5, 1], e.Rewards.ToArray());
                Assert.True(e.Terminated);
                Assert.Equal([1.0, 2, 3, 4, 5, 6, 7, 8], e.Info[0].Doubles.ToArray());
                Assert.Equal([11.0, 13], e.Info[1].Doubles.ToArray());
                Assert.Equal([10.0, 11, 12, 13], e.Info[2].Doubles.ToArray());
                Assert.Equal<IEnumerable<string?>>(["ü", null], e.Info[3].Texts.ToArray());
            });
            Assert.Equal(1, seen);
        }
    }

    [Theory]
    [InlineData("rllib_cartpole/cartpole-v1.jsonl/*", 102, 3)]
    [InlineData("rllib_cartpole/cartpole-v1_large.jsonl/*", 4137, 21)]
    public void RllibsJsonLines_OneAStep_Import(string glob, int steps, int episodes)
    {
        SharedData.Require(Path.GetDirectoryName(glob)!);
        var dataset = _recording.Import(new ImportConfig
        {
            Name = "x",
            Source = [Path.Combine(SharedData.Require(Path.GetDirectoryName(glob)!), "*")],
            Float32 = true,
            EpisodeId = ["eps_id"],
            Observation = ["obs"],
            NextObservation = ["new_obs"],
            Action = ["actions"],
            Reward = "rewards",
            Done = "dones",
            BehaviorProb = "action_prob",
        });
        dataset.Check(NullProgress.Instance);
        Assert.Equal((steps, episodes, 4), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes, dataset.Manifest.ObservationSpace.FlatSize));
        Assert.Equal((double)steps / episodes, dataset.Manifest.Statistics.Return!.Mean, 1e-9);
    }

    [Fact]
    public void RllibsJsonLines_OneAStep_NeedNoMap()
    {
        var log = SharedData.Require("rllib_cartpole/large.json");
        var batches = _recording.Import(new ImportConfig { Name = "x", Source = [log] });
        var rows = _recording.Import(new ImportConfig { Name = "x", Source = [Path.Combine(SharedData.Require("rllib_cartpole/cartpole-v1_large.jsonl"), "*")] });
        Assert.Equal(batches.Episodes.Select(e => (e.Steps, e.Return, e.BehaviorPolicy)), rows.Episodes.Select(e => (e.Steps, e.Return, e.BehaviorPolicy)));
        // The rows have eight digits of a number, one fewer than it takes.
        Assert.Equal(First(batches).Observations, First(rows).Observations, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(First(batches).Logs, First(rows).Logs, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal((PropensitySource.Logged, PropensityKind.Probability), (rows.Manifest.PropensitySource, rows.Manifest.PropensityKind));
    }

    static (float[] Observations, double[] Logs) First(Dataset dataset)
    {
        (float[], double[]) first = ([], []);
        dataset.ReadEpisode(0, (EpisodeRecord _, in EpisodeColumns e) => first = (e.Observations.ToArray(), e.BehaviorLogProbabilities.ToArray()));
        return first;
    }

    [Theory]
    [InlineData("\"actions\": 1", "\"actions\": 0", 2)]
    [InlineData("\"actions\": 1", "\"actions\": 0.5", 0)]
    [InlineData("\"actions\": [1, 0.5]", "\"actions\": [0, 1]", 0)]
    public void RllibsJsonLines_OneAStep_TellTheKindOfActions(string first, string second, int count)
    {
        var lines = new[] { first, second }.Select((a, t) => $$"""{"eps_id": 3, "t": {{t}}, "obs": [{{t}}, 1], {{a}}, "rewards": 0.5, "terminateds": {{(t == 1 ? "true" : "false")}}, "truncateds": false, "action_logp": -0.5, "action_dist_inputs": [0.0, 0.0], "infos": { } }""").ToArray();
        if (count > 0)
            lines = [.. lines.Select(l => l.Replace("-0.5", "-0.6931472", StringComparison.Ordinal))];
        var dataset = _recording.Import(new ImportConfig { Name = "x", Source = [_recording.Write("a.json", lines)] });
        dataset.Check(NullProgress.Instance);
        Assert.Equal((2, true), (dataset.Manifest.Counts.Steps, Assert.Single(dataset.Episodes).Terminated));
        Assert.Equal(count, (dataset.Manifest.ActionSpace as DiscreteSpace)?.Count ?? 0);
        Assert.Equal((count > 0, count > 0 ? PropensityKind.Probability : PropensityKind.Density), (dataset.Manifest.HasBehaviorProbabilities, dataset.Manifest.PropensityKind));
    }

    [Fact]
    public void OtherNames_KeepTheirOwnMap()
    {
        var path = _recording.Write("a.json", """{"obs": [1], "actions": 0, "rewards": 1, "over": true}""");
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(new ImportConfig { Name = "x", Source = [path] }));
        Assert.Contains("observation is empty", error.Message, StringComparison.Ordinal);
        Assert.Contains("has the columns obs, actions, rewards, over", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeysWithDots_AndMissingFields_AreUnderstood()
    {
        var path = _recording.Write("a.json", """{"a.b": 1, "o": 2, "act": 0, "reward": 1, "done": true}""", """{"o": 3, "act": 0, "reward": 1, "done": true, "late": 5}""");
        var dataset = _recording.Import(new ImportConfig
        {
            Name = "x", Source = [path], Observation = ["o"], Action = ["act"],
            Info = new Dictionary<string, IReadOnlyList<string>> { ["dotted"] = ["a.b"], ["late"] = ["late"] },
        });
        var seen = new List<double>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => seen.AddRange([e.Info[0].Doubles.Span[0], e.Info[1].Doubles.Span[0]]));
        Assert.Equal([1, double.NaN, double.NaN, 5], seen);
    }

    [Fact]
    public void BrokenLines_AreListedAndNoneOfTheOthersIsLost()
    {
        var lines = Enumerable.Range(0, 3000).Select(i => $$"""{"o": {{i}}, "act": 0, "reward": 1, "done": true}""").ToArray();
        (lines[1], lines[2], lines[7], lines[2500]) = ("""{"o": 1, "act": 0""", "[1, 2]", "null", """{"o": 1} x""");
        var path = _recording.Write("a.json", lines);
        var config = new ImportConfig { Name = "x", Source = [path], Observation = ["o"], Action = ["act"], ActionCount = 2, OnError = ErrorRule.Reject };
        var dataset = _recording.Import(config);
        Assert.Equal((2996, 4), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        var rejects = File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv"));
        Assert.Contains(",2,,\"line 2: not valid JSON", rejects, StringComparison.Ordinal);
        Assert.Contains(",3,,\"line 3: not an object: '[1, 2]'\"", rejects, StringComparison.Ordinal);
        Assert.Contains(",2501,,", rejects, StringComparison.Ordinal);
        // Row 10 is still row 10.
        lines[9] = lines[9].Replace("9", "\"x\"", StringComparison.Ordinal);
        dataset = _recording.Import(config with { Source = [_recording.Write("b.json", lines)] });
        Assert.Contains(",10,o,", File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"o": 1, "act": 0, "reward": 1, "done": true""", "")]
    [InlineData("""{"o": 1, "act": 0, "reward": 1, "done": true}}""", "")]
    [InlineData("""{"o": 1, "act": 0, "reward": 1, 'done': true}""", "")]
    [InlineData("""{"o": "x", "act": 0, "reward": 1, "done": true}""", "row 1, column 'o': found 'x'; expected a finite number")]
    [InlineData("""{"o": null, "act": 0, "reward": 1, "done": true}""", "column 'o': found nothing")]
    [InlineData("""{"o": {"x": 1}, "act": 0, "reward": 1, "done": true}""", "column 'o'")]
    [InlineData("""{"o": [1, 2], "act": 0, "reward": 1, "done": "perhaps"}""", "column 'done': found 'perhaps'")]
    [InlineData("""{"o": [1, "x"], "act": 0, "reward": 1, "done": true}""", "column 'o'")]
    [InlineData("""{"o": [[1, 2], [3, "x"]], "act": 0, "reward": 1, "done": true}""", "column 'o'")]
    [InlineData("""{"o": [[1, 2], 3], "act": 0, "reward": 1, "done": true}""", "column 'o'")]
    [InlineData("""{"o": 1, "act": [], "reward": 1, "done": true}""", "column 'act'")]
    [InlineData("""{"o": 1, "act": 0.5, "reward": 1, "done": true}""", "column 'act': found '0.5'")]
    [InlineData("""{"o": 1, "act": 0, "reward": 1e999, "done": true}""", "")]
    [InlineData("""{"O": 1, "act": 0, "reward": 1, "done": true}""", "there is no column 'o'")]
    [InlineData("""{"act": 0, "reward": 1, "done": true}""", "there is no column 'o'")]
    [InlineData("[1, 2, 3]", "")]
    [InlineData("""[{"o": 1, "act": 0, "reward": 1, "done": true}, {"o": 1""", "")]
    [InlineData("[", "")]
    [InlineData("""["o", "act", "reward", "done"]""", "")]
    [InlineData("not json", "expected JSON")]
    [InlineData("", "expected JSON")]
    public void AFile_ThatCannotBeTaken_EndsInAMessage(string text, string message)
    {
        var path = _recording.Write("a.json", text);
        AssertRefused(new ImportConfig { Name = "x", Source = [path], Format = SourceFormat.Json, Observation = ["o"], Action = ["act"], ActionCount = 2 }, message);
    }

    [Fact]
    public void APath_ThatLeadsNowhere_IsNamedWithThoseThatAreThere()
    {
        var path = _recording.Write("a.json", Rows);
        AssertRefused(Map(path) with { Observation = ["state.z"] }, "there is no column 'state.z', which observation names.");
        AssertRefused(Map(path) with { Observation = ["state.z"] }, "state.x");
        AssertRefused(Map(path) with { Observation = ["nothing"] }, "there is no column 'nothing', which observation names");
        AssertRefused(Map(path) with { Observation = ["img"], Reward = "state" }, "column 'state'");
    }

    [Fact]
    public void DeepNesting_EndsInAMessage()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 100_000)) + string.Concat(Enumerable.Repeat("]", 100_000));
        var path = _recording.Write("a.json", $$"""{"o": {{deep}}, "act": 0, "reward": 1, "done": true}""");
        foreach (var rule in new[] { ErrorRule.Stop, ErrorRule.Reject })
            AssertRefused(new ImportConfig { Name = "x", Source = [path], Observation = ["o"], Action = ["act"], ActionCount = 2, OnError = rule }, "");
    }

    [Fact]
    public void Layouts_AreNotMixed()
    {
        var lines = _recording.Write("a.json", Rows);
        var array = _recording.Write("b.json", "[" + string.Join(",", Rows) + "]");
        AssertRefused(Map(lines, array), "expected files of one layout");
    }

    string Write(string name, byte[] content)
    {
        var path = Path.Combine(_recording.Workspace.Root, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }
}
