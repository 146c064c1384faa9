using System.Diagnostics;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class CommitTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Writer_NotCommitted_LeavesNothing()
    {
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "sample", SampleEpisodes.CartPoleLike))
        {
            SampleEpisodes.Write(writer, 5);
            Assert.StartsWith(".sample.pending-", Assert.Single(_workspace.DataEntries()), StringComparison.Ordinal);
            Assert.Empty(Dataset.List(_workspace.Workspace));
        }

        Assert.False(Directory.Exists(_workspace.Workspace.DataFolder));
    }

    [Fact]
    public void Writer_AfterARefusedEpisode_LeavesNothing()
    {
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "sample", SampleEpisodes.CartPoleLike))
        {
            Assert.Throws<UserErrorException>(() => SampleEpisodes.Write(writer, 3, rewardOfFirstStep: double.NaN));
        }

        Assert.Empty(_workspace.DataEntries());
    }

    [Fact]
    public void Commit_WithoutEpisodes_IsRefused()
    {
        using DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "sample", SampleEpisodes.CartPoleLike);
        writer.Reject(new RejectedRow("a.csv", 1, null, "no"));
        Assert.Contains("all 1 rows", Assert.Throws<UserErrorException>(() => writer.Commit()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_GoUpByOne_AndReadingTakesTheNewest()
    {
        Assert.Equal("sample-v1", SampleEpisodes.Make(_workspace.Workspace, "sample", 3).FullName);
        Assert.Equal("sample-v2", SampleEpisodes.Make(_workspace.Workspace, "sample", 4).FullName);
        Assert.Equal("sample-v12", SampleEpisodes.Make(_workspace.Workspace, "sample-v12", 5).FullName);
        Assert.Equal("sample-v13", SampleEpisodes.Make(_workspace.Workspace, "sample", 6).FullName);
        Assert.Equal(6, Dataset.Open(_workspace.Workspace, "sample").Manifest.Counts.Episodes);
        Assert.Equal(4, Dataset.Open(_workspace.Workspace, "sample-v2").Manifest.Counts.Episodes);
        Assert.Equal(["sample-v1", "sample-v2", "sample-v12", "sample-v13"], Dataset.List(_workspace.Workspace).Select(d => d.FullName));
    }

    [Fact]
    public void ExistingVersion_IsRefusedAndNotTouched()
    {
        string hash = SampleEpisodes.Make(_workspace.Workspace, "sample-v3", 3).ContentHash;
        UserErrorException error = Assert.Throws<UserErrorException>(() => SampleEpisodes.Make(_workspace.Workspace, "sample-v3", 4));
        Assert.Contains("'sample-v3' exists already", error.Message, StringComparison.Ordinal);
        Assert.Contains("write 'sample' to get its next version", error.Message, StringComparison.Ordinal);
        Assert.Equal(["sample-v3"], _workspace.DataEntries());
        Assert.Equal(hash, Dataset.Open(_workspace.Workspace, "sample-v3").Manifest.ContentHash);
    }

    [Fact]
    public void TwoWriters_OfOneName_GetTwoVersions()
    {
        using DatasetWriter first = DatasetWriter.Create(_workspace.Workspace, "sample", SampleEpisodes.CartPoleLike);
        using DatasetWriter second = DatasetWriter.Create(_workspace.Workspace, "sample", SampleEpisodes.CartPoleLike);
        SampleEpisodes.Write(first, 3);
        SampleEpisodes.Write(second, 4);
        Assert.Equal(["sample-v1", "sample-v2"], new[] { second.Commit().FullName, first.Commit().FullName }.Order());
        Assert.Equal(2, _workspace.DataEntries().Count);
    }

    [Fact]
    public void TwoWriters_OfOneVersion_GiveItToTheFirst()
    {
        using DatasetWriter first = DatasetWriter.Create(_workspace.Workspace, "sample-v1", SampleEpisodes.CartPoleLike);
        using DatasetWriter second = DatasetWriter.Create(_workspace.Workspace, "sample-v1", SampleEpisodes.CartPoleLike);
        SampleEpisodes.Write(first, 3);
        SampleEpisodes.Write(second, 4);
        second.Commit();
        Assert.Contains("exists already", Assert.Throws<UserErrorException>(() => first.Commit()).Message, StringComparison.Ordinal);
        Assert.Equal(4, Dataset.Open(_workspace.Workspace, "sample").Manifest.Counts.Episodes);
    }

    [Fact]
    public void NameTakenByAFile_IsSteppedOver()
    {
        Directory.CreateDirectory(_workspace.DataFolder);
        File.WriteAllText(Path.Combine(_workspace.DataFolder, "sample-v4"), "not a dataset");
        Assert.Equal("sample-v5", SampleEpisodes.Make(_workspace.Workspace, "sample", 3).FullName);
    }

    [Fact]
    public async Task ManyWriters_AtOnce_LoseNothing()
    {
        DatasetManifest[] manifests = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => SampleEpisodes.Make(_workspace.Workspace, "race", 2 + i))));
        Assert.Equal([1, 2, 3, 4, 5, 6], manifests.Select(m => m.Version).Order());
        Assert.Equal(6, _workspace.DataEntries().Count);
        Assert.All(manifests, m => Assert.Equal(m.Counts.Episodes, Dataset.Open(_workspace.Workspace, m.FullName).Manifest.Counts.Episodes));
    }

    [Fact]
    public void KilledWriter_LeavesNothingVisible()
    {
        SampleEpisodes.Make(_workspace.Workspace, "big", 3000);
        Directory.CreateDirectory(_workspace.Root);
        using Process process = Cli.Tool.Start(_workspace.Root, new Dictionary<string, string>(), "datasets", "split", "big", "--name", "killed");
        Assert.True(SpinWait.SpinUntil(() => process.HasExited || _workspace.DataEntries().Any(e => e.StartsWith(".killed.pending-", StringComparison.Ordinal)), TimeSpan.FromSeconds(60)));
        process.Kill();
        process.WaitForExit();
        Assert.SkipWhen(Directory.Exists(Path.Combine(_workspace.DataFolder, "killed-v1")), "The writer was faster than the kill.");
        Assert.Equal(["big-v1"], Dataset.List(_workspace.Workspace).Select(d => d.FullName));
        Assert.Equal("killed-v1", SampleEpisodes.Make(_workspace.Workspace, "killed").FullName);
    }

    [Fact]
    public void Sweep_DeletesOldLeftoversOnly()
    {
        string old = Path.Combine(_workspace.DataFolder, ".sample.pending-0123456789abcdef");
        string other = Path.Combine(_workspace.DataFolder, ".sample.pending-notes");
        Directory.CreateDirectory(Path.Combine(old, "data"));
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(old, "data", "part.parquet"), "x");
        Assert.Equal(0, PendingFolder.Sweep(_workspace.DataFolder, TimeSpan.FromHours(1)));
        Assert.Equal(1, PendingFolder.Sweep(_workspace.DataFolder, TimeSpan.FromHours(1), new ShiftedTime(TimeSpan.FromHours(2))));
        Assert.Equal([".sample.pending-notes"], _workspace.DataEntries());
    }

    [Fact]
    public void PendingFolder_OverAnExistingFolder_IsRefused()
    {
        string target = Path.Combine(_workspace.Root, "reports", "a");
        using (PendingFolder pending = PendingFolder.Create(target))
        {
            File.WriteAllText(Path.Combine(pending.FolderPath, "x"), "1");
            Directory.CreateDirectory(target);
            Assert.Contains("exists already", Assert.Throws<UserErrorException>(pending.Commit).Message, StringComparison.Ordinal);
        }

        Assert.Throws<UserErrorException>(() => PendingFolder.Create(target));
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.Combine(_workspace.Root, "reports")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("with space")]
    [InlineData("new\nline")]
    public void Name_WithOtherCharacters_IsRefused(string name) =>
        Assert.Contains("no name for a dataset", Assert.Throws<UserErrorException>(() => SampleEpisodes.Make(_workspace.Workspace, name)).Message, StringComparison.Ordinal);

    sealed class ShiftedTime(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
