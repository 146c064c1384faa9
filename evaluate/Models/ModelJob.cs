using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Evaluate;

/// <summary>Reports the world models that runs stored: their errors on held-out episodes, whether their spread is right, and pictures of what they see and dream.</summary>
public static class ModelJob
{
    /// <summary>Gathers and writes the report; nothing is measured anew.</summary>
    /// <exception cref="UserErrorException">A run does not exist or stored no model, or a file of it is damaged.</exception>
    public static (ReportResult Report, ModelTables Tables) Run(ModelConfig config, Workspace workspace, TimeProvider time)
    {
        Config.Check(config);
        var runs = config.Runs.Select(name => RunFolder.Open(workspace, name)).DistinctBy(run => run.Folder).ToList();
        if (runs.GroupBy(run => run.Name).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw EvaluateThrow.RunsOfOneName(same.Key, same.Select(run => run.Folder));
        var seeds = runs.SelectMany(run => SeedsOf(run, config.Seed)).ToList();
        var tables = ModelTables.Of(seeds);
        if (config.Name.Length == 0)
            config = config with { Name = ReportFolder.NameFor(runs[0].Name, ModelConfig.JobName) };

        using var report = ReportFolder.Create(workspace, config.Name, config);
        var summary = new ReportSummary
        {
            Job = ModelConfig.JobName,
            Created = time.GetUtcNow(),
            Datasets = tables.Models.Select(m => new DatasetReference(m.Dataset, m.ContentHash)).Distinct().ToList(),
            Policies = [],
            Seed = 0,
            Notes = Notes(runs, tables),
            Models = tables.Models,
        };
        tables.Write(report.Folder, "");
        JsonFiles.Write(Path.Combine(report.Folder, ReportSummary.FileName), summary);
        HtmlReport.Write(report.Folder, summary, models: tables);
        return (new ReportResult(report.Commit(), summary), tables);
    }

    static IEnumerable<(string Algorithm, string Run, long Seed, string Folder)> SeedsOf(RunInfo run, ulong? seed)
    {
        var found = run.Seeds.Where(s => s.Models.Count > 0).ToList();
        if (found.Count == 0)
            throw EvaluateThrow.RunWithoutModel(run.Name, run.Algorithm, run.Folder);
        var chosen = found.Where(s => seed is null || s.Seed == seed).ToList();
        return chosen.Count == 0
            ? throw EvaluateThrow.NoModelOfSeed(run.Name, seed!.Value, found.Select(s => s.Seed))
            : chosen.Select(s => (run.Algorithm, run.Name, (long)s.Seed, s.Folder));
    }

    static List<string> Notes(IReadOnlyList<RunInfo> runs, ModelTables tables) =>
    [
        .. tables.Models.Where(m => m.MeasuredOn is null).Select(m => m.Run).Distinct().Select(run => $"The models of {run} were not measured: its config has guard.held_out_transitions 0."),
        .. runs.Where(run => tables.Models.Any(m => m.Run == run.Name && m.MeasuredOn == run.Config.Split))
            .Select(run => $"The errors of {run.Name} are of '{run.Config.Split}', the part that it learned from, and look better than they are; 'offlinerl datasets split' makes one that is kept back."),
        .. tables.Models.Select(m => m.ContentHash).Distinct().Count() > 1 ? (string[])["The models learned from different datasets: ratios to persistence and spread compare, errors do not."] : [],
    ];
}
