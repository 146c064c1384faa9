using System.Globalization;
using static OfflineRL.Datasets.HtmlPage;

namespace OfflineRL.Evaluate;

/// <summary>What made the report, so that its numbers can be made again, and the files that hold them.</summary>
static class ProvenanceSection
{
    public static void Write(ReportPage page)
    {
        var summary = page.Summary;
        page.Html.Heading("Where this comes from");
        page.Html.Html("<div class=\"card\">\n");
        page.Html.Facts(Facts(summary));
        var config = Path.Combine(page.Folder, "config.yaml");
        if (File.Exists(config))
            page.Html.Details("config.yaml, resolved", File.ReadAllText(config).TrimEnd());
        page.Html.Html("</div>\n");
        if (summary.Policies.Count > 0)
        {
            page.Html.Heading("Policies");
            page.Html.Table(
                ["policy", "algorithm", "seeds", "steps"],
                summary.Policies.Select(p => (IReadOnlyList<string>)[Escape(p.Policy), Escape(p.Algorithm), Escape(List(p.Seeds)), Escape(List(p.Steps.Select(s => (long)s).ToList()))]),
                "llww");
        }
    }

    static IEnumerable<(string Label, string Text, string Kind)> Facts(ReportSummary summary)
    {
        yield return ("job", summary.Job, "");
        yield return ("made by", $"offlinerl {summary.ToolVersion}", "");
        yield return ("created", summary.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture), "");
        yield return ("seed of the job", summary.Seed.ToString(CultureInfo.InvariantCulture), "");
        foreach (var dataset in summary.Datasets)
            yield return ("dataset", $"{dataset.Name}, content {dataset.ContentHash}", "hash");
        if (summary.Environment is { } environment)
            yield return ("environment", environment, "");
        foreach (var report in summary.Reports)
            yield return ("made from report", report, "");
        foreach (var reference in summary.References)
            yield return ("normalized on", string.Create(CultureInfo.InvariantCulture, $"{reference.Environment}: 0 is {reference.Random:0.###}, 100 is {reference.Expert:0.###}; {reference.Source}"), "");
        foreach (var note in summary.Notes)
            yield return ("note", note, "");
    }

    static string List(IReadOnlyList<long> numbers)
    {
        var texts = numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)).ToList();
        return texts.Count <= 12 ? string.Join(", ", texts) : $"{string.Join(", ", texts.Take(5))}, \u2026, {texts[^1]} ({texts.Count} in all)";
    }
}
