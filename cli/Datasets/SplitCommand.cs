using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets split</c>.</summary>
static class SplitCommand
{
    public static Command Create()
    {
        Argument<string> name = new("dataset") { Description = "NAME, NAME-vN, or the path of a dataset's folder" };
        Option<string> parts = new("--parts")
        {
            Description = "Names and shares of the parts; the shares sum to 1",
            HelpName = "NAME=SHARE,...",
            DefaultValueFactory = _ => "train=0.8,val=0.1,test=0.1",
        };
        Option<ulong> seed = new("--seed") { Description = "Another seed gives another assignment", DefaultValueFactory = _ => 0 };
        Option<string?> to = new("--name") { Description = "Name of the new dataset (default: the same name, next version)", HelpName = "NAME" };
        Command command = new("split", """
            Writes a new version in which every episode belongs to a part, by a hash of the seed and the episode's key: whole episodes,
            never single steps; the same episode falls into the same part wherever it appears.

            Examples:
              offlinerl datasets split cartpole --parts train=0.8,val=0.1,test=0.1
              offlinerl datasets split logs --parts train=0.5,test=0.5 --seed 7 --name logs-halves
            """)
        {
            name, parts, seed, to,
        };
        command.SetAction(arguments => Run(
            arguments.Workspace(),
            arguments.GetValue(name)!,
            arguments.GetValue(to),
            SplitRule.Parse(arguments.GetValue(parts)!, arguments.GetValue(seed))));
        return command;
    }

    static void Run(Workspace workspace, string source, string? name, SplitRule rule)
    {
        using ConsoleProgress progress = new();
        DatasetManifest manifest = DatasetSplitter.Run(workspace, Dataset.Open(workspace, source), name, rule, progress, ToolHost.Interrupted);
        Console.WriteLine(manifest.FullName);
        Tables.Write(
            ["part", "share", "episodes"],
            rule.Fractions.Select(f => (IReadOnlyList<string>)[f.Name, DatasetText.Number(f.Fraction), DatasetText.Count(manifest.Counts.EpisodesBySplit[f.Name])]),
            new HashSet<int> { 1, 2 });
    }
}
