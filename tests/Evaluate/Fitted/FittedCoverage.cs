using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>How estimators that fit something do over many logs of a process whose values are known.</summary>
static class FittedCoverage
{
    /// <summary>One estimator over all logs.</summary>
    /// <param name="Estimator">Its name, and which fit it had.</param>
    /// <param name="Bias">Mean of estimate minus truth.</param>
    /// <param name="BiasError">Its standard error over logs.</param>
    /// <param name="RootMeanSquare">Of estimate minus truth.</param>
    /// <param name="Coverage">Share of logs whose 95 % interval (estimate +- 1.96 standard errors over episodes) holds the truth.</param>
    /// <param name="StandardErrors">The mean of |estimate - truth| / standard error: 0.8 where that is right.</param>
    public sealed record Row(string Estimator, double Bias, double BiasError, double RootMeanSquare, double Coverage, double StandardErrors);

    /// <summary>All estimators of one log.</summary>
    public static IReadOnlyList<(string Name, EpisodeStatistic Statistic)> Estimate(SampledLog log, RandomStream random)
    {
        var discount = log.Fit.Discount;
        var own = CrossFitting.Fit(new TabularQ(), log.Fit, 1, random, CancellationToken.None);
        var crossed = CrossFitting.Fit(new TabularQ(), log.Fit, 2, random, CancellationToken.None);
        return
        [
            ("pdis", Estimators.PerDecisionImportanceSampling(log.Episodes, discount)),
            ("dm, tabular (same log)", DoublyRobustEstimators.DirectMethod(log.Episodes, own)),
            ("dm, tabular", DoublyRobustEstimators.DirectMethod(log.Episodes, crossed)),
            ("dr, tabular (same log)", DoublyRobustEstimators.DoublyRobust(log.Episodes, own, discount)),
            ("dr, tabular", DoublyRobustEstimators.DoublyRobust(log.Episodes, crossed, discount)),
            ("wdr, tabular", DoublyRobustEstimators.WeightedDoublyRobust(log.Episodes, crossed, discount)),
            ("magic, tabular", Magic.Estimate(log.Episodes, crossed, discount, random.Derive("magic"))),
            ("mis", MarginalizedWeights.Estimate(log.Fit, FittedEstimators.Ratios(log.Episodes), 1e-6, CancellationToken.None)),
            ("model_based", ModelBased.Estimate(log.Fit)),
        ];
    }

    /// <summary>Over many logs.</summary>
    /// <param name="sample">A log of its own random stream.</param>
    /// <param name="truth">The exact value.</param>
    /// <param name="logs">How many.</param>
    public static IReadOnlyList<Row> Measure(Func<RandomStream, SampledLog> sample, double truth, int logs)
    {
        var errors = new Dictionary<string, List<(double Error, double StandardError)>>();
        for (var i = 0; i < logs; i++)
        {
            var random = RandomStream.Create((ulong)i, "fitted-coverage");
            foreach (var (name, statistic) in Estimate(sample(random.Derive("log")), random.Derive("fit")))
            {
                if (!errors.TryGetValue(name, out var list))
                    errors[name] = list = [];
                list.Add((statistic.Value - truth, statistic.StandardError()));
            }
        }

        return errors.Select(e => Of(e.Key, e.Value)).ToList();
    }

    static Row Of(string name, List<(double Error, double StandardError)> errors)
    {
        var (n, bias) = (errors.Count, errors.Average(e => e.Error));
        var deviation = Math.Sqrt(errors.Sum(e => (e.Error - bias) * (e.Error - bias)) / (n - 1));
        return new Row(
            name,
            bias,
            deviation / Math.Sqrt(n),
            Math.Sqrt(errors.Average(e => e.Error * e.Error)),
            errors.Count(e => Math.Abs(e.Error) <= 1.96 * e.StandardError) / (double)n,
            errors.Average(e => Math.Abs(e.Error) / e.StandardError));
    }
}
