using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Coverage;

/// <summary>Estimators that look right and are not must not pass for those that are.</summary>
public class WrongEstimatorsTests
{
    // Half of the episodes stop at once with reward 1; the others go on for one more step with reward -1. Nobody chooses: weights are 1.
    static readonly LoggedEpisodes Log = LoggedEpisodes.Create([0, 1, 3, 4, 6], [1, 0, -1, 1, 0, -1], new double[6], new double[6]);

    [Fact]
    public void NormalizingOverRunningEpisodesOnly_GivesAnotherValue_AndOursDoesNot()
    {
        // Each episode has the same weight, so the value is the mean return, (1 - 1 + 1 - 1) / 4.
        Assert.Equal(0, Estimators.WeightedPerDecisionImportanceSampling(Log, 1).Value, 12);
        Assert.Equal(0, Estimators.BehaviorReturn(Log, 1).Value, 12);
        Assert.Equal(-0.5, RunningOnly(Log), 12);
    }

    [Fact]
    public void DoublyRobust_FittedOnItsOwnLog_CollapsesToItsModelAndMisses()
    {
        // 60 contexts, 4 actions, reward 1 for action 3 alone; q of a cell is the mean of its rewards in the log, 0 where it was never drawn.
        const int Logs = 400, Contexts = 60, Rows = 150;
        double[] behavior = [0.4, 0.3, 0.2, 0.1], evaluation = [0.1, 0.1, 0.2, 0.6];
        var (same, crossed, corrections) = (new double[Logs], new double[Logs], new double[Logs]);
        for (var l = 0; l < Logs; l++)
        {
            var stream = RandomStream.Create((ulong)l, "same-log");
            var rows = Enumerable.Range(0, Rows).Select(_ => (Context: stream.NextInt(Contexts), Action: stream.NextCategorical(behavior))).ToArray();
            var episodes = LoggedEpisodes.Create(
                Enumerable.Range(0, Rows + 1).ToArray(),
                rows.Select(r => r.Action == 3 ? 1.0 : 0).ToArray(),
                rows.Select(r => Math.Log(evaluation[r.Action])).ToArray(),
                rows.Select(r => Math.Log(behavior[r.Action])).ToArray());
            var own = Fit(_ => true);
            (same[l], corrections[l]) = (DoublyRobustEstimators.DoublyRobust(episodes, own, 1).Value, DoublyRobustEstimators.DoublyRobust(episodes, own, 1).Value - DoublyRobustEstimators.DirectMethod(episodes, own).Value);
            crossed[l] = DoublyRobustEstimators.DoublyRobust(episodes, Crossed(), 1).Value;

            ValueColumns Fit(Func<int, bool> takes)
            {
                var (sum, count) = (new double[Contexts * 4], new double[Contexts * 4]);
                for (var i = 0; i < Rows; i++)
                {
                    if (!takes(i))
                        continue;
                    sum[(rows[i].Context * 4) + rows[i].Action] += episodes.Rewards[i];
                    count[(rows[i].Context * 4) + rows[i].Action]++;
                }

                double Q(int context, int action) => sum[(context * 4) + action] / Math.Max(1, count[(context * 4) + action]);
                return new(
                    rows.Select(r => Q(r.Context, r.Action)).ToArray(),
                    rows.Select(r => Enumerable.Range(0, 4).Sum(a => evaluation[a] * Q(r.Context, a))).ToArray());
            }

            ValueColumns Crossed()
            {
                var folds = new[] { Fit(i => i % 2 == 1), Fit(i => i % 2 == 0) };
                return new(Enumerable.Range(0, Rows).Select(i => folds[i % 2].ActionValues[i]).ToArray(), Enumerable.Range(0, Rows).Select(i => folds[i % 2].StateValues[i]).ToArray());
            }
        }

        const double Truth = 0.6;
        var (wrong, right) = (EpisodeStatistic.Mean(same), EpisodeStatistic.Mean(crossed));
        Assert.All(corrections, c => Assert.Equal(0, c, 9));
        Assert.True(wrong.Value < Truth - (19 * wrong.StandardError()), $"{wrong.Value}");
        Assert.InRange(right.Value, Truth - (4 * right.StandardError()), Truth + (4 * right.StandardError()));
    }

    static double RunningOnly(LoggedEpisodes log)
    {
        var value = 0.0;
        for (var t = 0; t < log.MaxLength; t++)
        {
            var (sum, total) = (0.0, 0.0);
            for (var i = 0; i < log.Count; i++)
            {
                if (t >= log.Length(i))
                    continue;
                var weight = Math.Exp(log.LogWeights[log.FirstRow[i] + t]);
                sum += weight * log.Rewards[log.FirstRow[i] + t];
                total += weight;
            }

            value += sum / total;
        }

        return value;
    }
}
