using System.Text.RegularExpressions;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Cli;

namespace OfflineRL.Tests.Evaluate.Html;

/// <summary>What is in a report's page, read as text: no browser is needed.</summary>
public sealed partial class HtmlReportTests(Reports reports) : IClassFixture<Reports>
{
    [Theory]
    [InlineData("rollout")]
    [InlineData("ope")]
    [InlineData("compare")]
    [InlineData("diff")]
    [InlineData("model")]
    [InlineData("hostile")]
    public void Page_OfEveryKind_NamesNothingToFetchAndEveryTableItNamesIsThere(string kind)
    {
        var html = Page(kind);
        Assert.Empty(Fetches(Outside(html)));
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        var links = Links().Matches(Outside(html)).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(File.Exists(Path.Combine(reports[kind], Uri.UnescapeDataString(link))), link));
        Assert.All(links.Where(l => l.EndsWith(".csv", StringComparison.Ordinal)), link => Assert.Contains(Path.ChangeExtension(link, ".parquet"), links));
        Assert.InRange(html.Length, 4_000, 2_000_000);
    }

    [Theory]
    [InlineData("<img src=\"https://example.org/x.png\">")]
    [InlineData("<link rel=stylesheet href=style.css>")]
    [InlineData("<style>@import 'x.css';</style>")]
    [InlineData("<p style=\"background:url(http://example.org)\">")]
    [InlineData("<a href=\"javascript:alert(1)\">")]
    [InlineData("<p onclick=\"x()\">")]
    [InlineData("<img alt=\"> '\" title='\"' src=x>")]
    public void Fetches_OfAPageThatWould_AreFound(string html) => Assert.NotEmpty(Fetches(html));

    [Fact]
    public void Page_OfHostileTexts_ShowsThemAndRunsNone()
    {
        var html = Page("hostile");
        foreach (var text in Reports.HostileTexts)
        {
            Assert.DoesNotContain(text.Contains('<', StringComparison.Ordinal) ? text : "\u202e", html, StringComparison.Ordinal);
            Assert.Contains(HtmlPage.Escape(text), html, StringComparison.Ordinal);
        }

        // Only ours end: one for each specification, the library and the page's own.
        var plots = Regex.Count(html, "data-spec=");
        Assert.Equal(HtmlReport.MissingPlots is null ? plots + 2 : 0, Regex.Count(html, "</script", RegexOptions.IgnoreCase));
    }

    [Fact]
    public void Page_OfEstimates_MarksVerdictsThatAreNotToBeTrusted()
    {
        var folder = Directory.CreateDirectory(Path.Combine(reports.Workspace.Root, "verdicts")).FullName;
        var summary = ReportSummary.Read(reports["ope"]);
        var verdicts = new Queue<string>(["usable", "weak: few", "do not trust: fewer"]);
        var rows = summary.Estimates.GroupBy(e => e.Policy).SelectMany(p => { var verdict = verdicts.Dequeue(); return p.Select(e => e with { Verdict = verdict }); }).ToList();
        HtmlReport.Write(folder, summary with { Estimates = rows }, 0.95);
        var html = File.ReadAllText(Path.Combine(folder, HtmlReport.FileName));
        Assert.Contains($"<span class=\"verdict bad\">\u2715 do not trust</span> {HtmlPage.Escape(rows[^1].Policy)}.", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"verdict bad\">\u2715 do not trust</span> fewer", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"verdict weak\">! weak</span> few", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"verdict good\">\u2713 usable</span>", html, StringComparison.Ordinal);
        HtmlReport.Write(folder, summary with { Estimates = [.. rows.Skip(4)] }, 0.95);
        Assert.Contains("no usable estimate", File.ReadAllText(Path.Combine(folder, HtmlReport.FileName)), StringComparison.Ordinal);
        Assert.Contains("verdict bad\">? not identifiable from this log</span>", ReportPage.Verdict("not identifiable from this log"), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfPicturesAndLongTables_InlinesAndCutsThem()
    {
        var folder = Directory.CreateDirectory(Path.Combine(reports.Workspace.Root, "long")).FullName;
        PngFile.Write(Path.Combine(folder, "small.png"), new Canvas(8, 8));
        File.WriteAllBytes(Path.Combine(folder, "large.gif"), new byte[300_000]);
        var rows = Enumerable.Range(0, 80).SelectMany(i => Reports.Rows($"p{i}", ["nominal"], 2, 2, i)).ToList();
        var scores = ScoreTable.Of(rows, [], 0.95, 20, RandomStream.Create(1, "t"));
        HtmlReport.Write(folder, new ReportSummary { Job = "rollout", Created = DateTimeOffset.UnixEpoch, Datasets = [], Policies = [], Seed = 0, Scores = scores }, 0.95);
        var html = Outside(File.ReadAllText(Path.Combine(folder, HtmlReport.FileName)));
        Assert.Contains("The first 60 of 160 rows; all of them are in <a href=\"scores.csv\">", html, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(html, "src=\"data:image/png;base64,"));
        Assert.DoesNotContain("data:image/gif", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"./large.gif\">large.gif</a>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Rollout_WithoutThePlotsLibrary_WritesTablesAndSaysWhatToInstall()
    {
        var root = Directory.CreateDirectory(Path.Combine(reports.Workspace.Root, "without")).FullName;
        var result = Tool.Run(root, new Dictionary<string, string> { ["OFFLINERL_VEGA"] = "/nowhere/vega.js" },
            "evaluate", "rollout", "--policy", "builtin:uniform", "--environment", "CartPole-v1", "--task", "nominal", "--episodes", "3", "--name", "r").Expect(0);
        Assert.Contains("run 'make setup'", result.Error, StringComparison.Ordinal);
        var html = File.ReadAllText(Path.Combine(root, "reports", "r-v1", HtmlReport.FileName));
        Assert.Contains("make setup", html, StringComparison.Ordinal);
        Assert.Contains("<table>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("script-src 'none'", html, StringComparison.Ordinal);
    }

    [Fact]
    public void LearningCurve_OfThreeSeeds_IsTheMeanOfTheirMeansAndItsBandCoversThem()
    {
        // Seeds 0 and 1 at steps 1 and 2: means 1 and 5, then 10 and 20; more episodes of a seed weigh no more.
        var rows = new List<RolloutRow>();
        foreach (var (seed, step, returns) in ((int, int, double[])[])[(0, 1, [0, 2]), (1, 1, [5]), (0, 2, [10, 10, 10]), (1, 2, [20])])
            rows.AddRange(returns.Select((r, e) => Reports.Rows("p", ["t"], 1, 1, 0)[0] with { Seed = seed, Step = step, Episode = e, Return = r, IsLast = step == 2 }));
        var points = LearningCurve.Of(rows, 0.95, 0);
        Assert.Equal([(1, 2, 3.0), (2, 2, 15.0)], points.Select(p => (p.Step, p.Seeds, p.Mean)));
        Assert.Equal([(1.0, 5.0), (10.0, 20.0)], points.Select(p => (p.Low!.Value, p.High!.Value)));
        Assert.Empty(LearningCurve.Of([.. rows.Where(r => r.Step == 1)], 0.95, 0));
        Assert.Null(LearningCurve.Of([.. rows.Where(r => r.Seed == 0)], 0.95, 0)[0].Low);
    }

    [Fact]
    public void TrainingCurve_OfRunsAtHand_ReadsTheirMetricsAndNothingElse()
    {
        foreach (var (seed, loss) in ((int, double)[])[(0, 1), (1, 3)])
        {
            var folder = Directory.CreateDirectory(Path.Combine(reports.Workspace.RunsFolder, "net", $"seed-{seed}")).FullName;
            File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), FormattableString.Invariant($"{{\"step\":10,\"loss\":{loss},\"steps_per_second\":5}}\n{{\"step\":20,\"loss\":{loss + 1},\"q\":\"NaN\"}}\n{{\"step\":30,\"lo"));
        }

        var points = TrainingCurve.Of([new("dqn", "net,epsilon=0.1", [0, 1], [20]), new("dqn", "../net", [0], [20]), new("bc", "gone", [0], [20])], reports.Workspace);
        Assert.Equal([new("dqn", "net", "loss", 10, 2, 2, 1, 3), new("dqn", "net", "loss", 20, 2, 3, 2, 4)], points);
    }

    /// <summary>The page without the library and the specifications, which a browser's test looks at.</summary>
    static string Outside(string html) => Scripts().Replace(html, "");

    static IEnumerable<string> Fetches(string html) => Addresses().Matches(html).Select(m => m.Groups[1].Value.Trim('"', '\'')).Where(address => !Inside().IsMatch(address))
        .Concat(Active().Matches(html).Select(m => m.Value));

    string Page(string kind) => File.ReadAllText(Path.Combine(reports[kind], HtmlReport.FileName));

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Scripts();

    // What stands in quotes is text, and asks for nothing.
    [GeneratedRegex("""<(?:[^>"']|"[^"]*"|'[^']*')*?\s(?:src|href|action|data|poster)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex Addresses();

    [GeneratedRegex("""^(data:image/(png|gif);base64,[A-Za-z0-9+/=]+|[\w./%-]+\.(csv|parquet|png|gif|apng))$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Inside();

    [GeneratedRegex("""<(?:link|iframe|object|embed|base)\b|@import|url\(|<[^>]*\son\w+\s*=\s*["']""", RegexOptions.IgnoreCase)]
    private static partial Regex Active();

    [GeneratedRegex("href=\"([^\"]+)\"")]
    private static partial Regex Links();
}
