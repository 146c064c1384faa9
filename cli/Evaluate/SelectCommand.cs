using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate select</c>.</summary>
static class SelectCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string?> Estimates = Overrides.One("--estimates", "The report of 'evaluate ope' whose policies are ranked", "NAME");
    static readonly Option<string?> Truth = Overrides.One("--truth", "A report of 'evaluate rollout' of the same policies, where their true values are known", "NAME");
    static readonly Option<string?> Task = Overrides.One("--task", "The task of the truth (default: the environment of the log)", "TASK");
    static readonly Option<string?> Estimator = Overrides.One("--estimator", "Estimators to rank by, the one to decide first (default: all of the report)", "NAME,...");
    static readonly Option<string?> Criterion = Overrides.One("--criterion", "lower_bound or estimate: what the choice is made by (default: lower_bound)", "NAME");
    static readonly Option<string?> Name = Overrides.One("--name", "The report's name (default: select)", "NAME");

    public static Command Create()
    {
        var command = new Command("select", """
            Chooses among checkpoints, seeds and configurations by estimates from a log, without an environment; where the truth is known, says how
            good that choice is: rank correlation, regret@k, and what online trials would add.

            Examples:
              offlinerl evaluate select --estimates cartpole-dqn-ope
              offlinerl evaluate select --estimates cartpole-dqn-ope --truth cartpole-dqn-rollout --estimator wis,wpdis
            """)
        {
            Estimates, Truth, Task, Estimator, Criterion, Name, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Text(arguments, Estimates, "estimates")
                .Text(arguments, Truth, "truth")
                .Text(arguments, Task, "task")
                .List(arguments, Estimator, "estimators")
                .Text(arguments, Criterion, "criterion")
                .Text(arguments, Name, "name")
                .Then(arguments.GetValue(Set) ?? [])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        var config = Config.Load<SelectConfig>(path, overrides);
        SelectionTables.Write(SelectJob.Run(config, arguments.Workspace(), TimeProvider.System, ToolHost.Interrupted), config);
        return ExitCodes.Done;
    }
}
