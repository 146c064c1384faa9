using System.Diagnostics;
using System.Runtime.InteropServices;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Train;

namespace OfflineRL.Benchmarks;

/// <summary>100 CartPole episodes of a 2 x 256 policy: the rollout itself, the job with its report, and the same by Gymnasium and torch.</summary>
sealed class RolloutBenchmark : IBenchmark
{
    const int Episodes = 100, Hidden = 256;

    public string Name => "rollout";

    public string Work => "100 episodes of CartPole-v1, a greedy policy of two hidden layers of 256 that keeps the pole up for 500 steps, one core";

    public void Run(BenchmarkReport report)
    {
        var root = Directory.CreateTempSubdirectory("rollout-benchmark-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            var weights = Weights();
            var folder = Store(workspace, weights);
            var file = Path.Combine(root, "weights.bin");
            File.WriteAllBytes(file, [.. weights.SelectMany(w => MemoryMarshal.AsBytes(w.Values.AsSpan()).ToArray())]);
            var rival = Rival.Measure("gymnasium_policy.py", file);

            using var policy = LearnedPolicy.Load(folder);
            var tasks = RolloutTask.Resolve(["CartPole-v1"], "", null);
            var steps = RolloutBatch.Run(policy, tasks, Episodes, 0, 0.99, 4096, default)[0].Sum(o => o.Length);
            var seconds = Timing.Seconds(() => RolloutBatch.Run(policy, tasks, Episodes, 0, 0.99, 4096, default));
            report.Add("the rollout, the policy loaded", seconds, "s", rival?.GetValueOrDefault("loop", double.NaN) ?? double.NaN, "Gymnasium and torch, one environment", "< 0.3 s", seconds < 0.3);
            report.Add("the same", seconds, "s", rival?.GetValueOrDefault("vector", double.NaN) ?? double.NaN, "Gymnasium's vector version and torch, 100 instances");
            report.Add("steps taken", steps, "steps", rival?.GetValueOrDefault("loop/steps", double.NaN) ?? double.NaN, "the loop's");
            // One lane at a time is the rival's loop.
            report.Add("the rollout, one episode at a time", Timing.Seconds(() => RolloutBatch.Run(policy, tasks, Episodes, 0, 0.99, 1, default)), "s", rival?.GetValueOrDefault("loop", double.NaN) ?? double.NaN, "Gymnasium and torch, one environment");

            var config = new RolloutConfig { Policies = ["builtin:scripted"], Environment = "CartPole-v1", Tasks = ["CartPole-v1"], Episodes = Episodes, Name = "r" };
            report.Add("a job in this process: the built-in policy, scores, tables and report", Timing.Seconds(() => RolloutJob.Run(config, workspace, NullProgress.Instance, TimeProvider.System, default)), "s");
            report.Add("the whole command, from the start of its process", Timing.Seconds(() => Command(root)), "s");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    // The tool lies beside the benchmarks; it rolls out the built-in controller, which needs no run.
    static void Command(string root)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "offlinerl.dll"), "evaluate", "rollout", "--policy", "builtin:scripted", "--environment", "CartPole-v1", "--task", "nominal"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OFFLINERL_ROOT"] = root;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(error.GetAwaiter().GetResult());
    }

    static string Store(Workspace workspace, IReadOnlyList<(string Name, int[] Shape, float[] Values)> weights)
    {
        var folder = Path.Combine(workspace.Root, "policy");
        Directory.CreateDirectory(folder);
        Safetensors.Write(Path.Combine(folder, "policy.safetensors"), [.. weights.Select(w => new SafetensorSource(w.Name, "F32", [.. w.Shape.Select(size => (long)size)], () => MemoryMarshal.AsBytes(w.Values.AsSpan())))]);
        var definition = EnvironmentRegistry.Definition("CartPole-v1");
        JsonFiles.Write(Path.Combine(folder, "policy.json"), new PolicyDescription
        {
            Name = "made",
            Algorithm = "made",
            ObservationSpace = definition.ObservationSpace,
            ActionSpace = definition.ActionSpace,
            Network = new() { Inputs = 4, Hidden = [Hidden, Hidden], Outputs = 2 },
            Temperature = 0,
            Dataset = "none-v1",
            ContentHash = "",
            Run = "made",
            Seed = 0,
            Step = 0,
            ToolVersion = "1",
        });
        return folder;
    }

    // Two features carry the controller's positive and negative part through both layers; every other weight is drawn and has no say in the end.
    static IReadOnlyList<(string Name, int[] Shape, float[] Values)> Weights()
    {
        float[] controller = [0.05f, 0.1f, 1, 0.25f];
        var (first, second, last) = (Drawn(Hidden * 4), Drawn(Hidden * Hidden), new float[2 * Hidden]);
        for (var k = 0; k < 4; k++)
            (first[k], first[4 + k]) = (controller[k], -controller[k]);
        for (var row = 0; row < 2; row++)
        {
            second.AsSpan(row * Hidden, Hidden).Clear();
            second[(row * Hidden) + row] = 1;
        }

        (last[0], last[1], last[Hidden], last[Hidden + 1]) = (-1, 1, 1, -1);
        return
        [
            ("layers.0.weight", [Hidden, 4], first), ("layers.0.bias", [Hidden], new float[Hidden]),
            ("layers.1.weight", [Hidden, Hidden], second), ("layers.1.bias", [Hidden], new float[Hidden]),
            ("layers.2.weight", [2, Hidden], last), ("layers.2.bias", [2], new float[2]),
        ];

        static float[] Drawn(int count)
        {
            var random = RandomStream.Create(1, "weights");
            return [.. Enumerable.Range(0, count).Select(_ => (float)(0.05 * random.NextGaussian()))];
        }
    }
}
