using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using OfflineRL.Cli.Hosting;
using OfflineRL.Cli.Train;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;
using OfflineRL.Train;

namespace OfflineRL.Cli.Loop;

/// <summary><c>offlinerl loop</c>: records, trains, records again, and leaves a run and the dataset it came from.</summary>
static class LoopCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        Option<string?> name = new("--name", "-n") { Description = "Of the dataset and the run (default: ENVIRONMENT-ALGORITHM-loop)", HelpName = "NAME" };
        Option<string?> environment = new("--environment", "-e") { Description = "An id of 'offlinerl environments list' (default: CartPole-v1)", HelpName = "ID" };
        Option<string?> algorithm = new("--algorithm", "-a") { Description = "A learner of 'offlinerl train' (default: dqn)", HelpName = "NAME" };
        Option<string?> steps = new("--steps") { Description = "Steps to record for each seed", HelpName = "N" };
        Option<string?> threshold = new("--threshold") { Description = "Tell after how many steps the mean return of the last 100 episodes had reached R", HelpName = "R" };
        Option<string?> seeds = new("--seeds", "-s") { Description = "Seeds and ranges of seeds: 0..4 or 0,2,7", HelpName = "SEEDS" };
        var command = new Command("loop", """
            Records with the policy so far, trains on everything recorded, and records again: from nothing to a policy.

            Examples:
              offlinerl loop --environment CartPole-v1 --algorithm dqn --steps 50000
              offlinerl loop --config train/configs/breakout_loop.yaml --seeds 0..4
              offlinerl loop --environment CartPole-v1 --steps 50000 --threshold 475

            The dataset is stored as a new version every commit_period_steps, with the policy and a checkpoint in the run's
            folder. The same command again resumes from the newest version, and ends as an unbroken loop would have.
            Exit codes: 0 done, 1 a seed diverged, 2 usage or bad input, 130 interrupted (what was committed is whole).
            """)
        {
            name, environment, algorithm, steps, threshold, seeds, config, set,
        };
        command.SetAction(arguments =>
        {
            var overrides = new List<string>();
            foreach (var (key, option) in new[] { ("name", name), ("environment", environment), ("train.algorithm", algorithm), ("steps", steps), ("threshold", threshold) })
            {
                if (arguments.GetValue(option) is { } value)
                    overrides.Add($"{key}={Quote(value)}");
            }

            if (arguments.GetValue(seeds) is { } list)
                overrides.Add($"seeds=[{string.Join(", ", list.Split(',').Select(Quote))}]");
            overrides.AddRange(arguments.GetValue(set) ?? []);
            var loaded = Config.Load<LoopConfig>(arguments.GetValue(config), overrides);
            return Run(loaded.Name.Length > 0 ? loaded : loaded with { Name = DefaultName(loaded) }, arguments.Workspace());
        });
        return command;
    }

    public static int Run(LoopConfig config, Workspace workspace)
    {
        LoopFolder.RequireSame(workspace, config);
        var rows = new List<IReadOnlyList<string>>();
        var passings = new List<IReadOnlyList<string>>();
        var failures = new List<string>();
        var interrupted = false;
        using (var progress = new ConsoleProgress())
        {
            foreach (var seed in SeedList.Parse(config.Seeds))
            {
                using var job = new LoopJob(config, workspace, seed, progress);
                try
                {
                    interrupted = !job.Run(ToolHost.Interrupted);
                }
                catch (CheckFailedException e)
                {
                    // A diverged seed does not take the others with it.
                    failures.Add($"seed {seed} of loop {config.Name}: {e.Message}");
                }

                var folder = RunFolder.SeedFolder(Path.Combine(workspace.RunsFolder, config.Name), seed);
                if (!interrupted && job.IsFinished)
                    MetricsTable.Write(folder, progress);
                rows.AddRange(job.Commits.Select(commit => Row(seed, commit)));
                if (config.Threshold is { } threshold && Directory.Exists(folder))
                    passings.Add(Passing(seed, folder, threshold));
                if (interrupted)
                    break;
            }
        }

        Tables.Write(["seed", "dataset", "steps", "updates", "epsilon", "mean return"], rows, new HashSet<int> { 0, 2, 3, 4, 5 });
        if (passings.Count > 0)
            Tables.Write(["seed", "threshold", "passed after steps"], passings, new HashSet<int> { 0, 1, 2 });
        if (failures.Count > 0)
            throw new CheckFailedException(string.Join('\n', failures));
        if (!interrupted)
            return ExitCodes.Done;
        Console.Error.WriteLine("offlinerl: interrupted; the same command goes on from the newest version.");
        return ExitCodes.Interrupted;
    }

    static IReadOnlyList<string> Row(ulong seed, LoopCommit commit) =>
    [
        seed.ToString(CultureInfo.InvariantCulture),
        commit.Dataset,
        commit.Steps.ToString("N0", CultureInfo.InvariantCulture),
        commit.Updates.ToString("N0", CultureInfo.InvariantCulture),
        commit.Epsilon.ToString("G3", CultureInfo.InvariantCulture),
        commit.MeanReturn?.ToString("G4", CultureInfo.InvariantCulture) ?? "",
    ];

    static IReadOnlyList<string> Passing(ulong seed, string folder, double threshold)
    {
        var passing = RoundLog.Passing(Path.Combine(folder, RoundLog.FileName), threshold);
        JsonFiles.Replace(Path.Combine(folder, LoopThreshold.FileName), passing);
        return [seed.ToString(CultureInfo.InvariantCulture), threshold.ToString(CultureInfo.InvariantCulture), passing.Steps?.ToString("N0", CultureInfo.InvariantCulture) ?? "not yet"];
    }

    static string DefaultName(LoopConfig config) =>
        $"{BehaviorPolicies.DefaultName(EnvironmentRegistry.Definition(config.Environment))}-{Regex.Replace(config.Train.Algorithm, "[^a-z0-9]+", "-")}-loop";

    // What the user typed is text, whatever YAML would take it for.
    static string Quote(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
}
