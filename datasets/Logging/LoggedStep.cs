namespace OfflineRL.Datasets;

/// <summary>One decision, as an application hands it to the logger. D: values an observation, A: action dimensions, or the number of discrete actions.</summary>
public readonly ref struct LoggedStep
{
    /// <summary>[D], finite; a discrete observation as a whole number. Empty where <see cref="ObservationBytes"/> is given.</summary>
    public ReadOnlySpan<float> Observation { get; init; }

    /// <summary>[D], for spaces of unsigned bytes such as images.</summary>
    public ReadOnlySpan<byte> ObservationBytes { get; init; }

    /// <summary>From 0; of discrete actions.</summary>
    public int Action { get; init; }

    /// <summary>[A], of continuous actions.</summary>
    public ReadOnlySpan<float> ContinuousAction { get; init; }

    /// <summary>What followed the action; finite.</summary>
    public required double Reward { get; init; }

    /// <summary>Natural logarithm of the action's probability, or of its density; null: unknown.</summary>
    public double? LogProbability { get; init; }

    /// <summary>[A], the whole distribution over discrete actions; empty: unknown.</summary>
    public ReadOnlySpan<double> Probabilities { get; init; }

    /// <summary>[A], true: allowed; empty: none.</summary>
    public ReadOnlySpan<bool> Mask { get; init; }
}
