namespace OfflineRL.Evaluate;

/// <summary>One row of estimates, as far as a choice needs it.</summary>
sealed record CandidateEstimate
{
    public required Candidate Candidate { get; init; }

    /// <summary>Dataset and split.</summary>
    public required string Dataset { get; init; }

    public required string Split { get; init; }

    public required string Estimator { get; init; }

    /// <summary><c>none</c> where the estimator needs no values.</summary>
    public required string ValueModel { get; init; }

    /// <summary>One of <see cref="Targets"/>: what value is estimated.</summary>
    public required string Target { get; init; }

    public required double Discount { get; init; }

    /// <summary>Null where the estimator is undefined.</summary>
    public double? Estimate { get; init; }

    public double? Low { get; init; }

    public double? High { get; init; }

    public double? EffectiveSampleSize { get; init; }

    /// <summary>What the policy that logged got, with the same discount.</summary>
    public required double BehaviorReturn { get; init; }

    public required string Verdict { get; init; }

    /// <summary>Whether the verdict leaves anything to go by.</summary>
    public bool IsTrusted => Estimate is not null && !Untrusted.Any(start => Verdict.StartsWith(start, StringComparison.Ordinal));

    /// <summary>What it is ranked by.</summary>
    public double? Value(SelectionCriterion criterion) => criterion == SelectionCriterion.Estimate ? Estimate : Low;

    static readonly string[] Untrusted = ["do not trust", "not identifiable", "undefined", "overflow"];
}

/// <summary>What policies are ranked by.</summary>
public enum SelectionCriterion
{
    /// <summary>The lower end of the interval: a policy must be good in spite of what is not known of it.</summary>
    LowerBound,

    /// <summary>The estimate itself.</summary>
    Estimate,
}
