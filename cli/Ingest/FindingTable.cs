using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary>What validation found, as a table for people, the worst first.</summary>
static class FindingTable
{
    const int MostRows = 30, MostOfAVector = 3;

    public static void Write(ValidationReport report)
    {
        if (report.Findings.Count == 0)
        {
            Console.WriteLine(report.Validated ? "Validation found nothing." : "Validation was switched off.");
            return;
        }

        var rows = report.Findings.GroupBy(f => (f.Severity, f.Check, f.File, Vector: VectorOf(f.Column))).SelectMany(Rows).ToList();
        Tables.Write(["", "check", "where", "count", "first row", "sample"], rows.Take(MostRows), new HashSet<int> { 3, 4 });
        if (rows.Count > MostRows)
            Console.WriteLine($"{rows.Count - MostRows} more are in {Dataset.ValidationFile}.");
        foreach (var finding in report.Findings.DistinctBy(f => f.Check))
            Console.WriteLine($"{finding.Check}: {finding.Meaning}");
        Console.WriteLine();
    }

    // "observation" of "observation[27]"; of any other column all of it.
    static string? VectorOf(string? column) => column is not null && column.EndsWith(']') ? column[..column.LastIndexOf('[')] : column;

    // What many numbers of one vector have in common is said once; validation.json has each.
    static IEnumerable<string[]> Rows(IEnumerable<Finding> group)
    {
        var findings = group.ToList();
        if (findings.Count <= MostOfAVector)
            return findings.Select(f => Row(f, f.Column, f.Sample));
        var first = findings[0] with { Count = findings.Max(f => f.Count), Row = findings.Min(f => f.Row) };
        return [Row(first, $"{VectorOf(first.Column)}: {findings.Count} of its numbers", $"{first.Column}: {first.Sample}")];
    }

    static string[] Row(Finding f, string? column, string sample) =>
    [
        f.Severity.ToString().ToLowerInvariant(),
        f.Check,
        string.Join(", ", new[] { f.File, column }.Where(s => !string.IsNullOrEmpty(s))),
        f.Count.ToString("N0", CultureInfo.InvariantCulture),
        f.Row?.ToString("N0", CultureInfo.InvariantCulture) ?? "",
        sample,
    ];
}
