using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>All estimates of one policy after the other, and what decides whether to believe them.</summary>
sealed class PolicyEstimates
{
    readonly OpeConfig _config;
    readonly TrainingColumns _columns;
    readonly LoggedRows _rows;
    readonly IReadOnlyList<EstimatorSpec> _named;
    readonly LogTraits _traits;
    readonly ValueHorizon _horizon;
    BehaviorCheck? _behavior;

    public PolicyEstimates(OpeConfig config, TrainingColumns columns, LoggedRows rows)
    {
        (_config, _columns, _rows) = (config, columns, rows);
        _named = config.Estimators.Select(EstimatorSpec.Parse).ToList();
        _horizon = config.Values.Horizon != ValueHorizon.Auto ? config.Values.Horizon : HasCuts() ? ValueHorizon.Finite : ValueHorizon.Infinite;
        _traits = new LogTraits(columns.Info.Dataset, rows.MaxLength(), rows.HasPropensities, config.Values.Kind != ValueKind.None)
        {
            ValuesGoPastCuts = config.Values.Horizon == ValueHorizon.Infinite && HasCuts(),
        };
    }

    /// <summary>Scores the policy on the log and estimates its value in every way asked for.</summary>
    public PolicyFindings Of(EvaluatedPolicy evaluated, CancellationToken cancellation)
    {
        IPolicy? loaded = null;
        try
        {
            var policy = evaluated.Open(_columns, out loaded);
            var hasPropensities = loaded?.HasPropensities != false;
            var specs = (_traits with { PolicyHasPropensities = hasPropensities })
                .Choose(_named, () => EvaluateThrow.PolicyWithoutDensity(evaluated.Policy, loaded!.ActionSpace));
            var scores = PolicyScores.Of(_columns, _rows, hasPropensities ? policy : null, cancellation);
            var log = new OpeLog(_columns, _rows, scores.Episodes, _config.Discount, _horizon) { HasPropensities = _rows.HasPropensities && hasPropensities };
            var values = specs.Any(s => s.Definition.NeedsValues)
                ? ValueFitters.Create(_config.Values)!.Fit(log, policy, RandomStream.Create(_config.Seed, "ope-values"), cancellation)
                : null;
            var input = new EstimatorInput(log, policy, values, RandomStream.Create(_config.Seed, "ope-estimators"));
            return Find(evaluated, specs, input, scores.Support, cancellation);
        }
        finally
        {
            (loaded as IDisposable)?.Dispose();
        }
    }

    PolicyFindings Find(EvaluatedPolicy evaluated, IReadOnlyList<EstimatorSpec> specs, EstimatorInput input, Support? support, CancellationToken cancellation)
    {
        var computed = specs.Select(s => Compute(s, input)).ToList();
        // One stream for all policies: they are compared on the same resamples.
        var replicates = Bootstrap.OverEpisodes(computed.Select(c => c.Statistic).ToList(), _config.Resamples, RandomStream.Create(_config.Seed, "ope-bootstrap"), cancellation);
        var behavior = _behavior ??= BehaviorCheck.Of(_columns, _rows, _config.Discount);
        var behaviorReturn = Estimators.BehaviorReturn(input.Episodes, _config.Discount).Value;
        var (rows, intervals) = (new List<EstimateRow>(), new List<IntervalRow>());
        for (var i = 0; i < computed.Count; i++)
        {
            var estimate = computed[i];
            var ends = new EstimateIntervals(estimate.Statistic, replicates[i], EstimateIntervals.Range(estimate.Statistic, estimate.Weighted, _config.Discount), estimate.Held);
            intervals.AddRange(Enum.GetValues<IntervalMethod>().Select(method => IntervalOf(evaluated, estimate, ends, method)));
            var undefined = replicates[i].Count(double.IsNaN) / (double)_config.Resamples;
            rows.Add(Row(evaluated, estimate, ends, undefined, support, behavior, behaviorReturn, input.Episodes));
        }

        var weights = input.Log.HasPropensities ? WeightDiagnostics.Of(input.Episodes) : null;
        return new PolicyFindings(
            rows,
            intervals,
            [PolicyDiagnostics.Row(evaluated, input, weights, support, behavior, rows)],
            weights is null ? [] : PolicyDiagnostics.Histogram(evaluated, input.Episodes).ToList(),
            weights is null ? [] : PolicyDiagnostics.Returns(evaluated, input.Episodes, _config, cancellation).ToList());
    }

    ComputedEstimate Compute(EstimatorSpec spec, EstimatorInput input)
    {
        var (statistic, lambda) = spec.Compute(input);
        var weighted = !spec.Definition.NeedsPropensities ? null
            : spec.Definition.Weights is { } own ? own(input, lambda ?? double.NaN)
            : input.Log.HasPropensities ? input.Episodes : null;
        string[] held =
        [
            .. spec.Lambdas.Count > 1 ? (string[])["lambda"] : [],
            .. spec.Definition.Held.Length > 0 ? (string[])[spec.Definition.Held] : [],
            .. spec.Definition.NeedsValues && _config.Values.Kind != ValueKind.Columns ? (string[])["fitted values"] : [],
        ];
        return new(spec, statistic, lambda, weighted, string.Join(", ", held));
    }

    IntervalRow IntervalOf(EvaluatedPolicy evaluated, ComputedEstimate estimate, EstimateIntervals ends, IntervalMethod method)
    {
        var interval = ends.Of(method, _config.Confidence);
        return new IntervalRow
        {
            Policy = evaluated.Policy,
            Seed = evaluated.Seed,
            Step = evaluated.Step,
            Estimator = estimate.Spec.Text,
            Method = IntervalNames.Of(method),
            Low = Finite(interval.Low),
            High = Finite(interval.High),
            Assumption = ends.Assumption(method),
        };
    }

    EstimateRow Row(EvaluatedPolicy evaluated, ComputedEstimate estimate, EstimateIntervals ends, double undefined, Support? support, BehaviorCheck behavior, double behaviorReturn, LoggedEpisodes episodes)
    {
        var (spec, statistic) = (estimate.Spec, estimate.Statistic);
        var weights = estimate.Weighted is null ? null : WeightDiagnostics.Of(estimate.Weighted);
        var interval = ends.Of(_config.Interval, _config.Confidence);
        return new EstimateRow
        {
            Algorithm = evaluated.Algorithm,
            Policy = evaluated.Policy,
            Seed = evaluated.Seed,
            Step = evaluated.Step,
            Dataset = _columns.Info.Dataset,
            Split = _config.Split.Length > 0 ? _config.Split : "all",
            Estimator = spec.Text,
            Target = episodes.MaxLength == 1 ? Targets.SingleDecision
                : _traits.ValuesGoPastCuts && !spec.Definition.NeedsPropensities ? Targets.Discounted
                : spec.Definition.Target,
            ValueModel = spec.Definition.NeedsValues ? ValueFitters.Label(_config.Values) : "none",
            Lambda = estimate.Lambda,
            Estimate = Finite(statistic.Value),
            Low = Finite(interval.Low),
            High = Finite(interval.High),
            Interval = IntervalNames.Of(_config.Interval),
            IntervalAssumption = ends.Assumption(_config.Interval),
            StandardError = Finite(statistic.StandardError()),
            UndefinedResamples = undefined,
            BehaviorReturn = behaviorReturn,
            Discount = _config.Discount,
            Episodes = episodes.Count,
            Steps = episodes.Steps,
            EffectiveSampleSize = weights?.EffectiveSampleSize,
            MeanWeight = Finite(weights?.MeanWeight),
            MaxWeight = Finite(weights?.MaxWeight),
            TopEpisodeShare = weights?.TopEpisodeShare,
            TopTenPercentShare = weights?.TopTenPercentShare,
            ZeroWeightEpisodes = weights?.ZeroWeightEpisodes,
            ZeroRatioSteps = estimate.Weighted?.ZeroRatioSteps,
            UnsupportedSteps = support?.Steps,
            UnsupportedMass = support?.Mass,
            Propensities = spec.Definition.NeedsPropensities ? _columns.Info.PropensitySource.ToString().ToLowerInvariant() : "none needed",
            Verdict = Verdicts.Of(spec, weights, statistic.Value, support, behavior),
        };
    }

    bool HasCuts()
    {
        for (var i = 0; i < _rows.Episodes; i++)
        {
            if (_columns.Truncated[_rows.DatasetRow(i) + _rows.FirstRow[i + 1] - _rows.FirstRow[i] - 1][0] != 0)
                return true;
        }

        return false;
    }

    static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    sealed record ComputedEstimate(EstimatorSpec Spec, EpisodeStatistic Statistic, double? Lambda, LoggedEpisodes? Weighted, string Held);
}
