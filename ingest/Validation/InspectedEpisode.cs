using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>One whole episode before it is cut or stored. T steps; D numbers an observation, A an action.</summary>
readonly ref struct InspectedEpisode
{
    /// <summary>[T], where each row stands, from 1 over all files.</summary>
    public required ReadOnlySpan<long> Positions { get; init; }

    /// <summary>[T, D]; empty for images.</summary>
    public ReadOnlySpan<float> Observations { get; init; }

    /// <summary>[T, D], what the source has behind each step; empty: it has none.</summary>
    public ReadOnlySpan<float> Next { get; init; }

    /// <summary>[T]; empty with <see cref="Next"/>.</summary>
    public ReadOnlySpan<bool> NextKnown { get; init; }

    /// <summary>[T].</summary>
    public ReadOnlySpan<int> DiscreteActions { get; init; }

    /// <summary>[T, A].</summary>
    public ReadOnlySpan<float> ContinuousActions { get; init; }

    /// <summary>[T].</summary>
    public required ReadOnlySpan<double> Rewards { get; init; }

    /// <summary>[T], or empty.</summary>
    public ReadOnlySpan<double> LogProbabilities { get; init; }

    /// <summary>[T], or empty.</summary>
    public ReadOnlySpan<long> Timestamps { get; init; }

    /// <summary>Whether its end is stored as terminal.</summary>
    public bool Terminated { get; init; }
}

/// <summary>What the inspected columns are called and where their values belong.</summary>
sealed record InspectedColumns
{
    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    /// <summary>The environment's, where one is named; null: unknown.</summary>
    public Space? EnvironmentObservations { get; init; }

    /// <summary>As <see cref="EnvironmentObservations"/>.</summary>
    public Space? EnvironmentActions { get; init; }

    /// <summary>The column of one number of an observation.</summary>
    public required Func<int, string> Observation { get; init; }

    /// <summary>The column of one number of an action.</summary>
    public required Func<int, string> Action { get; init; }

    public required string Reward { get; init; }

    /// <summary>The column of propensities; null: none.</summary>
    public string? Propensity { get; init; }

    /// <summary>The column of end flags; null: none.</summary>
    public string? End { get; init; }

    /// <summary>The difference up to which a next observation is the next row's.</summary>
    public double AlignmentTolerance { get; init; }

    /// <summary>Whether the next episode's start behind a last step is an error.</summary>
    public bool LooksForStarts { get; init; } = true;
}
