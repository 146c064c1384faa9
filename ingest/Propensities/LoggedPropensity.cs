using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What the columns of one row say about how likely its action was; what a source does not have is empty or NaN.</summary>
readonly ref struct LoggedPropensity()
{
    /// <summary>From 0; -1: actions are continuous, and what is given are densities.</summary>
    public required int Action { get; init; }

    /// <summary>Whether the source has a logarithm; null in this row: <see cref="LogProbability"/> is NaN.</summary>
    public double LogProbability { get; init; } = double.NaN;

    public double Probability { get; init; } = double.NaN;

    /// <summary>[A].</summary>
    public ReadOnlySpan<double> Probabilities { get; init; }

    /// <summary>[A]; probabilities are their softmax over the allowed actions.</summary>
    public ReadOnlySpan<double> Logits { get; init; }

    /// <summary>[A]; empty: all are allowed.</summary>
    public ReadOnlySpan<bool> Mask { get; init; }
}

/// <summary>Which of the columns is at fault.</summary>
enum PropensityPart
{
    LogProbability,
    Probability,
    Probabilities,
    Logits,
}

/// <summary>What is wrong with the propensities of a row.</summary>
/// <param name="Check">One of those on propensities.</param>
/// <param name="Part">Where it is.</param>
/// <param name="Found">What stands there; null: what the source has, as it has it.</param>
/// <param name="Expected">What should.</param>
readonly record struct PropensityFault(Check Check, PropensityPart Part, string? Found, string Expected)
{
    /// <summary>Whether the row can be stored without what is wrong.</summary>
    public bool CanKeep => Check != Checks.Probabilities;
}

/// <summary>
/// Makes one propensity of what a row has: probability, its logarithm, the whole distribution, logits, or several of them, which must agree.
/// Stored is the logarithm where it is given, else the probability's, else the distribution's; of two distributions the probabilities.
/// </summary>
static class LoggedPropensities
{
    /// <summary>Distributions that sum to 1 within this, as float32 and printed decimals do, are scaled to sum to 1.</summary>
    const double RoundedSum = TrajectorySchema.ProbabilityTolerance;

    /// <param name="row">What the source has.</param>
    /// <param name="tolerance">How far two probabilities of one action may differ; densities, relative to their size.</param>
    /// <param name="distribution">[A], gets the behavior's distribution where the row has one.</param>
    /// <param name="log">The natural logarithm to store, with a fault what is left of it: the distribution's, or none; NaN: unknown.</param>
    public static PropensityFault? Resolve(in LoggedPropensity row, double tolerance, Span<double> distribution, out double log)
    {
        var whole = double.NaN;
        log = double.NaN;
        if (!row.Probabilities.IsEmpty)
        {
            if (Distribution(row, distribution) is { } fault)
                return fault;
            whole = Math.Log(distribution[row.Action]);
        }

        if (!row.Logits.IsEmpty)
        {
            var fault = Softmax(row, whole, tolerance, distribution, out var logits);
            log = double.IsNegativeInfinity(whole) ? double.NaN : whole;
            if (fault is not null)
                return fault;
            whole = double.IsNaN(whole) ? logits : whole;
        }

        log = double.IsNegativeInfinity(whole) ? double.NaN : whole;
        if (double.IsNegativeInfinity(whole))
            return new PropensityFault(Checks.Propensity, row.Probabilities.IsEmpty ? PropensityPart.Logits : PropensityPart.Probabilities, null, $"a probability above 0 of action {row.Action}, which was taken");
        if (Single(row, out var probability) is { } single)
            return single;

        var given = double.IsNaN(row.LogProbability) ? probability : row.LogProbability;
        if (double.IsNaN(log))
            log = given;
        if (!double.IsNaN(row.LogProbability) && !Agree(row, row.LogProbability, probability, tolerance))
            return Disagreement(PropensityPart.Probability, Math.Exp(probability), "behavior_log_prob", Math.Exp(row.LogProbability));
        if (!Agree(row, given, whole, tolerance))
            return Disagreement(double.IsNaN(row.LogProbability) ? PropensityPart.Probability : PropensityPart.LogProbability, Math.Exp(given), "the distribution", Math.Exp(whole));
        // Where the user lets them differ by more than a dataset does, the row stays in agreement with itself.
        log = double.IsNaN(given) || !Agree(row, given, whole, TrajectorySchema.ProbabilityTolerance) ? whole : given;
        return null;
    }

    static PropensityFault? Distribution(in LoggedPropensity row, Span<double> distribution)
    {
        row.Probabilities.CopyTo(distribution);
        var sum = Distributions.Sum(distribution);
        if (row.Probabilities.ContainsAnyExceptInRange(0.0, 1 + RoundedSum) || !(Math.Abs(sum - 1) <= RoundedSum))
            return new PropensityFault(Checks.Probabilities, PropensityPart.Probabilities, null, FormattableString.Invariant($"probabilities from 0 to 1 that sum to 1 within {RoundedSum}; they sum to {sum:G6}"));
        for (var a = 0; a < distribution.Length; a++)
        {
            if (!row.Mask.IsEmpty && !row.Mask[a] && distribution[a] > TrajectorySchema.ProbabilitySumTolerance)
                return new PropensityFault(Checks.Probabilities, PropensityPart.Probabilities, null, FormattableString.Invariant($"probability 0 of action {a}, which the mask forbids; found {distribution[a]}"));
            // What is right to a dataset's own tolerance stays as it was logged.
            if (Math.Abs(sum - 1) > TrajectorySchema.ProbabilitySumTolerance)
                distribution[a] /= sum;
        }

        return null;
    }

    static PropensityFault? Softmax(in LoggedPropensity row, double whole, double tolerance, Span<double> distribution, out double log)
    {
        Span<double> softmax = row.Logits.Length <= 256 ? stackalloc double[row.Logits.Length] : new double[row.Logits.Length];
        row.Logits.CopyTo(softmax);
        Distributions.Softmax(softmax, row.Mask);
        log = Math.Log(softmax[row.Action]);
        if (double.IsNaN(whole))
        {
            softmax.CopyTo(distribution);
            return null;
        }

        for (var a = 0; a < softmax.Length; a++)
        {
            if (!(Math.Abs(softmax[a] - distribution[a]) <= tolerance))
                return Disagreement(PropensityPart.Logits, softmax[a], $"behavior_probs, for action {a},", distribution[a]);
        }

        return null;
    }

    /// <summary>Checks probability and logarithm alone.</summary>
    static PropensityFault? Single(in LoggedPropensity row, out double log)
    {
        var most = row.Action < 0 ? double.MaxValue : 1 + TrajectorySchema.ProbabilityTolerance;
        var expected = row.Action < 0 ? "the density of the action taken, above 0" : "the probability of the action taken, above 0 and at most 1";
        log = Math.Log(row.Probability);
        if (!double.IsNaN(row.Probability) && !(row.Probability > 0 && row.Probability <= most))
            return new PropensityFault(Checks.Propensity, PropensityPart.Probability, null, expected);
        if (!double.IsNaN(row.LogProbability) && !(double.IsFinite(row.LogProbability) && Math.Exp(row.LogProbability) <= most))
            return new PropensityFault(Checks.Propensity, PropensityPart.LogProbability, null, $"the natural logarithm of {expected}");
        return null;
    }

    static bool Agree(in LoggedPropensity row, double log, double other, double tolerance) =>
        double.IsNaN(log) || double.IsNaN(other) ||
        (row.Action >= 0 ? Math.Abs(Math.Exp(log) - Math.Exp(other)) <= tolerance : Math.Abs(log - other) <= tolerance * Math.Max(1, Math.Abs(other)));

    static PropensityFault Disagreement(PropensityPart part, double found, string source, double other) =>
        new(Checks.PropensitiesDiffer, part, FormattableString.Invariant($"the probability {found:G9}"), FormattableString.Invariant($"{other:G9}, as {source} says"));
}
