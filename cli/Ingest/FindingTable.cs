using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary>What validation found, as a table for people, the worst first.</summary>
static class FindingTable
{
    const int MostRows = 30;

    public static void Write(ValidationReport report)
    {
        if (report.Findings.Count == 0)
        {
            Console.WriteLine(report.Validated ? "Validation found nothing." : "Validation was switched off.");
            return;
        }

        Tables.Write(["", "check", "where", "count", "first row", "sample"], report.Findings.Take(MostRows).Select(Row), new HashSet<int> { 3, 4 });
        if (report.Findings.Count > MostRows)
            Console.WriteLine($"{report.Findings.Count - MostRows} more are in {Dataset.ValidationFile}.");
        foreach (var finding in report.Findings.Take(MostRows).DistinctBy(f => f.Check))
            Console.WriteLine($"{finding.Check}: {finding.Meaning}");
        Console.WriteLine();
    }

    static string[] Row(Finding f) =>
    [
        f.Severity.ToString().ToLowerInvariant(),
        f.Check,
        string.Join(", ", new[] { f.File, f.Column }.Where(s => !string.IsNullOrEmpty(s))),
        f.Count.ToString("N0", CultureInfo.InvariantCulture),
        f.Row?.ToString("N0", CultureInfo.InvariantCulture) ?? "",
        f.Sample,
    ];
}
