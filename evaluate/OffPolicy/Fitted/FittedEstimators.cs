using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Estimators that fit something of their own, as the catalog calls them.</summary>
static class FittedEstimators
{
    const double Ridge = 1e-6;

    /// <summary><c>mis</c>: see <see cref="MarginalizedWeights"/>.</summary>
    /// <exception cref="UserErrorException">The discount is 1 and episodes were cut, or the system cannot be solved.</exception>
    public static EpisodeStatistic Marginalized(EstimatorInput input)
    {
        var log = FitLogBuilder.Create(input.Log with { Horizon = ValueHorizon.Infinite }, input.Policy, draws: 0, input.Random, CancellationToken.None);
        return MarginalizedWeights.Estimate(log, Ratios(input.Episodes), Ridge, CancellationToken.None);
    }

    /// <summary><c>model_based</c>: see <see cref="ModelBased"/>.</summary>
    /// <exception cref="UserErrorException">Observations or actions are not discrete, or nothing can be fitted.</exception>
    public static EpisodeStatistic Model(EstimatorInput input)
    {
        var info = input.Log.Columns.Info;
        if (info.ObservationSpace is not DiscreteSpace)
            throw EvaluateThrow.FitNeedsStates("model", info.ObservationSpace, info.Dataset);
        if (info.ActionSpace is not DiscreteSpace)
            throw EvaluateThrow.FitNeedsDiscreteActions("model", info.ActionSpace, info.Dataset);
        return ModelBased.Estimate(FitLogBuilder.Create(input.Log, input.Policy, draws: 0, input.Random, CancellationToken.None));
    }

    /// <summary>[N]: the ratio of each step. After a step that the policy never takes it is not known, and the episode's later steps count nothing.</summary>
    public static double[] Ratios(LoggedEpisodes episodes)
    {
        var ratios = new double[episodes.Steps];
        for (var e = 0; e < episodes.Count; e++)
        {
            var before = 0.0;
            for (var row = episodes.FirstRow[e]; row < episodes.FirstRow[e + 1]; row++)
            {
                var now = episodes.LogWeights[row];
                ratios[row] = double.IsNegativeInfinity(now) ? 0 : Math.Exp(now - before);
                before = now;
            }
        }

        return ratios;
    }
}
