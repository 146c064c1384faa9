using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Every error this stage raises: what was found, what was expected, where, what to do.</summary>
static class EvaluateThrow
{
    public static UserErrorException Discount(double found) =>
        new(Text($"Discount {found} was found; expected a number from 0 to 1. Set 'discount'."));

    public static UserErrorException EpisodeOffsets(int offsets, int rows) =>
        new(Text($"{offsets} episode offsets for {rows} rows were found; expected at least two offsets, from 0 to the number of rows. There is no episode to evaluate on."));

    public static UserErrorException ColumnLengths(int rewards, int evaluation, int behavior) =>
        new(Text($"Columns of different lengths were found: {rewards} rewards, {evaluation} evaluation and {behavior} behavior log-probabilities; expected the same number of each."));

    public static UserErrorException EmptyEpisode(int episode) =>
        new(Text($"Episode {episode} has no step; expected at least one. Run 'offlinerl datasets check'."));

    public static UserErrorException BehaviorLogProbability(double found, int episode, int step) =>
        new(Text($"The logged log-probability {found} was found at episode {episode}, step {step}; expected a finite number, for what was logged was possible. Correct the source's probabilities and import it again."));

    public static UserErrorException EvaluationLogProbability(double found, int episode, int step) =>
        new(Text($"The evaluation policy gives the logged action the log-probability {found} at episode {episode}, step {step}; expected a number or -infinity. Check the policy's columns for NaN."));

    public static UserErrorException Reward(double found, int episode, int step) =>
        new(Text($"Reward {found} was found at episode {episode}, step {step}; expected a finite number. Run 'offlinerl datasets check'."));

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
