using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets merge</c>.</summary>
static class MergeCommand
{
    public static Command Create()
    {
        Argument<string[]> names = new("datasets") { Description = "Two or more: NAME, NAME-vN, or the path of a dataset's folder", Arity = ArgumentArity.OneOrMore };
        Option<string> to = new("--name", "-n") { Description = "Of the new dataset", HelpName = "NAME", Required = true };
        Option<string?> parts = new("--parts") { Description = "Split of the new dataset (default: the first one's)", HelpName = "NAME=SHARE,..." };
        Option<ulong> seed = new("--seed") { Description = "Of --parts", DefaultValueFactory = _ => 0 };
        Command command = new("merge", """
            Writes the episodes of several datasets of the same spaces into one. An episode that two of them have (by its key) comes once;
            the lineage names all of them.

            Example:
              offlinerl datasets merge monday tuesday --name week
            """)
        {
            names, to, parts, seed,
        };
        command.SetAction(arguments => Run(
            arguments.Workspace(),
            arguments.GetValue(names)!,
            arguments.GetValue(to)!,
            arguments.GetValue(parts) is { } split ? SplitRule.Parse(split, arguments.GetValue(seed)) : null));
        return command;
    }

    static void Run(Workspace workspace, string[] names, string to, SplitRule? rule)
    {
        if (names.Length < 2)
            throw new UserErrorException($"datasets merge was given one dataset, '{names[0]}'; expected two or more, such as 'offlinerl datasets merge {names[0]} OTHER --name {to}'.");
        List<Dataset> sources = [.. names.Select(n => Dataset.Open(workspace, n))];
        MergeResult result;
        using (ConsoleProgress progress = new())
            result = DatasetMerger.Run(workspace, sources, to, rule, progress, ToolHost.Interrupted);
        Tables.Write(
            ["source", "episodes", "left out"],
            sources.Select((s, i) => (IReadOnlyList<string>)[s.FullName, DatasetText.Count(s.Manifest.Counts.Episodes), DatasetText.Count(result.Duplicates[i])]),
            new HashSet<int> { 1, 2 });
        Console.WriteLine($"{result.Manifest.FullName}: {DatasetText.Count(result.Manifest.Counts.Steps)} steps in {DatasetText.Count(result.Manifest.Counts.Episodes)} episodes, {result.Manifest.ContentHash}");
    }
}
