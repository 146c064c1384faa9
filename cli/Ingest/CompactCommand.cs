using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest compact</c>: a dataset from what an application logs.</summary>
static class CompactCommand
{
    public static Command Create()
    {
        Option<string> log = new("--log", "-l") { Description = "Folder that the application gave to TrajectoryLogger.Open", HelpName = "FOLDER", Required = true };
        Option<string> name = new("--name", "-n") { Description = "The dataset; its next version is written", HelpName = "NAME", Required = true };
        Option<bool> closeOpen = new("--close-open") { Description = "Take episodes that were not ended, of processes that have gone, as truncated" };
        Option<bool> onlyNew = new("--only-new") { Description = "Write the new episodes alone, without those of the version before" };
        Option<bool> delete = new("--delete-segments") { Description = "Delete segments once they are in a dataset" };
        var command = new Command("compact", """
            Turns the finished segments of a log into a dataset: the episodes of its newest version, and those that ended since.
            It can run while the application logs. What was compacted is recorded: nothing comes twice, nothing is lost.

            Example:
              offlinerl ingest compact --log logs/shop --name shop

            Exit codes: 0 done, or nothing new; 2 usage, or a log that cannot be read; 130 interrupted; anything but 0 changes nothing.
            """)
        {
            log, name, closeOpen, onlyNew, delete,
        };
        command.SetAction(arguments => Run(
            new CompactRequest
            {
                Log = arguments.GetValue(log)!,
                Name = arguments.GetValue(name)!,
                CloseOpen = arguments.GetValue(closeOpen),
                OnlyNew = arguments.GetValue(onlyNew),
                DeleteSegments = arguments.GetValue(delete),
            },
            arguments.Workspace()));
        return command;
    }

    static int Run(CompactRequest request, Workspace workspace)
    {
        CompactResult result;
        using (var progress = new ConsoleProgress())
            result = CompactJob.Run(request, workspace, progress, ToolHost.Interrupted);
        foreach (var segment in result.Recovered)
            Console.WriteLine($"{segment.File ?? "an open segment"}: left open by a crash; {Number(segment.Rows)} rows are whole{(segment.BytesCut > 0 ? $", {Number(segment.BytesCut)} bytes behind them were cut" : "")}.");
        if (result.Manifest is not { } manifest)
        {
            Console.WriteLine($"Nothing new: {Number(result.Counts.Segments)} finished segments, {Number(result.Counts.Waiting)} open episodes.");
            return ExitCodes.Done;
        }

        var counts = result.Counts;
        Tables.Write(
            ["segments", "new episodes", "new steps", "waiting", "rejected rows", "episodes", "steps"],
            [[Number(counts.Segments), Number(counts.Episodes), Number(counts.Steps), Number(counts.Waiting), Number(counts.RejectedRows), Number(manifest.Counts.Episodes), Number(manifest.Counts.Steps)]],
            new HashSet<int> { 0, 1, 2, 3, 4, 5, 6 });
        FindingTable.Write(result.Report!);
        foreach (var note in manifest.Provenance.Notes)
            Console.WriteLine(note);
        Console.WriteLine($"{manifest.FullName}: {manifest.ContentHash}");
        return ExitCodes.Done;
    }

    static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
