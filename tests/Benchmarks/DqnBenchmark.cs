using System.Diagnostics;
using System.Globalization;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>A whole training step of DQN, from drawing the batch to moving the target, beside d3rlpy's and the arithmetic floor.</summary>
sealed class DqnBenchmark : IBenchmark
{
    const int Rows = 1_000_000;
    const int EpisodeSteps = 200;
    const int Observations = 4;
    const int Actions = 2;
    const int Width = 256;

    // d3rlpy 2.8.1 with torch 1.13 on one core of the machine that this was planned on; used where it cannot be measured.
    static readonly Dictionary<int, double> Recorded = new() { [32] = 654, [256] = 182 };
    static readonly Dictionary<int, double> LeastRatio = new() { [32] = 3, [256] = 1.5 };

    public string Name => "train-dqn";

    public string Work => "double DQN, whole step with sampling and metrics, 4 observations, 2 actions, 2 x 256 ReLU, 1,000,000 stored transitions, 1 thread";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            BenchmarkData.WriteDiscrete(workspace, "bench", Rows / EpisodeSteps, EpisodeSteps, Observations, Actions);
            using (var columns = Dataset.Open(workspace, "bench").Compile(NullProgress.Instance))
            {
                var rival = Rival.Measure("d3rlpy_double_dqn.py");
                foreach (var batch in (int[])[32, 256])
                    Measure(report, columns, batch, rival);
            }

            MeasureMemory(report, root);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static void Measure(BenchmarkReport report, TrainingColumns columns, int batch, IReadOnlyDictionary<string, double>? rival)
    {
        var random = RandomStream.Create(0, "benchmark");
        using var sampler = new TransitionReplay(TrainingData.Of(columns), new() { Needs = ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.99), BatchSize = batch }, random.Derive("sampler"), CPU);
        using var learner = new Dqn(new DqnConfig(), new LearnerSetup(BoxSpace.Unbounded(Observations), Actions, int.MaxValue, random.Derive("init"), CPU));
        var step = 0;
        var steps = Timing.Rate(() => learner.Step(sampler.Next(), measure: step++ % 10 == 0), 1.0, 5);
        var least = LeastRatio[batch];
        if (rival is null)
            report.Add($"batch {batch}, whole step", steps, "steps/s", Recorded[batch], "d3rlpy 2.8.1 as recorded", $"at least {least}", steps >= least * Recorded[batch]);
        else
            report.Add($"batch {batch}, whole step", steps, "steps/s", rival[$"batch_{batch}"], "d3rlpy in this run", $"at least {least}", steps >= least * rival[$"batch_{batch}"]);

        var samples = Timing.Rate(() => sampler.Next(), 0.3, 5) * batch;
        report.Add($"batch {batch}, sampling alone", samples / 1e6, "million transitions/s");
        var gigaflops = Multiplication(batch);
        report.Add($"batch {batch}, arithmetic floor", gigaflops * 1e9 / Flops(batch), "steps/s");
        report.Add($"batch {batch}, whole step over the floor's speed", steps * Flops(batch) / 1e9, "GFLOP/s", gigaflops, "one multiplication of this size");
    }

    // Three forward passes (online and target at the next observation, online at this one) and a backward one of twice the work.
    static double Flops(int batch) => 5.0 * 2 * batch * ((Observations * Width) + (Width * Width) + (Width * Actions));

    static double Multiplication(int batch)
    {
        using var outer = NewDisposeScope();
        using var quiet = no_grad();
        using var noise = new Generator(1);
        var (input, weight) = (rand(batch, Width, generator: noise), rand(Width, Width, generator: noise));
        return Timing.Rate(() => input.matmul(weight).Dispose(), 0.5, 5) * 2 * batch * Width * Width / 1e9;
    }

    // The tool itself, from its start to its end, as the kernel counts: the columns' mapped pages are among it.
    static void MeasureMemory(BenchmarkReport report, string root)
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "tool", "offlinerl");
        if (!File.Exists(tool))
        {
            Console.WriteLine($"  (memory not measured: {Path.GetFullPath(tool)} is not there; run 'make build')");
            return;
        }

        var start = new ProcessStartInfo(tool, ["train", "--root", root, "--dataset", "bench", "--steps", "10000", "--device", "cpu"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        var peak = 0.0;
        while (!process.WaitForExit(20))
            peak = Math.Max(peak, PeakMegabytes(process.Id));
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"offlinerl train ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        report.Add("10,000 steps by the tool, largest resident size", peak, "MB", target: "under 400 MB", met: peak < 400);
    }

    static double PeakMegabytes(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.AsSpan(6).Trim()[..^2], CultureInfo.InvariantCulture) * 1024 / 1e6;
        }
        catch (IOException)
        {
            // It ended between two looks.
            return 0;
        }
    }
}
