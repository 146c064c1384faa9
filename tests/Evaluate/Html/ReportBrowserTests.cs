using System.Text.Json.Nodes;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Html;

/// <summary>Every kind of report as a reader meets it: in Chromium, on a desktop, on a phone and on paper.</summary>
public sealed class ReportBrowserTests(Browser browser, Reports reports) : IClassFixture<Browser>, IClassFixture<Reports>
{
    const string Measure = """
        JSON.stringify({
          wide: document.documentElement.scrollWidth, client: document.documentElement.clientWidth,
          plots: [...document.querySelectorAll('.plot')].map(p => p.querySelectorAll('svg .role-mark path, svg .role-mark line, svg .role-mark rect, svg .role-mark text').length),
          beyond: [...document.querySelectorAll('.plot svg')].filter(s => s.getBoundingClientRect().right > document.documentElement.clientWidth).length,
          small: [...document.querySelectorAll('.plot svg text')].filter(t => t.textContent && parseFloat(getComputedStyle(t).fontSize) * Math.hypot(t.getCTM().a, t.getCTM().b) < 10).length,
          text: document.body.innerText, broken: window.broken === undefined ? 0 : window.broken, foreign: document.querySelectorAll('main img[src="x"], main script').length
        })
        """;

    [Theory]
    [InlineData("rollout", 1280, "the best is scripted?epsilon=0.5")]
    [InlineData("rollout", 375, "Mean return by policy and task")]
    [InlineData("ope", 1280, "200 episodes, logged propensities")]
    [InlineData("ope", 375, "Effective sample size")]
    [InlineData("compare", 1280, "Interquartile mean")]
    [InlineData("compare", 375, "Performance profiles")]
    [InlineData("diff", 1280, "seed 0 1")]
    [InlineData("diff", 375, "Difference of mean returns")]
    [InlineData("model", 1280, "model (world_model, vae) learned from linear-v1; 2 seeds, measured on its part 'validation'.")]
    [InlineData("model", 375, "Held-out error while the models learned")]
    [InlineData("hostile", 1280, "onmouseover='window.broken = 3")]
    [InlineData("hostile", 375, "</script><script>window.broken = 1</script>")]
    public async Task Report_OfEveryKindAndWidth_IsDrawnAndScrollsInItsTablesAlone(string kind, int width, string expected)
    {
        await browser.StartAsync();
        RequirePlots();
        var page = Path.Combine(reports[kind], HtmlReport.FileName);
        await browser.OpenAsync(page, width);
        Assert.Empty(browser.Complaints());
        Assert.Equal([new Uri(page).AbsoluteUri], browser.Requests());
        var found = JsonNode.Parse((string)(await browser.EvaluateAsync(Measure))!)!;
        Assert.Equal((int)found["client"]!, (int)found["wide"]!);
        Assert.Equal(0, (int)found["beyond"]!);
        Assert.Equal(0, (int)found["small"]!);
        var plots = found["plots"]!.AsArray().Select(n => (int)n!).ToList();
        Assert.True(plots.Count > 1 && plots.All(marks => marks > 0), $"{kind}: marks of its plots: {string.Join(", ", plots)}");
        var text = string.Join(' ', ((string)found["text"]!).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.Equal((0, 0), ((int)found["broken"]!, (int)found["foreign"]! - 2 - plots.Count));
    }

    [Theory]
    [InlineData("rollout")]
    [InlineData("ope")]
    [InlineData("model")]
    public async Task Report_OnPaper_HasPagesAndPlotsThatFitThem(string kind)
    {
        await browser.StartAsync();
        RequirePlots();
        await browser.OpenAsync(Path.Combine(reports[kind], HtmlReport.FileName), 1280);
        Assert.InRange(await browser.PrintAsync(), 2, 12);
        Assert.Empty(browser.Complaints());
    }

    // What the other tests rest on: a page with a fault is found out.
    [Fact]
    public async Task Browser_OfAPageThatFetchesAndComplains_HearsOfIt()
    {
        await browser.StartAsync();
        var page = Path.Combine(reports.Workspace.Root, "fault.html");
        File.WriteAllText(page, "<!doctype html><div style=\"width:2000px\">x</div><img src=\"missing.png\"><script>console.error('no'); missing();</script>");
        await browser.OpenAsync(page, 375, hasPlots: false);
        Assert.True(browser.Complaints().Count >= 2);
        Assert.Equal(2, browser.Requests().Count);
        Assert.True((bool)(await browser.EvaluateAsync("document.documentElement.scrollWidth > document.documentElement.clientWidth"))!);
    }

    static void RequirePlots() => Assert.SkipWhen(HtmlReport.MissingPlots is not null, "vega.js is not in .artifacts/native: .ci/setup.sh brings it from npm");
}
