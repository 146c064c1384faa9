using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Tests.Kills;

namespace OfflineRL.Benchmarks;

/// <summary>The commit protocol, proven by killing: SIGKILL at random instants of commands that write.</summary>
sealed class KillsBenchmark : IBenchmark
{
    const int Kills = 200, Rows = 40_000;

    public string Name => "kills";

    public string Work => $"{Kills} kills (SIGKILL) at random instants of imports, recordings, compactions and logs of {Rows:N0} rows: what is there afterwards, whether the same command then works, and whether 'datasets check' finds anything";

    public void Run(BenchmarkReport report)
    {
        var tool = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../OfflineRL.Cli/release/offlinerl"));
        if (!File.Exists(tool))
        {
            Console.WriteLine($"  (not measured: {tool} is not there; build the solution)");
            return;
        }

        var root = Directory.CreateTempSubdirectory("offlinerl-kills-").FullName;
        try
        {
            var trials = new KillTrials(tool, root, Rows);
            trials.Prepare(Enum.GetValues<KilledWork>());
            var random = RandomStream.Create(1, "kills");
            var works = Enum.GetValues<KilledWork>();
            var results = Enumerable.Range(0, Kills).Select(i => works[i % works.Length])
                .Select(w => trials.Kill(w, trials.DurationOf(w) * random.Uniform(0.1, 1.15))).ToList();
            foreach (var work in results.GroupBy(r => r.Work))
            {
                foreach (var found in work.GroupBy(r => r.Found).OrderBy(g => g.Key, StringComparer.Ordinal))
                    report.Add($"{work.Key}, uninterrupted {trials.DurationOf(work.Key).TotalSeconds:0.0} s: {found.Key}", found.Count(), "kills");
            }

            report.Add("hidden folders left behind, all swept by the rerun", results.Sum(r => r.Leftovers), "folders");
            var faults = results.Where(r => r.Fault is not null).ToList();
            faults.ForEach(f => Console.WriteLine($"  {f.Work} killed after {f.Milliseconds} ms: {f.Fault}"));
            report.Add("rerun works and the check finds nothing", Kills - faults.Count, "kills", target: $"{Kills}", met: faults.Count == 0);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
