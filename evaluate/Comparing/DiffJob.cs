using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Compares two reports: what changed in how they were made, and what that did to scores and estimates.</summary>
public static class DiffJob
{
    /// <summary>Compares and writes the report.</summary>
    /// <exception cref="UserErrorException">A report does not exist or is damaged, or the two have no score and no estimate of the same policy.</exception>
    public static ReportResult Run(DiffConfig config, Workspace workspace, TimeProvider time, CancellationToken cancellation)
    {
        var (oldFolder, newFolder) = Folders(config, workspace);
        var (old, @new) = (Open(oldFolder), Open(newFolder));
        var scores = ScoreDifferences.Of(old.Scores, Rollouts(oldFolder, old), @new.Scores, Rollouts(newFolder, @new), config, cancellation);
        var estimates = EstimateDifferences.Of(old.Estimates, @new.Estimates);
        if (scores.Count + estimates.Count == 0)
            throw EvaluateThrow.NothingShared(oldFolder, Policies(old), newFolder, Policies(@new));
        var changes = ReportChanges.Of(old, ConfigOf(oldFolder), @new, ConfigOf(newFolder));

        config = config with { Before = Path.GetFileName(oldFolder), After = Path.GetFileName(newFolder) };
        if (config.Name.Length == 0)
            config = config with { Name = ReportFolder.NameFor(config.After, DiffConfig.JobName) };
        using var report = ReportFolder.Create(workspace, config.Name, config);
        var shared = scores.Select(s => (s.Algorithm, s.Policy)).Concat(estimates.Select(e => (e.Algorithm, e.Policy))).ToHashSet();
        var summary = new ReportSummary
        {
            Job = DiffConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = old.Datasets.Concat(@new.Datasets).Distinct().ToList(),
            Policies = @new.Policies.Where(p => shared.Contains((p.Algorithm, p.Policy))).ToList(),
            Seed = config.Seed,
            Reports = [config.Before, config.After],
            Changes = changes,
            ScoreDifferences = scores,
            EstimateDifferences = estimates,
        };
        TabularResults.Write(Path.Combine(report.Folder, "changes"), changes);
        if (scores.Count > 0)
            TabularResults.Write(Path.Combine(report.Folder, "score_differences"), scores);
        if (estimates.Count > 0)
            TabularResults.Write(Path.Combine(report.Folder, "estimate_differences"), estimates);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        HtmlReport.Write(report.Folder, summary, config.Confidence);
        return new ReportResult(report.Commit(), summary);
    }

    static (string Before, string After) Folders(DiffConfig config, Workspace workspace)
    {
        if (config.After.Length > 0)
        {
            var (before, after) = (ReportFolder.Find(workspace, config.Before), ReportFolder.Find(workspace, config.After));
            return before != after ? (before, after) : throw EvaluateThrow.SameReport(before);
        }

        var versions = DatasetName.Versions(workspace.ReportsFolder, config.Before);
        return versions.Count > 1
            ? (ReportFolder.Find(workspace, $"{config.Before}-v{versions[^2]}"), ReportFolder.Find(workspace, $"{config.Before}-v{versions[^1]}"))
            : throw EvaluateThrow.OneVersion(config.Before, versions.Count, workspace.ReportsFolder);
    }

    static ReportSummary Open(string folder)
    {
        var summary = ReportSummary.Read(folder);
        return summary.Job switch
        {
            DiffConfig.JobName => throw EvaluateThrow.DiffOfDiff(folder),
            ModelConfig.JobName => throw EvaluateThrow.ModelReport(folder),
            _ => summary,
        };
    }

    static IReadOnlyList<RolloutRow> Rollouts(string folder, ReportSummary summary) =>
        summary.Job == RolloutConfig.JobName ? RolloutFile.Read(Path.Combine(folder, "rollouts.csv")) : [];

    static string ConfigOf(string folder) => File.Exists(Path.Combine(folder, "config.yaml"))
        ? File.ReadAllText(Path.Combine(folder, "config.yaml"))
        : throw EvaluateThrow.NoReportConfig(folder);

    static string Policies(ReportSummary summary) => string.Join(", ", summary.Policies.Select(p => $"{p.Policy} ({p.Algorithm})").Distinct().DefaultIfEmpty("none"));
}
