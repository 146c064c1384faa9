using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>What changed between two reports, and what that did to scores and estimates.</summary>
static class DifferenceSections
{
    public static void Write(ReportPage page)
    {
        if (page.Summary.Job != DiffConfig.JobName)
            return;
        Changes(page);
        Scores(page);
        Estimates(page);
    }

    static void Changes(ReportPage page)
    {
        page.Html.Heading("What is different in how they were made");
        if (page.Summary.Changes.Count == 0)
        {
            page.Html.Paragraph("Nothing: code, config, data and policies are the same.");
            return;
        }

        page.Table(
            ["", "what", page.Summary.Reports[0], page.Summary.Reports[1]],
            [.. page.Summary.Changes.Select(c => (IReadOnlyList<string>)[Escape(c.What), Escape(c.Name), Escape(c.Before ?? "not there"), Escape(c.After ?? "not there")])],
            "llww",
            "changes");
    }

    static void Scores(ReportPage page)
    {
        var rows = page.Summary.ScoreDifferences;
        if (rows.Count == 0)
            return;
        page.Html.Heading("Scores");
        var keys = rows.Select(s => (s.Algorithm, s.Policy)).Distinct().Select(p => page.Key(p.Algorithm, p.Policy)).ToList();
        var tasks = rows.GroupBy(s => (s.Task, s.Label)).OrderBy(g => ScoreSections.Order(g.Key.Task, g.Key.Label)).ToList();
        page.Figure(
            "Difference of mean returns, after minus before",
            $"Right of the dashed line at 0: better than before. Lines are {Percent(page.Confidence)} bootstrap intervals of the difference; one that holds 0 does not tell the two apart. Hollow: the best snapshots, which is optimistic.",
            keys,
            [.. tasks.Select(task => new Plot(
                ScoreSections.Title(task.Key.Task, task.Key.Label),
                $"Difference of each policy's mean return on {task.Key.Task}",
                Vega.Intervals([.. task.Select(s => new IntervalMark($"{Name(page, s)}: {Signed(s.Difference)}{(s.Low is null ? "" : $" {Ends(s.Low, s.High)}")}, {s.Conclusion}", s.Difference, s.Low, s.High, page.Style(s.Algorithm, s.Policy), s.Selection == ScoreRow.Best))], "difference", [0])))],
            "score_differences");
        page.Figure(
            "Before and after",
            $"Hollow: {page.Summary.Reports[0]}. Filled: {page.Summary.Reports[1]}. Each with its own {Percent(page.Confidence)} interval; where these overlap, the paired difference above may still tell the two apart.",
            keys,
            [.. tasks.Select(task => new Plot(
                ScoreSections.Title(task.Key.Task, task.Key.Label),
                $"Mean return of each policy on {task.Key.Task}, before and after",
                Vega.Intervals(
                    [.. task.Where(s => s.Selection != ScoreRow.Best).SelectMany(s => (IntervalMark[])
                    [
                        new($"{Name(page, s)}, before: {WithEnds(s.Before, s.BeforeLow, s.BeforeHigh)}", s.Before, s.BeforeLow, s.BeforeHigh, page.Style(s.Algorithm, s.Policy), true),
                        new($"{Name(page, s)}, after: {WithEnds(s.After, s.AfterLow, s.AfterHigh)}", s.After, s.AfterLow, s.AfterHigh, page.Style(s.Algorithm, s.Policy)),
                    ])],
                    "mean return",
                    [])))],
            "score_differences");
        page.Table(
            ["policy", "task", "snapshots", "before", "after", "difference", "interval", "", "how"],
            [.. rows.Select(s => (IReadOnlyList<string>)
            [
                Escape(page.Name(s.Algorithm, s.Policy)), Escape(s.Task), Escape(s.Selection), Number(s.Before), Number(s.After), Signed(s.Difference), Ends(s.Low, s.High), Conclusion(s.Conclusion), Escape(s.Method),
            ])],
            "lllnnnnll",
            "score_differences");
    }

    static void Estimates(ReportPage page)
    {
        var rows = page.Summary.EstimateDifferences;
        if (rows.Count == 0)
            return;
        page.Html.Heading("Estimates");
        var estimators = rows.Select(e => e.Estimator).Distinct().ToList();
        page.Figure(
            "Estimates before and after",
            $"Hollow: {page.Summary.Reports[0]}. Filled: {page.Summary.Reports[1]}. Estimates are not paired; they count as different where their intervals lie apart.",
            [.. estimators.Select((e, i) => new PlotKey(e, new SeriesStyle(i)))],
            [.. rows.GroupBy(e => (e.Algorithm, e.Policy, e.Seed, e.StepBefore, e.StepAfter)).Select(g => new Plot(
                page.Name(g.Key.Algorithm, g.Key.Policy) + Headline.Snapshot(g.Key.Seed, g.Key.StepAfter),
                $"Estimates for {g.Key.Policy}, before and after",
                Vega.Intervals(
                    [.. g.SelectMany(e => (IEnumerable<IntervalMark>)
                    [
                        .. e.Before is { } before ? new IntervalMark[] { new($"{e.Estimator}, before: {WithEnds(before, e.BeforeLow, e.BeforeHigh)}", before, e.BeforeLow, e.BeforeHigh, new SeriesStyle(estimators.IndexOf(e.Estimator)), true) } : [],
                        .. e.After is { } after ? new IntervalMark[] { new($"{e.Estimator}, after: {WithEnds(after, e.AfterLow, e.AfterHigh)}", after, e.AfterLow, e.AfterHigh, new SeriesStyle(estimators.IndexOf(e.Estimator))) } : [],
                    ])],
                    "return",
                    []),
                g.Select(e => e.VerdictAfter).Distinct().ToArray()))],
            "estimate_differences");
        page.Table(
            ["policy", "seed", "estimator", "before", "after", "difference", "", "verdict before", "verdict after"],
            [.. rows.Select(e => (IReadOnlyList<string>)
            [
                Escape(page.Name(e.Algorithm, e.Policy)), e.Seed is { } seed ? Count(seed) : "", Escape(e.Estimator), e.Before is { } before ? WithEnds(before, e.BeforeLow, e.BeforeHigh) : "undefined", e.After is { } after ? WithEnds(after, e.AfterLow, e.AfterHigh) : "undefined",
                e.Difference is { } difference ? Signed(difference) : "", Conclusion(e.Conclusion), ReportPage.Verdict(e.VerdictBefore), ReportPage.Verdict(e.VerdictAfter),
            ])],
            "lnlnnnlll",
            "estimate_differences");
    }

    /// <summary>Seen without colors too.</summary>
    static string Conclusion(string conclusion) => conclusion switch
    {
        DifferenceConclusion.Better => $"<span class=\"verdict good\">\u25b2 {Escape(conclusion)}</span>",
        DifferenceConclusion.Worse => $"<span class=\"verdict bad\">\u25bc {Escape(conclusion)}</span>",
        _ => Escape(conclusion),
    };

    static string Name(ReportPage page, ScoreDifferenceRow s) => page.Name(s.Algorithm, s.Policy) + (s.Selection == ScoreRow.Last ? "" : $", {s.Selection}");
}
