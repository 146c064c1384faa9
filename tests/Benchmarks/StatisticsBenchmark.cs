using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Benchmarks;

/// <summary>How long the comparison of many methods takes: aggregates, probabilities of improvement, profiles, each with stratified bootstrap intervals.</summary>
sealed class StatisticsBenchmark : IBenchmark
{
    const int Methods = 20, Tasks = 10, Seeds = 10, Resamples = 2000;

    public string Name => "statistics";

    public string Work => $"{Methods} algorithms on {Tasks} tasks with {Seeds} seeds each, {Resamples:N0} resamples, one core: four aggregates, {Methods * (Methods - 1) / 2} pairs and profiles at 101 thresholds, over all tasks and for each of them";

    public void Run(BenchmarkReport report)
    {
        var stream = RandomStream.Create(0, "benchmark");
        var rows = new List<RolloutRow>();
        for (var method = 0; method < Methods; method++)
        {
            for (var task = 0; task < Tasks; task++)
            {
                for (var seed = 0; seed < Seeds; seed++)
                    rows.Add(Row(method, task, seed, (10 * task) + method + (5 * stream.NextGaussian())));
            }
        }

        var references = Enumerable.Range(0, Tasks).Select(task => new ReferenceReturns($"Task{task}", 0, 100, "benchmark")).ToList();
        var seconds = Timing.Seconds(() => MethodTables.Of(rows, references, 0.95, Resamples, RandomStream.Create(1, "b")), repeats: 3);
        report.Add("all tables", seconds, "s", target: "< 10 s", met: seconds < 10);

        // What rliable computes in one call: the four aggregates over all tasks.
        var matrices = Enumerable.Range(0, Methods).Select(m => Enumerable.Range(0, Tasks).Select(t => rows.Where(r => r.Algorithm == $"method{m}" && r.Environment == $"Task{t}").Select(r => r.Return).ToArray()).ToArray()).ToList();
        var aggregates = Timing.Seconds(
            () =>
            {
                foreach (var matrix in matrices)
                {
                    foreach (var statistic in (Func<IReadOnlyList<double[]>, double>[])[ScoreStatistics.Mean, ScoreStatistics.Median, ScoreStatistics.InterquartileMean, s => ScoreStatistics.OptimalityGap(s, 100)])
                        Bootstrap.Percentile(Bootstrap.Stratified(matrix, statistic, Resamples, RandomStream.Create(1, "b")), 0.95);
                }
            },
            repeats: 3);
        var rival = Rival.Measure("rliable_bootstrap.py", $"{Methods}", $"{Tasks}", $"{Seeds}", $"{Resamples}");
        report.Add("the four aggregates alone", aggregates, "s", rival?["numpy"] ?? double.NaN, rival is null ? "" : "the same by NumPy, as rliable does it");
    }

    static RolloutRow Row(int method, int task, int seed, double score) => new()
    {
        Algorithm = $"method{method}",
        Policy = $"task{task}-method{method}",
        Task = "nominal",
        Environment = $"Task{task}",
        Label = "nominal",
        Seed = seed,
        Step = 1,
        IsLast = true,
        RolloutSeed = 0,
        Episode = 0,
        Return = score,
        Length = 1,
        Terminated = true,
        Truncated = false,
    };
}
