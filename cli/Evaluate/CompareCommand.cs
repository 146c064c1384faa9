using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate compare</c>.</summary>
static class CompareCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string[]> Report = Overrides.Several("--report", "A report of 'evaluate rollout' or 'evaluate ope' (repeatable)", "NAME");
    static readonly Option<string?> Name = Overrides.One("--name", "The comparison's name (default: compare)", "NAME");

    public static Command Create()
    {
        var command = new Command("compare", """
            Puts reports side by side: mean, interquartile mean and bootstrap intervals over seeds, last and best apart.

            Examples:
              offlinerl evaluate compare --report cartpole-dqn-rollout --report cartpole-bc-rollout
              offlinerl evaluate compare --report cartpole-dqn-rollout-v2 --report cartpole-dqn-ope --name dqn
            """)
        {
            Report, Name, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Texts(arguments, Report, "reports")
                .Text(arguments, Name, "name")
                .Then(arguments.GetValue(Set) ?? [])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        var config = Config.Load<CompareConfig>(path, overrides);
        ReportTables.WriteComparison(CompareJob.Run(config, arguments.Workspace(), TimeProvider.System, ToolHost.Interrupted), config.Confidence);
        return ExitCodes.Done;
    }
}
