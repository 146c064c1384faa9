using System.Globalization;
using OfflineRL.Datasets;
using static OfflineRL.Datasets.HtmlPage;

namespace OfflineRL.Evaluate;

/// <summary><c>report.html</c>: what a report found, for reading: words first, then plots and tables, then what made it. One file that fetches nothing.</summary>
public static class HtmlReport
{
    public const string FileName = "report.html";

    /// <summary>What to do for plots, where the page was written without; null where it has them.</summary>
    public static string? MissingPlots => PlotLibrary.Script is null ? PlotLibrary.Remedy : null;

    /// <summary>Writes the page from the summary and the tables that the folder has by now; adds the tables of figures that are drawn from none of them.</summary>
    /// <param name="folder">Of the report, not yet committed.</param>
    /// <param name="summary">What <c>summary.json</c> says.</param>
    /// <param name="confidence">Of the report's intervals, in (0, 1); of no use where it has none.</param>
    /// <param name="rollouts">The report's episodes, for learning curves; empty where it has none.</param>
    /// <param name="workspace">Where the runs' metrics and world models may be; null: none are looked for.</param>
    /// <param name="models">World models whose tables the folder has; null: those of the runs behind the policies, which get tables among the figures.</param>
    internal static void Write(string folder, ReportSummary summary, double confidence = 0.95, IReadOnlyList<RolloutRow>? rollouts = null, Workspace? workspace = null, ModelTables? models = null)
    {
        var page = new ReportPage(folder, summary, confidence, $"{Subject(summary)}: {summary.Job}");
        Head(page, models);
        DifferenceSections.Write(page);
        ScoreSections.Write(page, rollouts ?? []);
        EstimateSections.Write(page);
        SelectionSections.Write(page);
        PictureSection.Write(page);
        if (models is not null)
            ModelSections.Write(page, models, "");
        if (workspace is not null)
        {
            ModelSections.OfRuns(page, workspace);
            ScoreSections.Training(page, workspace);
        }

        ProvenanceSection.Write(page);
        File.WriteAllText(Path.Combine(folder, FileName), page.Finish());
    }

    static void Head(ReportPage page, ModelTables? models)
    {
        var summary = page.Summary;
        var what = summary.Job switch
        {
            "rollout" => "Scores on environments",
            "ope" => "Estimates from a log",
            "compare" => "Reports side by side",
            "select" => "Selection without an environment",
            "diff" => "What changed between two reports",
            "model" => "World models",
            var other => other,
        };
        page.Html.Html($"<h1>{Escape(what)}</h1>\n<div class=\"soft\">{Escape(Subject(summary))}; {Escape(summary.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture))}; offlinerl {Escape(summary.ToolVersion)}</div>\n");
        page.Html.Html("<div class=\"card headline\" style=\"margin-top:16px\">\n");
        foreach (var html in Headline.Of(page, models))
            page.Html.Html($"<p>{html}</p>\n");
        page.Html.Html("</div>\n");
        if (MissingPlots is { } remedy)
            page.Html.Html($"<div class=\"card note\" style=\"margin-top:12px\">{Escape(remedy)} The tables below hold the same numbers.</div>\n");
    }

    static string Subject(ReportSummary summary) => summary.Policies.Count switch
    {
        0 when summary.Models.Count > 0 => string.Join(", ", summary.Models.Select(m => m.Run).Distinct()),
        0 => string.Join(", ", summary.Datasets.Select(d => d.Name).Distinct().DefaultIfEmpty("no policies")),
        <= 3 => string.Join(", ", summary.Policies.Select(p => p.Policy).Distinct()),
        var count => FormattableString.Invariant($"{summary.Policies[0].Policy} and {count - 1} more policies"),
    };
}
