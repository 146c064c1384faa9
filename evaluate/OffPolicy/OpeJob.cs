using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>What an evaluation left behind.</summary>
/// <param name="Folder">The committed report.</param>
/// <param name="Summary">Its <c>summary.json</c>.</param>
public sealed record ReportResult(string Folder, ReportSummary Summary)
{
    /// <summary>Performance profiles, which are too long for the summary; empty where methods were not compared.</summary>
    public IReadOnlyList<ProfileRow> Profiles { get; init; } = [];
}

/// <summary>Estimates policies' returns from a log alone.</summary>
public static class OpeJob
{
    /// <summary>Estimates and writes the report.</summary>
    /// <exception cref="UserErrorException">Something named does not exist or does not fit, or the dataset does not know how its actions were drawn.</exception>
    public static ReportResult Run(OpeConfig config, Workspace workspace, IJobProgress progress, TimeProvider time, CancellationToken cancellation)
    {
        var specs = config.Policies.Select(PolicySpec.Parse).ToList();
        using var columns = Dataset.OpenColumns(workspace, config.Dataset, progress, cancellation);
        var rows = LoggedRows.Of(columns, config.Split);
        var estimates = new PolicyEstimates(config, columns, rows);
        var acting = PolicyResolver.Resolve(specs.Where(s => s is not (ColumnsPolicySpec or TablePolicySpec)).ToList(), workspace, config.Environment, columns.Info.Environment);
        var policies = acting.Candidates.Select(EvaluatedPolicy.Of).Concat(specs.Where(s => s is ColumnsPolicySpec or TablePolicySpec).Select(EvaluatedPolicy.Of)).ToList();
        if (config.Name.Length == 0)
            config = config with { Name = ReportFolder.NameFor(policies[0].Policy, OpeConfig.JobName) };

        using var report = ReportFolder.Create(workspace, config.Name, config);
        var found = new List<PolicyFindings>();
        for (var i = 0; i < policies.Count; i++)
        {
            progress.Report("estimating", i, policies.Count, policies[i].Policy);
            found.Add(estimates.Of(policies[i], cancellation));
        }

        progress.Report("estimating", policies.Count, policies.Count);
        var findings = PolicyFindings.Join(found);
        var summary = new ReportSummary
        {
            Job = OpeConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = acting.Datasets.Prepend(new DatasetReference(columns.Info.Dataset, columns.Info.ContentHash)).Distinct().ToList(),
            Policies = ReportedPolicy.Of(policies.Select(p => (p.Algorithm, p.Policy, p.Seed, p.Step))),
            Snapshots = SnapshotHash.Of(acting.Candidates),
            Environment = columns.Info.Environment?.ToString(),
            Seed = config.Seed,
            BehaviorReturn = rows.MeanReturn(),
            Estimates = findings.Estimates,
            Diagnostics = findings.Diagnostics,
        };
        findings.Write(report.Folder);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        HtmlReport.Write(report.Folder, summary, config.Confidence, workspace: workspace);
        return new ReportResult(report.Commit(), summary);
    }
}
