using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using OfflineRL.Tests.Datasets;

namespace OfflineRL.Tests.Cli;

/// <summary>The card's page in a browser.</summary>
public sealed class CardPageTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData(360)]
    [InlineData(1100)]
    public async Task Page_OfAnyWidth_ScrollsInItsTablesAlone(int width)
    {
        var browser = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, "chromium")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "chromium is not on this system: apt-get install chromium");
        SampleEpisodes.Make(_workspace.Workspace, "sample-of-a-rather-long-name-that-does-not-fit-on-a-phone", 50);
        var page = Path.Combine(_workspace.Root, "card.html");
        Tool.Run(_workspace.Root, "datasets", "show", "sample-of-a-rather-long-name-that-does-not-fit-on-a-phone", "--html", page).Expect(0);
        // The page in a frame of that width; the frame's page says what it measures.
        var frame = Path.Combine(_workspace.Root, "frame.html");
        File.WriteAllText(frame, $$"""
            <!doctype html><iframe id="f" width="{{width}}" height="900" srcdoc="{{WebUtility.HtmlEncode(File.ReadAllText(page))}}"></iframe>
            <script>
            const f = document.getElementById('f');
            f.onload = () => {
              const d = f.contentDocument;
              const bars = [...d.querySelectorAll('svg rect')].filter(r => r.getBoundingClientRect().height > 0).length;
              document.title = `wide ${d.documentElement.scrollWidth} of ${d.documentElement.clientWidth}; bars ${bars}; tables ${d.querySelectorAll('table').length}`;
            };
            </script>
            """);
        var start = new ProcessStartInfo(browser, ["--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={Path.Combine(_workspace.Root, "browser")}", "--virtual-time-budget=3000", "--dump-dom", new Uri(frame).AbsoluteUri])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var dom = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var title = Regex.Match(dom, "<title>wide ([0-9]+) of ([0-9]+); bars ([0-9]+); tables ([0-9]+)</title>");
        Assert.True(title.Success, await error);
        Assert.Equal(title.Groups[2].Value, title.Groups[1].Value);
        Assert.InRange(int.Parse(title.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture), width - 20, width);
        Assert.True(int.Parse(title.Groups[3].Value, System.Globalization.CultureInfo.InvariantCulture) > 40);
        Assert.Equal("5", title.Groups[4].Value);
    }
}
