using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Cli.Train;

/// <summary><c>offlinerl train</c>: learns policies from a dataset, one seed after the other, and resumes what was left.</summary>
static class TrainCommand
{
    public static Command Create()
    {
        Option<string?> config = GlobalOptions.Config();
        Option<string[]> set = GlobalOptions.Set();
        Option<string?> dataset = new("--dataset", "-d") { Description = "Dataset: NAME, NAME-vN, or the path of a dataset or of compiled columns", HelpName = "DATASET" };
        Option<string?> algorithm = new("--algorithm", "-a") { Description = "dqn, c51, qr_dqn, iqn, rainbow, nfq, rem, discrete_cql, discrete_bcq, discrete_iql, discrete_crr or bc; in tables: q_learning, sarsa, expected_sarsa, td, monte_carlo, value_iteration, policy_iteration or policy_evaluation", HelpName = "NAME" };
        Option<string?> name = new("--name", "-n") { Description = "Name of the run below runs/ (default: DATASET-ALGORITHM)", HelpName = "NAME" };
        Option<string?> seeds = new("--seeds", "-s") { Description = "Seeds and ranges of seeds: 0..4 or 0,2,7", HelpName = "SEEDS" };
        Option<string?> device = new("--device") { Description = "auto, cpu, cuda or cuda:N", HelpName = "DEVICE" };
        Option<string?> steps = new("--steps") { Description = "Steps for each seed: gradient steps, or batches of transitions where a table learns", HelpName = "N" };

        var command = new Command("train", """
            Learns a policy from a dataset alone.

            Example:
              offlinerl train --dataset cartpole --algorithm dqn --seeds 0..4
              offlinerl train --config train/configs/cartpole_dqn.yaml --set dqn.learning_rate=0.0005

            The same command again resumes seeds that were interrupted and leaves finished ones alone.
            Exit codes: 0 done, 1 a seed diverged, 2 usage or bad input, 130 interrupted (a checkpoint was written).
            """)
        {
            config, set, dataset, algorithm, name, seeds, device, steps,
        };
        command.SetAction(arguments =>
        {
            var overrides = new List<string>(arguments.GetValue(set) ?? []);
            foreach (var (key, option) in new[]
            {
                ("dataset", dataset), ("algorithm", algorithm), ("name", name), ("device", device), ("steps", steps),
            })
            {
                if (arguments.GetValue(option) is { } value)
                    overrides.Add($"{key}={Quote(value)}");
            }

            if (arguments.GetValue(seeds) is { } list)
                overrides.Add($"seeds=[{string.Join(", ", list.Split(',').Select(Quote))}]");
            return Run(Config.Load<TrainConfig>(arguments.GetValue(config), overrides), Workspace.Open(arguments.GetValue(GlobalOptions.Root)));
        });
        return command;
    }

    static int Run(TrainConfig config, Workspace workspace)
    {
        using var progress = new ConsoleProgress();
        using var data = TrainingData.Open(workspace, config.Dataset, progress, ToolHost.Interrupted);
        if (config.Name.Length == 0 && data.Sources.Count == 1)
            config = config with { Name = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(config.Dataset))}-{config.Algorithm}" };
        var result = TrainJob.Run(config, workspace, data, progress, ToolHost.Interrupted);
        if (!result.Interrupted)
            MetricsTable.Write(result, progress);

        Tables.Write(
            ["seed", "state", "steps", "policy"],
            result.Seeds.Select(seed => (IReadOnlyList<string>)
            [
                seed.Seed.ToString(CultureInfo.InvariantCulture),
                seed.State.ToString().ToLowerInvariant(),
                seed.Step.ToString("N0", CultureInfo.InvariantCulture),
                $"run:{result.Name},seed={seed.Seed}",
            ]),
            new HashSet<int> { 0, 2 });
        if (!result.Interrupted)
            return ExitCodes.Done;
        Console.Error.WriteLine("offlinerl: interrupted; the same command resumes from the checkpoint.");
        return ExitCodes.Interrupted;
    }

    // What the user typed is text, whatever YAML would take it for.
    static string Quote(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
}
