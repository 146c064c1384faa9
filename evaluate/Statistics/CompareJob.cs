using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Puts reports side by side: scores from all their episodes anew, estimates as they are.</summary>
public static class CompareJob
{
    /// <summary>Aggregates and writes the report.</summary>
    /// <exception cref="UserErrorException">A report does not exist, is damaged, or two of them contradict each other.</exception>
    public static ReportResult Run(CompareConfig config, Workspace workspace, TimeProvider time, CancellationToken cancellation)
    {
        var folders = config.Reports.Select(name => ReportFolder.Find(workspace, name)).Distinct(StringComparer.Ordinal).ToList();
        var summaries = folders.Select(ReportSummary.Read).ToList();
        for (var i = 0; i < folders.Count; i++)
        {
            if (summaries[i].Job is CompareConfig.JobName or DiffConfig.JobName)
                throw EvaluateThrow.CompareOfCompare(folders[i]);
            if (summaries[i].Job == ModelConfig.JobName)
                throw EvaluateThrow.ModelReport(folders[i]);
        }

        SnapshotHash.RequireSame(folders.Select((folder, i) => (folder, summaries[i].Snapshots)));
        var rows = Merge(folders.Where((_, i) => summaries[i].Job == RolloutConfig.JobName).Select(folder => (folder, RolloutFile.Read(Path.Combine(folder, "rollouts.csv")))));
        // As they were when the reports were written: the environments need not be here.
        var references = summaries.SelectMany(s => s.References).DistinctBy(r => r.Environment).ToList();
        using var report = ReportFolder.Create(workspace, config.Name, config);
        var scores = ScoreTable.Of(rows, references, config.Confidence, config.Resamples, RandomStream.Create(config.Seed, "score-bootstrap"), cancellation);
        var methods = MethodTables.Of(rows, references, config.Confidence, config.Resamples, RandomStream.Create(config.Seed, "method-bootstrap"), cancellation);
        var estimates = summaries.SelectMany(s => s.Estimates).ToList();
        var summary = new ReportSummary
        {
            Job = CompareConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = summaries.SelectMany(s => s.Datasets).Distinct().ToList(),
            Policies = ReportedPolicy.Of(rows.Select(r => (r.Algorithm, r.Policy, r.Seed, r.Step))
                .Concat(estimates.Select(e => (e.Algorithm, e.Policy, e.Seed, e.Step)))),
            Snapshots = summaries.SelectMany(s => s.Snapshots).Distinct().ToList(),
            Seed = config.Seed,
            Reports = folders.Select(folder => Path.GetFileName(folder)).ToList(),
            BehaviorReturn = Common(summaries.Select(s => s.BehaviorReturn).OfType<double>()),
            References = references,
            Notes = methods.Notes,
            Scores = scores,
            Aggregates = methods.Aggregates,
            Improvements = methods.Improvements,
            Estimates = estimates,
        };
        TabularResults.Write(Path.Combine(report.Folder, "scores"), scores);
        methods.Write(report.Folder);
        if (estimates.Count > 0)
            TabularResults.Write(Path.Combine(report.Folder, "estimates"), estimates);
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        HtmlReport.Write(report.Folder, summary, config.Confidence, rows, workspace);
        return new ReportResult(report.Commit(), summary) { Profiles = methods.Profiles };
    }

    /// <summary>All rows; one that several reports have counts once, and must say the same in all of them.</summary>
    static List<RolloutRow> Merge(IEnumerable<(string Folder, IReadOnlyList<RolloutRow> Rows)> reports)
    {
        var seen = new Dictionary<object, (RolloutRow Row, string Folder)>();
        var merged = new List<RolloutRow>();
        foreach (var (folder, rows) in reports)
        {
            foreach (var row in rows)
            {
                var key = (row.Algorithm, row.Policy, row.Environment, row.Seed, row.Step, row.RolloutSeed, row.Episode);
                if (!seen.TryGetValue(key, out var other))
                {
                    seen.Add(key, (row, folder));
                    merged.Add(row);
                }
                else if (other.Row.Return != row.Return || other.Row.Length != row.Length)
                {
                    throw EvaluateThrow.ReportsDisagree(row, folder, other.Row, other.Folder);
                }
            }
        }

        return merged;
    }

    // Reports add up the same returns in different orders: the last digits may differ.
    static double? Common(IEnumerable<double> values)
    {
        var all = values.ToList();
        return all.Count > 0 && all.TrueForAll(v => Math.Abs(v - all[0]) <= 1e-9 * Math.Abs(all[0])) ? all[0] : null;
    }
}
