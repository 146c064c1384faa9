using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate</c>: its jobs, and a plain <c>--config</c> that names one of them.</summary>
static class EvaluateCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        var command = new Command("evaluate", """
            Scores policies: by running them on environments, or from a log alone; puts reports side by side.

            Examples:
              offlinerl evaluate rollout --policy run:cartpole-dqn --policy builtin:uniform
              offlinerl evaluate ope --dataset cartpole --policy run:cartpole-bc
              offlinerl evaluate compare --report cartpole-dqn-rollout --report cartpole-bc-rollout
              offlinerl evaluate --config evaluate/configs/cartpole_rollout.yaml
            """)
        {
            config, set, RolloutCommand.Create(), OpeCommand.Create(), CompareCommand.Create(),
        };
        command.SetAction(arguments => Dispatch(arguments, arguments.GetValue(config), arguments.GetValue(set) ?? []));
        return command;
    }

    static int Dispatch(ParseResult arguments, string? path, string[] overrides)
    {
        if (path is null)
            throw new UserErrorException("'offlinerl evaluate' needs a job: rollout, ope or compare, or --config FILE whose key 'job' names one. Run 'offlinerl evaluate --help' for examples.");
        return JobOf(path) switch
        {
            "rollout" => RolloutCommand.Run(arguments, path, overrides),
            "ope" => OpeCommand.Run(arguments, path, overrides),
            "compare" => CompareCommand.Run(arguments, path, overrides),
            var other => throw new UserErrorException($"{path}: {(other is null ? "the key 'job' is missing" : $"job is '{other}'")}; expected rollout, ope or compare."),
        };
    }

    // Only the key that decides who reads the file: the job's own config checks all of it.
    static string? JobOf(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"{path}: there is no such config file. Name an existing YAML file with --config.");
        var line = File.ReadLines(path).FirstOrDefault(l => l.StartsWith("job:", StringComparison.Ordinal));
        return line?["job:".Length..].Split('#')[0].Trim().Trim('\'', '"');
    }
}
