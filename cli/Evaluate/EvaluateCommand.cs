using System.CommandLine;
using OfflineRL.Cli.Hosting;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate</c>: its jobs, and a plain <c>--config</c> that names one of them.</summary>
static class EvaluateCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        var command = new Command("evaluate", """
            Scores policies: by running them on environments, or from a log alone; puts reports side by side; chooses among policies; hands them over as ONNX; and reports world models.

            Examples:
              offlinerl evaluate rollout --policy run:cartpole-dqn --policy builtin:uniform
              offlinerl evaluate ope --dataset cartpole --policy run:cartpole-bc
              offlinerl evaluate compare --report cartpole-dqn-rollout --report cartpole-bc-rollout
              offlinerl evaluate select --estimates cartpole-dqn-ope --truth cartpole-dqn-rollout
              offlinerl evaluate export --policy run:cartpole-dqn,seed=0 --out policy.onnx
              offlinerl evaluate diff cartpole-dqn-rollout-v1 cartpole-dqn-rollout-v2
              offlinerl evaluate model --run cartpole-world_model
              offlinerl evaluate --config evaluate/configs/cartpole_rollout.yaml
            """)
        {
            config, set, RolloutCommand.Create(), OpeCommand.Create(), CompareCommand.Create(), DiffCommand.Create(), SelectCommand.Create(), ExportCommand.Create(), ModelCommand.Create(),
        };
        command.SetAction(arguments => Dispatch(arguments, arguments.GetValue(config), arguments.GetValue(set) ?? []));
        return command;
    }

    static int Dispatch(ParseResult arguments, string? path, string[] overrides) => JobFile.JobOf("evaluate", path, "rollout", "ope", "compare", "select", "diff", "export", "model") switch
    {
        "rollout" => RolloutCommand.Run(arguments, path, overrides),
        "ope" => OpeCommand.Run(arguments, path, overrides),
        "diff" => DiffCommand.Run(arguments, path, overrides),
        "select" => SelectCommand.Run(arguments, path, overrides),
        "export" => ExportCommand.Run(arguments, path, overrides),
        "model" => ModelCommand.Run(arguments, path, overrides),
        _ => CompareCommand.Run(arguments, path, overrides),
    };
}
