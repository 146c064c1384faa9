using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>What is watched while a learner of values trains, and by what its snapshots are compared.</summary>
public sealed record GuardConfig : IValidatable
{
    /// <summary>Values and errors beyond this many times the largest discounted return in the data are reported. The default value is 3.</summary>
    public double ValueLimit { get; init; } = 3;

    /// <summary>Whether a seed that passes the limit ends as failed. The default value is false: it is reported, and goes on.</summary>
    public bool Stop { get; init; }

    /// <summary>Part of the split that snapshots are compared on; empty: <c>validation</c>, or else the first that is not learned from.</summary>
    public string HeldOutSplit { get; init; } = "";

    /// <summary>Transitions drawn from it, the same for every snapshot; 0: snapshots are not compared. The default value is 4,096.</summary>
    public int HeldOutTransitions { get; init; } = 4_096;

    public IEnumerable<string> Validate()
    {
        if (!(ValueLimit > 0))
            yield return $"value_limit is {ValueLimit}; expected a positive number.";
        if (HeldOutTransitions is < 0 or > 1_000_000)
            yield return $"held_out_transitions is {HeldOutTransitions}; expected 0 to 1000000.";
    }
}
