using System.Security.Cryptography;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>The program text that draws a report's plots, as set-up left it: Vega, Vega-Lite and Vega-Embed in one file.</summary>
static class PlotLibrary
{
    public const string FileName = "vega.js", Variable = "OFFLINERL_VEGA";

    /// <summary>What a page without plots, and the tool that wrote it, say.</summary>
    public const string Remedy = "Plots are drawn by Vega, which was not there when this report was written: run 'make setup' where npm is, or name the file that it leaves (.artifacts/native/vega.js) with OFFLINERL_VEGA.";

    // One read a process: a test run writes many reports.
    static readonly Lazy<string?> Text = new(Read);

    /// <summary>To stand between script tags; null where it is not there.</summary>
    public static string? Script => Text.Value;

    /// <summary>How a page's security policy names a script.</summary>
    public static string Hash(string script) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    static string? Read() => NativeLibraries.Find(FileName, Variable) is { } path
        ? File.ReadAllText(path).ReplaceLineEndings("\n").Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase)
        : null;
}
