using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest log</c>: the logger for applications that are not .NET's, behind a pipe.</summary>
static class LogCommand
{
    static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        Option<string> log = new("--log", "-l") { Description = "Folder of the log; begun where there is none", HelpName = "FOLDER", Required = true };
        Option<int?> observations = new("--observations") { Description = "Numbers of an observation; for a new log", HelpName = "N" };
        Option<int?> actions = new("--actions") { Description = "Number of discrete actions; for a new log", HelpName = "N" };
        Option<int?> actionSize = new("--action-size") { Description = "Numbers of a continuous action; for a new log", HelpName = "N" };
        Option<bool> acknowledge = new("--acknowledge") { Description = "Print, after each flush, how many lines are on the disk" };
        var command = new Command("log", """
            Logs lines of JSON from standard input: a step each, or the end of an episode. What cannot be taken is said on standard error, and left out.

            Example:
              my-application | offlinerl ingest log --log logs/shop --observations 2 --actions 3

            Lines:
              {"episode": "user-7", "observation": [0.5, 1], "action": 2, "reward": 0, "log_prob": -1.2}
              {"episode": "user-7", "end": "terminated", "observation": [0.1, 1]}

            Exit codes: 0 done, 1 a line could not be taken, 2 usage or bad input, 130 interrupted (all lines read are logged).
            """)
        {
            log, observations, actions, actionSize, acknowledge,
        };
        command.SetAction(arguments =>
        {
            var folder = arguments.GetValue(log)!;
            var description = File.Exists(Path.Combine(folder, "log.json"))
                ? LogFolder.Read(folder).Describe()
                : Describe(arguments.GetValue(observations), arguments.GetValue(actions), arguments.GetValue(actionSize));
            return Run(folder, description, arguments.GetValue(acknowledge));
        });
        return command;
    }

    static DatasetDescription Describe(int? observations, int? actions, int? actionSize)
    {
        if (observations is not > 0 || (actions is null) == (actionSize is null) || actions is < 1 || actionSize is < 1)
            throw new UserErrorException("A new log needs --observations N and either --actions N or --action-size N, each at least 1.");
        return new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(observations.Value),
            ActionSpace = actions is { } count ? new DiscreteSpace(count) : BoxSpace.Unbounded(actionSize!.Value),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = actions is null ? PropensityKind.Density : PropensityKind.Probability,
            HasBehaviorProbabilities = actions is not null,
            HasActionMask = actions is not null,
            HasTimestamp = true,
        };
    }

    static int Run(string folder, DatasetDescription description, bool acknowledge)
    {
        long lines = 0, refused = 0, said = 0;
        using (var logger = TrajectoryLogger.Open(folder, description, new LoggerOptions { FlushInterval = FlushInterval }))
        {
            foreach (var segment in logger.Recovered)
                Console.Error.WriteLine($"{segment.File ?? "an open segment"}: left open by a crash; {segment.Rows} rows are whole, {segment.BytesCut} bytes behind them were cut.");
            var json = new JsonLineLog(logger, description);
            var flushed = TimeProvider.System.GetTimestamp();
            while (!ToolHost.Interrupted.IsCancellationRequested && Console.In.ReadLine() is { } line)
            {
                lines++;
                try
                {
                    json.Add(line, lines);
                }
                catch (UserErrorException e)
                {
                    refused++;
                    Console.Error.WriteLine($"offlinerl: {e.Message}");
                }

                if (!acknowledge || TimeProvider.System.GetElapsedTime(flushed) < FlushInterval)
                    continue;
                logger.Flush();
                Acknowledge();
                flushed = TimeProvider.System.GetTimestamp();
            }
        }

        if (acknowledge)
            Acknowledge();
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{lines:N0} lines, {refused:N0} of them refused"));
        return ToolHost.Interrupted.IsCancellationRequested ? ExitCodes.Interrupted : refused > 0 ? ExitCodes.CheckFailed : ExitCodes.Done;

        void Acknowledge()
        {
            if (lines > said)
                Console.Out.WriteLine(lines.ToString(CultureInfo.InvariantCulture));
            Console.Out.Flush();
            said = lines;
        }
    }
}
