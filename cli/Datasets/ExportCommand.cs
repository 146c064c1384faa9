using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets export</c>.</summary>
static class ExportCommand
{
    static readonly Dictionary<string, ExportFormat> Formats = new(StringComparer.Ordinal)
    {
        ["csv"] = ExportFormat.Csv,
        ["jsonl"] = ExportFormat.Jsonl,
        ["npz"] = ExportFormat.Npz,
        ["minari-hdf5"] = ExportFormat.MinariHdf5,
        ["d4rl-hdf5"] = ExportFormat.D4rlHdf5,
    };

    public static Command Create()
    {
        Argument<string> name = new("dataset") { Description = "NAME, NAME-vN, or the path of a dataset's folder" };
        Option<string> format = new("--format") { Description = $"One of {string.Join(", ", Formats.Keys)}", HelpName = "FORMAT", Required = true };
        Option<string> to = new("--out", "-o") { Description = "File to write; for minari-hdf5 a folder", HelpName = "PATH", Required = true };
        Command command = new("export", """
            Writes a dataset in another format, step by step, with what an import needs to bring it back.

            Examples:
              offlinerl datasets export cartpole --format csv --out cartpole.csv.gz
              offlinerl datasets export cartpole --format d4rl-hdf5 --out cartpole.hdf5
              offlinerl datasets export cartpole --format minari-hdf5 --out cartpole-minari
            """)
        {
            name, format, to,
        };
        command.SetAction(arguments => Run(arguments.Workspace(), arguments.GetValue(name)!, arguments.GetValue(format)!, arguments.GetValue(to)!));
        return command;
    }

    static void Run(Workspace workspace, string name, string format, string path)
    {
        if (!Formats.TryGetValue(format, out var chosen))
            throw new UserErrorException($"--format is '{format}'; expected one of {string.Join(", ", Formats.Keys)}.");
        var dataset = Dataset.Open(workspace, name);
        IReadOnlyList<string> lost;
        using (var progress = new ConsoleProgress())
            lost = ExportJob.Run(dataset, chosen, path, progress, ToolHost.Interrupted);
        foreach (var sentence in lost)
            Console.WriteLine(sentence);
        Console.WriteLine($"{dataset.FullName}: {DatasetText.Count(dataset.Manifest.Counts.Steps)} steps in {path}");
    }
}
