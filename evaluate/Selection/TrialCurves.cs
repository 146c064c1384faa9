using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>The expected score of the deployed policy against the number of online trials allowed.</summary>
static class TrialCurves
{
    /// <param name="config">Trials, episodes, simulations, confidence.</param>
    /// <param name="rankings">One for each estimator.</param>
    /// <param name="truth">Episodes of every policy.</param>
    /// <param name="stream">All strategies draw from the same child.</param>
    /// <param name="cancellation">Looked at before each strategy.</param>
    public static List<TrialRow> Of(SelectConfig config, IEnumerable<EstimatorRanking> rankings, TrueValues truth, RandomStream stream, CancellationToken cancellation)
    {
        var rows = new List<TrialRow>();
        double[][]? all = null;
        foreach (var ranking in rankings)
        {
            cancellation.ThrowIfCancellationRequested();
            var returns = ranking.Ordered.Select(e => truth.Returns[e.Candidate.Key(config.IgnoreOptions)]).ToArray();
            if (all is null)
            {
                all = returns;
                Add("uniform", null, OnlineTrials.InOrder(all, null, config.Trials, config.TrialEpisodes, config.Simulations, stream));
                Add("bandit", null, OnlineTrials.Bandit(all, config.Trials, config.TrialEpisodes, config.Simulations, stream));
                var best = ranking.Truths!.Max();
                rows.AddRange(OnlineTrials.ExpectedMaximum(ranking.Truths).Take(config.Trials).Select((score, k) => new TrialRow
                {
                    Strategy = "noise-free uniform",
                    Trials = k + 1,
                    Episodes = (k + 1) * config.TrialEpisodes,
                    Score = score,
                    Regret = best - score,
                }));
            }

            Add("top", ranking, OnlineTrials.InOrder(returns, [.. Enumerable.Range(0, returns.Length)], config.Trials, config.TrialEpisodes, config.Simulations, stream));
        }

        return rows;

        void Add(string strategy, EstimatorRanking? ranking, double[][] deployed)
        {
            var best = all!.Max(r => r.Average());
            for (var t = 0; t < deployed.Length; t++)
            {
                var band = Bootstrap.Percentile(deployed[t], config.Confidence);
                var score = deployed[t].Average();
                rows.Add(new TrialRow
                {
                    Strategy = strategy,
                    Estimator = ranking?.Name,
                    ValueModel = ranking?.Ordered[0].ValueModel,
                    Trials = t + 1,
                    Episodes = (t + 1) * config.TrialEpisodes,
                    Score = score,
                    Low = band.Low,
                    High = band.High,
                    Regret = best - score,
                });
            }
        }
    }
}
