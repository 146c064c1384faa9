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
            Description = "NAME, NAME-vN, or the path of a dataset's folder; several are checked one after the other",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("check", """
            Verifies datasets: hashes of files and content, schema, order of steps, numbers, propensities, the episodes table.
            Prints every finding; exit code 1 where there is one.

            Example:
              offlinerl datasets check cartpole cartpole-v1
            """)
        {
            names,
        };
        command.SetAction(arguments => Run(arguments.Workspace(), arguments.GetValue(names)!));
        return command;
    }

    static void Run(Workspace workspace, string[] names)
    {
        int failed = 0;
        foreach (string name in names)
        {
            Dataset dataset = Dataset.Open(workspace, name);
            using ConsoleProgress progress = new();
            IReadOnlyList<string> findings = dataset.Findings(progress, ToolHost.Interrupted);
            failed += findings.Count > 0 ? 1 : 0;
            Console.WriteLine(findings.Count == 0
                ? $"{dataset.FullName}: holds; {DatasetText.Count(dataset.Manifest.Counts.Steps)} steps in {DatasetText.Count(dataset.Manifest.Counts.Episodes)} episodes"
                : $"{dataset.FullName}: {findings.Count} findings");
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
