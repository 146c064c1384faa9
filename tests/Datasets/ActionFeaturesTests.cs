using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class ActionFeaturesTests : IDisposable
{
    const int Actions = 3, Features = 2, Width = Actions * Features;

    static readonly DatasetDescription Description = new()
    {
        ObservationSpace = BoxSpace.Unbounded(1),
        ActionSpace = new DiscreteSpace(Actions),
        HasActionMask = true,
        ActionFeatures = Features,
    };

    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Features_OfManyStepsAndOfNone_ComeBackAsWritten()
    {
        // More rows than a chunk of DuckDB's holds, so that a list starts in one and ends in another.
        int[] steps = [1, 3000, 7, 2100];
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "features", Description))
        {
            for (var i = 0; i < steps.Length; i++)
                writer.WriteEpisode(Episode(i, steps[i], i == 2 ? [] : Values(i, steps[i])));
            writer.Commit();
        }

        var dataset = Dataset.Open(_workspace.Workspace, "features");
        Assert.Equal(Features, dataset.Manifest.ActionFeatures);
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        var seen = 0;
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            Assert.Equal(seen == 2 ? [] : Values(seen, steps[seen]), e.ActionFeatures.ToArray());
            seen++;
        });
        Assert.Equal(steps.Length, seen);
        dataset.ReadEpisode(3, (EpisodeRecord _, in EpisodeColumns e) => Assert.Equal(Values(3, steps[3]), e.ActionFeatures.ToArray()));

        using (var columns = dataset.Compile(NullProgress.Instance))
        {
            float[] whole = [.. Values(0, steps[0]), .. Values(1, steps[1]), .. new float[steps[2] * Width], .. Values(3, steps[3])];
            Assert.Equal(Width, columns.ActionFeatures!.Width);
            Assert.Equal(whole, columns.ActionFeatures.Slice(0, steps.Sum()).ToArray());
        }

        var split = DatasetSplitter.Run(_workspace.Workspace, dataset, "split", SplitRule.AllTrain, NullProgress.Instance);
        Assert.Equal(dataset.Manifest.ContentHash, split.ContentHash);
    }

    [Fact]
    public void Hash_WhereOneFeatureDiffers_Differs()
    {
        var hashes = new HashSet<string>();
        foreach (var value in new[] { 0f, MathF.BitIncrement(0) })
        {
            using var writer = DatasetWriter.Create(_workspace.Workspace, "features", Description);
            writer.WriteEpisode(Episode(0, 1, [0, 0, 0, 0, 0, value]));
            hashes.Add(writer.Commit().ContentHash);
        }

        Assert.Equal(2, hashes.Count);
    }

    [Fact]
    public void Datasets_WithoutFeatures_HaveNothingOfThem()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        var dataset = Dataset.Open(_workspace.Workspace, "sample");
        Assert.DoesNotContain("action_features", File.ReadAllText(Path.Combine(dataset.Folder, Dataset.ManifestFile)), StringComparison.Ordinal);
        Assert.DoesNotContain(TrajectorySchema.Of(dataset.Manifest).StepColumns, c => c.Name == "action_features");
        using var columns = dataset.Compile(NullProgress.Instance);
        Assert.Null(columns.ActionFeatures);
    }

    [Fact]
    public void Features_ThatDoNotFit_AreRefused()
    {
        AssertRefused("action_features has 5 values; expected 1 steps of 6", [0, 0, 0, 0, 0]);
        AssertRefused("action_features is NaN at index 5", [0, 0, 0, 0, 0, float.NaN]);
        Assert.Contains("only discrete actions have features", Assert.Throws<UserErrorException>(() =>
            DatasetWriter.Create(_workspace.Workspace, "x", Description with { ActionSpace = BoxSpace.Unbounded(2), HasActionMask = false })).Message, StringComparison.Ordinal);
        Assert.Contains("more than", Assert.Throws<UserErrorException>(() =>
            DatasetWriter.Create(_workspace.Workspace, "x", Description with { ActionFeatures = int.MaxValue })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[[1, 2], [3, 4]]", "has 2 lists")]
    [InlineData("[[1, 2], [3, 4], [5]]", "has 1 values, expected 2")]
    [InlineData("[[1, 2], NULL, [5, 6]]", "found null")]
    [InlineData("[[1, 2], [3, 4], [5, 'Infinity'::FLOAT]]", "expected a finite number")]
    [InlineData("[[1, 2], [3, 4], [5, 7]]", "content hash")]
    public void StoredFeatures_ThatWereChanged_AreFound(string changed, string finding)
    {
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "features", Description))
        {
            writer.WriteEpisode(Episode(0, 2, Values(0, 2)));
            writer.Commit();
        }

        var dataset = Dataset.Open(_workspace.Workspace, "features");
        Rewrite.Part(dataset, $"SELECT * REPLACE (CASE step WHEN 1 THEN {changed}::FLOAT[][] ELSE action_features END AS action_features) FROM part");
        Assert.Contains(dataset.Findings(NullProgress.Instance), f => f.Contains(finding, StringComparison.Ordinal));
    }

    void AssertRefused(string message, float[] features)
    {
        using var writer = DatasetWriter.Create(_workspace.Workspace, "x", Description);
        var error = Assert.Throws<UserErrorException>(() => writer.WriteEpisode(Episode(0, 1, features)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    static EpisodeColumns Episode(int id, int steps, float[] features) => new()
    {
        Key = $"e{id}",
        BehaviorPolicy = "p",
        Observations = new float[steps],
        DiscreteActions = new int[steps],
        Rewards = new double[steps],
        Terminated = true,
        ActionMasks = Enumerable.Repeat(true, steps * Actions).ToArray(),
        ActionFeatures = features,
    };

    static float[] Values(int id, int steps) => [.. Enumerable.Range(0, steps * Width).Select(i => (id * 100_000) + i + 0.5f)];
}
