using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>All estimates of one policy.</summary>
sealed class PolicyEstimates
{
    readonly OpeConfig _config;
    readonly TrainingColumns _columns;
    readonly LoggedRows _rows;
    readonly IReadOnlyList<EstimatorSpec> _named;
    readonly LogTraits _traits;

    public PolicyEstimates(OpeConfig config, TrainingColumns columns, LoggedRows rows)
    {
        (_config, _columns, _rows) = (config, columns, rows);
        _named = config.Estimators.Select(EstimatorSpec.Parse).ToList();
        _traits = new LogTraits(columns.Info.Dataset, rows.MaxLength(), rows.HasPropensities, config.Values.Kind != ValueKind.None);
    }

    /// <summary>Scores the policy on the log and estimates its value in every way asked for.</summary>
    public IReadOnlyList<EstimateRow> Of(EvaluatedPolicy evaluated, CancellationToken cancellation)
    {
        IPolicy? loaded = null;
        try
        {
            var policy = evaluated.Open(_columns, out loaded);
            var hasPropensities = loaded?.HasPropensities != false;
            var specs = (_traits with { PolicyHasPropensities = hasPropensities })
                .Choose(_named, () => EvaluateThrow.PolicyWithoutDensity(evaluated.Policy, loaded!.ActionSpace));
            var scores = PolicyScores.Of(_columns, _rows, hasPropensities ? policy : null, cancellation);
            var log = new OpeLog(_columns, _rows, scores.Episodes, _config.Discount, Horizon()) { HasPropensities = _rows.HasPropensities && hasPropensities };
            var values = specs.Any(s => s.Definition.NeedsValues)
                ? ValueFitters.Create(_config.Values)!.Fit(log, policy, RandomStream.Create(_config.Seed, "ope-values"), cancellation)
                : null;
            var input = new EstimatorInput(log, policy, values, RandomStream.Create(_config.Seed, "ope-estimators"));
            return Rows(evaluated, specs, input, scores.Support, cancellation);
        }
        finally
        {
            (loaded as IDisposable)?.Dispose();
        }
    }

    List<EstimateRow> Rows(EvaluatedPolicy evaluated, IReadOnlyList<EstimatorSpec> specs, EstimatorInput input, Support? support, CancellationToken cancellation)
    {
        var episodes = input.Episodes;
        var weights = input.Log.HasPropensities ? WeightDiagnostics.Of(episodes) : null;
        var behavior = Estimators.BehaviorReturn(episodes, _config.Discount).Value;
        var computed = specs.Select(s => s.Compute(input)).ToList();
        var statistics = computed.Select(c => c.Statistic).ToList();
        // One stream for all policies: they are compared on the same resamples.
        var replicates = Bootstrap.OverEpisodes(statistics, _config.Resamples, RandomStream.Create(_config.Seed, "ope-bootstrap"), cancellation);
        return specs.Select((spec, i) =>
        {
            var interval = !double.IsFinite(statistics[i].Value) || episodes.Count < 2 ? Interval.None
                : _config.Interval == IntervalMethod.BootstrapPercentile ? Bootstrap.Percentile(replicates[i], _config.Confidence)
                : Bootstrap.BiasCorrected(replicates[i], statistics[i].Value, statistics[i].Influence(), _config.Confidence);
            return new EstimateRow
            {
                Algorithm = evaluated.Algorithm,
                Policy = evaluated.Policy,
                Seed = evaluated.Seed,
                Step = evaluated.Step,
                Dataset = _columns.Info.Dataset,
                Split = _config.Split.Length > 0 ? _config.Split : "all",
                Estimator = spec.Text,
                Target = episodes.MaxLength == 1 ? Targets.SingleDecision : spec.Definition.Target,
                ValueModel = spec.Definition.NeedsValues ? ValueFitters.Label(_config.Values) : "none",
                Lambda = computed[i].Lambda,
                Estimate = Finite(statistics[i].Value),
                Low = Finite(interval.Low),
                High = Finite(interval.High),
                Interval = IntervalNames.Of(_config.Interval),
                IntervalAssumption = "",
                StandardError = Finite(statistics[i].StandardError()),
                UndefinedResamples = replicates[i].Count(double.IsNaN) / (double)_config.Resamples,
                BehaviorReturn = behavior,
                Discount = _config.Discount,
                Episodes = episodes.Count,
                Steps = episodes.Steps,
                EffectiveSampleSize = weights?.EffectiveSampleSize,
                MeanWeight = Finite(weights?.MeanWeight),
                MaxWeight = Finite(weights?.MaxWeight),
                TopEpisodeShare = weights?.TopEpisodeShare,
                TopTenPercentShare = weights?.TopTenPercentShare,
                ZeroWeightEpisodes = weights?.ZeroWeightEpisodes,
                ZeroRatioSteps = weights is null ? null : episodes.ZeroRatioSteps,
                UnsupportedSteps = support?.Steps,
                UnsupportedMass = support?.Mass,
                Propensities = spec.Definition.NeedsPropensities ? _columns.Info.PropensitySource.ToString().ToLowerInvariant() : "none needed",
                Verdict = Verdict(spec, weights, statistics[i].Value, support),
            };
        }).ToList();
    }

    static string Verdict(EstimatorSpec spec, WeightDiagnostics? weights, double estimate, Support? support)
    {
        if (weights is null || !spec.Definition.NeedsPropensities)
            return "as good as its values: no weight checks them against the log";
        var text = weights.Verdict();
        if (weights.EffectiveSampleSize > 0 && !double.IsFinite(estimate))
            text = double.IsNaN(estimate)
                ? "undefined: from some step on, no logged episode follows the policy"
                : "overflow: a weight does not fit into a double; look at wis and wpdis";
        return support is { Steps: > 0 } ? FormattableString.Invariant($"{text}; {support.Mass:0.###} of the policy's actions were never logged") : text;
    }

    ValueHorizon Horizon()
    {
        if (_config.Values.Horizon != ValueHorizon.Auto)
            return _config.Values.Horizon;
        for (var i = 0; i < _rows.Episodes; i++)
        {
            if (_columns.Truncated[_rows.DatasetRow(i) + _rows.FirstRow[i + 1] - _rows.FirstRow[i] - 1][0] != 0)
                return ValueHorizon.Finite;
        }

        return ValueHorizon.Infinite;
    }

    static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
