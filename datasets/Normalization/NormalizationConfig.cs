namespace OfflineRL.Datasets;

/// <summary>What learners see instead of the stored numbers. Fitted on the split that is trained on; stored with the policy.</summary>
public sealed record NormalizationConfig : IValidatable
{
    internal static readonly string[] ObservationKinds = ["none", "standardize", "min_max"];
    internal static readonly string[] RewardKinds = ["none", "standardize", "min_max", "return_range"];

    /// <summary>
    /// Of observations that are vectors of floats: <c>none</c>, <c>standardize</c> (mean 0, deviation 1) or <c>min_max</c> (to [-1, 1]).
    /// The default value is <c>none</c>. Bytes are always divided by their space's upper bound, discrete ones always one-hot.
    /// </summary>
    public string Observations { get; init; } = "none";

    /// <summary>Smallest deviation that <c>standardize</c> divides by; a number that never changes is divided by 1. The default value is 0.001.</summary>
    public double DeviationFloor { get; init; } = 1e-3;

    /// <summary>
    /// <c>none</c>, <c>standardize</c>, <c>min_max</c> (to [-1, 1]) or <c>return_range</c> (divided by the range of the episodes' returns and
    /// multiplied by <see cref="ReturnRange"/>). The default value is <c>none</c>. Reported returns never change.
    /// </summary>
    public string Rewards { get; init; } = "none";

    /// <summary>What the range of the returns becomes with <c>return_range</c>. The default value is 1,000, as in IQL's code for MuJoCo.</summary>
    public double ReturnRange { get; init; } = 1000;

    /// <summary>What rewards are multiplied by after that. The default value is 1.</summary>
    public double RewardScale { get; init; } = 1;

    /// <summary>Largest size of a reward after that; 0: no limit. The default value is 0.</summary>
    public double RewardClip { get; init; }

    public IEnumerable<string> Validate()
    {
        if (!ObservationKinds.Contains(Observations))
            yield return $"observations is '{Observations}'; expected {string.Join(", ", ObservationKinds)}.";
        if (!(DeviationFloor > 0) || !double.IsFinite(DeviationFloor))
            yield return FormattableString.Invariant($"deviation_floor is {DeviationFloor}; expected a positive number.");
        if (!RewardKinds.Contains(Rewards))
            yield return $"rewards is '{Rewards}'; expected {string.Join(", ", RewardKinds)}.";
        if (!(ReturnRange > 0) || !double.IsFinite(ReturnRange))
            yield return FormattableString.Invariant($"return_range is {ReturnRange}; expected a positive number.");
        if (!double.IsFinite(RewardScale) || RewardScale == 0)
            yield return FormattableString.Invariant($"reward_scale is {RewardScale}; expected a number other than 0.");
        if (!(RewardClip >= 0) || !double.IsFinite(RewardClip))
            yield return FormattableString.Invariant($"reward_clip is {RewardClip}; expected a number of at least 0 (0: no limit).");
    }
}
