using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using OfflineRL.Tests.Train;

namespace OfflineRL.Tests.Cli;

/// <summary>The train command as a user, a scheduler and a killer meet it.</summary>
public sealed class TrainCommandTests : IDisposable
{
    static readonly Dictionary<string, string> NoEnvironment = [];

    readonly TrainData _data = new();

    public TrainCommandTests() => _data.WriteSigns().Dispose();

    public void Dispose() => _data.Dispose();

    static string[] Arguments(string name, int steps) =>
    [
        "train", "--dataset", "signs", "--name", name, "--steps", steps.ToString(CultureInfo.InvariantCulture), "--device", "cpu",
        "--set", "batch_size=4", "--set", "dqn.hidden=[8]", "--set", "checkpoint_period_steps=500", "--set", "policy_period_steps=2000", "--set", "log_period_steps=90",
    ];

    string Seed(string run, ulong seed = 0) => Path.Combine(_data.Root, "runs", run, $"seed-{seed}");

    [Fact]
    public void Train_KilledWithoutWarning_ResumesToTheSameRun()
    {
        const int Steps = 6_000;
        using (var killed = Tool.Start(_data.Root, NoEnvironment, Arguments("cut", Steps)))
        {
            WaitFor(() => Directory.Exists(Path.Combine(Seed("cut"), "checkpoints", "step-1000")), killed);
            killed.Kill();
            killed.WaitForExit();
            Assert.NotEqual(0, killed.ExitCode);
        }

        Assert.Equal("running", State("cut"));
        var resumed = Tool.Run(_data.Root, Arguments("cut", Steps)).Expect(0);
        Assert.Contains("ended without a word; going on from step", resumed.Error, StringComparison.Ordinal);
        Tool.Run(_data.Root, Arguments("whole", Steps)).Expect(0);
        foreach (var file in new[] { "policies/step-6000/policy.safetensors", "policies/step-2000/policy.safetensors", "checkpoints/step-6000/state.safetensors" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(Seed("whole"), file)), File.ReadAllBytes(Path.Combine(Seed("cut"), file)));
        Assert.Equal(Metrics("whole"), Metrics("cut"));
        Assert.Equal((Steps + 89) / 90, Metrics("cut").Count);
        Assert.True(File.Exists(Path.Combine(Seed("cut"), "metrics.parquet")), resumed.All);

        Assert.Contains("finished already", Tool.Run(_data.Root, Arguments("cut", Steps)).Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_Terminated_WritesACheckpointAndEndsWith130WhileTheLockHolds()
    {
        const int Steps = 10_000_000;
        using var process = Tool.Start(_data.Root, NoEnvironment, Arguments("stop", Steps));
        var error = process.StandardError.ReadToEndAsync();
        WaitFor(() => Directory.Exists(Path.Combine(Seed("stop"), "checkpoints", "step-500")), process);
        var second = Tool.Run(_data.Root, Arguments("stop", Steps)).Expect(2);
        Assert.Contains($"is being trained by process {process.Id}", second.Error, StringComparison.Ordinal);

        using (var signal = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            signal.WaitForExit();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "SIGTERM did not end the training.");
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("the same command resumes", await error, StringComparison.Ordinal);
        Assert.Equal("interrupted", State("stop"));
        var step = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(Seed("stop"), "status.json")))!["step"]!;
        Assert.True(Directory.Exists(Path.Combine(Seed("stop"), "checkpoints", $"step-{step}")));
    }

    [Fact]
    public void Train_WithoutDuckDb_TrainsFromCompiledColumns()
    {
        var result = Tool.Run(_data.Root, new Dictionary<string, string> { ["DUCKDB"] = "/nonexistent/libduckdb.so" }, Arguments("bare", 500)).Expect(0);
        Assert.Contains("metrics.parquet was not written", result.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Seed("bare"), "policies", "step-500", "policy.safetensors")));

        // A machine that has the columns alone.
        var columns = Directory.EnumerateFiles(_data.Workspace.CacheFolder, "columns.json", SearchOption.AllDirectories).Single();
        Directory.Delete(Path.Combine(_data.Root, "data"), recursive: true);
        Tool.Run(_data.Root, new Dictionary<string, string> { ["DUCKDB"] = "/nonexistent/libduckdb.so" }, ["train", "--dataset", Path.GetDirectoryName(columns)!, .. Arguments("columns", 500)[3..]]).Expect(0);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Seed("bare"), "policies", "step-500", "policy.safetensors")), File.ReadAllBytes(Path.Combine(Seed("columns"), "policies", "step-500", "policy.safetensors")));
    }

    [Fact]
    public void Train_OfSeveralSeeds_ListsThem()
    {
        var result = Tool.Run(_data.Root, [.. Arguments("many", 200), "--seeds", "0..1,5"]).Expect(0);
        Assert.Contains("run:many,seed=5", result.Output, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Seed("many", 5)));
        Assert.False(Directory.Exists(Seed("many", 2)));
    }

    [Theory]
    [InlineData("no device", "--device", "cuda:99", "cuda:99")]
    [InlineData("an unknown key", "--set", "dqn.learning_rat=1", "learning_rate")]
    [InlineData("an unknown dataset", "--dataset", "absent", "absent")]
    [InlineData("an unknown algorithm", "--algorithm", "alphazero", "which is none. Known: dqn, ")]
    [InlineData("no seed", "--seeds", "4..0", "4..0")]
    [InlineData("no number", "--steps", "many", "a whole number")]
    [InlineData("a bad discount", "--set", "dqn.discount=1.5", "dqn.discount is 1.5")]
    public void Train_WithBadInput_EndsWith2AndLeavesNothing(string what, string option, string value, string expected)
    {
        var arguments = new List<string> { "train", "--dataset", "signs" };
        if (option == "--dataset")
            arguments.RemoveRange(1, 2);
        var result = Tool.Run(_data.Root, [.. arguments, option, value]).Expect(2);
        Assert.True(result.Error.Contains(expected, StringComparison.Ordinal), $"{what}: {result.Error}");
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_data.Root, "runs")), what);
    }

    [Fact]
    public void Train_WithoutLibtorch_SaysWhatToDo()
    {
        var result = Tool.Run(_data.Root, new Dictionary<string, string> { ["OFFLINERL_TORCH_SHIM"] = "/nonexistent/libofflinerl_torch.so" }, Arguments("none", 100)).Expect(2);
        Assert.Contains("make setup", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_data.Root, "runs")));
    }

    [Fact]
    public void Train_WithAShimOfOtherSources_SaysWhatToDo()
    {
        // A library that loads and has none of its exports.
        var other = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).First(file => file.EndsWith("/libc.so.6", StringComparison.Ordinal));
        var result = Tool.Run(_data.Root, new Dictionary<string, string> { ["OFFLINERL_TORCH_SHIM"] = other }, Arguments("none", 100)).Expect(2);
        Assert.Contains("was built from other sources: its exports are version 1", result.Error, StringComparison.Ordinal);
        Assert.Contains("make setup", result.Error, StringComparison.Ordinal);
    }

    static void WaitFor(Func<bool> condition, Process process)
    {
        var deadline = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.False(process.HasExited, "the tool ended before it was interrupted");
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(90), "the tool did not get there");
            Thread.Sleep(5);
        }
    }

    string State(string run) => (string)JsonNode.Parse(File.ReadAllText(Path.Combine(_data.Root, "runs", run, "status.json")))!["state"]!;

    List<string> Metrics(string run) => [.. File.ReadAllLines(Path.Combine(Seed(run), "metrics.jsonl")).Select(line =>
    {
        var values = JsonNode.Parse(line)!.AsObject();
        Assert.True(values.Remove("steps_per_second"));
        return values.ToJsonString();
    })];
}
