using System.CommandLine;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Hosting;

/// <summary>Options that several commands share.</summary>
static class GlobalOptions
{
    /// <summary>Where data, runs and reports live.</summary>
    public static readonly Option<string?> Root = new("--root")
    {
        Description = "Folder that holds data/, runs/ and reports/ (default: OFFLINERL_ROOT, else the working folder)",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <summary>A config file; one instance a command, since values are read back by instance.</summary>
    public static Option<string?> Config() => new("--config", "-c") { Description = "YAML config; every key can be overridden with --set", HelpName = "FILE" };

    /// <summary>Overrides of config keys.</summary>
    public static Option<string[]> Set() => new("--set")
    {
        Description = "Overrides a config key, for example --set steps=20000 or --set dqn.learning_rate=0.001 (repeatable)",
        HelpName = "KEY=VALUE",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>The workspace that <c>--root</c> names.</summary>
    public static Workspace Workspace(this ParseResult arguments) => OfflineRL.Datasets.Workspace.Open(arguments.GetValue(Root));
}
