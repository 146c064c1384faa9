using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>Whether a dataset's propensities can be what importance weights are made of: every step has one, of the right kind.</summary>
static unsafe class PropensityFit
{
    // Probabilities that were added up in floats may pass 1 by rounding.
    const double Rounding = 1e-6;

    /// <summary>Nothing, where the dataset has none: whoever asks for them refuses that.</summary>
    /// <exception cref="UserErrorException">They cannot; the message names the first episode and step of which it is true.</exception>
    public static void Check(TrainingColumns columns)
    {
        if (columns.BehaviorLogProbabilities is not { } logs)
            return;
        var info = columns.Info;
        CheckKind(info);
        for (var row = 0L; row < columns.Steps; row++)
        {
            if (Fault(logs.Pointer[row], info.PropensityKind) is not { } fault)
                continue;
            var episode = columns.EpisodeIndex.Pointer[row];
            var step = row - columns.EpisodeFirstRow.Pointer[episode];
            Throw.User($"Dataset {info.Dataset}, episode {episode}, step {step}: {fault} Correct the source and import again, or estimate propensities with 'offlinerl ingest propensities'.");
        }
    }

    /// <summary>What a run says that weighs steps by estimates; null where they were logged.</summary>
    public static string? Note(ColumnsInfo info) => info.PropensitySource != PropensitySource.Estimated ? null
        : $"the propensities of {info.Dataset} are estimated, not logged: importance weights, and what is learned by them, are as good as the estimate";

    // What either kind cannot say of such actions: a probability is no density, whatever its size.
    static void CheckKind(ColumnsInfo info)
    {
        var (found, expected) = (info.PropensityKind, info.ActionSpace is DiscreteSpace ? PropensityKind.Probability : PropensityKind.Density);
        if (found != expected)
            Throw.User($"Dataset {info.Dataset} has the action space {info.ActionSpace} and propensities of the kind {Name(found)}; expected {Name(expected)}. Import it again with the right kind, or estimate propensities with 'offlinerl ingest propensities'.");
    }

    static string Name(PropensityKind kind) => kind.ToString().ToLowerInvariant();

    static string? Fault(double log, PropensityKind kind)
    {
        if (double.IsNaN(log))
            return "the log-probability of the action taken is not known; expected one at every step.";
        if (double.IsNegativeInfinity(log))
            return "the logged probability of the action taken is 0, so that it cannot have been taken; expected a positive one.";
        if (double.IsPositiveInfinity(log))
            return "the logged density of the action taken is infinite, which is that of a policy that draws nothing; expected a finite one.";
        return kind == PropensityKind.Probability && log > Rounding
            ? string.Create(CultureInfo.InvariantCulture, $"the log-probability of the action taken is {log:G6}, a probability of {Math.Exp(log):G6}; expected at most 0, a probability of at most 1 (is it a density, or not a logarithm?).")
            : null;
    }
}
