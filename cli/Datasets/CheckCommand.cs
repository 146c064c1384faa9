using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets check</c>.</summary>
static class CheckCommand
{
    public static Command Create()
    {
        Argument<string[]> names = new("dataset")
        {
            Description = "NAME, NAME-vN, or the path of a dataset's folder or of a folder of compiled columns; several are checked one after the other",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("check", """
            Verifies datasets: the manifest, every file's hash, files too many or too few, the hash of the content, schema, order of steps,
            numbers, propensities, the episodes table, counts and statistics; and of compiled columns every byte.
            Prints one line for each fault; exit code 1 where there is one.

            Example:
              offlinerl datasets check cartpole cartpole-v1
            """)
        {
            names,
        };
        command.SetAction(arguments => Run(arguments.Workspace(), arguments.GetValue(names)!));
        return command;
    }

    static (string Name, string Size, IReadOnlyList<string> Findings) Check(Workspace workspace, string name, IJobProgress progress)
    {
        if (TrainingColumns.IsFolder(name))
        {
            return (name, "every byte is as it was written", TrainingColumns.Findings(name, progress, ToolHost.Interrupted));
        }

        Dataset dataset;
        try
        {
            dataset = Dataset.Open(workspace, name);
        }
        catch (UserErrorException e) when (Dataset.FolderOf(workspace, name) is { } folder && Directory.Exists(folder))
        {
            // It is there, and what its manifest says cannot be believed: that is what a check is for.
            return (name, "", [e.Message.ReplaceLineEndings(" ")]);
        }

        DatasetCounts counts = dataset.Manifest.Counts;
        return (dataset.FullName, $"{DatasetText.Count(counts.Steps)} steps in {DatasetText.Count(counts.Episodes)} episodes", dataset.Findings(progress, ToolHost.Interrupted));
    }

    static void Run(Workspace workspace, string[] names)
    {
        int failed = 0;
        foreach (string name in names)
        {
            using ConsoleProgress progress = new();
            (string shown, string size, IReadOnlyList<string> findings) = Check(workspace, name, progress);
            failed += findings.Count > 0 ? 1 : 0;
            Console.WriteLine(findings.Count == 0 ? $"{shown}: holds; {size}" : $"{shown}: {findings.Count} {(findings.Count == 1 ? "finding" : "findings")}");
            foreach (string finding in findings)
            {
                Console.WriteLine("  " + finding);
            }
        }

        if (failed > 0)
        {
            throw new CheckFailedException($"{failed} of {names.Length} datasets do not hold what they should; copy them again, or make them again from their sources.");
        }
    }
}
