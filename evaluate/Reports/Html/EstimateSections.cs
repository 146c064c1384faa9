using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>What a log says: estimates with their intervals and verdicts, what the weights leave of the log, and the further tables of diagnostics.</summary>
static class EstimateSections
{
    public static void Write(ReportPage page)
    {
        if (page.Summary.Estimates.Count == 0)
            return;
        Estimates(page);
        Intervals(page);
        Weights(page);
        Diagnostics(page);
    }

    static void Estimates(ReportPage page)
    {
        page.Html.Heading("Estimates");
        // The last snapshots first: where only some are drawn, these are.
        var snapshots = Snapshots(page).OrderByDescending(s => s.First().Step ?? int.MaxValue).ToList();
        var estimators = page.Summary.Estimates.Select(e => e.Estimator).Distinct().ToList();
        page.Figure(
            "Estimated return by policy and estimator",
            $"Lines are {Percent(page.Confidence)} intervals over episodes. Hollow marks: not to be trusted by its verdict. Where estimators disagree beyond their intervals, some of them are wrong.",
            [.. estimators.Select((e, i) => new PlotKey(e, new SeriesStyle(i))), new PlotKey("what the logging policy got", null), .. RolledOut(page).Count > 0 ? new[] { new PlotKey("rolled out (on-policy mean)", new SeriesStyle(estimators.Count)) } : []],
            [.. snapshots.Select(s => new Plot(
                Name(page, s.First()),
                $"Estimates for {Name(page, s.First())} with their intervals",
                Vega.Intervals(
                    [
                        .. s.Where(e => e.Estimate is not null).Select(e => new IntervalMark($"{e.Estimator}: {WithEnds(e.Estimate!.Value, e.Low, e.High)}", e.Estimate!.Value, e.Low, e.High, new SeriesStyle(estimators.IndexOf(e.Estimator)), !IsTrusted(e.Verdict))),
                        .. RolledOut(page).Where(r => r.Algorithm == s.First().Algorithm && r.Policy == s.First().Policy && s.First().Discount == 1).Select(r => new IntervalMark($"rolled out: {WithEnds(r.Mean, r.MeanLow, r.MeanHigh)}", r.Mean, r.MeanLow, r.MeanHigh, new SeriesStyle(estimators.Count))),
                    ],
                    "return",
                    [s.First().BehaviorReturn]),
                [.. s.Select(e => e.Verdict.Split(':')[0]).Distinct()]))],
            "estimates");
        var seeds = page.Summary.Estimates.Any(e => e.Seed is not null || e.Step is not null);
        var values = page.Summary.Estimates.Any(e => e.ValueModel != "none");
        page.Table(
            ["policy", .. seeds ? ["seed", "step"] : Array.Empty<string>(), "estimator", "estimate", "interval", "standard error", .. values ? ["values"] : Array.Empty<string>(), "verdict"],
            [.. page.Summary.Estimates.Select(e => (IReadOnlyList<string>)
            [
                Escape(page.Name(e.Algorithm, e.Policy)), .. seeds ? [Whole(e.Seed), Whole(e.Step)] : Array.Empty<string>(), Escape(e.Estimator), e.Estimate is { } value ? Number(value) : "undefined", Ends(e.Low, e.High), e.StandardError is { } error ? Number(error) : "", .. values ? [Escape(e.ValueModel)] : Array.Empty<string>(), ReportPage.Verdict(e.Verdict),
            ])],
            $"l{(seeds ? "nn" : "")}lnnn{(values ? "l" : "")}w",
            "estimates");
        foreach (var assumption in page.Summary.Estimates.Select(e => (e.Interval, e.IntervalAssumption)).Distinct())
            page.Html.Paragraph($"{assumption.Interval.Replace('_', ' ')}: {assumption.IntervalAssumption}", "soft");
    }

    /// <summary>Scores of the very policies that are estimated, where the report has both: the truth, as far as episodes tell it.</summary>
    static List<ScoreRow> RolledOut(ReportPage page) => page.Summary.Scores
        .Where(s => s.Label == "nominal" && s.Selection == ScoreRow.Last && page.Summary.Estimates.Any(e => e.Algorithm == s.Algorithm && e.Policy == s.Policy && e.Discount == 1))
        .ToList();

    static void Intervals(ReportPage page)
    {
        if (page.TryTable("intervals") is not { Rows.Count: > 0 } table || !table.Has("policy", "seed", "step", "estimator", "method", "low", "high"))
            return;
        var estimates = page.Summary.Estimates.GroupBy(e => (e.Policy, Whole(e.Seed), Whole(e.Step), e.Estimator)).ToDictionary(g => g.Key, g => g.First());
        var methods = table.Rows.Select(r => table.Text(r, "method")).Distinct().ToList();
        page.Figure(
            "The same estimates by other intervals",
            "Each rests on another assumption, which the table states. The widest hold for any bounded return; the narrowest only where the weights are tame.",
            [.. methods.Select((m, i) => new PlotKey(m.Replace('_', ' '), new SeriesStyle(i)))],
            [.. table.Rows.Where(r => table.Number(r, "low") is not null && table.Number(r, "high") is not null)
                .GroupBy(r => (Policy: table.Text(r, "policy"), Seed: table.Text(r, "seed"), Step: table.Text(r, "step"), Estimator: table.Text(r, "estimator")))
                .Select(g => new Plot(
                    $"{g.Key.Policy}{(g.Key.Seed.Length > 0 ? $", seed {g.Key.Seed}" : "")}{(g.Key.Step.Length > 0 ? $", step {g.Key.Step}" : "")}: {g.Key.Estimator}",
                    $"Intervals of {g.Key.Estimator} for {g.Key.Policy}",
                    Vega.Intervals([.. g.Select(r => Mark(r, estimates.GetValueOrDefault((g.Key.Policy, g.Key.Seed.Length > 0 ? g.Key.Seed : "", g.Key.Step, g.Key.Estimator))))], "return", [])))],
            "intervals");
        page.Table(table);

        IntervalMark Mark(string[] row, EstimateRow? estimate)
        {
            var (low, high) = (table.Number(row, "low")!.Value, table.Number(row, "high")!.Value);
            var method = table.Text(row, "method");
            return new IntervalMark($"{method.Replace('_', ' ')}: {Ends(low, high)}", estimate?.Estimate ?? ((low + high) / 2), low, high, new SeriesStyle(methods.IndexOf(method)));
        }
    }

    static void Weights(ReportPage page)
    {
        var snapshots = Snapshots(page).Where(s => s.First().EffectiveSampleSize is not null).Select(s => s.First()).ToList();
        if (snapshots.Count == 0)
            return;
        page.Html.Heading("What the weights leave of the log");
        var drawn = snapshots.OrderByDescending(s => s.Step ?? int.MaxValue).Take(24).ToList();
        page.Figure(
            "Effective sample size",
            $"How many of the log's episodes the weights leave, on a logarithmic axis{(drawn.Count < snapshots.Count ? $"; the first {drawn.Count} of {snapshots.Count} snapshots" : "")}. Dashed: below 10 an estimate is not to be trusted, below 50 it is weak, and the last line is the log itself.",
            [],
            [new Plot("", "Effective sample size of each policy", Vega.Bars([.. drawn.Select(s => ($"{Name(page, s)}: {Number(s.EffectiveSampleSize!.Value)} of {Count(s.Episodes)}", s.EffectiveSampleSize!.Value, page.Style(s.Algorithm, s.Policy)))], "effective episodes", [10, 50, .. drawn.Select(s => (double)s.Episodes).Distinct()], logarithmic: true))],
            "estimates");
        page.Table(
            ["policy", "seed", "step", "effective episodes", "of", "mean weight", "largest weight", "heaviest episode", "heaviest tenth", "zero-weight episodes", "unsupported mass"],
            [.. snapshots.Select(s => (IReadOnlyList<string>)
            [
                Escape(page.Name(s.Algorithm, s.Policy)), Whole(s.Seed), Whole(s.Step), Number(s.EffectiveSampleSize!.Value), Count(s.Episodes), s.MeanWeight is { } mean ? Number(mean) : "overflow", s.MaxWeight is { } max ? Number(max) : "overflow",
                Part(s.TopEpisodeShare), Part(s.TopTenPercentShare), s.ZeroWeightEpisodes is { } zero ? Count(zero) : "", Part(s.UnsupportedMass),
            ])],
            "lnnnnnnnnnn",
            "estimates");
        if (page.TryTable("weights") is not { Rows.Count: > 0 } weights || !weights.Has("policy", "seed", "step", "low", "high", "count"))
            return;
        page.Figure(
            "Weights of whole episodes",
            "Episodes by the logarithm (base 10) of their weight. A long tail to the right means that few episodes decide; a pile far left of 0 that most of the log is of no use for this policy.",
            [],
            [.. weights.Rows.GroupBy(r => (Policy: weights.Text(r, "policy"), Seed: weights.Text(r, "seed"), Step: weights.Text(r, "step"))).Select(g => new Plot(
                $"{g.Key.Policy}{(g.Key.Seed.Length > 0 ? $", seed {g.Key.Seed}" : "")}{(g.Key.Step.Length > 0 ? $", step {g.Key.Step}" : "")}{(g.Where(r => weights.Number(r, "low") is null).Sum(r => weights.Number(r, "count") ?? 0) is > 0 and var zero ? $"; {Count((long)zero)} of weight 0 are not drawn" : "")}",
                $"Histogram of the weights of {g.Key.Policy}",
                Vega.Histogram(
                    [.. g.Select(r => (Low: weights.Number(r, "low"), High: weights.Number(r, "high"), Count: weights.Number(r, "count"))).Where(b => b is { Low: not null, High: not null, Count: not null }).Select(b => (b.Low!.Value, b.High!.Value, b.Count!.Value))],
                    "log10 of the weight",
                    "episodes",
                    StyleOf(page, g.Key.Policy))))],
            "weights");
    }

    static void Diagnostics(ReportPage page)
    {
        if (page.TryTable("diagnostics") is not { Rows.Count: > 0 } table)
            return;
        page.Html.Heading("Diagnostics");
        page.Table(table);
        if (page.TryTable("returns") is not { Rows.Count: > 0 } returns)
            return;
        page.Html.Heading("Distribution of returns");
        page.Table(returns);
    }

    static IEnumerable<IGrouping<(string, string, long?, int?, string, string), EstimateRow>> Snapshots(ReportPage page) =>
        page.Summary.Estimates.GroupBy(e => (e.Algorithm, e.Policy, e.Seed, e.Step, e.Dataset, e.Split));

    static SeriesStyle StyleOf(ReportPage page, string policy) => page.Summary.Policies.FirstOrDefault(p => p.Policy == policy) is { } known ? page.Style(known.Algorithm, policy) : new SeriesStyle(0);

    public static bool IsTrusted(string verdict) => verdict.StartsWith("usable", StringComparison.Ordinal) || verdict.StartsWith("weak", StringComparison.Ordinal);

    static string Name(ReportPage page, EstimateRow e) => page.Name(e.Algorithm, e.Policy) + (e.Seed is null && e.Step is null ? "" : FormattableString.Invariant($", seed {e.Seed}, step {e.Step}"));

    static string Whole(long? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "";

    static string Part(double? share) => share is { } s ? Percent(Math.Round(s, 4)) : "";
}
