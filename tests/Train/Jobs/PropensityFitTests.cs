using System.Text.Json;
using System.Text.Json.Nodes;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Columns;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Jobs;

/// <summary>What runs that weigh steps by propensities refuse, and what they say.</summary>
public sealed class PropensityFitTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(double.NaN, "the log-probability of the action taken is not known")]
    [InlineData(double.NegativeInfinity, "the logged probability of the action taken is 0")]
    [InlineData(double.PositiveInfinity, "the logged density of the action taken is infinite")]
    [InlineData(0.7, "the log-probability of the action taken is 0.7, a probability of 2.01375; expected at most 0")]
    public void Run_OfAWrongPropensity_NamesEpisodeAndStep(double log, string found)
    {
        // As columns that another tool made might hold: the last step's.
        var (changed, last) = Patch(folder =>
        {
            var path = Path.Combine(folder, "behavior_log_probs.npy");
            var bytes = File.ReadAllBytes(path);
            BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 8), log);
            File.SetAttributes(path, FileAttributes.Normal);
            File.WriteAllBytes(path, bytes);
            ColumnSeal.Renew(path);
        });
        using var held = changed;
        Assert.Contains($"episode 19, step {last}: {found}", Refused(changed), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfDensitiesOfDiscreteActions_SaysThatTheyAreOfTheWrongKind()
    {
        var (changed, _) = Patch(folder =>
        {
            var path = Path.Combine(folder, "columns.json");
            var info = JsonNode.Parse(File.ReadAllText(path))!;
            info["propensity_kind"] = "density";
            File.SetAttributes(path, FileAttributes.Normal);
            File.WriteAllText(path, info.ToJsonString());
        });
        using var held = changed;
        Assert.Contains("has the action space discrete(2) and propensities of the kind density; expected probability", Refused(changed), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("importance_pg")]
    [InlineData("vtrace")]
    [InlineData("acer")]
    public void Run_WithoutPropensities_SaysWhatToDo(string algorithm)
    {
        using var columns = SampledMdp.Write(_data, "small", 20, source: PropensitySource.Unknown);
        var message = Refused(columns, algorithm);
        Assert.Contains("propensity_source unknown", message, StringComparison.Ordinal);
        Assert.Contains("offlinerl ingest propensities", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PropensitySource.Estimated, "estimated")]
    [InlineData(PropensitySource.Logged, "logged")]
    public void Run_SaysWhetherPropensitiesAreEstimates(PropensitySource source, string name)
    {
        using var columns = SampledMdp.Write(_data, "small", 20, source: source);
        var progress = new CallbackProgress(_ => { });
        TrainJob.Run(TrainData.Tiny("importance_pg") with { Name = "said" }, _data.Workspace, columns, progress, default);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "said"), 0);
        const string Note = "the propensities of small-v1 are estimated, not logged";
        Assert.Equal(source == PropensitySource.Estimated, progress.Lines.Any(line => line.StartsWith(Note, StringComparison.Ordinal)));
        Assert.Equal(source == PropensitySource.Estimated, File.ReadAllText(Path.Combine(seed, "log.txt")).Contains(Note, StringComparison.Ordinal));
        var policy = JsonDocument.Parse(File.ReadAllText(Path.Combine(seed, "policies", "step-60", "policy.json"))).RootElement;
        Assert.Equal(name, policy.GetProperty("propensity_source").GetString());
    }

    string Refused(TrainingColumns columns, string algorithm = "importance_pg")
    {
        var error = Assert.Throws<UserErrorException>(() => TrainJob.Run(TrainData.Tiny(algorithm) with { Name = "refused" }, _data.Workspace, columns, NullProgress.Instance, default));
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));
        return error.Message;
    }

    // Returns the changed columns, and the last step of the last episode.
    (TrainingColumns Columns, long Last) Patch(Action<string> change)
    {
        string folder;
        long last;
        using (var columns = SampledMdp.Write(_data, "small", 20))
        {
            folder = columns.Folder;
            last = columns.Steps - 1 - columns.EpisodeFirstRow.Slice(19, 1)[0];
        }

        change(folder);
        return (Dataset.OpenColumns(_data.Workspace, folder, NullProgress.Instance, CancellationToken.None), last);
    }
}
