using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Cli.Evaluate;

/// <summary><c>offlinerl evaluate diff</c>.</summary>
static class DiffCommand
{
    static readonly Argument<string?> Before = new("before") { Description = "The earlier report; alone, a name whose newest two versions are compared", Arity = ArgumentArity.ZeroOrOne };
    static readonly Argument<string?> After = new("after") { Description = "The later report", Arity = ArgumentArity.ZeroOrOne };
    static readonly Option<string?> ConfigFile = GlobalOptions.Config();
    static readonly Option<string[]> Set = GlobalOptions.Set();
    static readonly Option<string?> Name = Overrides.One("--name", "The comparison's name (default: the later report's, and -diff)", "NAME");
    static readonly Option<bool> FailIfWorse = new("--fail-if-worse") { Description = "Exit with 1 where a score or an estimate got worse beyond its interval" };

    public static Command Create()
    {
        var command = new Command("diff", """
            Compares two reports: what changed in config, data, code and policies, and what that did to scores and estimates.

            Examples:
              offlinerl evaluate diff cartpole-dqn-rollout-v1 cartpole-dqn-rollout-v2
              offlinerl evaluate diff cartpole-dqn-rollout
              offlinerl evaluate diff cartpole-dqn-ope-v1 cartpole-dqn-ope-v2 --fail-if-worse
            """)
        {
            Before, After, Name, FailIfWorse, ConfigFile, Set,
        };
        command.SetAction(arguments => Run(
            arguments,
            arguments.GetValue(ConfigFile),
            new Overrides()
                .Text(arguments.GetValue(Before), "before")
                .Text(arguments.GetValue(After), "after")
                .Text(arguments, Name, "name")
                .Then(arguments.GetValue(Set) ?? []),
            arguments.GetValue(FailIfWorse)));
        return command;
    }

    public static int Run(ParseResult arguments, string? path, string[] overrides, bool failIfWorse = false)
    {
        var config = Config.Load<DiffConfig>(path, overrides);
        var result = DiffJob.Run(config, arguments.Workspace(), TimeProvider.System, ToolHost.Interrupted);
        ReportTables.WriteDiff(result, config.Confidence);
        // The best snapshot is chosen with its scores: it is shown, and decides nothing.
        var worse = result.Summary.ScoreDifferences.Where(s => s.Conclusion == DifferenceConclusion.Worse && s.Selection != ScoreRow.Best).Select(s => $"{s.Policy} on {s.Task}")
            .Concat(result.Summary.EstimateDifferences.Where(e => e.Conclusion == DifferenceConclusion.Worse).Select(e => $"{e.Policy} by {e.Estimator}"))
            .Distinct().ToList();
        if (!failIfWorse || worse.Count == 0)
            return ExitCodes.Done;
        throw new CheckFailedException($"worse than before, beyond the interval: {string.Join(", ", worse.Take(10))}{(worse.Count > 10 ? $" and {worse.Count - 10} more" : "")}. {result.Folder} has the numbers.");
    }
}
