using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate model</c>.</summary>
static class ModelCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string[]> Runs = Overrides.Several("--run", "A run that learned a world model (repeatable)", "NAME");
    static readonly Option<string?> Seed = Overrides.One("--seed", "The training seed whose models are reported (default: all)", "SEED");
    static readonly Option<string?> Name = Overrides.One("--name", "The report's name (default: the first run's, and -model)", "NAME");

    public static Command Create()
    {
        var command = new Command("model", """
            Reports the world models that runs stored: their errors k steps ahead on held-out episodes, whether their spread is right, dreams and traversals.

            Examples:
              offlinerl evaluate model --run cartpole-world_model
              offlinerl evaluate model --run pendulum-world_model --run pendulum-dreamer --seed 0 --name models
            """)
        {
            Runs, Seed, Name, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Texts(arguments, Runs, "runs")
                .Text(arguments, Seed, "seed")
                .Text(arguments, Name, "name")
                .Then(arguments.GetValue(Set) ?? [])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        var (report, tables) = ModelJob.Run(Config.Load<ModelConfig>(path, overrides), arguments.Workspace(), TimeProvider.System);
        ReportTables.WriteModels(report, tables);
        return ExitCodes.Done;
    }
}
