using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class DatasetMergerTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Merge_DropsAndCountsEpisodesOfOneKey()
    {
        Make("a", 20, 1);
        // The keys of the samples are their numbers: 20 of these 30 are in the first.
        Make("b", 30, 2);
        var result = Merge("a", "b");
        Assert.Equal([0L, 20L], result.Duplicates);
        Assert.Equal(30, result.Manifest.Counts.Episodes);
        Assert.Equal(["a-v1", "b-v1"], result.Manifest.Provenance.Parents.Select(p => p.Name));
        Assert.Equal("20 episodes of b-v1 have the key of an episode before, and were left out.", Assert.Single(result.Manifest.Provenance.Notes));
        var merged = Dataset.Open(_workspace.Workspace, "both");
        Assert.Empty(merged.Findings(NullProgress.Instance));
        var (a, b) = (Dataset.Open(_workspace.Workspace, "a").Episodes, Dataset.Open(_workspace.Workspace, "b").Episodes);
        Assert.Equal(a.Concat(b.Skip(20)).Select(e => (e.EpisodeKey, e.Steps, e.Return)), merged.Episodes.Select(e => (e.EpisodeKey, e.Steps, e.Return)));
    }

    [Fact]
    public void Merge_OfADatasetWithItsSplit_HasTheSameContent()
    {
        var hash = Make("a", 20, 1).ContentHash;
        Make("a", 20, 1);
        Assert.Equal(hash, Merge("a-v1", "a-v2").Manifest.ContentHash);
    }

    [Fact]
    public void Merge_OfDifferentEnvironments_KeepsEachEpisodesOwn()
    {
        Make("a", 5, 1);
        SampleEpisodes.Make(_workspace.Workspace, "b", 8, SampleEpisodes.CartPoleLike with { Environment = new("CartPole-v1", new Dictionary<string, double> { ["length"] = 0.8 }) });
        Merge("a", "b");
        var merged = Dataset.Open(_workspace.Workspace, "both");
        Assert.Null(merged.Manifest.Environment);
        Assert.Equal(5, merged.Episodes.Count(e => e.Environment!.Parameters["length"] == 0.5));
        Assert.Equal(3, merged.Episodes.Count(e => e.Environment!.Parameters["length"] == 0.8));
        Assert.Empty(merged.Findings(NullProgress.Instance));
    }

    [Fact]
    public void Merge_OfOtherSpaces_IsRefusedAndLeavesNothing()
    {
        Make("a", 5, 1);
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "b", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "x", BehaviorPolicy = "p", Observations = [1], DiscreteActions = [0], Rewards = [0], Truncated = true });
            writer.Commit();
        }

        Assert.Contains("'b-v1' has observations of box(1, float32); 'a-v1' has box(4, float32)", Assert.Throws<UserErrorException>(() => Merge("a", "b")).Message, StringComparison.Ordinal);
        Assert.Equal(["a-v1", "b-v1"], _workspace.DataEntries());
    }

    DatasetManifest Make(string name, int episodes, ulong seed) => SampleEpisodes.Make(_workspace.Workspace, name, episodes, seed: seed);

    MergeResult Merge(params string[] names) =>
        DatasetMerger.Run(_workspace.Workspace, [.. names.Select(n => Dataset.Open(_workspace.Workspace, n))], "both", null, NullProgress.Instance);
}
