using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest validate</c>: the checks of an import, on a dataset or on source files, without writing anything.</summary>
static class ValidateCommand
{
    public static Command Create()
    {
        var keys = new ImportOptions();
        Option<string?> dataset = new("--dataset", "-d") { Description = "A dataset instead of source files: NAME, NAME-vN or a path", HelpName = "DATASET" };
        var command = new Command("validate", """
            Checks a dataset, or source files through the map of an import, and writes nothing.

            Examples:
              offlinerl ingest validate --dataset cartpole
              offlinerl ingest validate --config ingest/configs/rllib_cartpole_csv.yaml

            Exit codes: 0 no errors (warnings and notes are shown), 1 an error was found, 2 usage or bad input, 130 interrupted.
            """)
        {
            dataset,
        };
        keys.AddTo(command);
        command.SetAction(arguments => arguments.GetValue(dataset) is { } name
            ? Run(arguments.Workspace(), name)
            : ImportCommand.Run(keys.Read(arguments, "name=checked", "on_error=keep"), arguments.Workspace(), strict: true, dryRun: true));
        return command;
    }

    static int Run(Workspace workspace, string name)
    {
        ValidationReport report;
        using (var progress = new ConsoleProgress())
            report = DatasetValidation.Run(Dataset.Open(workspace, name), progress, ToolHost.Interrupted);
        FindingTable.Write(report);
        return report.HasErrors ? ExitCodes.CheckFailed : ExitCodes.Done;
    }
}
