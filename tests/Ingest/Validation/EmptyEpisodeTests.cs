using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Tests.Ingest.Arrays;

namespace OfflineRL.Tests.Ingest.Validation;

/// <summary>Episodes without a step, of every format that can have them: named under stop; left out, counted and found under the other rules.</summary>
public sealed class EmptyEpisodeTests : IDisposable
{
    const string Batch = """{"type": "SampleBatch", "eps_id": [1, 1], "obs": [[1, 2], [3, 4]], "actions": [0, 1], "rewards": [1, 2], "dones": [false, true]}""";
    const string NoRows = """{"type": "SampleBatch", "eps_id": [], "obs": [], "actions": [], "rewards": [], "dones": []}""";

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Fact]
    public void BatchesWithoutRows_AreCountedAndNamedByTheirLine()
    {
        var path = _recording.Write("a.json", NoRows, Batch, NoRows, Batch.Replace("[1, 1]", "[2, 2]", StringComparison.Ordinal));
        Holds([path], count: 2, steps: [2, 2], "no row in the batch on line 1: '{\"type\": \"SampleBatch\"");
        AssertRefused(_recording.Write("b.json", NoRows), ErrorRule.Reject, "no line is a SampleBatch that can be read");
    }

    [Fact]
    public void GroupsWithoutSteps_AreCountedAndNamed()
    {
        var path = Hdf5("minari.hdf5", """
            for i, n in ((0, 0), (1, 2), (2, -1), (3, 1)):
                g = f.create_group(f'episode_{i}')
                if n < 0:
                    continue
                g['observations'] = np.zeros((n + 1, 3), dtype=np.float32)
                g['actions'] = np.zeros(n, dtype=np.int64)
                g['rewards'] = np.ones(n)
                g['terminations'] = np.arange(n) == n - 1
                g['truncations'] = np.zeros(n, dtype=bool)
            """);
        Holds([path], count: 2, steps: [2, 1], "no step in episode_0: episode_0/rewards (0) has no rows");
        var nothing = Hdf5("nothing.hdf5", "f.create_group('episode_7')");
        AssertRefused(nothing, ErrorRule.Stop, "found no step in episode_7: the group is empty; expected at least one step in every episode");
        AssertRefused(nothing, ErrorRule.Keep, "no episode has a step");
    }

    [Fact]
    public void D3rlpysEpisodesWithoutSteps_AreCountedAndNamed()
    {
        var path = Hdf5("d3rlpy.hdf5", """
            f['columns'] = ['observations', 'actions', 'rewards']
            f['num_episodes'] = 3
            for i, n in ((0, 2), (1, 0), (2, 1)):
                f[f'observations_{i}'] = np.zeros((n, 3), dtype=np.float32)
                f[f'actions_{i}'] = np.zeros((n, 1), dtype=np.float32)
                f[f'rewards_{i}'] = np.ones((n, 1), dtype=np.float32)
                f[f'terminated_{i}'] = True
            """);
        Holds([path], count: 1, steps: [2, 1], "no step in episode 1: actions_1 (0, 1) has no rows");
    }

    // 9 and 19 are observations of trajectories that ended before their first action.
    [Theory]
    [InlineData(new float[] { 0, 1, 2, 3, 9, 10, 11, 12 }, new long[] { 3, 3 }, "no step in trajectory 1: 'indices' has it begin and end at step 3")]
    [InlineData(new float[] { 9, 0, 1, 2, 3, 10, 11, 12 }, new long[] { 0, 3 }, "no step in trajectory 0: 'indices' has it begin and end at step 0")]
    [InlineData(new float[] { 0, 1, 2, 3, 10, 11, 12, 9 }, new long[] { 3, 5 }, "no step in trajectory 2: 'indices' has it begin and end at step 5")]
    [InlineData(new float[] { 0, 1, 2, 3, 9, 19, 10, 11, 12 }, new long[] { 3, 3, 3 }, "no step in trajectory 1: 'indices' has it begin and end at step 3")]
    public void TrajectoriesWithoutSteps_AreCountedAndTheOthersStayAligned(float[] observations, long[] indices, string sample)
    {
        var path = _recording.Npz(
            "a.npz",
            ("obs", ArrayFiles.Floats($"({observations.Length}, 1)", observations)),
            ("acts", ArrayFiles.Longs("(5,)", 0, 1, 0, 1, 0)),
            ("rews", ArrayFiles.Doubles("(5,)", 1, 2, 3, 4, 5)),
            ("terminal", ArrayFiles.Flags($"({indices.Length + 1},)", [.. Enumerable.Repeat(true, indices.Length + 1)])),
            ("indices", ArrayFiles.Longs($"({indices.Length},)", indices)));
        var episodes = Holds([path], count: observations.Length - 7, [3, 2], sample).Episodes();
        Assert.Equal([0, 1, 2, 3], episodes[0].Observations.Concat(episodes[0].Final));
        Assert.Equal([10, 11, 12], episodes[1].Observations.Concat(episodes[1].Final));
        Assert.All(episodes, e => Assert.True(e.Terminated));
    }

    [Fact]
    public void SeveralFiles_AreNamedEach()
    {
        var (first, second) = (_recording.Write("a.json", NoRows, Batch), _recording.Write("b.json", Batch.Replace("[1, 1]", "[2, 2]", StringComparison.Ordinal), NoRows, NoRows));
        var report = Run([first, second], ErrorRule.Keep).Report;
        Assert.Equal([(first, 1L), (second, 2)], report.Findings.Where(f => f.Check == "empty_episode").OrderBy(f => f.Count).Select(f => (f.File, f.Count)));
    }

    // An object a line is a step: one of empty lists is a row, and no episode.
    [Fact]
    public void ALine_OfEmptyLists_IsARowWithoutNumbers()
    {
        var path = _recording.Write("a.jsonl", """{"observation": [], "action": 0, "reward": 1, "done": false}""", """{"observation": [1, 2], "action": 1, "reward": 1, "done": true}""");
        AssertRefused(path, ErrorRule.Stop, "a.jsonl, row 1, column 'observation': found '[]'; expected 2 numbers, as in the first row that has any");
        var result = Run([path], ErrorRule.Keep);
        Assert.Equal(new RowTally(2, 1, 1), result.Report.Rows);
        Assert.Single(result.Report.Findings, f => f is { Check: "width", Row: 1, Count: 1 });
    }

    Dataset Holds(string[] paths, long count, int[] steps, string sample)
    {
        AssertRefused(paths[0], ErrorRule.Stop, $"{paths[0]}: found {sample}");
        Dataset? dataset = null;
        foreach (var rule in new[] { ErrorRule.Reject, ErrorRule.Keep })
        {
            var result = Run(paths, rule);
            dataset = Dataset.Open(_recording.Workspace, result.Manifest.FullName);
            dataset.Check(NullProgress.Instance);
            Assert.Equal(steps, dataset.Episodes.Select(e => e.Steps));
            Assert.Equal(new RowTally(steps.Sum(), steps.Sum(), 0), result.Report.Rows);
            var found = Assert.Single(result.Report.Findings, f => f.Check == "empty_episode");
            Assert.Equal((Severity.Error, paths[0], count), (found.Severity, found.File, found.Count));
            Assert.StartsWith(sample, found.Sample, StringComparison.Ordinal);
            Assert.True(result.Report.HasErrors);
        }

        return dataset!;
    }

    ImportResult Run(string[] paths, ErrorRule rule) =>
        ImportJob.Run(new ImportConfig { Name = "x", Source = paths, OnError = rule }, _recording.Workspace, NullProgress.Instance, CancellationToken.None);

    void AssertRefused(string path, ErrorRule rule, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => Run([path], rule)).Message, StringComparison.Ordinal);

    string Hdf5(string name, string body)
    {
        var path = Path.Combine(_recording.Workspace.Root, name);
        ArrayFiles.Python("import sys, h5py\nimport numpy as np\nf = h5py.File(sys.argv[1], 'w')\n" + body + "\nf.close()", path);
        return path;
    }
}
