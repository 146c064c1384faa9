using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>Which policy the estimates would choose, how good that order is, and what trials online would add.</summary>
static class SelectionSections
{
    public static void Write(ReportPage page)
    {
        var (selection, choice) = (page.Summary.Selection, page.Summary.Choice);
        if (selection.Count == 0 || choice is null)
            return;
        var criterion = SelectionTable.Text(choice.Criterion);
        Estimators(page, [.. selection.Where(s => s.Criterion == criterion || s.Criterion == "none")]);
        if (page.TryTable("trials") is { Rows.Count: > 0 } trials && trials.Has("strategy", "estimator", "trials", "score", "low", "high"))
            Trials(page, trials);
        var shown = choice.Estimator ?? selection[0].Estimator;
        if (page.TryTable("ranking") is { Rows.Count: > 0 } ranking)
        {
            page.Html.Heading($"Ranking by {shown}");
            page.Table(ranking.Where("criterion", c => c == criterion).Where("estimator", e => e == shown), "estimator", "value_model", "criterion", "algorithm");
        }
    }

    static void Estimators(ReportPage page, List<SelectionRow> rows)
    {
        page.Html.Heading("How the estimators rank");
        var known = rows.Any(r => r.Regret1 is not null);
        var correlated = rows.Where(r => r.Spearman is not null).ToList();
        page.Figure(
            "Rank correlation with the truth",
            $"Spearman's: 1 is the true order, 0 none; {Percent(page.Confidence)} bootstrap intervals over {(correlated.Count > 0 ? $"{correlated[0].Units} {correlated[0].Unit}" : "policies")}. Hollow: the interval holds 0.",
            [],
            correlated.Count == 0 ? [] : [new Plot("", "Rank correlation of each estimator with the truth", Vega.Intervals(
                [.. correlated.Select(r => new IntervalMark($"{r.Estimator}: {WithEnds(r.Spearman!.Value, r.SpearmanLow, r.SpearmanHigh)}", r.Spearman!.Value, r.SpearmanLow, r.SpearmanHigh, page.Style("", r.Estimator), !(r.SpearmanLow > 0 || r.SpearmanHigh < 0)))],
                "Spearman",
                [0]))],
            "selection");
        string[] headers = known ? ["estimator", "first", "its value", "regret@1", "regret@3", "regret@5", "verdict"] : ["estimator", "first", "ranked", "trusted", "verdict"];
        page.Table(
            headers,
            [.. rows.Select(r => (IReadOnlyList<string>)
            [
                Escape(r.Estimator),
                Escape(r.TopPolicy is null ? "" : new Candidate("", r.TopPolicy, r.TopSeed, r.TopStep).ToString()),
                .. known ? new[] { Text(r.TopTruth), Text(r.Regret1), Text(r.Regret3), Text(r.Regret5) } : [Count(r.Ranked), Count(r.Trusted)],
                Escape(r.Verdict),
            ])],
            known ? "lwnnnnw" : "lwnnw",
            "selection");
    }

    static void Trials(ReportPage page, FolderTable table)
    {
        var curves = table.Rows
            .Where(r => table.Number(r, "low") is not null)
            .GroupBy(r => table.Text(r, "estimator") is { Length: > 0 } estimator ? $"top by {estimator}" : table.Text(r, "strategy"))
            .Select(g => new LineSeries(g.Key, page.Style("", g.Key.Replace("top by ", "", StringComparison.Ordinal)), [.. g.Select(r => (table.Number(r, "trials")!.Value, table.Number(r, "score")!.Value, (double?)null, (double?)null))]))
            .ToList();
        page.Html.Heading("Online trials");
        page.Figure(
            "Expected value of the policy deployed after so many trials",
            "Each trial runs one policy, in random order, in an estimator's order, or as a bandit asks; then the one with the highest mean so far is deployed. Simulated from the rolled-out episodes; the table has the bands.",
            [.. curves.Select(c => new PlotKey(c.Name, c.Style))],
            [new Plot("", "Value of the deployed policy by online trials", Vega.Lines(curves, "online trials", "value", []))],
            "trials");
    }

    static string Text(double? value) => value is { } number ? Number(number) : "";
}
