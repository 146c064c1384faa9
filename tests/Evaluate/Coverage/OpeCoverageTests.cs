using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Coverage;

/// <summary>Estimators against exact values over resampled logs; the benchmark ope_coverage has the larger table.</summary>
public class OpeCoverageTests
{
    static readonly string[] Unbiased = ["is", "pdis", "dr"];

    [Fact]
    public void Estimators_OnGridWorld_DoWhatTheoryPromises()
    {
        var mdp = OpeTrials.GridWorld();
        var uniform = Enumerable.Repeat(1.0 / mdp.ActionCount, mdp.StateCount * mdp.ActionCount).ToArray();
        var trials = new OpeTrials(mdp, uniform, OpeTrials.Mix(uniform, Dense(mdp, TabularSolver.PolicyIteration(mdp)), 0.15));
        Check(trials, trials.Run(2000, 60, 0, RandomStream.Create(1, "grid")));
    }

    [Fact]
    public void Estimators_OnIcuSepsis_DoWhatTheoryPromises()
    {
        var mdp = TabularFiles.Read(SharedData.Require("icu_sepsis/dynamics.npz")).Default;
        using var npz = NpzFile.Open(SharedData.Require("icu_sepsis/dynamics.npz"));
        var expert = new TabularPolicy("expert", mdp, npz.ReadDoubles("expert_policy"));
        Assert.Equal(0.781844890255691, TabularSolver.Evaluate(mdp, expert).Return, 1e-9);
        var uniform = Enumerable.Repeat(1.0 / mdp.ActionCount, mdp.StateCount * mdp.ActionCount).ToArray();
        var doctor = Filled(npz.ReadDoubles("expert_policy"), mdp);
        var trials = new OpeTrials(mdp, OpeTrials.Mix(uniform, doctor, 0.5), OpeTrials.Mix(uniform, doctor, 0.6));
        var results = trials.Run(2000, 60, 0, RandomStream.Create(1, "icu"));
        Assert.True(trials.EffectiveSampleSize > 20);
        Check(trials, results);

        // Where many episodes are left, intervals cover about as often as they say: 0.95 within four binomial errors of 300 logs and a point.
        foreach (var result in trials.Run(300, 100, 200, RandomStream.Create(2, "icu")).Where(r => r.Estimator is not ("dm" or "magic")))
        {
            foreach (var method in (IntervalMethod[])[IntervalMethod.BootstrapPercentile, IntervalMethod.BootstrapBca, IntervalMethod.StudentT])
                Assert.True(result.Coverage[method] is > 0.88 and <= 1, $"{result.Estimator}, {method}: {result.Coverage[method]}");
            if (Unbiased.Contains(result.Estimator))
                Assert.True(result.Coverage[IntervalMethod.Hoeffding] > 0.95 && result.Coverage[IntervalMethod.EmpiricalBernstein] > 0.95);
            else
                Assert.True(double.IsNaN(result.Coverage[IntervalMethod.Hoeffding]));
        }
    }

    static void Check(OpeTrials trials, IReadOnlyList<TrialResult> results)
    {
        foreach (var result in results.Where(r => Unbiased.Contains(r.Estimator)))
            Assert.True(Math.Abs(result.Bias) < 4 * result.StandardError, $"{result.Estimator}: {result.Mean} where {trials.Truth} is exact, standard error {result.StandardError}");
        var byName = results.ToDictionary(r => r.Estimator);
        // The values are off, the corrections are not; and a wrong estimator would be seen: the direct method is.
        Assert.True(Math.Abs(byName["dm"].Bias) > 20 * byName["dm"].StandardError);
        Assert.True(Math.Abs(byName["wis"].Bias) < 0.5 * byName["wis"].RootMeanSquaredError);
        Assert.True(byName["dr"].RootMeanSquaredError < byName["is"].RootMeanSquaredError);
        Assert.All(results, r => Assert.Equal(0, r.Undefined));
    }

    static double[] Dense(TabularMdp mdp, TabularOptimum optimum)
    {
        var policy = new double[mdp.StateCount * mdp.ActionCount];
        for (var s = 0; s < mdp.StateCount; s++)
            policy[(s * mdp.ActionCount) + Math.Max(0, optimum.Actions[s])] = 1;
        return policy;
    }

    /// <summary>Terminal states have empty rows; any distribution does there.</summary>
    static double[] Filled(double[] policy, TabularMdp mdp)
    {
        for (var i = 0; i < policy.Length; i++)
            policy[i] = mdp.IsTerminal(i / mdp.ActionCount) ? 1.0 / mdp.ActionCount : policy[i];
        return policy;
    }
}
