namespace OfflineRL.Evaluate;

/// <summary>What differs in how two reports were made: a row of <c>changes.csv</c> and <c>changes.parquet</c>.</summary>
/// <param name="What"><c>code</c>, <c>config</c>, <c>data</c>, <c>policy</c>, <c>snapshot</c> or <c>environment</c>.</param>
/// <param name="Name">The key, the dataset, the policy.</param>
/// <param name="Before">Null where only the later report has it.</param>
/// <param name="After">Null where only the earlier report has it.</param>
public sealed record ChangeRow(string What, string Name, string? Before, string? After);

/// <summary>What two reports say of the same policy: what their rows have in common.</summary>
public static class DifferenceConclusion
{
    /// <summary>The interval of the difference lies above 0.</summary>
    public const string Better = "better";

    /// <summary>The interval of the difference lies below 0.</summary>
    public const string Worse = "worse";

    /// <summary>The interval of the difference holds 0.</summary>
    public const string Undecided = "not told apart";

    /// <summary>The very same number, episode by episode where there are episodes.</summary>
    public const string Same = "same";

    /// <summary>There is no interval, or the two are different quantities.</summary>
    public const string Unknown = "cannot be said";

    internal static string Of(double difference, Interval? interval, bool isIdentical) =>
        isIdentical ? Same
        : interval is not { } ends || double.IsNaN(ends.Low) || double.IsNaN(difference) ? Unknown
        : ends.Low > 0 ? Better
        : ends.High < 0 ? Worse
        : Undecided;
}

/// <summary>A score in two reports: a row of <c>score_differences.csv</c> and <c>score_differences.parquet</c>.</summary>
public sealed record ScoreDifferenceRow
{
    public required string Algorithm { get; init; }

    public required string Policy { get; init; }

    public required string Task { get; init; }

    public required string Label { get; init; }

    /// <summary>As in <see cref="ScoreRow.Selection"/>.</summary>
    public required string Selection { get; init; }

    /// <summary>Mean return in the earlier report, and the ends of its interval there.</summary>
    public required double Before { get; init; }

    public double? BeforeLow { get; init; }

    public double? BeforeHigh { get; init; }

    /// <summary>Mean return in the later report, and the ends of its interval there.</summary>
    public required double After { get; init; }

    public double? AfterLow { get; init; }

    public double? AfterHigh { get; init; }

    /// <summary>After - before, and the ends of its bootstrap interval, widened where units are few; null where there is nothing to resample.</summary>
    public required double Difference { get; init; }

    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary><c>paired over seeds</c>, <c>paired over episodes</c>, <c>independent</c>, or <c>intervals apart</c> where a report has no episodes.</summary>
    public required string Method { get; init; }

    /// <summary>What was resampled on each side.</summary>
    public required int UnitsBefore { get; init; }

    public required int UnitsAfter { get; init; }

    /// <summary>One of <see cref="DifferenceConclusion"/>.</summary>
    public required string Conclusion { get; init; }
}

/// <summary>An estimate in two reports: a row of <c>estimate_differences.csv</c> and <c>estimate_differences.parquet</c>.</summary>
/// <remarks>Reports keep no value of single episodes, so that estimates are not paired: they differ where their intervals lie apart, which says less than a paired test would.</remarks>
public sealed record EstimateDifferenceRow
{
    public required string Algorithm { get; init; }

    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? StepBefore { get; init; }

    public int? StepAfter { get; init; }

    public required string Split { get; init; }

    public required string Estimator { get; init; }

    public double? Before { get; init; }

    public double? BeforeLow { get; init; }

    public double? BeforeHigh { get; init; }

    public double? After { get; init; }

    public double? AfterLow { get; init; }

    public double? AfterHigh { get; init; }

    /// <summary>After - before; null where one of the two is undefined.</summary>
    public double? Difference { get; init; }

    /// <summary>Verdicts of the two reports, without their reasons.</summary>
    public required string VerdictBefore { get; init; }

    public required string VerdictAfter { get; init; }

    /// <summary>One of <see cref="DifferenceConclusion"/>; <see cref="DifferenceConclusion.Unknown"/> where discount or target differ.</summary>
    public required string Conclusion { get; init; }
}
