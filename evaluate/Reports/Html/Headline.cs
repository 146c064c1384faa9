using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>The answer first, in words: what was scored, on what, the best with its interval, and whether to believe it.</summary>
static class Headline
{
    // The steadier and the better informed first; of what a report has, the first is the one that the headline names.
    static readonly string[] Preferred = ["wdr", "dr", "switch_dr", "dros", "sndr", "sg_dr", "magic", "wpdis", "wis", "snips", "sg_ips", "clipped_ips", "pdis", "is", "ips", "dm"];

    /// <summary>Paragraphs of HTML.</summary>
    /// <param name="page">The report.</param>
    /// <param name="models">World models that it is about; null: none.</param>
    public static IEnumerable<string> Of(ReportPage page, ModelTables? models)
    {
        var said = (models is null ? [] : ModelSections.InWords(models)).Concat(Choice(page)).Concat(Differences(page)).Concat(Scores(page)).Concat(Estimates(page)).Concat(page.Summary.Notes.Select(Escape)).ToList();
        return said.Count > 0 ? said : ["This report has neither scores nor estimates; its tables follow."];
    }

    static IEnumerable<string> Choice(ReportPage page)
    {
        if (page.Summary.Choice is { } choice)
            yield return choice.Policy is { } policy ? $"Chosen: <b>{Escape(policy.ToString())}</b>. {Escape(choice.Reason)}" : $"<b>No policy is chosen.</b> {Escape(choice.Reason)}";
    }

    static IEnumerable<string> Scores(ReportPage page)
    {
        var scores = page.Summary.Scores.Where(s => s.Selection != ScoreRow.Best).ToList();
        if (scores.Count == 0)
            yield break;
        var policies = scores.Select(s => (s.Algorithm, s.Policy)).Distinct().Count();
        var tasks = scores.Where(s => !s.Task.StartsWith(ScoreRow.AllHeldOut, StringComparison.Ordinal)).Select(s => s.Task).Distinct().ToList();
        yield return Escape($"{Counted(policies, "policy", "policies")} scored on {Counted(tasks.Count, "task", "tasks")}{(tasks.Count <= 4 ? $" ({string.Join(", ", tasks)})" : "")}, {Span(scores.Select(s => s.Episodes))} episodes behind a score.");
        foreach (var task in Headlined(scores))
        {
            var ranked = scores.Where(s => s.Task == task).OrderByDescending(s => s.Mean).ToList();
            var best = ranked[0];
            var text = $"{(task == ScoreRow.AllHeldOut ? "Over all held-out tasks" : $"On {Escape(task == best.Label ? task : $"{task} ({best.Label.Replace('_', '-')})")}")}, " +
                (ranked.Count > 1 ? "the best is " : "") + $"<b>{Escape(page.Name(best.Algorithm, best.Policy))}</b> with a mean return of <b>{Number(best.Mean)}</b>{Interval(best.MeanLow, best.MeanHigh, page.Confidence)}, over {Counted(best.Units, best.Unit.TrimEnd('s'), best.Unit)}";
            if (page.Summary.BehaviorReturn is { } log && best.Label == "nominal")
                text += Escape($"; the log's mean return is {Number(log)}");
            if (ranked.Count > 1 && ranked[1] is var next)
            {
                text += $"; next is {Escape(page.Name(next.Algorithm, next.Policy))} with {Number(next.Mean)}{Escape(next.MeanLow is null ? "" : $" {Ends(next.MeanLow, next.MeanHigh)}")}";
                text += best.MeanLow is null || next.MeanHigh is null ? "" : best.MeanLow > next.MeanHigh ? ", whose interval lies below" : ", and their intervals overlap: this does not tell the two apart";
            }

            yield return text + ".";
        }

        if (scores.Any(s => s.Unit == "episodes" && s.Units > 1 && s.Algorithm != "builtin"))
            yield return "Where the interval is over episodes, there was a single training seed: it says how this one policy does, and not how its algorithm would with another seed.";
    }

    static IEnumerable<string> Estimates(ReportPage page)
    {
        var estimates = page.Summary.Estimates;
        foreach (var log in estimates.GroupBy(e => (e.Dataset, e.Split)))
        {
            var rows = log.ToList();
            var policies = rows.GroupBy(e => (e.Algorithm, e.Policy, e.Seed, e.Step)).ToList();
            yield return Escape($"{Counted(policies.Count, "policy snapshot", "policy snapshots")} estimated from {log.Key.Dataset}{(log.Key.Split == "all" ? "" : $" (part {log.Key.Split})")}: {Count(rows[0].Episodes)} episodes, {rows[0].Propensities} propensities. The policy that logged got {Number(rows[0].BehaviorReturn)} on average, at discount {rows[0].Discount.ToString(System.Globalization.CultureInfo.InvariantCulture)}.");
            var estimator = Preferred.FirstOrDefault(name => rows.Any(e => e.Estimator == name && e.Estimate is not null)) ?? rows[0].Estimator;
            var trusted = rows.Where(e => e.Estimator == estimator && e.Estimate is not null && e.Verdict.StartsWith("usable", StringComparison.Ordinal)).ToList();
            if (trusted.MaxBy(e => e.Estimate!.Value) is { } best)
            {
                yield return $"Of those whose estimate is usable, the highest by {Escape(estimator)} is <b>{Escape(page.Name(best.Algorithm, best.Policy))}</b>{Escape(Snapshot(best.Seed, best.Step))}: <b>{Number(best.Estimate!.Value)}</b>{Interval(best.Low, best.High, page.Confidence)} over episodes"
                    + (best.Low > best.BehaviorReturn ? "; its interval lies above what the logging policy got." : best.High < best.BehaviorReturn ? "; its interval lies below what the logging policy got." : "; its interval holds what the logging policy got, so that an improvement is not shown.");
            }
            else
            {
                yield return "<span class=\"verdict bad\">\u2715 no usable estimate</span> Nothing here should be decided on: for every policy the log leaves too little that it would have done.";
            }

            foreach (var verdict in policies.Select(p => (Policy: p.First(), Verdict: p.First().Verdict.Split(':')[0])).Where(p => p.Verdict != "usable").GroupBy(p => p.Verdict))
            {
                var names = verdict.Select(p => page.Name(p.Policy.Algorithm, p.Policy.Policy) + Snapshot(p.Policy.Seed, p.Policy.Step)).ToList();
                yield return $"{ReportPage.Verdict(verdict.Key)} {Escape(string.Join("; ", names.Take(6)) + (names.Count > 6 ? $"; and {names.Count - 6} more" : ""))}.";
            }
        }
    }

    static IEnumerable<string> Differences(ReportPage page)
    {
        var summary = page.Summary;
        if (summary.Job != DiffConfig.JobName)
            yield break;
        yield return $"<b>{Escape(summary.Reports[1])}</b> beside <b>{Escape(summary.Reports[0])}</b>: {(summary.Changes.Count == 0 ? "made alike, from the same data with the same code" : Escape($"changed {string.Join(", ", summary.Changes.Select(c => c.What).Distinct())}"))}.";
        if (summary.ScoreDifferences.Where(s => s.Selection != ScoreRow.Best).ToList() is { Count: > 0 } scores)
        {
            yield return $"Of {Counted(scores.Count, "score", "scores")}: {Conclusions(scores.Select(s => s.Conclusion))}." + (scores.Count >= 20 ? Escape($" By chance alone, at {Percent(page.Confidence)}, some {Number(scores.Count * (1 - page.Confidence))} of them would differ.") : "");
            foreach (var s in scores.Where(s => s.Conclusion is DifferenceConclusion.Worse or DifferenceConclusion.Better).OrderBy(s => s.Conclusion != DifferenceConclusion.Worse).ThenByDescending(s => Math.Abs(s.Difference)).Take(4))
                yield return $"<b>{Escape(page.Name(s.Algorithm, s.Policy))}</b> on {Escape(s.Task)} is {s.Conclusion}: {Number(s.Before)} before, {Number(s.After)} after, difference <b>{Signed(s.Difference)}</b>{Interval(s.Low, s.High, page.Confidence)}, {Escape(s.Method)}.";
        }

        if (summary.EstimateDifferences.Count > 0)
            yield return $"Of {Counted(summary.EstimateDifferences.Count, "estimate", "estimates")}: {Conclusions(summary.EstimateDifferences.Select(e => e.Conclusion))}.";
    }

    static string Conclusions(IEnumerable<string> conclusions) =>
        string.Join(", ", conclusions.GroupBy(c => c).OrderByDescending(g => g.Count()).Select(g => $"{Count(g.Count())} {Escape(g.Key)}"));

    /// <summary>The nominal task and all held-out ones together, where there are such; otherwise the first task.</summary>
    static IEnumerable<string> Headlined(List<ScoreRow> scores)
    {
        var named = scores.Where(s => s.Label == "nominal").Select(s => s.Task).Distinct().Take(1)
            .Concat(scores.Where(s => s.Task.StartsWith(ScoreRow.AllHeldOut, StringComparison.Ordinal)).Select(s => s.Task).Distinct()).ToList();
        return named.Count > 0 ? named : scores.Take(1).Select(s => s.Task);
    }

    internal static string Snapshot(long? seed, int? step) => seed is null && step is null ? "" : FormattableString.Invariant($" (seed {seed}, step {step})");

    static string Interval(double? low, double? high, double confidence) => low is { } l && high is { } h ? Escape($" ({Percent(confidence)} interval {Number(l)} to {Number(h)})") : "";

    static string Counted(int count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    static string Span(IEnumerable<int> counts)
    {
        var all = counts.ToList();
        return all.Min() == all.Max() ? Count(all[0]) : $"{Count(all.Min())} to {Count(all.Max())}";
    }
}
