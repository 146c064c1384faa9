using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Estimates against the exact value of an enumerable decision process, over many seeded datasets.</summary>
public class EstimatorsExactTests
{
    // Two states, two actions, three steps at most; action 1 in state 0 ends the episode half of the time.
    const double Discount = 0.9;
    const int Horizon = 3;
    static readonly double[] Behavior = [0.6, 0.5];
    static readonly double[] Evaluation = [0.4, 0.75];

    [Fact]
    public void Value_ByEnumeration_EqualsAHandComputedNumber() =>
        // One step from state 0: 0.4 x 1 + 0.6 x 0.
        Assert.Equal(0.4, Value(0, Horizon - 1, Evaluation), 12);

    [Fact]
    public void OrdinaryEstimators_OverManyDatasets_AreUnbiased()
    {
        const int Datasets = 3000;
        var truth = Value(0, 0, Evaluation);
        Assert.True(Math.Abs(truth - Value(0, 0, Behavior)) > 0.1);
        foreach (var estimator in (Func<LoggedEpisodes, double, EpisodeStatistic>[])[Estimators.ImportanceSampling, Estimators.PerDecisionImportanceSampling])
        {
            var values = new double[Datasets];
            for (var d = 0; d < Datasets; d++)
                values[d] = estimator(Sample((ulong)d, 10), Discount).Value;
            var mean = EpisodeStatistic.Mean(values);
            var bound = 4 * mean.StandardError();
            Assert.True(bound < 0.05);
            Assert.InRange(mean.Value, truth - bound, truth + bound);
        }
    }

    [Fact]
    public void WeightedEstimators_WithMoreEpisodes_ApproachTheTruth()
    {
        var truth = Value(0, 0, Evaluation);
        foreach (var estimator in (Func<LoggedEpisodes, double, EpisodeStatistic>[])[Estimators.WeightedImportanceSampling, Estimators.WeightedPerDecisionImportanceSampling])
        {
            Assert.True(MeanError(estimator, 4) > 5 * MeanError(estimator, 2000));
            Assert.True(MeanError(estimator, 2000) < 0.03);
        }

        double MeanError(Func<LoggedEpisodes, double, EpisodeStatistic> estimator, int episodes) =>
            Enumerable.Range(0, 40).Average(d => Math.Abs(estimator(Sample((ulong)d, episodes), Discount).Value - truth));
    }

    [Theory]
    [InlineData(IntervalMethod.BootstrapPercentile)]
    [InlineData(IntervalMethod.BootstrapBca)]
    public void Intervals_OverManyDatasets_CoverTheTruthAsOftenAsTheySay(IntervalMethod method)
    {
        const int Datasets = 400;
        var truth = Value(0, 0, Evaluation);
        var covered = new int[EstimatorsTests.All.Count];
        var coveredWrong = 0;
        for (var d = 0; d < Datasets; d++)
        {
            var episodes = Sample((ulong)d, 150);
            var statistics = EstimatorsTests.All.Select(estimator => estimator(episodes, Discount)).ToArray();
            var replicates = Bootstrap.OverEpisodes(statistics, 400, RandomStream.Create((ulong)d, "bootstrap"));
            for (var s = 0; s < statistics.Length; s++)
            {
                var interval = method == IntervalMethod.BootstrapPercentile
                    ? Bootstrap.Percentile(replicates[s], 0.95)
                    : Bootstrap.BiasCorrected(replicates[s], statistics[s].Value, statistics[s].Influence(), 0.95);
                covered[s] += interval.Contains(truth) ? 1 : 0;
                coveredWrong += interval.Contains(Value(0, 0, Behavior)) ? 1 : 0;
            }
        }

        // 0.95 with four binomial standard errors of 400 datasets, and a point for the bootstrap's own error.
        foreach (var count in covered)
            Assert.InRange(count / (double)Datasets, 0.90, 0.99);
        Assert.True(coveredWrong < 0.7 * covered.Sum());
    }

    // Rewards: state 0 action 0 gives 1; state 1 action 1 gives 2; else 0.
    static double Reward(int state, int action) => state == 0 && action == 0 ? 1 : state == 1 && action == 1 ? 2 : 0;

    static (int Next, double Probability)[] Next(int state, int action) => (state, action) switch
    {
        (0, 0) => [(0, 0.3), (1, 0.7)],
        (0, 1) => [(1, 0.5)],
        (1, 0) => [(0, 1)],
        _ => [(1, 0.4), (0, 0.6)],
    };

    // The probability of action 0 by state is given; what Next leaves to 1 is the chance to end.
    static double Value(int state, int t, double[] policy)
    {
        if (t == Horizon)
            return 0;
        var sum = 0.0;
        for (var action = 0; action < 2; action++)
        {
            var after = Next(state, action).Sum(next => next.Probability * Value(next.Next, t + 1, policy));
            sum += (action == 0 ? policy[state] : 1 - policy[state]) * (Reward(state, action) + (Discount * after));
        }

        return sum;
    }

    static LoggedEpisodes Sample(ulong seed, int episodes)
    {
        var stream = RandomStream.Create(seed, "mdp");
        var first = new List<int> { 0 };
        var (rewards, evaluation, behavior) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < episodes; i++)
        {
            var state = 0;
            for (var t = 0; t < Horizon && state >= 0; t++)
            {
                var action = stream.NextDouble() < Behavior[state] ? 0 : 1;
                rewards.Add(Reward(state, action));
                behavior.Add(Math.Log(action == 0 ? Behavior[state] : 1 - Behavior[state]));
                evaluation.Add(Math.Log(action == 0 ? Evaluation[state] : 1 - Evaluation[state]));
                var u = stream.NextDouble();
                var from = state;
                state = -1;
                foreach (var (next, probability) in Next(from, action))
                {
                    if (u >= 0 && u < probability)
                        state = next;
                    u -= probability;
                }
            }

            first.Add(rewards.Count);
        }

        return LoggedEpisodes.Create(first.ToArray(), rewards.ToArray(), evaluation.ToArray(), behavior.ToArray());
    }
}
