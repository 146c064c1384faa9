using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class ContentHashTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Hash_OfTheSameData_IsTheSame() =>
        Assert.Equal(SampleEpisodes.Make(_workspace.Workspace, "one").ContentHash, SampleEpisodes.Make(_workspace.Workspace, "two").ContentHash);

    [Fact]
    public void Hash_WhereOneRewardDiffers_Differs() => Assert.NotEqual(
        SampleEpisodes.Make(_workspace.Workspace, "one").ContentHash,
        SampleEpisodes.Make(_workspace.Workspace, "two", rewardOfFirstStep: Math.BitIncrement(1.0)).ContentHash);

    [Fact]
    public void Hash_WhereThePropensitySourceOrASplitDiffers_Differs()
    {
        string hash = SampleEpisodes.Make(_workspace.Workspace, "one").ContentHash;
        Assert.NotEqual(hash, SampleEpisodes.Make(_workspace.Workspace, "two", description: SampleEpisodes.CartPoleLike with { PropensitySource = PropensitySource.Estimated }).ContentHash);
        Assert.NotEqual(hash, SampleEpisodes.Make(_workspace.Workspace, "three", description: SampleEpisodes.CartPoleLike with { Split = SplitRule.Parse("train=0.5,test=0.5", 1) }).ContentHash);
    }

    [Theory]
    [InlineData("COMPRESSION zstd, ROW_GROUP_SIZE 2048")]
    [InlineData("COMPRESSION uncompressed, PARQUET_VERSION v2")]
    public void Hash_OfAnotherLayout_IsTheSame(string layout)
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 300);
        Dataset dataset = Dataset.Open(_workspace.Workspace, "sample");
        Rewrite.Part(dataset, "SELECT * FROM part", layout);
        Assert.All(dataset.Findings(NullProgress.Instance), finding => Assert.Contains("bytes", finding, StringComparison.Ordinal));
    }

    [Fact]
    public void Hash_OfChangedRows_IsFoundByCompiling()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        Dataset dataset = Dataset.Open(_workspace.Workspace, "sample");
        Rewrite.Part(dataset, "SELECT * REPLACE (reward + 1e-9 AS reward) FROM part");
        Assert.Contains("content hash", Assert.Throws<UserErrorException>(() => dataset.Compile(NullProgress.Instance)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_workspace.Workspace.CacheFolder, "columns")));
    }
}
