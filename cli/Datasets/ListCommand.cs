using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets list</c>.</summary>
static class ListCommand
{
    public static Command Create()
    {
        Command command = new("list", """
            Lists the datasets below data/, every version.

            Example:
              offlinerl datasets list --root experiments
            """);
        command.SetAction(arguments => Run(arguments.Workspace()));
        return command;
    }

    static void Run(Workspace workspace)
    {
        IReadOnlyList<Dataset> datasets = Dataset.List(workspace, message => Console.Error.WriteLine($"offlinerl: left out: {message}"));
        if (datasets.Count == 0)
        {
            Console.Error.WriteLine($"No datasets in '{workspace.DataFolder}'. Record one with 'offlinerl ingest record', or import one with 'offlinerl ingest import'.");
            return;
        }

        Tables.Write(
            ["dataset", "steps", "episodes", "mean return", "environment", "propensities", "created"],
            datasets.Select(d => d.Manifest).Select(m => (IReadOnlyList<string>)
            [
                m.FullName,
                m.Counts.Steps.ToString("N0", CultureInfo.InvariantCulture),
                m.Counts.Episodes.ToString("N0", CultureInfo.InvariantCulture),
                m.Statistics.Return?.Mean.ToString("G6", CultureInfo.InvariantCulture) ?? "",
                m.Environment?.Id ?? "unknown",
                DatasetText.Propensities(m),
                m.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            ]),
            new HashSet<int> { 1, 2, 3 });
    }
}
