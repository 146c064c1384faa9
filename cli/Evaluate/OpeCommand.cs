using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate ope</c>.</summary>
static class OpeCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string[]> Policy = Overrides.Several("--policy", "run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T], builtin:NAME[?noise=S&epsilon=E], columns:probs=COLUMN, columns:logits=COLUMN[,temperature=T] or table:FILE (repeatable)", "POLICY");
    static readonly Option<string?> Dataset = Overrides.One("--dataset", "The log to estimate from", "NAME");
    static readonly Option<string?> Split = Overrides.One("--split", "Part of the dataset's split (default: all episodes)", "PART");
    static readonly Option<string?> Environment = Overrides.One("--environment", "What built-in policies act in (default: the dataset's environment)", "ID");
    static readonly Option<string[]> Estimator = Overrides.Several("--estimator", "An estimator's name, such as wdr or switch_dr?lambda=5 (repeatable; default: those that suit the log and --set values.kind)", "NAME");
    static readonly Option<string?> Discount = Overrides.One("--discount", "From 0 to 1 (default: 1, the return that rollouts report)", "G");
    static readonly Option<string?> Name = Overrides.One("--name", "The report's name (default: the first policy's, and -ope)", "NAME");

    public static Command Create()
    {
        var command = new Command("ope", $"""
            Estimates policies' returns from a log alone, with intervals over episodes, diagnostics and a verdict.

            {EstimatorList.Text}

            Examples:
              offlinerl evaluate ope --dataset cartpole --policy run:cartpole-bc
              offlinerl evaluate ope --dataset cartpole --policy run:cartpole-dqn,epsilon=0.2 --policy builtin:scripted?epsilon=0.2
              offlinerl evaluate ope --dataset rllib-cartpole --policy columns:logits=logits,temperature=0.5
            """)
        {
            Policy, Dataset, Split, Environment, Estimator, Discount, Name, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Texts(arguments, Policy, "policies")
                .Text(arguments, Dataset, "dataset")
                .Text(arguments, Split, "split")
                .Text(arguments, Environment, "environment")
                .Texts(arguments, Estimator, "estimators")
                .Text(arguments, Discount, "discount")
                .Text(arguments, Name, "name")
                .Then(arguments.GetValue(Set) ?? [])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        var config = Config.Load<OpeConfig>(path, overrides);
        ReportResult result;
        using (var progress = new ConsoleProgress())
            result = OpeJob.Run(config, arguments.Workspace(), progress, TimeProvider.System, ToolHost.Interrupted);
        ReportTables.WriteOpe(result, config.Confidence);
        return ExitCodes.Done;
    }
}
