using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class SplitRuleTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    // Python: int.from_bytes(hashlib.sha256(b"0:a").digest()[:8], "big") >> 11, over 2**53.
    [Theory]
    [InlineData(0ul, "a", 0.6170009362330672)]
    [InlineData(7ul, "rllib:3", 0.2517953367792639)]
    public void Point_IsThePublishedHash(ulong seed, string key, double expected) => Assert.Equal(expected, SplitRule.Point(seed, key), 1e-15);

    [Fact]
    public void Parts_HaveAboutTheirShareAndDependOnTheSeed()
    {
        SplitRule rule = SplitRule.Parse("train=0.7,val=0.2,test=0.1", 3);
        string[] keys = [.. Enumerable.Range(0, 10_000).Select(i => $"episode {i}")];
        int[] counts = [.. rule.Fractions.Select(f => keys.Count(k => rule.PartOf(k) == f.Name))];
        // Four standard deviations of the binomial.
        Assert.InRange(counts[0], 7000 - 184, 7000 + 184);
        Assert.InRange(counts[1], 2000 - 160, 2000 + 160);
        Assert.InRange(counts[2], 1000 - 120, 1000 + 120);
        SplitRule other = rule with { Seed = 4 };
        int same = keys.Count(k => rule.IndexOf(k) == other.IndexOf(k));
        Assert.InRange(same, 5400 - 200, 5400 + 200);
    }

    [Theory]
    [InlineData("train", "not of the form name=fraction")]
    [InlineData("train=0.5,test=0.4", "sum to 0.9")]
    [InlineData("train=1.5,test=-0.5", "not within (0, 1]")]
    [InlineData("a=0.5,a=0.5", "appears 2 times")]
    [InlineData("a b=1", "other characters")]
    [InlineData("", "0 parts")]
    public void Parse_OfAFaultyRule_SaysWhy(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => SplitRule.Parse(text, 0)).Message, StringComparison.Ordinal);

    [Fact]
    public void Split_WritesANewVersionWithTheSameRows()
    {
        DatasetManifest before = SampleEpisodes.Make(_workspace.Workspace, "sample", 200);
        Dataset source = Dataset.Open(_workspace.Workspace, "sample");
        DatasetManifest after = DatasetSplitter.Run(_workspace.Workspace, source, null, SplitRule.Parse("train=0.8,test=0.2", 5), NullProgress.Instance);

        Assert.Equal("sample-v2", after.FullName);
        Assert.Equal([new DatasetReference("sample-v1", before.ContentHash)], after.Provenance.Parents);
        Assert.NotEqual(before.ContentHash, after.ContentHash);
        Dataset split = Dataset.Open(_workspace.Workspace, "sample");
        Assert.Empty(split.Findings(NullProgress.Instance));
        Assert.Equal(200, after.Counts.EpisodesBySplit["train"] + after.Counts.EpisodesBySplit["test"]);
        Assert.All(split.Episodes, e => Assert.Equal(after.Split.PartOf(e.EpisodeKey), e.Split));
        using TrainingColumns old = source.Compile(NullProgress.Instance), made = split.Compile(NullProgress.Instance);
        Assert.Equal(old.Observations!.Slice(0, (int)old.Steps).ToArray(), made.Observations!.Slice(0, (int)made.Steps).ToArray());
        Assert.Equal(after.Counts.EpisodesBySplit["test"], made.EpisodeSplit.Slice(0, made.Episodes).ToArray().Count(i => made.Info.Splits[i] == "test"));
    }

    [Fact]
    public void SplitKey_KeepsEpisodesOfOneUserTogether()
    {
        using DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "users", SampleEpisodes.CartPoleLike with { Split = SplitRule.Parse("a=0.5,b=0.5", 1) });
        for (int e = 0; e < 100; e++)
        {
            writer.WriteEpisode(new EpisodeColumns { Key = $"e{e}", SplitKey = $"user{e % 10}", BehaviorPolicy = "p", Observations = [1, 2, 3, 4], DiscreteActions = [0], Rewards = [1], Terminated = true });
        }

        writer.Commit();
        IReadOnlyList<EpisodeRecord> episodes = Dataset.Open(_workspace.Workspace, "users").Episodes;
        Assert.All(episodes.GroupBy(e => e.SplitKey), user => Assert.Single(user.Select(e => e.Split).Distinct()));
        Assert.Equal(2, episodes.Select(e => e.Split).Distinct().Count());
    }
}
