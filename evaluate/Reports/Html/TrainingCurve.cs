using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A point of what runs logged: a row of <c>figures/training_metrics.csv</c> and <c>.parquet</c>.</summary>
/// <param name="Algorithm">Of the run.</param>
/// <param name="Run">Its name.</param>
/// <param name="Metric">As the algorithm's page names it.</param>
/// <param name="Step">Training steps.</param>
/// <param name="Seeds">How many seeds logged it there.</param>
/// <param name="Mean">Over seeds.</param>
/// <param name="Min">Over seeds.</param>
/// <param name="Max">Over seeds.</param>
public sealed record TrainingCurvePoint(string Algorithm, string Run, string Metric, int Step, int Seeds, double Mean, double Min, double Max);

/// <summary>Reads <c>metrics.jsonl</c> of the runs behind policies, where they are at hand. What is missing or half-written is left out: the report is about the policies.</summary>
static class TrainingCurve
{
    const int MostMetrics = 4, MostPoints = 200;
    const long MostBytes = 64 << 20;

    // What tells most of how training went, first.
    static readonly string[] First = ["held_out_error", "loss", "value_loss", "policy_loss", "td_error", "q_mean", "q"];

    public static IReadOnlyList<TrainingCurvePoint> Of(IReadOnlyList<ReportedPolicy> policies, Workspace workspace)
    {
        var values = RunsAtHand.Seeds(policies, workspace)
            .SelectMany(s => Read(s.Folder).Select(v => (s.Algorithm, s.Run, v.Metric, v.Step, v.Value)))
            .ToList();
        var metrics = values.Select(v => v.Metric).Distinct().OrderBy(m => Array.IndexOf(First, m) is var i && i >= 0 ? i : First.Length).Take(MostMetrics).ToList();
        return [.. values.Where(v => metrics.Contains(v.Metric)).GroupBy(v => (v.Algorithm, v.Run, v.Metric)).OrderBy(g => metrics.IndexOf(g.Key.Metric)).SelectMany(curve =>
        {
            var steps = curve.GroupBy(v => v.Step).OrderBy(g => g.Key).ToList();
            var every = (steps.Count + MostPoints - 1) / MostPoints;
            return steps.Count < 2 ? [] : steps.Where((_, i) => i % every == 0 || i == steps.Count - 1)
                .Select(s => new TrainingCurvePoint(curve.Key.Algorithm, curve.Key.Run, curve.Key.Metric, s.Key, s.Count(), s.Average(v => v.Value), s.Min(v => v.Value), s.Max(v => v.Value)));
        })];
    }

    static List<(string Metric, int Step, double Value)> Read(string seedFolder)
    {
        var found = new List<(string, int, double)>();
        var file = new FileInfo(Path.Combine(seedFolder, "metrics.jsonl"));
        if (!file.Exists || file.Length > MostBytes)
            return found;
        try
        {
            foreach (var line in File.ReadLines(file.FullName))
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("step", out var at) || !at.TryGetInt32(out var step))
                    continue;
                foreach (var metric in json.RootElement.EnumerateObject())
                {
                    if (metric.Name is not ("step" or "steps_per_second") && metric.Value.ValueKind == JsonValueKind.Number && metric.Value.TryGetDouble(out var value))
                        found.Add((metric.Name, step, value));
                }
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            // A run that trains at this moment ends in half a line; what was read stands.
        }

        return found;
    }
}
