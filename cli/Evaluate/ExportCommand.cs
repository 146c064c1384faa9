using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate export</c>.</summary>
static class ExportCommand
{
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string[]> Policy = Overrides.Several("--policy", "run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T][,greedy=true] (repeatable)", "POLICY");
    static readonly Option<string?> Out = Overrides.One("--out", "A file that ends in .onnx for one policy; else a folder to make, with a file for each", "PATH");
    static readonly Option<bool> Force = new("--force") { Description = "Replace a file of that name" };

    public static Command Create()
    {
        var command = new Command("export", """
            Writes trained policies as ONNX models: observations in; actions and their distribution out. Normaliser, mask and head are inside.

            Examples:
              offlinerl evaluate export --policy run:cartpole-dqn,seed=0 --out policy.onnx
              offlinerl evaluate export --policy run:cartpole-bc,temperature=0.5 --out policies
            """)
        {
            Policy, Out, Force, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Texts(arguments, Policy, "policies")
                .Text(arguments, Out, "out")
                .Then([.. arguments.GetValue(Force) ? (string[])["force=true"] : [], .. arguments.GetValue(Set) ?? []])));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides)
    {
        foreach (var file in ExportJob.Run(Config.Load<ExportConfig>(path, overrides), arguments.Workspace(), ToolHost.Interrupted))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {new FileInfo(file).Length} bytes"));
        return ExitCodes.Done;
    }
}
