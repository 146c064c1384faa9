using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest propensities</c>: estimated propensities for a dataset that has none.</summary>
static class PropensitiesCommand
{
    public static Command Create()
    {
        Option<string> dataset = new("--dataset", "-d") { Description = "Whose steps get propensities: NAME, NAME-vN or a path", HelpName = "DATASET", Required = true };
        Option<string> policy = new("--policy", "-p") { Description = "What estimates: run:RUN of a cloning by folds, or one policy of a run", HelpName = "POLICY", Required = true };
        Option<string?> name = new("--name", "-n") { Description = "The new dataset: NAME for its next version, or NAME-vN (default: the dataset's own name)", HelpName = "NAME" };
        Option<bool> replace = new("--replace") { Description = "Replace propensities that were logged" };
        var command = new Command("propensities", """
            Estimates the propensities of a log that has none: a new version of the dataset, marked as estimated.

            Every step is scored by a model of the behavior that did not learn from its episode:
              offlinerl train --dataset logs --algorithm bc --set bc.folds=5
              offlinerl ingest propensities --dataset logs --policy run:logs-bc

            Printed is how far the estimates can be believed, on the held-out folds. Exit codes: 0 done, 2 usage or bad input, 130 interrupted
            (nothing is left).
            """)
        {
            dataset, policy, name, replace,
        };
        command.SetAction(arguments => Run(
            arguments.Workspace(),
            arguments.GetValue(dataset)!,
            arguments.GetValue(policy)!,
            arguments.GetValue(name),
            arguments.GetValue(replace)));
        return command;
    }

    static int Run(Workspace workspace, string dataset, string policy, string? name, bool replace)
    {
        PropensityResult result;
        using (var progress = new ConsoleProgress())
        {
            var behavior = TrainedPolicies.LoadBehavior(workspace, policy);
            try
            {
                result = PropensityJob.Run(workspace, Dataset.Open(workspace, dataset), name, behavior, replace, progress, ToolHost.Interrupted);
            }
            finally
            {
                foreach (var model in behavior.Models)
                    (model as IDisposable)?.Dispose();
            }
        }

        var discrete = !double.IsNaN(result.Baseline);
        Tables.Write(
            discrete ? ["fold", "episodes", "steps", "log-likelihood", "accuracy", "calibration error"] : ["fold", "episodes", "steps", "log-likelihood"],
            result.Folds.Select(f => Row(f, discrete)),
            new HashSet<int> { 1, 2, 3, 4, 5 });
        if (discrete)
            Console.WriteLine(FormattableString.Invariant($"Saying each time how often an action is taken has the log-likelihood {result.Baseline:F4}."));
        Console.WriteLine($"{result.Manifest.FullName}: {result.Manifest.ContentHash}");
        return ExitCodes.Done;
    }

    static string[] Row(FoldCalibration f, bool discrete)
    {
        string[] common =
        [
            f.Fold < 0 ? "all" : f.Fold.ToString(CultureInfo.InvariantCulture),
            f.Episodes.ToString("N0", CultureInfo.InvariantCulture),
            f.Steps.ToString("N0", CultureInfo.InvariantCulture),
            f.LogLikelihood.ToString("F4", CultureInfo.InvariantCulture),
        ];
        return discrete
            ? [.. common, f.Accuracy.ToString("F3", CultureInfo.InvariantCulture), f.CalibrationError.ToString("F4", CultureInfo.InvariantCulture)]
            : common;
    }
}
