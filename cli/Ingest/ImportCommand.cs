using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest import</c>: a dataset from CSV or Parquet files and a map of their columns.</summary>
static class ImportCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        Option<string?> name = new("--name", "-n") { Description = "The dataset: NAME for its next version, or NAME-vN", HelpName = "NAME" };
        Option<string[]> source = new("--source")
        {
            Description = "File or glob instead of the config's (repeatable)",
            HelpName = "FILES",
            Arity = ArgumentArity.ZeroOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var command = new Command("import", """
            Imports CSV (gzipped or not) and Parquet files through a map of their columns; see ingest/README.md for its keys.

            Examples:
              offlinerl ingest import --config ingest/configs/rllib_cartpole_parquet.yaml
              offlinerl ingest import --name logs --source 'logs/*.csv.gz' --set observation=[x,v] --set action=a --set done=end

            Exit codes: 0 done, 2 usage or bad input, 130 interrupted; anything but 0 leaves nothing.
            """)
        {
            name, source, config, set,
        };
        command.SetAction(arguments =>
        {
            var overrides = new List<string>();
            if (arguments.GetValue(name) is { } dataset)
                overrides.Add($"name={Quote(dataset)}");
            if (arguments.GetValue(source) is { Length: > 0 } sources)
                overrides.Add($"source=[{string.Join(", ", sources.Select(Quote))}]");
            overrides.AddRange(arguments.GetValue(set) ?? []);
            return Run(Config.Load<ImportConfig>(arguments.GetValue(config), overrides), arguments.Workspace());
        });
        return command;
    }

    public static int Run(ImportConfig config, Workspace workspace)
    {
        ImportResult result;
        using (var progress = new ConsoleProgress())
            result = ImportJob.Run(config, workspace, progress, ToolHost.Interrupted);
        var (manifest, counts) = result;
        Tables.Write(
            ["steps", "episodes", "terminated", "truncated", "rejected rows", "mean return"],
            [[Number(manifest.Counts.Steps), Number(manifest.Counts.Episodes), Number(manifest.Counts.Terminated), Number(manifest.Counts.Truncated), Number(counts.RejectedRows), (manifest.Statistics.Return?.Mean ?? 0).ToString("F2", CultureInfo.InvariantCulture)]],
            new HashSet<int> { 0, 1, 2, 3, 4, 5 });
        foreach (var note in manifest.Provenance.Notes)
            Console.WriteLine(note);
        Console.WriteLine($"{manifest.FullName}: {manifest.ContentHash}");
        return ExitCodes.Done;
    }

    static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    static string Quote(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
}
