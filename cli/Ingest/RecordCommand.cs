using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest record</c>: a dataset from an environment and a mixture of policies.</summary>
static class RecordCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        Option<string?> name = new("--name", "-n") { Description = "The dataset: NAME for its next version, or NAME-vN (default: after the environment)", HelpName = "NAME" };
        Option<string?> steps = new("--steps") { Description = "Rows to record, exactly (default: 50000)", HelpName = "N" };
        Option<string?> environment = new("--environment", "-e") { Description = "An id of 'offlinerl environments list', parameters inside the recordable ranges (default: CartPole-v1)", HelpName = "ID" };
        Option<string?> seed = new("--seed", "-s") { Description = "Of everything random (default: 0)", HelpName = "SEED" };
        Option<string[]> policy = new("--policy", "-p")
        {
            Description = "Adds a policy to the mixture: a trained run (RUN, or run:RUN[@step=N][,seed=K]) or a built-in policy (repeatable)",
            HelpName = "POLICY",
            Arity = ArgumentArity.ZeroOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        Option<double> epsilon = new("--epsilon") { Description = "Share of uniform actions of the policies added by --policy", HelpName = "E", DefaultValueFactory = _ => 0.1 };
        Option<double> weight = new("--weight") { Description = "Share of the episodes of each policy added by --policy; those of an environment's default mixture sum to 1", HelpName = "W", DefaultValueFactory = _ => 1 };
        var command = new Command("record", """
            Records an environment under a mixture of behavior policies, with exact probabilities of every action.

            Examples:
              offlinerl ingest record
              offlinerl ingest record --environment CartPole-v1?length=0.6 --name mixed --steps 100000 --seed 1
              offlinerl ingest record --name second-round --policy cartpole-dqn --epsilon 0.2
              offlinerl ingest record --set "mixture=[{policy: uniform}, {policy: scripted, epsilon: 0.3, weight: 2}]"

            The same config and seed give the same data. Exit codes: 0 done, 2 usage or bad input, 130 interrupted (nothing is left).
            """)
        {
            name, steps, environment, seed, policy, epsilon, weight, config, set,
        };
        command.SetAction(arguments =>
        {
            var overrides = new List<string>();
            foreach (var (key, option) in new[] { ("name", name), ("steps", steps), ("environment", environment), ("seed", seed) })
            {
                if (arguments.GetValue(option) is { } value)
                    overrides.Add($"{key}='{value.Replace("'", "''", StringComparison.Ordinal)}'");
            }

            overrides.AddRange(arguments.GetValue(set) ?? []);
            var loaded = Config.Load<RecordConfig>(arguments.GetValue(config), overrides).Resolve();
            var definition = EnvironmentRegistry.Definition(loaded.Environment);
            var added = (arguments.GetValue(policy) ?? [])
                .Select(p => new BehaviorConfig { Policy = TrainedPolicies.Spec(p, definition), Epsilon = arguments.GetValue(epsilon), Weight = arguments.GetValue(weight) });
            return Run(loaded with { Mixture = [.. loaded.Mixture, .. added] }, arguments.Workspace());
        });
        return command;
    }

    public static int Run(RecordConfig config, Workspace workspace)
    {
        DatasetManifest manifest;
        using (var progress = new ConsoleProgress())
            manifest = RecordJob.Run(config, workspace, spec => TrainedPolicies.Load(workspace, spec), progress, ToolHost.Interrupted);
        var dataset = Dataset.Open(workspace, manifest.FullName);
        var rows = dataset.Episodes
            .GroupBy(e => e.BehaviorPolicy)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => Row(g.Key, g.ToList()))
            .Append(Row("all", dataset.Episodes));
        Tables.Write(["behavior", "episodes", "steps", "mean return"], rows, new HashSet<int> { 1, 2, 3 });
        Console.WriteLine($"{manifest.FullName}: {EnvironmentRegistry.ShortId(manifest.Environment!)}, {manifest.ContentHash}");
        return ExitCodes.Done;
    }

    static IReadOnlyList<string> Row(string name, IReadOnlyList<EpisodeRecord> episodes) =>
    [
        name,
        episodes.Count.ToString("N0", CultureInfo.InvariantCulture),
        episodes.Sum(e => (long)e.Steps).ToString("N0", CultureInfo.InvariantCulture),
        episodes.Average(e => e.Return).ToString("F1", CultureInfo.InvariantCulture),
    ];
}
