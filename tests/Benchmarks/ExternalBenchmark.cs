using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>
/// A counter in a child process through our protocol: in Node beside Gymnasium's AsyncVectorEnv, which also steps over pipes, and
/// in Python beside SyncVectorEnv, which has the same environments in the same interpreter and no pipe at all.
/// </summary>
sealed class ExternalBenchmark : IBenchmark
{
    const int Count = 64;
    const int StepsPerCall = 50;

    public string Name => "external";

    public string Work => "steps of a counter with 4 observations in a child process, discrete actions, auto-reset";

    public void Run(BenchmarkReport report)
    {
        var rival = Rival.Measure("gymnasium_pipes.py");
        double Of(string name) => rival?.GetValueOrDefault(name, double.NaN) ?? double.NaN;
        var folder = Path.Combine(AppContext.BaseDirectory, "rivals");
        var file = Path.Combine(Directory.CreateTempSubdirectory("offlinerl-bench-").FullName, "trivial.yaml");
        File.WriteAllText(file, $"command: [node, '{Path.Combine(folder, "trivial_server.mjs")}']\n");
        Measure(report, "Node server", "external:" + file, ("AsyncVectorEnv", Of("async_1")), ("AsyncVectorEnv of 64 processes", Of("async_64")), isTarget: true);
        Measure(report, "Python server", $"gymnasium:{Path.Combine(folder, "trivial_env.py")}:Trivial", ("SyncVectorEnv", Of("sync_1")), ("SyncVectorEnv", Of("sync_64")), isTarget: false);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    static void Measure(BenchmarkReport report, string server, string id, (string Name, double Rate) one, (string Name, double Rate) many, bool isTarget)
    {
        try
        {
            var rate = StepsPerSecond(id, 1);
            report.Add($"{server}, 1 instance, {1e6 / rate:0.0} us a round trip", rate, "steps/s", one.Rate, one.Name, isTarget ? "under 60 us a round trip" : "", isTarget ? rate > 1e6 / 60 : null);
            rate = StepsPerSecond(id, Count);
            report.Add($"{server}, {Count} instances, {1e6 * Count / rate:0.0} us a round trip", rate, "steps/s", many.Rate, many.Name, isTarget ? ">= 500,000 steps/s" : "", isTarget ? rate >= 500e3 : null);
        }
        catch (UserErrorException e)
        {
            Console.WriteLine($"  ({server} not measured: {e.Message})");
        }
    }

    static double StepsPerSecond(string id, int count)
    {
        using var environment = EnvironmentRegistry.Make(id, count);
        var (observations, final, rewards) = (new float[count * 4], new float[count * 4], new double[count]);
        var (terminated, truncated, actions) = (new bool[count], new bool[count], new int[count]);
        environment.Reset(new ulong[count], observations);
        return count * StepsPerCall * Timing.Rate(() =>
        {
            for (var t = 0; t < StepsPerCall; t++)
            {
                environment.Step(
                    new ActionBatch { Discrete = actions },
                    new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
            }
        });
    }
}
