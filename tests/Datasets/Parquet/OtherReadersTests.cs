using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Logging;

namespace OfflineRL.Tests.Datasets.Parquet;

/// <summary>Readers that know nothing of ours, in JavaScript and in Rust, find the same values in our files as DuckDB does.</summary>
public sealed class OtherReadersTests : IDisposable
{
    static readonly string Packages = Path.Combine(Checkout.Root, ".artifacts", "npm-readers");

    readonly TestWorkspace _workspace = new();

    public OtherReadersTests() => Assert.SkipUnless(
        File.Exists(Path.Combine(Packages, "installed.json")), $"the npm packages hyparquet and parquet-wasm are not in '{Packages}'; .ci/setup-npm.sh readers brings them.");

    public static TheoryData<string> Readers => ["hyparquet", "parquet-wasm"];

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [MemberData(nameof(Readers))]
    public void Steps_WithEveryOptionalColumn_AreRead(string reader)
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "full", VariedEpisodes.Full, 1, 2, 7, 100, 8, 300, 1, 1, 900, 33);
        RequireSame(reader, dataset.PathOf(Assert.Single(dataset.StepFiles)));
        RequireSame(reader, Path.Combine(dataset.Folder, Dataset.EpisodesFile));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Steps_OfSeveralRowGroups_AreRead(string reader)
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "plain", VariedEpisodes.Plain, 50_000, 1, 79_999);
        RequireSame(reader, dataset.PathOf(Assert.Single(dataset.StepFiles)));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Steps_OfImages_AreRead(string reader)
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "images", VariedEpisodes.Images, 1, 3000, 40);
        RequireSame(reader, dataset.PathOf(Assert.Single(dataset.StepFiles)));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Segments_OfALog_AreRead(string reader)
    {
        var log = Path.Combine(_workspace.Root, "log");
        using (var logger = TrajectoryLogger.Open(log, LogSamples.Discrete, LogSamples.Patient))
        {
            for (var i = 0; i < 20; i++)
            {
                LogSamples.Episode(logger, i, 1 + (i * 7));
                if (i % 5 == 0)
                    logger.Flush();
            }
        }

        RequireSame(reader, Assert.Single(LogFolder.Segments(log)).Path);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void OneValueThatDiffers_IsFound(string reader)
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "full", VariedEpisodes.Full, 20);
        var path = dataset.PathOf(Assert.Single(dataset.StepFiles));
        var json = Path.Combine(_workspace.Root, "expected.json");
        TableJson.Write(path, json);
        File.WriteAllText(json, File.ReadAllText(json).Replace("\"step\":[0,1,2,", "\"step\":[0,1,3,", StringComparison.Ordinal));
        var (status, _, error) = Compare(reader, path, json);
        Assert.Equal(1, status);
        Assert.Contains($"{reader}, step, row 2: found 2, expected 3", error, StringComparison.Ordinal);
    }

    void RequireSame(string reader, string path)
    {
        var json = Path.Combine(_workspace.Root, "expected.json");
        var values = TableJson.Write(path, json);
        var (status, output, error) = Compare(reader, path, json);
        Assert.True(status == 0, error);
        Assert.Equal($"{values}", output.Trim());
    }

    static (int Status, string Output, string Error) Compare(string reader, string path, string json)
    {
        var script = Path.Combine(Checkout.Root, "tests", "Datasets", "Parquet", "compare.mjs");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("OFFLINERL_NODE") ?? "node", [script, Packages, reader, path, json])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
