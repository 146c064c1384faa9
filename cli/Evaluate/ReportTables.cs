using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Evaluate;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Cli.Evaluate;

/// <summary>What an evaluation found, on standard output.</summary>
static class ReportTables
{
    // More policies than this do not fit side by side.
    const int MostColumns = 6;

    // Of a table on standard output; the files have all.
    const int MostPairs = 30, ShownThresholds = 6;

    static readonly HashSet<int> DifferenceNumbers = [3, 4, 5];
    static readonly HashSet<int> ModelNumbers = [1, 3, 4, 5, 6, 7];
    static readonly HashSet<int> ScoreNumbers = [4, 5, 6, 7];

    /// <summary>A rollout: one row a task, one column a policy.</summary>
    public static void WriteRollout(ReportResult result, double confidence)
    {
        WriteBehavior(result.Summary);
        var policies = result.Summary.Scores.Select(Column).Distinct().ToList();
        if (policies.Count > MostColumns)
        {
            WriteScores(result.Summary.Scores, confidence);
        }
        else
        {
            Console.WriteLine($"Mean return, {Percent(confidence)} bootstrap interval:");
            var rows = result.Summary.Scores.GroupBy(s => (s.Task, s.Label)).Select(task => (IReadOnlyList<string>)
                [task.Key.Task, task.Key.Label, .. policies.Select(p => task.FirstOrDefault(s => Column(s) == p) is { } score ? WithEnds(score.Mean, score.MeanLow, score.MeanHigh) : "")]);
            // How many seeds or episodes stand behind a column is its first task's; the row of all tasks has more episodes.
            var headers = policies.Select(p => $"{p} ({Over(result.Summary.Scores.First(s => Column(s) == p))})");
            Tables.Write(["task", "label", .. headers], rows, Enumerable.Range(2, policies.Count).ToHashSet());
        }

        WriteSuccesses(result.Summary.Scores);
        WriteNormalized(result.Summary.Scores);
        WriteMethods(result.Summary, [], confidence);
        if (result.Summary.SavedDataset is { } saved)
            Console.WriteLine($"Trajectories: dataset {saved.Name}");
        WriteFolder(result.Folder);
    }

    /// <summary>Estimates: one row a policy, one column an estimator.</summary>
    public static void WriteOpe(ReportResult result, double confidence)
    {
        WriteEstimates(result.Summary.Estimates, confidence);
        WriteFolder(result.Folder);
    }

    /// <summary>Methods over tasks and seeds: aggregates where there are several tasks, probabilities of improvement, profiles at a few thresholds.</summary>
    static void WriteMethods(ReportSummary summary, IReadOnlyList<ProfileRow> profiles, double confidence)
    {
        foreach (var scope in summary.Aggregates.Where(a => a.Tasks > 1).GroupBy(a => (a.Scope, a.Scale, a.Tasks)))
        {
            Console.WriteLine();
            Console.WriteLine($"{scope.Key.Scope}: {scope.Key.Tasks} tasks, {(scope.Key.Scale == "normalized" ? "normalized scores (0: random, 100: expert)" : "returns")}, {Percent(confidence)} stratified bootstrap over seeds:");
            var withGap = scope.Any(a => a.OptimalityGap is not null);
            Tables.Write(
                ["method", "snapshots", "seeds", "mean", "median", "IQM", .. withGap ? [$"gap to {Number(scope.First().OptimalityTarget!.Value)}"] : Array.Empty<string>()],
                scope.Select(a => (IReadOnlyList<string>)
                [
                    a.Method, a.Selection, a.SeedsMin == a.SeedsMax ? $"{a.SeedsMin}" : $"{a.SeedsMin}-{a.SeedsMax}",
                    WithEnds(a.Mean, a.MeanLow, a.MeanHigh), WithEnds(a.Median, a.MedianLow, a.MedianHigh), WithEnds(a.Iqm, a.IqmLow, a.IqmHigh),
                    .. withGap ? [WithEnds(a.OptimalityGap!.Value, a.OptimalityGapLow, a.OptimalityGapHigh)] : Array.Empty<string>(),
                ]),
                Enumerable.Range(2, 5).ToHashSet());
            WriteProfiles(profiles.Where(p => p.Scope == scope.Key.Scope && p.Kind == "run_score").ToList());
        }

        WriteImprovements(summary.Improvements, confidence);
        foreach (var note in summary.Notes)
            Console.WriteLine($"Note: {note}");
    }

    // The table beside the report has all thresholds.
    static void WriteProfiles(List<ProfileRow> profiles)
    {
        if (profiles.Count == 0)
            return;
        var all = profiles.Select(p => p.Threshold).Distinct().ToList();
        var shown = all.Where((_, k) => all.Count < ShownThresholds || k % ((all.Count - 1) / (ShownThresholds - 1)) == 0).ToList();
        Console.WriteLine("Share of runs that score above a threshold:");
        Tables.Write(
            ["method", "snapshots", .. shown.Select(t => $"> {Number(t)}")],
            profiles.GroupBy(p => (p.Method, p.Selection)).Select(curve => (IReadOnlyList<string>)
                [curve.Key.Method, curve.Key.Selection, .. curve.Where(p => shown.Contains(p.Threshold)).Select(p => p.Fraction.ToString("0.00", CultureInfo.InvariantCulture))]),
            Enumerable.Range(2, shown.Count).ToHashSet());
    }

    static void WriteImprovements(IReadOnlyList<ImprovementRow> improvements, double confidence)
    {
        // Without several seeds a pair says what the means say.
        var known = improvements.Where(i => i.Low is not null).ToList();
        if (known.Count == 0)
            return;
        // Over several tasks, where there are such: a table for each of them hides what they say together.
        var rows = known.Where(i => i.Tasks > 1 || known.All(other => other.Tasks == 1)).Take(MostPairs).ToList();
        Console.WriteLine();
        Console.WriteLine($"Probability that a run of X scores higher than a run of Y, {Percent(confidence)} stratified bootstrap over seeds{(rows.Count < known.Count ? $" ({rows.Count} of {known.Count} rows of improvements.csv)" : "")}:");
        Tables.Write(
            ["tasks", "X", "Y", "snapshots", "P(X > Y)", "conclusion"],
            rows.Select(i => (IReadOnlyList<string>)
                [i.Scope, i.MethodX, i.MethodY, i.SelectionX, WithEnds(i.Probability, i.Low, i.High), i.Conclusion]),
            new HashSet<int> { 4 });
    }

    /// <summary>A comparison: every score with mean and interquartile mean, then the estimates.</summary>
    public static void WriteComparison(ReportResult result, double confidence)
    {
        WriteBehavior(result.Summary);
        if (result.Summary.Scores.Count > 0)
            WriteScores(result.Summary.Scores, confidence);
        WriteMethods(result.Summary, result.Profiles, confidence);
        if (result.Summary.Scores.Count > 0 && result.Summary.Estimates.Count > 0)
            Console.WriteLine();
        if (result.Summary.Estimates.Count > 0)
            WriteEstimates(result.Summary.Estimates, confidence);
        WriteFolder(result.Folder);
    }

    /// <summary>World models: the held-out errors of each run's newest ones, means over seeds.</summary>
    public static void WriteModels(ReportResult result, ModelTables tables)
    {
        var errors = tables.Errors.Where(e => e.IsLast && e.Dimension is null).ToList();
        if (errors.Count > 0)
        {
            Console.WriteLine("Held-out root mean square errors of the newest models, over those of persistence and over the spread of the data; below 1 the model is better. The last column is 1 where the predicted spread is right, above it the model is too sure:");
            Tables.Write(
                ["run", "seeds", "what", "steps ahead", "error", "/ persistence", "/ spread", "variance of z"],
                errors.GroupBy(e => (e.Run, e.Target, e.Horizon)).Select(g => (IReadOnlyList<string>)
                [
                    g.Key.Run, Count(g.Select(e => e.Seed).Distinct().Count()), g.Key.Target, Count(g.Key.Horizon), Number(g.Average(e => e.Error)), Mean(g.Select(e => e.ErrorOverPersistence)), Mean(g.Select(e => e.ErrorOverSpread)),
                    Mean(tables.Calibration.Where(c => c.IsLast && c.Dimension is null && (c.Run, c.Target, c.Horizon) == g.Key).Select(c => (double?)c.ZVariance)),
                ]),
                ModelNumbers);
        }

        foreach (var note in result.Summary.Notes)
            Console.WriteLine($"Note: {note}");
        WriteFolder(result.Folder);

        static string Mean(IEnumerable<double?> values) => values.Average() is { } mean ? Number(mean) : "-";
    }

    /// <summary>Two reports: what changed, then every score and estimate with its difference.</summary>
    public static void WriteDiff(ReportResult result, double confidence)
    {
        var summary = result.Summary;
        Console.WriteLine($"{summary.Reports[0]} and {summary.Reports[1]}: {(summary.Changes.Count == 0 ? "made alike" : "changed")}");
        foreach (var change in summary.Changes)
            Console.WriteLine($"  {change.What} {change.Name}: {change.Before ?? "not there"} -> {change.After ?? "not there"}");
        if (summary.ScoreDifferences.Count > 0)
        {
            Tables.Write(["policy", "task", "snapshots", "before", "after", "difference", $"{Percent(confidence)} interval", "", "how"], summary.ScoreDifferences.Select(s => (IReadOnlyList<string>)
                [s.Policy, s.Task, s.Selection, Number(s.Before), Number(s.After), Signed(s.Difference), Ends(s.Low, s.High), s.Conclusion, s.Method]), DifferenceNumbers);
        }

        if (summary.EstimateDifferences.Count > 0)
        {
            Tables.Write(["policy", "seed", "estimator", "before", "after", "difference", "", "verdict after"], summary.EstimateDifferences.Select(e => (IReadOnlyList<string>)
            [
                e.Policy, e.Seed?.ToString(CultureInfo.InvariantCulture) ?? "", e.Estimator, e.Before is { } before ? WithEnds(before, e.BeforeLow, e.BeforeHigh) : "-", e.After is { } after ? WithEnds(after, e.AfterLow, e.AfterHigh) : "-",
                e.Difference is { } difference ? Signed(difference) : "-", e.Conclusion, e.VerdictAfter,
            ]), DifferenceNumbers);
        }

        WriteFolder(result.Folder);
    }

    static void WriteBehavior(ReportSummary summary)
    {
        if (summary.BehaviorReturn is { } behavior)
            Console.WriteLine($"Mean return in the log ({string.Join(", ", summary.Datasets.Select(d => d.Name).Distinct())}): {Number(behavior)}");
    }

    static void WriteSuccesses(IReadOnlyList<ScoreRow> scores)
    {
        foreach (var task in scores.Where(s => s.SuccessRate is not null && (s.Label != "held_out" || s.Task == ScoreRow.AllHeldOut)).GroupBy(s => s.Task))
            Console.WriteLine($"Success on {task.Key}: {string.Join(", ", task.Select(s => $"{Column(s)} {Share(s.SuccessRate!.Value)}"))}");
    }

    static string Share(double value) => value.ToString("0.0 %", CultureInfo.InvariantCulture);

    static string Score(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    static void WriteNormalized(IReadOnlyList<ScoreRow> scores)
    {
        foreach (var task in scores.Where(s => s.NormalizedMean is not null).GroupBy(s => (s.Task, s.ReferenceRandom, s.ReferenceExpert, s.ReferenceSource)))
        {
            Console.WriteLine($"Normalized on {task.Key.Task} (0: random, {Number(task.Key.ReferenceRandom!.Value)}; 100: expert, {Number(task.Key.ReferenceExpert!.Value)}; {InShort(task.Key.ReferenceSource!)}): " +
                string.Join(", ", task.Select(s => $"{Column(s)} {Score(s.NormalizedMean!.Value)}")));
        }
    }

    // The table beside the report has all of it.
    static string InShort(string source) => source.Split([": ", "; "], 2, StringSplitOptions.None)[0];

    static void WriteScores(IReadOnlyList<ScoreRow> scores, double confidence) => Tables.Write(
        ["policy", "task", "label", "snapshots", "mean", "IQM", $"{Percent(confidence)} of IQM", "over"],
        scores.Select(row => (IReadOnlyList<string>)
        [
            row.Policy, row.Task, row.Label, row.Selection, Number(row.Mean), Number(row.Iqm), Ends(row.IqmLow, row.IqmHigh), Over(row),
        ]),
        ScoreNumbers);

    static void WriteEstimates(IReadOnlyList<EstimateRow> estimates, double confidence)
    {
        foreach (var log in estimates.GroupBy(e => (e.Dataset, e.Split, e.Discount, e.Episodes, e.Steps, e.BehaviorReturn)))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Estimates from {log.Key.Dataset}, {(log.Key.Split == "all" ? "all" : $"part {log.Key.Split},")} {log.Key.Episodes:N0} episodes of {log.Key.Steps:N0} steps, discount {log.Key.Discount}, {Propensities(log)} propensities; mean return in them {Number(log.Key.BehaviorReturn)}; {Percent(confidence)} intervals ({log.First().Interval}):"));
            var estimators = log.Select(e => e.Estimator).Distinct().ToList();
            var rows = log.GroupBy(e => (e.Policy, e.Seed, e.Step)).Select(policy => (IReadOnlyList<string>)
            [
                policy.Key.Policy,
                policy.Key.Seed?.ToString(CultureInfo.InvariantCulture) ?? "",
                policy.Key.Step?.ToString(CultureInfo.InvariantCulture) ?? "",
                .. estimators.Select(name => policy.FirstOrDefault(e => e.Estimator == name) is { Estimate: { } estimate } e ? WithEnds(estimate, e.Low, e.High) : "-"),
                policy.First().EffectiveSampleSize is { } size ? Number(size) : "-",
                policy.First() is { EffectiveSampleSize: null } ? "-" : policy.First().MeanWeight is { } weight ? Number(weight) : "overflow",
                policy.First().Verdict.Split(':')[0],
            ]);
            Tables.Write(["policy", "seed", "step", .. estimators, "ESS", "mean weight", "verdict"], rows, Enumerable.Range(1, estimators.Count + 4).ToHashSet());
        }
    }

    // 'none needed' says something of an estimator; the log's are those that the others use.
    static string Propensities(IEnumerable<EstimateRow> log) =>
        log.Select(e => e.Propensities).FirstOrDefault(p => p != "none needed") ?? "no";

    static string Column(ScoreRow row) => row.Selection == ScoreRow.Last ? row.Policy : $"{row.Policy} {row.Selection}";

    static string Over(ScoreRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Units} {row.Unit}");

    // Plots come from a library that set-up fetches; a report without it is whole, and says so too.
    internal static void WriteFolder(string folder)
    {
        Console.WriteLine($"Report: {folder} (open {HtmlReport.FileName})");
        if (HtmlReport.MissingPlots is { } remedy)
            Console.Error.WriteLine($"{HtmlReport.FileName} has tables and no plots. {remedy}");
    }
}
