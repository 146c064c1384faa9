using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Sampling;

namespace OfflineRL.Tests.Datasets.Columns;

/// <summary>Files of compiled columns that are no longer what was written.</summary>
public sealed class ChangedColumnsTests : IDisposable
{
    readonly EpisodeData _data = new();
    readonly string _folder;

    public ChangedColumnsTests()
    {
        // Large enough for blocks between the sampled ones.
        using var columns = _data.WriteFrames("frames", episodes: 4, steps: 20);
        _folder = columns.Folder;
    }

    string Frames => Path.Combine(_folder, "observations.npy");

    public void Dispose() => _data.Dispose();

    void Change(long at, bool keepTime)
    {
        var time = File.GetLastWriteTimeUtc(Frames);
        using (var stream = File.Open(Frames, FileMode.Open))
        {
            stream.Position = at;
            var value = stream.ReadByte();
            stream.Position = at;
            stream.WriteByte((byte)(value ^ 1));
        }

        File.SetLastWriteTimeUtc(Frames, keepTime ? time : time.AddSeconds(5));
    }

    string Message() => Assert.Throws<UserErrorException>(() => TrainingColumns.Open(_folder)).Message;

    [Fact]
    public void AFile_OfAnotherSize_IsRefused()
    {
        using (var stream = File.OpenWrite(Frames))
            stream.SetLength(stream.Length - 1);
        Assert.Equal($"The columns in '{_folder}' were changed after they were made: 'observations.npy' has 564607 bytes, expected 564608. Delete the folder; where the dataset is, it is made again.", Message());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(564_607)]
    public void AByte_InASampledBlock_IsSeenThoughTheTimeIsTheSame(long at)
    {
        Change(at, keepTime: true);
        Assert.Contains("'observations.npy' holds other bytes", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void AByte_BetweenSampledBlocks_IsSeenByTheTime()
    {
        Change(10_000, keepTime: false);
        Assert.Contains("'observations.npy' has another SHA-256 than it was written with; it was changed at", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void AByte_BetweenSampledBlocksWithTheTimePutBack_IsFoundByTheCheck()
    {
        Assert.Empty(TrainingColumns.Findings(_folder, NullProgress.Instance));
        Change(10_000, keepTime: true);
        TrainingColumns.Open(_folder).Dispose();
        Assert.Contains("'observations.npy' has another SHA-256", Assert.Single(TrainingColumns.Findings(_folder, NullProgress.Instance)), StringComparison.Ordinal);
        // The check of the dataset looks at what was compiled of it.
        Assert.Contains("'observations.npy' has another SHA-256", Assert.Single(Dataset.Open(_data.Workspace.Workspace, "frames").Findings(NullProgress.Instance)), StringComparison.Ordinal);
    }

    [Fact]
    public void AFile_ThatWasOnlyTouched_IsReadOnceAndGetsItsTimeBack()
    {
        var time = File.GetLastWriteTimeUtc(Frames);
        File.SetLastWriteTimeUtc(Frames, time.AddDays(1));
        TrainingColumns.Open(_folder).Dispose();
        Assert.Equal(time, File.GetLastWriteTimeUtc(Frames));
    }

    [Fact]
    public void AFolder_ThatWasCopied_Opens()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_data.Workspace.Root, "copy")).FullName;
        foreach (var file in Directory.EnumerateFiles(_folder))
            File.WriteAllBytes(Path.Combine(copy, Path.GetFileName(file)), File.ReadAllBytes(file));
        using var columns = Dataset.OpenColumns(_data.Workspace.Workspace, copy, NullProgress.Instance);
        Assert.Equal(80, columns.Steps);
    }

    [Fact]
    public void AFile_ThatIsGone_OrThatTheDescriptionDoesNotKnow_IsNamed()
    {
        File.Delete(Path.Combine(_folder, "rewards.npy"));
        Assert.Contains("'rewards.npy' is missing", Message(), StringComparison.Ordinal);
        var description = Path.Combine(_folder, "columns.json");
        File.WriteAllText(description, File.ReadAllText(description).Replace("\"rewards.npy\"", "\"../rewards.npy\"", StringComparison.Ordinal));
        Assert.Contains("columns.json does not know 'rewards.npy'", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_OfAChangedCache_AreNotTrainedFrom()
    {
        Change(0, keepTime: true);
        Assert.Contains("were changed after they were made", Assert.Throws<UserErrorException>(() => Dataset.Open(_data.Workspace.Workspace, "frames").Compile(NullProgress.Instance)).Message, StringComparison.Ordinal);
    }
}
