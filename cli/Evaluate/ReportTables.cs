using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary>What an evaluation found, on standard output.</summary>
static class ReportTables
{
    static readonly HashSet<int> ScoreNumbers = [4, 5, 6, 7];
    static readonly HashSet<int> EstimateNumbers = [1, 2, 4, 5, 6, 7];

    public static void Write(ReportResult result, double confidence)
    {
        var summary = result.Summary;
        var interval = string.Create(CultureInfo.InvariantCulture, $"{100 * confidence:0.##} % interval");
        if (summary.BehaviorReturn is { } behavior)
            Console.WriteLine($"Mean return in the log ({string.Join(", ", summary.Datasets.Select(d => d.Name).Distinct())}): {Number(behavior)}");
        if (summary.Scores.Count > 0)
            Tables.Write(["policy", "task", "label", "snapshots", "mean", "IQM", $"{interval} of IQM", "over"], summary.Scores.Select(Cells), ScoreNumbers);
        if (summary.Scores.Count > 0 && summary.Estimates.Count > 0)
            Console.WriteLine();
        if (summary.Estimates.Count > 0)
            WriteEstimates(summary.Estimates, interval);
        Console.WriteLine($"Report: {result.Folder}");
    }

    static void WriteEstimates(IReadOnlyList<EstimateRow> estimates, string interval)
    {
        foreach (var log in estimates.Select(e => (e.Dataset, e.Split, e.Discount, e.Episodes, e.Steps, e.BehaviorReturn, e.Propensities)).Distinct())
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Estimates from {log.Dataset}, {(log.Split == "all" ? "all episodes" : $"part {log.Split}")}: {log.Episodes:N0} episodes of {log.Steps:N0} steps, discount {log.Discount}, {log.Propensities} propensities, behavior {Number(log.BehaviorReturn)}"));
        }

        Tables.Write(["policy", "seed", "step", "estimator", "estimate", interval, "ESS", "max weight", "verdict"], estimates.Select(Cells), EstimateNumbers);
    }

    static IReadOnlyList<string> Cells(ScoreRow row) =>
    [
        row.Policy,
        row.Task,
        row.Label,
        row.Selection,
        Number(row.Mean),
        Number(row.Iqm),
        Ends(row.IqmLow, row.IqmHigh),
        string.Create(CultureInfo.InvariantCulture, $"{row.Units} {row.Unit}"),
    ];

    static IReadOnlyList<string> Cells(EstimateRow row) =>
    [
        row.Policy,
        row.Seed?.ToString(CultureInfo.InvariantCulture) ?? "",
        row.Step?.ToString(CultureInfo.InvariantCulture) ?? "",
        row.Estimator,
        row.Estimate is { } estimate ? Number(estimate) : "-",
        Ends(row.Low, row.High),
        Number(row.EffectiveSampleSize),
        row.MaxWeight is { } weight ? Number(weight) : "overflow",
        row.Verdict,
    ];

    static string Ends(double? low, double? high) => low is { } l && high is { } h ? $"[{Number(l)}, {Number(h)}]" : "-";

    // Returns are read to a tenth; weights of 10^-9 and 10^9 must be seen as such.
    static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 0.01 or >= 1e6 => value.ToString("0.##e+0", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0", CultureInfo.InvariantCulture),
    };
}
