using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Evaluate.Coverage;

namespace OfflineRL.Benchmarks;

/// <summary>
/// Bias, error and interval coverage of every cheap estimator over 2,000 resampled logs of decision processes whose values are exact:
/// ICU-Sepsis (the folder OFFLINERL_ICU names, else ../shared/data/icu_sepsis) and GridWorld.
/// </summary>
sealed class OpeCoverageBenchmark : IBenchmark
{
    const int Logs = 2000, Episodes = 200, Resamples = 200;

    public string Name => "ope_coverage";

    public string Work => $"estimates against exact values over {Logs:N0} logs of {Episodes} episodes, {Resamples} bootstrap draws each, 95 % intervals; doubly robust ones with values that are off by a fifth";

    public void Run(BenchmarkReport report)
    {
        var grid = OpeTrials.GridWorld();
        var random = Uniform(grid);
        Add(report, "GridWorld 3x3, uniform log, 15 % optimal", new OpeTrials(grid, random, OpeTrials.Mix(random, Greedy(grid), 0.15)));

        var folder = Environment.GetEnvironmentVariable("OFFLINERL_ICU") ?? Path.Combine("..", "shared", "data", "icu_sepsis");
        var tables = Path.Combine(folder, "dynamics.npz");
        if (!File.Exists(tables))
        {
            Console.WriteLine($"  ({tables} is not there; ICU-Sepsis is left out)");
            return;
        }

        var mdp = TabularFiles.Read(tables).Default;
        using var npz = NpzFile.Open(tables);
        var (uniform, expert) = (Uniform(mdp), npz.ReadDoubles("expert_policy"));
        for (var i = 0; i < expert.Length; i++)
            expert[i] = mdp.IsTerminal(i / mdp.ActionCount) ? 1.0 / mdp.ActionCount : expert[i];
        var behavior = OpeTrials.Mix(uniform, expert, 0.5);
        Add(report, "ICU-Sepsis, log half expert, 60 % expert", new OpeTrials(mdp, behavior, OpeTrials.Mix(uniform, expert, 0.6)));
        Add(report, "ICU-Sepsis, log half expert, 75 % expert", new OpeTrials(mdp, behavior, OpeTrials.Mix(uniform, expert, 0.75)));
        Add(report, "ICU-Sepsis, log half expert, 90 % optimal: not identifiable", new OpeTrials(mdp, behavior, OpeTrials.Mix(uniform, Greedy(mdp), 0.9)));
    }

    static void Add(BenchmarkReport report, string what, OpeTrials trials)
    {
        var results = trials.Run(Logs, Episodes, Resamples, RandomStream.Create(1, what));
        report.Add($"{what}: exact value", trials.Truth, "");
        report.Add($"{what}: mean effective episodes", trials.EffectiveSampleSize, $"of {Episodes}");
        foreach (var r in results)
        {
            var coverage = string.Join(", ", r.Coverage.Where(c => double.IsFinite(c.Value)).Select(c => FormattableString.Invariant($"{Short(c.Key)} {c.Value:0.000}")));
            var unbiased = r.Estimator is "is" or "pdis" or "dr";
            report.Add(
                FormattableString.Invariant($"{what}: {r.Estimator}, bias {r.Bias:0.0000} (s.e. {r.StandardError:0.0000}), coverage {coverage}; error"),
                r.RootMeanSquaredError,
                "rmse",
                target: unbiased ? "bias within 4 s.e." : "",
                met: unbiased ? Math.Abs(r.Bias) < 4 * r.StandardError : null);
        }
    }

    static string Short(IntervalMethod method) => method switch
    {
        IntervalMethod.BootstrapPercentile => "percentile",
        IntervalMethod.BootstrapBca => "BCa",
        IntervalMethod.StudentT => "t",
        IntervalMethod.EmpiricalBernstein => "Bernstein",
        _ => "Hoeffding",
    };

    static double[] Uniform(TabularMdp mdp) => Enumerable.Repeat(1.0 / mdp.ActionCount, mdp.StateCount * mdp.ActionCount).ToArray();

    static double[] Greedy(TabularMdp mdp)
    {
        var policy = new double[mdp.StateCount * mdp.ActionCount];
        var actions = TabularSolver.PolicyIteration(mdp).Actions;
        for (var s = 0; s < mdp.StateCount; s++)
            policy[(s * mdp.ActionCount) + Math.Max(0, actions[s])] = 1;
        return policy;
    }
}
