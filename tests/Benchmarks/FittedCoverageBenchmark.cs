using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Tests.Evaluate.Fitted;

namespace OfflineRL.Benchmarks;

/// <summary>
/// Estimators that fit something, over 200 resampled logs whose true value is exact: how far off, and how often their 95 % interval
/// holds the truth. ICU-Sepsis' tables are read from the folder that OFFLINERL_DATA names.
/// </summary>
sealed class FittedCoverageBenchmark : IBenchmark
{
    const int Logs = 200;

    public string Name => "fitted_coverage";

    public string Work => $"{Logs} logs each; bias with its standard error, root mean square error and coverage of the 95 % interval over episodes. GridWorld: 100 episodes of the best policy with half of the actions uniform; evaluated with a fifth. ICU-Sepsis: 300 episodes of the uniform policy, the best one with 0.3 uniform evaluated; and 500 of the expert with 0.2 uniform, the best one with 0.7 uniform evaluated. Discount 1";

    public void Run(BenchmarkReport report)
    {
        var grid = Grid();
        var optimal = TabularSolver.PolicyIteration(grid).Policy;
        Measure(report, "GridWorld", grid, optimal.Soften(grid, 0.5), optimal.Soften(grid, 0.2), 100);
        if (Path.Combine(Environment.GetEnvironmentVariable("OFFLINERL_DATA") ?? "", "icu_sepsis/dynamics.npz") is var path && !File.Exists(path))
        {
            Console.WriteLine($"  (ICU-Sepsis not measured: no {path}; set OFFLINERL_DATA)");
            return;
        }

        var icu = TabularFiles.Read(path).Default.WithDiscount(1);
        using var npz = NpzFile.Open(path);
        var expert = new TabularPolicy("expert", icu, npz.ReadDoubles("expert_policy"));
        var best = TabularSolver.PolicyIteration(icu).Policy;
        Measure(report, "ICU-Sepsis, from uniform", icu, TabularPolicy.Uniform(icu), best.Soften(icu, 0.3), 300);
        Measure(report, "ICU-Sepsis, from the expert", icu, expert.Soften(icu, 0.2), best.Soften(icu, 0.7), 500);
    }

    static void Measure(BenchmarkReport report, string task, TabularMdp mdp, TabularPolicy behavior, TabularPolicy evaluation, int episodes)
    {
        var truth = TabularSolver.Evaluate(mdp, evaluation).Return;
        Console.WriteLine($"  {task}: {truth}, behavior {TabularSolver.Evaluate(mdp, behavior).Return}");
        var rows = FittedCoverage.Measure(
            random => SampledLog.Of(mdp, behavior.Probabilities.ToArray(), evaluation.Probabilities.ToArray(), episodes, random), truth, Logs);
        foreach (var row in rows)
        {
            report.Add(FormattableString.Invariant($"{task} ({truth:0.0000}), {row.Estimator}: bias {row.Bias:0.0000} +- {row.BiasError:0.0000}, covered {100 * row.Coverage:0.0} %, mean error {row.StandardErrors:0.00} standard errors"),
                row.RootMeanSquare, "rmse");
        }
    }

    static TabularMdp Grid()
    {
        const string Id = "GridWorld-v1";
        return TabularEnvironments.Tasks.Single(t => t.Id == Id).Mdp(EnvironmentRegistry.Resolve(Id)).WithDiscount(1);
    }
}
