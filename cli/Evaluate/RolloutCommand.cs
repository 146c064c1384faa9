using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate rollout</c>.</summary>
static class RolloutCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string[]> Policy = Overrides.Several("--policy", "run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T][,greedy=true] or builtin:NAME[?noise=S&epsilon=E] (repeatable)", "POLICY");
    static readonly Option<string[]> Task = Overrides.Several("--task", "nominal, held_out, a variant's name or an environment's id (repeatable; default: nominal and held_out)", "TASK");
    static readonly Option<string?> Environment = Overrides.One("--environment", "What nominal and held_out refer to (default: the one that the policies' dataset was recorded on)", "ID");
    static readonly Option<string?> Dataset = Overrides.One("--dataset", "The log that tells nominal from held-out (default: the runs' dataset)", "NAME");
    static readonly Option<string?> Episodes = Overrides.One("--episodes", "Episodes for each policy and task (default: 100)", "N");
    static readonly Option<string?> SaveDataset = Overrides.One("--save-dataset", "Keep the trajectories as this dataset; held-out tasks are left out of it", "NAME");
    static readonly Option<bool> Draw = new("--draw") { Description = "Draw the first episode of each policy's last snapshot on each task: a strip and an animation in the report's folder" };
    static readonly Option<string?> Name = Overrides.One("--name", "The report's name (default: the first policy's, and -rollout)", "NAME");

    public static Command Create()
    {
        var command = new Command("rollout", """
            Runs policies on environments, held-out variants included, and scores them with intervals over seeds.

            Examples:
              offlinerl evaluate rollout --policy run:cartpole-dqn
              offlinerl evaluate rollout --policy run:cartpole-dqn@all --policy builtin:uniform --task nominal --task long-pole
              offlinerl evaluate rollout --policy builtin:scripted --environment CartPole-v1 --episodes 20
            """)
        {
            Policy, Task, Environment, Dataset, Episodes, SaveDataset, Draw, Name, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Texts(arguments, Policy, "policies")
                .Texts(arguments, Task, "tasks")
                .Text(arguments, Environment, "environment")
                .Text(arguments, Dataset, "dataset")
                .Text(arguments, Episodes, "episodes")
                .Text(arguments, SaveDataset, "save_dataset")
                .Text(arguments, Name, "name")
                .Then([.. arguments.GetValue(Draw) ? (string[])["draw=true"] : [], .. arguments.GetValue(Set) ?? []])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        var config = Config.Load<RolloutConfig>(path, overrides);
        ReportResult result;
        using (var progress = new ConsoleProgress())
            result = RolloutJob.Run(config, arguments.Workspace(), progress, TimeProvider.System, ToolHost.Interrupted);
        ReportTables.WriteRollout(result, config.Confidence);
        return ExitCodes.Done;
    }
}
