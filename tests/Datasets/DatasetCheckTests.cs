using System.Text.Json.Nodes;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class DatasetCheckTests : IDisposable
{
    readonly TestWorkspace _workspace = new();
    readonly Dataset _dataset;

    public DatasetCheckTests()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        _dataset = Dataset.Open(_workspace.Workspace, "sample");
    }

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Check_OfAnUntouchedDataset_FindsNothing() => _dataset.Check(NullProgress.Instance);

    [Theory]
    [InlineData("SELECT * REPLACE (CASE WHEN episode_id = 3 AND step = 0 THEN 2 ELSE reward END AS reward) FROM part", "the rewards of episode 3 sum to")]
    [InlineData("SELECT * REPLACE (CASE WHEN episode_id = 3 AND step = 0 THEN 'nan' ELSE reward END::DOUBLE AS reward) FROM part", "column reward: found NaN")]
    [InlineData("SELECT * REPLACE (CASE WHEN episode_id = 3 AND step > 0 THEN step + 1 ELSE step END::INTEGER AS step) FROM part", "a gap")]
    [InlineData("SELECT * REPLACE (CASE WHEN step = 0 THEN list_transform(observation, v -> 'inf'::FLOAT) ELSE observation END AS observation) FROM part", "column observation: found Infinity")]
    [InlineData("SELECT * REPLACE (list_transform(behavior_probs, p -> p * 1.1) AS behavior_probs) FROM part", "sums to 1.1")]
    [InlineData("SELECT * REPLACE (behavior_log_prob - 0.1 AS behavior_log_prob) FROM part", "behavior_log_prob says")]
    [InlineData("SELECT * REPLACE (7::INTEGER AS action) FROM part", "column action: found 7, expected 0 to 1")]
    [InlineData("SELECT * REPLACE (true AS terminated) FROM part", "terminated and truncated")]
    [InlineData("SELECT * REPLACE (episode_id + 1 AS episode_id) FROM part", "column episode_id: found 1 after -1")]
    [InlineData("SELECT * REPLACE (observation[1:3] AS observation) FROM part", "column observation: has 3 values, expected 4")]
    [InlineData("SELECT * REPLACE (CASE WHEN step = 0 THEN NULL ELSE reward END AS reward) FROM part", "column reward: found null")]
    [InlineData("SELECT * REPLACE (reward::FLOAT AS reward) FROM part", "column reward: found Float, expected DOUBLE")]
    [InlineData("SELECT * EXCLUDE (reward) FROM part", "reward")]
    [InlineData("SELECT * FROM part LIMIT 10", "has 10 rows")]
    [InlineData("SELECT * FROM part UNION ALL SELECT * FROM part", "has more rows")]
    public void Check_OfTamperedSteps_SaysWhatAndWhere(string query, string expected)
    {
        Rewrite.Part(_dataset, query);
        string message = Assert.Throws<CheckFailedException>(() => _dataset.Check(NullProgress.Instance)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("'data/part-00000.parquet'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT * REPLACE ('other' AS split) FROM part", "is in the split 'other', the manifest's rule says 'train'")]
    [InlineData("SELECT * REPLACE (\"return\" + 1 AS \"return\") FROM part", "the episodes table says")]
    [InlineData("SELECT * REPLACE (steps + 1 AS steps) FROM part", "the episodes table says")]
    [InlineData("SELECT * REPLACE (NULL::VARCHAR AS episode_key) FROM part", "column episode_key: found null")]
    [InlineData("SELECT * REPLACE (false AS truncated, false AS terminated) FROM part", "ends neither terminated nor truncated")]
    [InlineData("SELECT * REPLACE ('no json' AS environment_parameters) FROM part", "expected a JSON object")]
    [InlineData("SELECT * REPLACE ('x' || episode_key AS episode_key) FROM part", "content hash")]
    public void Check_OfATamperedEpisodesTable_SaysWhatAndWhere(string query, string expected)
    {
        Rewrite.File(Path.Combine(_dataset.Folder, Dataset.EpisodesFile), query);
        Assert.Contains(expected, Assert.Throws<CheckFailedException>(() => _dataset.Check(NullProgress.Instance)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfOneFlippedByte_FindsTheFile()
    {
        string path = _dataset.PathOf(_dataset.StepFiles[0]);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains(_dataset.Findings(NullProgress.Instance), f => f.Contains("another SHA-256", StringComparison.Ordinal));
    }

    [Fact]
    public void Check_OfAMissingAndAnExtraFile_FindsBoth()
    {
        File.Delete(_dataset.PathOf(_dataset.StepFiles[0]));
        File.WriteAllText(Path.Combine(_dataset.Folder, "data", "notes.txt"), "x");
        IReadOnlyList<string> findings = _dataset.Findings(NullProgress.Instance);
        Assert.Contains("'data/part-00000.parquet' is missing", findings);
        Assert.Contains("'data/notes.txt' is not in the manifest", findings);
    }

    [Fact]
    public void Truncated_Parquet_GivesOneClearMessage()
    {
        string path = _dataset.PathOf(_dataset.StepFiles[0]);
        using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(file.Length / 2);
        }

        Assert.Contains("it is truncated", Assert.Throws<CheckFailedException>(() => _dataset.Check(NullProgress.Instance)).Message, StringComparison.Ordinal);
        string message = Assert.Throws<UserErrorException>(() => _dataset.Compile(NullProgress.Instance)).Message;
        Assert.Contains($"'{path}' cannot be read as Parquet", message, StringComparison.Ordinal);
        Assert.Contains("may be truncated", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../secret.parquet")]
    [InlineData("/etc/passwd")]
    [InlineData("data/../../x.parquet")]
    public void Open_OfAManifestThatLeavesItsFolder_IsRefused(string path)
    {
        Edit(m => m["files"]![0]!["path"] = path);
        Assert.Contains($"names the file '{path}'", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfALinkedFileOrFolder_IsRefused()
    {
        string path = _dataset.PathOf(_dataset.StepFiles[0]);
        File.Move(path, Path.Combine(_workspace.Root, "elsewhere.parquet"));
        File.CreateSymbolicLink(path, Path.Combine(_workspace.Root, "elsewhere.parquet"));
        Assert.Contains("is a link", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);

        string folder = Path.Combine(_dataset.Folder, "data");
        Directory.Move(folder, Path.Combine(_workspace.Root, "elsewhere"));
        Directory.CreateSymbolicLink(folder, Path.Combine(_workspace.Root, "elsewhere"));
        Assert.Contains("is a link", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfANewerSchema_SaysSo()
    {
        Edit(m => m["schema_version"] = 99);
        Assert.Contains("schema version 99", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAnUnknownKeyOrHalfAManifest_SaysSo()
    {
        Edit(m => m["surprise"] = 1);
        Assert.Contains("surprise", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
        string path = Path.Combine(_dataset.Folder, Dataset.ManifestFile);
        File.WriteAllText(path, File.ReadAllText(path)[..200]);
        Assert.Contains("is not a valid DatasetManifest", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfCountsThatContradict_IsRefused()
    {
        Edit(m => m["counts"]!["steps"] = long.MaxValue);
        Assert.Contains("does not hold together", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("observation_space", """{"type": "box", "shape": [2147483647, 2147483647, 4], "low": [0], "high": [0], "element_type": "float32"}""", "2147483647x2147483647x4")]
    [InlineData("observation_space", """{"type": "box", "shape": [-4], "low": [0], "high": [0], "element_type": "float32"}""", "shape -4")]
    [InlineData("observation_space", """{"type": "box", "shape": [4], "low": {"value": 0, "count": 2147483647}, "high": [0], "element_type": "float32"}""", "is not a valid")]
    [InlineData("observation_space", """{"type": "box", "shape": [4], "low": [0], "high": [1], "element_type": "float32"}""", "1 lower and 1 upper bounds, expected 4")]
    [InlineData("info_columns", """[{"name": "info_../../x", "type": "double", "width": 0}]""", "not of the form info_name")]
    [InlineData("info_columns", "[null]", "null in a list")]
    [InlineData("files", "null", "is not a valid")]
    [InlineData("name", "\"../x\"", "no name for a dataset")]
    public void Open_OfAHostileManifest_IsRefused(string key, string json, string expected)
    {
        Edit(m => m[key] = JsonNode.Parse(json));
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void List_WithADamagedDataset_ShowsTheOthers()
    {
        SampleEpisodes.Make(_workspace.Workspace, "other", 3);
        File.WriteAllText(Path.Combine(_dataset.Folder, Dataset.ManifestFile), "{");
        List<string> unreadable = [];
        Assert.Equal(["other-v1"], Dataset.List(_workspace.Workspace, unreadable.Add).Select(d => d.FullName));
        Assert.Contains("sample-v1", Assert.Single(unreadable), StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_Cancelled_LeavesNothing()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => _dataset.Compile(NullProgress.Instance, cancelled.Token));
        Assert.False(Directory.Exists(Path.Combine(_workspace.Workspace.CacheFolder, "columns")));
        Assert.Throws<OperationCanceledException>(() => DatasetSplitter.Run(_workspace.Workspace, _dataset, null, SplitRule.AllTrain, NullProgress.Instance, cancelled.Token));
        Assert.Equal(["sample-v1"], _workspace.DataEntries());
    }

    [Fact]
    public void Open_OfNoSuchDataset_NamesThoseThereAre() =>
        Assert.Contains("there are sample-v1", Assert.Throws<UserErrorException>(() => Dataset.Open(_workspace.Workspace, "simple")).Message, StringComparison.Ordinal);

    void Edit(Action<JsonNode> edit)
    {
        string path = Path.Combine(_dataset.Folder, Dataset.ManifestFile);
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(path))!;
        edit(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }
}
