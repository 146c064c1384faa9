using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary>What a selection found, on standard output.</summary>
static class SelectionTables
{
    // Of the curve over online trials.
    static readonly int[] Shown = [1, 2, 3, 5, 10, 20, 50, 100, 200];

    public static void Write(SelectResult result, SelectConfig config)
    {
        var criterion = config.Criterion == SelectionCriterion.Estimate ? "estimate" : "lower_bound";
        var rows = result.Summary.Selection.Where(s => s.Criterion == criterion || s.Criterion == "none").ToList();
        var known = rows.Any(r => r.Regret1 is not null);
        Console.WriteLine($"Policies ranked by {criterion}{(known ? $", against their rollouts; {ReportNumbers.Percent(config.Confidence)} intervals over {Unit(rows)}" : "")}:");
        if (known)
        {
            Tables.Write(
                ["estimator", "first", "its value", "regret@1", "@3", "@5", "normalized @1", "Spearman", "Kendall", "MAE"],
                rows.Select(r => (IReadOnlyList<string>)
                [
                    r.Estimator, First(r), Number(r.TopTruth), Number(r.Regret1), Number(r.Regret3), Number(r.Regret5), Number(r.NormalizedRegret1),
                    WithEnds(r.Spearman, r.SpearmanLow, r.SpearmanHigh), WithEnds(r.Kendall, r.KendallLow, r.KendallHigh),
                    Number(result.Summary.Selection.FirstOrDefault(s => s.Estimator == r.Estimator && s.Criterion == "estimate")?.MeanAbsoluteError),
                ]),
                Enumerable.Range(2, 8).ToHashSet());
        }
        else
        {
            Tables.Write(["estimator", "first", "ranked", "trusted"], rows.Select(r => (IReadOnlyList<string>)[r.Estimator, First(r), $"{r.Ranked}", $"{r.Trusted}"]), new HashSet<int> { 2, 3 });
        }

        Console.WriteLine();
        foreach (var row in rows.Where(r => r.Criterion != "none"))
            Console.WriteLine($"{row.Estimator}: {row.Verdict}.");
        WriteAgreement(result, criterion);
        WriteTrials(result, config);
        foreach (var note in result.Summary.Notes)
            Console.WriteLine($"Note: {note}");
        Console.WriteLine();
        Console.WriteLine(result.Summary.Choice is { Policy: { } policy } choice ? $"Chosen: {policy}. {choice.Reason}" : $"Chosen: none. {result.Summary.Choice!.Reason}");
        ReportTables.WriteFolder(result.Folder);
    }

    static void WriteAgreement(SelectResult result, string criterion)
    {
        var rows = result.Summary.Agreement.Where(a => a.Criterion == criterion && a.Spearman is not null).ToList();
        if (rows.Count > 0)
        {
            var least = rows.MinBy(a => a.Spearman)!;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Estimators agree by Spearman {rows.Average(a => a.Spearman):0.00} on average, least {least.EstimatorX} and {least.EstimatorY} ({least.Spearman:0.00}); {rows.Count(a => a.SameFirst)} of {rows.Count} pairs put the same policy first."));
        }
    }

    static void WriteTrials(SelectResult result, SelectConfig config)
    {
        if (result.Trials.Count == 0)
            return;
        Console.WriteLine();
        Console.WriteLine($"Expected value of the policy deployed after n online trials of {config.TrialEpisodes} episode{(config.TrialEpisodes == 1 ? "" : "s")}, {ReportNumbers.Percent(config.Confidence)} of {config.Simulations:N0} simulations:");
        var trials = Shown.Where(n => n <= config.Trials).ToList();
        Tables.Write(
            ["strategy", .. trials.Select(n => $"n = {n}")],
            result.Trials.Where(t => t.Low is not null).GroupBy(t => t.Estimator is null ? t.Strategy : $"{t.Strategy} by {t.Estimator}").Select(curve => (IReadOnlyList<string>)
                [curve.Key, .. trials.Select(n => curve.First(t => t.Trials == n)).Select(t => WithEnds(t.Score, t.Low, t.High))]),
            Enumerable.Range(1, trials.Count).ToHashSet());
    }

    static string Unit(List<SelectionRow> rows) => rows.FirstOrDefault(r => r.Unit is not null) is { } row ? $"{row.Units} {row.Unit}" : "policies";

    static string First(SelectionRow row) => row.TopPolicy is null ? "-"
        : new Candidate("", row.TopPolicy, row.TopSeed, row.TopStep).ToString();

    static string WithEnds(double? value, double? low, double? high) => low is null ? Number(value) : $"{Number(value)} [{Number(low)}, {Number(high)}]";

    static string Number(double? value) => value is not { } number ? "-"
        : number.ToString(Math.Abs(number) < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
