using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Environments;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Estimators that fit something: identities, and processes whose values are exact.</summary>
public class FittedEstimatorsTests
{
    static readonly TabularMdp Grid = TabularTests.Mdp("GridWorld-v1").WithDiscount(1);

    [Fact]
    public void OfTheLogsOwnPolicy_AtDiscountOne_AreTheMeanReturn()
    {
        var policy = TabularPolicy.Uniform(Grid).Probabilities.ToArray();
        var log = SampledLog.Of(Grid, policy, policy, 50, RandomStream.Create(3, "own"));
        var mean = Estimators.BehaviorReturn(log.Episodes, 1).Value;
        // Every state's flow in is its flow out: the counts' occupancies are the log's own.
        Assert.Equal(mean, MarginalizedWeights.Estimate(log.Fit, FittedEstimators.Ratios(log.Episodes), 1e-12, CancellationToken.None).Value, 1e-6);
    }

    [Fact]
    public void ModelBased_IsTheExactValueOfTheModelOfTheCounts()
    {
        var behavior = TabularPolicy.Uniform(Grid);
        var evaluation = TabularSolver.PolicyIteration(Grid).Policy.Soften(Grid, 0.5);
        var log = SampledLog.Of(Grid, behavior.Probabilities.ToArray(), evaluation.Probabilities.ToArray(), 40, RandomStream.Create(4, "model"));
        var all = TabularQTests.All(log.Fit);
        var counts = PairCounts.Of(log.Fit, all);
        Assert.DoesNotContain(0.0, counts.Visits.Skip(4).Take(4));
        var builder = new TabularMdpBuilder(Grid.StateCount, Grid.ActionCount, "counts");
        foreach (var ((pair, next), count) in counts.Transitions)
            builder.Add(pair / 4, pair % 4, next, count / counts.Visits[pair], counts.Rewards[pair] / counts.Visits[pair]);
        for (var pair = 0; pair < counts.Visits.Length; pair++)
        {
            if (counts.Ends[pair] > 0)
                builder.Add(pair / 4, pair % 4, 0, counts.Ends[pair] / counts.Visits[pair], counts.Rewards[pair] / counts.Visits[pair], ends: true);
        }

        foreach (var group in all.GroupBy(e => log.Fit.States![log.Fit.FirstRow[e]]))
            builder.SetStart(group.Key, group.Count() / (double)all.Length);
        var model = builder.Build();
        var exact = TabularSolver.Evaluate(model, new TabularPolicy("evaluation", model, evaluation.Probabilities));
        var estimate = ModelBased.Estimate(log.Fit);
        Assert.Equal(exact.Return, estimate.Value, 1e-8);
        Assert.InRange(estimate.StandardError(), 0.01, 1);

        // Cut episodes: backwards for as many steps as the longest has.
        var cut = log.Fit with { IsFinite = true };
        Assert.Equal(TabularSolver.EvaluateHorizon(model, new TabularPolicy("evaluation", model, evaluation.Probabilities), cut.MaxLength).Return, ModelBased.Estimate(cut).Value, 1e-8);
    }

    [Fact]
    public void OverManyLogs_ErrorsAndIntervalsAreWhatTheoryPromises()
    {
        const int Logs = 120;
        var optimal = TabularSolver.PolicyIteration(Grid).Policy;
        var (behavior, evaluation) = (optimal.Soften(Grid, 0.5), optimal.Soften(Grid, 0.2));
        var truth = TabularSolver.Evaluate(Grid, evaluation).Return;
        var rows = FittedCoverage.Measure(
            random => SampledLog.Of(Grid, behavior.Probabilities.ToArray(), evaluation.Probabilities.ToArray(), 100, random), truth, Logs)
            .ToDictionary(r => r.Estimator);
        // Unbiased whatever the values are, as long as they come from other episodes.
        foreach (var name in (string[])["pdis", "dr, tabular"])
            Assert.True(Math.Abs(rows[name].Bias) <= 4 * rows[name].BiasError, rows[name].ToString());
        // And less spread than without values; intervals that hold as often as they say.
        Assert.True(rows["dr, tabular"].RootMeanSquare < 0.7 * rows["pdis"].RootMeanSquare, rows["dr, tabular"].ToString());
        var tolerance = 4 * Math.Sqrt(0.95 * 0.05 / Logs);
        foreach (var name in (string[])["dr, tabular", "wdr, tabular", "mis", "model_based"])
            Assert.True(rows[name].Coverage >= 0.95 - tolerance, rows[name].ToString());
        // Consistent: small next to their own spread.
        foreach (var name in (string[])["wdr, tabular", "mis", "model_based"])
            Assert.True(Math.Abs(rows[name].Bias) <= (4 * rows[name].BiasError) + (0.2 * rows[name].RootMeanSquare), rows[name].ToString());
    }

    [Fact]
    public void DoublyRobust_FittedOnItsOwnLog_IsManyStandardErrorsOff_AndTwoFoldsRepairIt()
    {
        const int Logs = 25;
        var icu = TabularFiles.Read(SharedData.Require("icu_sepsis/dynamics.npz")).Default.WithDiscount(1);
        var behavior = TabularPolicy.Uniform(icu).Probabilities.ToArray();
        var evaluation = TabularSolver.PolicyIteration(icu).Policy.Soften(icu, 0.1);
        var truth = TabularSolver.Evaluate(icu, evaluation).Return;
        var policy = evaluation.Probabilities.ToArray();
        var (own, crossed) = (new List<double>(), new List<double>());
        for (var i = 0; i < Logs; i++)
        {
            var random = RandomStream.Create((ulong)i, "own-log");
            var log = SampledLog.Of(icu, behavior, policy, 300, random.Derive("log"));
            own.Add(StandardErrors(1));
            crossed.Add(StandardErrors(2));

            double StandardErrors(int folds)
            {
                var estimate = DoublyRobustEstimators.DoublyRobust(log.Episodes, CrossFitting.Fit(new TabularQ(), log.Fit, folds, random, CancellationToken.None), 1);
                return (estimate.Value - truth) / estimate.StandardError();
            }
        }

        Assert.True(own.Average(Math.Abs) > 4, $"own log: {own.Average(Math.Abs)}");
        // |z| of a standard error that is right has mean 0.8; half of the logs may be skewed.
        Assert.True(crossed.Average(Math.Abs) < 2, $"two folds: {crossed.Average(Math.Abs)}");
        Assert.True(crossed.Count(z => Math.Abs(z) < 1.96) > own.Count(z => Math.Abs(z) < 1.96) + (Logs / 2));
    }

    [Fact]
    public void CrossFitting_GivesEpisodesValuesOfFitsWithoutThem()
    {
        var log = TabularQTests.Log([0, 1, 2, 3, 4], states: [0, 0, 0, 0, 0, 0, 0, 0], actions: [0, 0, 0, 0], rewards: [1, 2, 4, 8], terminated: [true, true, true, true], policy: [1.0], discount: 1)
            with { EpisodeHash = [0, 0, -1, -1] };
        // Hashes from 0 upwards are in the first fold, those of the largest unsigned numbers in the last.
        Assert.Equal([6, 6, 1.5, 1.5], CrossFitting.Fit(new TabularQ(), log, 2, RandomStream.Create(0, "folds"), CancellationToken.None).ActionValues);
        Assert.Equal([3.75, 3.75, 3.75, 3.75], CrossFitting.Fit(new TabularQ(), log, 1, RandomStream.Create(0, "folds"), CancellationToken.None).ActionValues);
        var error = Assert.Throws<UserErrorException>(() => CrossFitting.Fit(new TabularQ(), log with { EpisodeHash = new long[4] }, 3, RandomStream.Create(0, "folds"), CancellationToken.None));
        Assert.Contains("values.folds is 3, and all 4 episodes", error.Message, StringComparison.Ordinal);
    }
}
