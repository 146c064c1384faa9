using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest import</c>: a dataset from logs and a map of their columns, and what was wrong with them.</summary>
static class ImportCommand
{
    public static Command Create()
    {
        var keys = new ImportOptions();
        Option<bool> strict = new("--strict") { Description = "Exit code 1 where something was rejected or an error was found; the dataset is committed all the same" };
        Option<bool> dryRun = new("--dry-run") { Description = "Check the source and write nothing" };
        var command = new Command("import", """
            Imports logs as a validated dataset: CSV, TSV, JSON, Parquet, NumPy, HDF5 and more, told apart by their content, through a map
            of their columns. See ingest/README.md for the map's keys, the formats and the checks.

            Examples:
              offlinerl ingest import --config ingest/configs/rllib_cartpole_parquet.yaml
              offlinerl ingest import --name cartpole-logs --source large.json --set time_limit=200
              offlinerl ingest import --name clicks --source log.dsjson --bits 10
              offlinerl ingest import --name logs --source 'logs/*.csv.gz' --set observation=[x,v] --set action=a --set done=end
              offlinerl ingest import --config logs.yaml --on-error reject --strict
              offlinerl ingest import --config logs.yaml --dry-run

            Rows that were not taken stand in the dataset's rejects/, each with its reason; what was found, in its validation.json.
            Exit codes: 0 done, 1 with --strict where something was rejected or an error was found, 2 usage or bad input, 130 interrupted;
            2 and 130 leave nothing.
            """)
        {
            strict, dryRun,
        };
        keys.AddTo(command);
        command.SetAction(arguments => Run(keys.Read(arguments), arguments.Workspace(), arguments.GetValue(strict), arguments.GetValue(dryRun)));
        return command;
    }

    public static int Run(ImportConfig config, Workspace workspace, bool strict = false, bool dryRun = false)
    {
        if (dryRun)
            return Check(config, workspace, strict);
        ImportResult result;
        using (var progress = new ConsoleProgress())
            result = ImportJob.Run(config, workspace, progress, ToolHost.Interrupted);
        FindingTable.Write(result.Report);
        var manifest = result.Manifest;
        Tables.Write(
            ["steps", "episodes", "terminated", "truncated", "rejected rows", "mean return"],
            [[Number(manifest.Counts.Steps), Number(manifest.Counts.Episodes), Number(manifest.Counts.Terminated), Number(manifest.Counts.Truncated), Number(result.Counts.RejectedRows), Return(manifest.Statistics.Return?.Mean ?? 0)]],
            new HashSet<int> { 0, 1, 2, 3, 4, 5 });
        foreach (var note in manifest.Provenance.Notes)
            Console.WriteLine(note);
        Console.WriteLine($"{manifest.FullName}: {manifest.ContentHash}");
        if (!strict || !result.Report.HasErrors)
            return ExitCodes.Done;
        Console.Error.WriteLine($"offlinerl: {Number(result.Report.Rows.Rejected)} rows were rejected, {Number(result.Report.Findings.Count(f => f.Severity == Severity.Error))} kinds of errors found; {manifest.FullName} was committed without them.");
        return ExitCodes.CheckFailed;
    }

    static int Check(ImportConfig config, Workspace workspace, bool strict)
    {
        ValidationReport report;
        using (var progress = new ConsoleProgress())
            report = ImportJob.Check(config, workspace, progress, ToolHost.Interrupted);
        FindingTable.Write(report);
        Console.WriteLine($"Of {Number(report.Rows.Read)} rows {Number(report.Rows.Taken)} would be taken and {Number(report.Rows.Rejected)} rejected; nothing was written.");
        return strict && report.HasErrors ? ExitCodes.CheckFailed : ExitCodes.Done;
    }

    // Two decimals, and more where a mean is small, as of clicks.
    static string Return(double mean) => mean.ToString(Math.Abs(mean) is > 0 and < 0.1 ? "G3" : "F2", CultureInfo.InvariantCulture);

    static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
