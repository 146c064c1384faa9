using System.Diagnostics;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Benchmarks;

/// <summary>All closed-form estimators of sequences with 1,000 bootstrap draws on a log of a million steps, propensities and values as columns, beside NumPy.</summary>
sealed class OpeBenchmark : IBenchmark
{
    const int Episodes = 5000, Length = 200, Resamples = 1000;

    public string Name => "ope";

    public string Work => $"IS, WIS, PDIS, WPDIS, DM, DR, WDR and MAGIC on {Episodes:N0} episodes of {Length} steps, {Resamples:N0} bootstrap draws, percentile intervals";

    public void Run(BenchmarkReport report)
    {
        var stream = RandomStream.Create(1, "ope-benchmark");
        var steps = Episodes * Length;
        double[] Draws(double center, double deviation) => Enumerable.Range(0, steps).Select(_ => center + (deviation * stream.NextGaussian())).ToArray();
        var (rewards, behavior, q, v) = (Draws(0, 1), Draws(-1, 0.1), Draws(0, 1), Draws(0, 1));
        var evaluation = Draws(0, 0.05).Zip(behavior, (d, b) => b + d).ToArray();
        var first = Enumerable.Range(0, Episodes + 1).Select(i => i * Length).ToArray();

        double[] estimates = [];
        var seconds = Timing.Seconds(
            () =>
            {
                var episodes = LoggedEpisodes.Create(first, rewards, evaluation, behavior);
                var values = new ValueColumns(q, v);
                EpisodeStatistic[] statistics =
                [
                    Estimators.ImportanceSampling(episodes, 0.99),
                    Estimators.WeightedImportanceSampling(episodes, 0.99),
                    Estimators.PerDecisionImportanceSampling(episodes, 0.99),
                    Estimators.WeightedPerDecisionImportanceSampling(episodes, 0.99),
                    DoublyRobustEstimators.DirectMethod(episodes, values),
                    DoublyRobustEstimators.DoublyRobust(episodes, values, 0.99),
                    DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, 0.99),
                    Magic.Estimate(episodes, values, 0.99, RandomStream.Create(2, "magic")),
                ];
                var replicates = Bootstrap.OverEpisodes(statistics, Resamples, RandomStream.Create(3, "bootstrap"));
                estimates = statistics.Select((s, i) => s.Value + Bootstrap.Percentile(replicates[i], 0.95).Low).ToArray();
            },
            repeats: 3);
        var rival = Rival.Measure("ope_bootstrap.py", $"{Episodes}", $"{Length}", $"{Resamples}");
        report.Add("all eight, from columns to intervals", seconds, "s", rival?["numpy"] ?? double.NaN, rival is null ? "" : "the same without MAGIC by NumPy, counts times matrices", "< 3 s", seconds < 3);
        using var process = Process.GetCurrentProcess();
        var peak = process.PeakWorkingSet64 / 1048576.0;
        report.Add("peak memory of the process, columns included", peak, "MiB", target: "< 1,024 MiB", met: peak < 1024);
        report.Add("estimates that are numbers", estimates.Count(double.IsFinite), "of 8");
    }
}
