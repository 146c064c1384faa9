using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Rows of the tables that say whether to believe a policy's estimates.</summary>
static class PolicyDiagnostics
{
    const int Bars = 30;

    static readonly IReadOnlyList<(bool IsCvar, double Level)> Measures =
        [(false, 0.05), (false, 0.25), (false, 0.5), (false, 0.75), (false, 0.95), (true, 0.05), (true, 0.1), (true, 0.25)];

    /// <summary>Pairs of estimators whose intervals do not meet, such as <c>wis and dm</c>.</summary>
    public static string Disagreement(IReadOnlyList<EstimateRow> estimates)
    {
        var pairs = from a in estimates.Select((row, index) => (row, index))
                    from b in estimates.Skip(a.index + 1)
                    where a.row.Target == b.Target && (a.row.High < b.Low || b.High < a.row.Low)
                    select $"{a.row.Estimator} and {b.Estimator}";
        return string.Join("; ", pairs);
    }

    /// <summary>The one row of a policy.</summary>
    public static DiagnosticRow Row(EvaluatedPolicy policy, EstimatorInput input, WeightDiagnostics? weights, Support? support, BehaviorCheck behavior, IReadOnlyList<EstimateRow> estimates)
    {
        var episodes = input.Episodes;
        var disagreement = Disagreement(estimates);
        return new()
        {
            Policy = policy.Policy,
            Seed = policy.Seed,
            Step = policy.Step,
            Episodes = episodes.Count,
            EffectiveSampleSize = weights?.EffectiveSampleSize,
            ParetoK = Finite(weights?.TailShape),
            Overlap = Finite(support?.Overlap),
            LowOverlapSteps = support?.LowOverlap,
            UnsupportedMass = support?.Mass,
            LowestEstimate = estimates.Min(e => e.Estimate),
            HighestEstimate = estimates.Max(e => e.Estimate),
            Disagreement = disagreement,
            BehaviorReturn = estimates[0].BehaviorReturn,
            BehaviorEstimate = behavior.Estimate,
            BehaviorCheck = behavior.Finding,
            Wis = weights is null ? null : Without(0),
            WisWithoutHeaviest = weights is null ? null : Without(1),
            WisWithoutHeaviest5 = weights is null ? null : Without(5),
            WisWithoutHeaviest10 = weights is null ? null : Without(10),
            Verdict = (estimates.FirstOrDefault(e => e.EffectiveSampleSize is not null) ?? estimates[0]).Verdict
                + (disagreement.Length > 0 ? $"; intervals do not meet: {disagreement}" : ""),
        };

        double? Without(int left) => Finite(HeaviestEpisodes.Without(episodes, input.Discount, left));
    }

    /// <summary>The histogram of log10 weights, and a row without ends for weights of 0.</summary>
    public static IEnumerable<WeightBarRow> Histogram(EvaluatedPolicy policy, LoggedEpisodes episodes)
    {
        var logs = Enumerable.Range(0, episodes.Count).Select(i => episodes.FinalLogWeight(i) / Math.Log(10)).Where(double.IsFinite).ToArray();
        if (logs.Length < episodes.Count)
            yield return Bar(null, null, episodes.Count - logs.Length);
        if (logs.Length == 0)
            yield break;
        var (low, high) = (logs.Min(), logs.Max());
        // All alike: one bar around them.
        var (start, width) = high - low < 1e-9 ? (low - 0.05, 0.1) : (low, (high - low) / Bars);
        var counts = new int[Bars];
        foreach (var log in logs)
            counts[Math.Clamp((int)((log - start) / width), 0, Bars - 1)]++;
        for (var b = 0; b < (high - low < 1e-9 ? 1 : Bars); b++)
            yield return Bar(start + (b * width), start + ((b + 1) * width), counts[b]);

        WeightBarRow Bar(double? from, double? to, int count) =>
            new() { Policy = policy.Policy, Seed = policy.Seed, Step = policy.Step, Low = from, High = to, Count = count };
    }

    /// <summary>Quantiles and tail means of the policy's returns.</summary>
    public static IEnumerable<ReturnRow> Returns(EvaluatedPolicy policy, LoggedEpisodes episodes, OpeConfig config, CancellationToken cancellation)
    {
        var distribution = ReturnDistribution.Of(episodes, config.Discount);
        var intervals = distribution.Intervals(Measures, config.Resamples, config.Confidence, RandomStream.Create(config.Seed, "ope-bootstrap"), cancellation);
        return Measures.Select((measure, m) => new ReturnRow
        {
            Policy = policy.Policy,
            Seed = policy.Seed,
            Step = policy.Step,
            Measure = measure.IsCvar ? "cvar" : "quantile",
            Level = measure.Level,
            Value = Finite(measure.IsCvar ? distribution.Cvar(measure.Level) : distribution.Quantile(measure.Level)),
            Low = episodes.Count < 2 ? null : Finite(intervals[m].Low),
            High = episodes.Count < 2 ? null : Finite(intervals[m].High),
        });
    }

    static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
