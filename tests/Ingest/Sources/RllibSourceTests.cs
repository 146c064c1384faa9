using System.Text;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class RllibSourceTests : IDisposable
{
    const string Good = """{"type": "SampleBatch", "eps_id": [1, 1, 2], "obs": [[1, 2], [3, 4], [5, 6]], "actions": [0, 1, 1], "rewards": [1, 2, 3], "dones": [false, true, true], "action_prob": [0.5, 0.25, 1]}""";

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new() { Name = "x", Source = source };

    [Theory]
    [InlineData("small.json", 102, 3, 34.0)]
    [InlineData("large.json", 4137, 21, 197.0)]
    public void RllibsLogs_NeedNoMap(string name, int steps, int episodes, double mean)
    {
        var path = SharedData.Require("rllib_cartpole/" + name);
        var dataset = _recording.Import(Map(path));
        dataset.Check(NullProgress.Instance);
        Assert.Equal((steps, episodes), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes));
        Assert.Equal(mean, dataset.Manifest.Statistics.Return!.Mean, 1e-12);
        Assert.Equal((PropensitySource.Logged, PropensityKind.Probability), (dataset.Manifest.PropensitySource, dataset.Manifest.PropensityKind));
        Assert.Equal(new DiscreteSpace(2), dataset.Manifest.ActionSpace);
        Assert.Equal("rllib", dataset.Episodes[0].BehaviorPolicy);
        Assert.All(dataset.Episodes, e => Assert.True(e.FinalObservationKnown));
    }

    [Fact]
    public void TheLargeLog_IsThatOfItsParquetFiles()
    {
        var config = Map(SharedData.Require("rllib_cartpole/large.json")) with { TimeLimit = 200, EpisodeKey = EpisodeKeyRule.Content };
        var batches = _recording.Import(config);
        Assert.Equal((1, 20), (batches.Manifest.Counts.Terminated, batches.Manifest.Counts.Truncated));
        var rows = _recording.Import(config with
        {
            Source = [Path.Combine(SharedData.Require("rllib_cartpole/cartpole-v1_large"), "*.parquet")],
            Float32 = true,
            BehaviorPolicy = "rllib",
            EpisodeId = ["eps_id"],
            Observation = ["obs"],
            NextObservation = ["new_obs"],
            Action = ["actions"],
            Reward = "rewards",
            Done = "dones",
            BehaviorLogProb = "action_logp",
            BehaviorLogits = ["action_dist_inputs"],
        });
        Assert.Equal(rows.Manifest.ContentHash, batches.Manifest.ContentHash);
    }

    [Fact]
    public void ThePackedReplay_IsRefusedWithTheReason()
    {
        var path = SharedData.Require("d3rlpy_pendulum_replay/pendulum_replay_v1.1.0.zip");
        foreach (var rule in new[] { ErrorRule.Stop, ErrorRule.Reject })
            AssertRefused(Map(path) with { OnError = rule }, "column 'obs' is packed (base64 of LZ4 of a Python pickle), and pickles are never executed");
    }

    [Fact]
    public void Batches_ArePackedAndLaidOutAsRllibDoes()
    {
        var policies = Good.Replace("\"SampleBatch\"", "\"MultiAgentBatch\", \"count\": 3, \"policy_batches\": {\"default_policy\": {\"type\": \"SampleBatch\"", StringComparison.Ordinal) + "}}";
        var continuous = Good.Replace("[0, 1, 1]", "[[0.5, 1], [1, 2], [0, 0]]", StringComparison.Ordinal);
        foreach (var (text, width) in new[] { (Good, 0), (policies, 0), (continuous, 2) })
        {
            foreach (var packed in new Func<byte[], byte[]>[] { b => b, CsvSourceTests.Gzip, CsvSourceTests.Zstd, b => CsvSourceTests.Zip("a.json", b) })
            {
                var dataset = _recording.Import(Map(Write(packed(Encoding.UTF8.GetBytes(text + "\n\n")))));
                dataset.Check(NullProgress.Instance);
                Assert.Equal((3, 2), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes));
                Assert.Equal([3.0, 3.0], dataset.Episodes.Select(e => e.Return));
                Assert.Equal(width, dataset.Manifest.ActionSpace is BoxSpace box ? box.FlatSize : 0);
            }
        }
    }

    [Fact]
    public void LargeIds_AreExact()
    {
        var path = _recording.Write("a.json", Good.Replace("[1, 1, 2]", "[9007199254740992, 9007199254740992, 9007199254740993]", StringComparison.Ordinal));
        Assert.Equal(2, _recording.Import(Map(path)).Manifest.Counts.Episodes);
    }

    public static TheoryData<string, string> Bad => new()
    {
        { Good[..^40], "not valid JSON" },
        { Good + " {}", "not valid JSON" },
        { "[1, 2]", "" },
        { Good.Replace("\"obs\"", "\"observations\"", StringComparison.Ordinal), "observation is empty" },
        { Good.Replace("[5, 6]]", "[5]]", StringComparison.Ordinal), "column 'obs', row 2: found a list of 1; expected 2" },
        { Good.Replace("[5, 6]]", "5]", StringComparison.Ordinal), "column 'obs', row 2: found one number; expected 2" },
        { Good.Replace("[[1, 2], [3, 4], [5, 6]]", "[[], [], []]", StringComparison.Ordinal), "found an empty list" },
        { Good.Replace("[1, 2, 3]", "[1, 2]", StringComparison.Ordinal), "column 'rewards' has 2 rows; expected 3" },
        { Good.Replace("[1, 2, 3]", "[1, \"2\", 3]", StringComparison.Ordinal), "column 'rewards' holds texts among numbers" },
        { Good.Replace("[1, 2, 3]", "[1, null, 3]", StringComparison.Ordinal), "column 'rewards': found nothing" },
        { Good.Replace("[1, 2, 3]", "[1, [2], 3]", StringComparison.Ordinal), "column 'rewards', row 1: found a list of 1; expected one number" },
        { Good.Replace("[0, 1, 1]", "[0, -1, 1]", StringComparison.Ordinal), "column 'actions': found '-1'" },
        { Good.Replace("0.25", "1.25", StringComparison.Ordinal), "column 'action_prob': found '1.25'" },
        { Good.Replace("\"rewards\"", "\"obs\"", StringComparison.Ordinal), "column 'obs' is there twice" },
        { Good.Replace("[[1, 2], [3, 4], [5, 6]]", "\"BCJNGGhAmAAAAAAA\"", StringComparison.Ordinal), "column 'obs' is packed" },
        { Good.Replace("[1, 2, 3]", "[\"BCJNGGhAmAAAAAAA\"]", StringComparison.Ordinal), "column 'rewards' is packed" },
        { """{"type": "SampleBatch"}""", "found no columns" },
        { """{"type": "MultiAgentBatch", "policy_batches": {"a": {"obs": [1]}, "b": {"obs": [1]}}}""", "a MultiAgentBatch of 2 policies (a, b); expected one" },
        { """{"type": "MultiAgentBatch", "policy_batches": {}}""", "a MultiAgentBatch of 0 policies" },
        { """{"type": "EvaluationBatch", "obs": [1]}""", "" },
        { string.Concat(Enumerable.Repeat("{\"type\": \"SampleBatch\", \"obs\": [", 1)) + new string('[', 100_000), "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void ABatch_ThatIsNone_StopsTheImportWithItsLine(string line, string message)
    {
        var path = _recording.Write("a.json", line);
        AssertRefused(Map(path) with { Format = SourceFormat.Rllib }, message);
        // Behind a good one the import goes on without it, where the map says so.
        if (message.Length == 0 || message.StartsWith("observation", StringComparison.Ordinal) || message.Contains("packed", StringComparison.Ordinal) || message.Contains("found nothing", StringComparison.Ordinal) || message.Contains(": found '", StringComparison.Ordinal))
            return;
        path = _recording.Write("b.json", Good, line, Good.Replace("[1, 1, 2]", "[3, 3, 4]", StringComparison.Ordinal));
        AssertRefused(Map(path), "b.json, line 2: ");
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal((6, 1), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        Assert.Contains($"{path},2,,", File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void ABatch_OfOtherColumns_IsNamed()
    {
        AssertRefused(Map(_recording.Write("a.json", Good, Good.Replace("\"dones\"", "\"terminateds\"", StringComparison.Ordinal))), "column 'terminateds' is not in the first batch");
        AssertRefused(Map(_recording.Write("b.json", Good, Good.Replace("[0, 1, 1]", "[0.5, 1, 1]", StringComparison.Ordinal))), "column 'actions' has type DOUBLE; expected BIGINT");
    }

    string Write(byte[] content)
    {
        var path = Path.Combine(_recording.Workspace.Root, "log");
        File.WriteAllBytes(path, content);
        return path;
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
