using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary><c>summary.json</c>: what a report is about and what made it, so that its numbers can be made again.</summary>
public sealed record ReportSummary
{
    internal const string FileName = "summary.json";

    internal const int CurrentSchema = 1;

    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary><c>rollout</c>, <c>ope</c>, <c>compare</c>, <c>select</c>, <c>diff</c> or <c>model</c>.</summary>
    public required string Job { get; init; }

    public string ToolVersion { get; init; } = OfflineRL.Datasets.ToolVersion.Text;

    public required DateTimeOffset Created { get; init; }

    /// <summary>The datasets behind the policies, and the one evaluated on, with their content hashes.</summary>
    public required IReadOnlyList<DatasetReference> Datasets { get; init; }

    /// <summary>Every policy evaluated.</summary>
    public required IReadOnlyList<ReportedPolicy> Policies { get; init; }

    /// <summary>The learned policies' parameters by their hashes, so that two reports can tell whether they speak of the same ones.</summary>
    public IReadOnlyList<SnapshotHash> Snapshots { get; init; } = [];

    /// <summary>The environment of the log that was evaluated on, with its parameters; null where it names none, or there was no log.</summary>
    public string? Environment { get; init; }

    /// <summary>What the reader of the tables must know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The seed of this job's own randomness; null where it drew from none.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Reports that this one was made from.</summary>
    public IReadOnlyList<string> Reports { get; init; } = [];

    /// <summary>The mean undiscounted return of the dataset's episodes; null where no dataset was at hand.</summary>
    public double? BehaviorReturn { get; init; }

    /// <summary>The trajectories, where they were kept.</summary>
    public DatasetReference? SavedDataset { get; init; }

    /// <summary>What normalized scores count from and to, for each environment that has it.</summary>
    public IReadOnlyList<ReferenceReturns> References { get; init; } = [];

    /// <summary>What differs in how two reports were made; empty where the report is not of two.</summary>
    public IReadOnlyList<ChangeRow> Changes { get; init; } = [];

    /// <summary>By policy and task, of two reports.</summary>
    public IReadOnlyList<ScoreDifferenceRow> ScoreDifferences { get; init; } = [];

    /// <summary>By policy and estimator, of two reports.</summary>
    public IReadOnlyList<EstimateDifferenceRow> EstimateDifferences { get; init; } = [];

    /// <summary>By policy and task; empty where nothing was rolled out.</summary>
    public IReadOnlyList<ScoreRow> Scores { get; init; } = [];

    /// <summary>By method over tasks; empty where there are neither two methods nor two tasks.</summary>
    public IReadOnlyList<AggregateRow> Aggregates { get; init; } = [];

    /// <summary>By pair of methods.</summary>
    public IReadOnlyList<ImprovementRow> Improvements { get; init; } = [];

    /// <summary>How well each estimator ranks; empty where nothing was selected.</summary>
    public IReadOnlyList<SelectionRow> Selection { get; init; } = [];

    /// <summary>How far the estimators agree.</summary>
    public IReadOnlyList<AgreementRow> Agreement { get; init; } = [];

    /// <summary>The policy chosen and why; null where nothing was selected.</summary>
    public SelectionChoice? Choice { get; init; }

    /// <summary>World models, in a report of them; empty in others.</summary>
    public IReadOnlyList<ModelRow> Models { get; init; } = [];

    /// <summary>By policy and estimator; empty where nothing was estimated.</summary>
    public IReadOnlyList<EstimateRow> Estimates { get; init; } = [];

    /// <summary>Of a committed report.</summary>
    /// <exception cref="UserErrorException">It is missing or damaged, or a later version of the tool wrote it.</exception>
    internal static ReportSummary Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            // First of all: keys of a later schema would be called unknown.
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("schema_version", out var schema) && schema.TryGetInt32(out var version) && version > CurrentSchema)
                throw EvaluateThrow.NewerSchema(path, version, CurrentSchema);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw EvaluateThrow.BadTable(path, e is JsonException ? "it is no JSON" : "it is not there", e);
        }

        return JsonFiles.Read<ReportSummary>(path);
    }

    /// <summary>By policy; empty where nothing was estimated.</summary>
    public IReadOnlyList<DiagnosticRow> Diagnostics { get; init; } = [];
}

/// <summary>A policy in a report: run, seeds and steps.</summary>
public sealed record ReportedPolicy(string Algorithm, string Policy, IReadOnlyList<long> Seeds, IReadOnlyList<int> Steps)
{
    internal static IReadOnlyList<ReportedPolicy> Of(IEnumerable<(string Algorithm, string Policy, long? Seed, int? Step)> policies) => policies
        .GroupBy(p => (p.Algorithm, p.Policy))
        .Select(g => new ReportedPolicy(
            g.Key.Algorithm,
            g.Key.Policy,
            g.Select(p => p.Seed).OfType<long>().Distinct().Order().ToList(),
            g.Select(p => p.Step).OfType<int>().Distinct().Order().ToList()))
        .ToList();
}
