namespace OfflineRL.Datasets;

/// <summary>
/// A policy, batched: rows of observations in; actions, log-probabilities and, where asked, whole distributions out.
/// </summary>
/// <remarks>
/// Row i depends on row i of the input, of the state and of the random streams alone: how instances are grouped into
/// batches changes no digit.
/// </remarks>
public interface IPolicy
{
    /// <summary>What reports call it.</summary>
    string Name { get; }

    Space ObservationSpace { get; }

    Space ActionSpace { get; }

    /// <summary>
    /// Whether what it draws has a probability or a density. A deterministic policy of continuous actions has none: its
    /// log-density is infinite at the action and negative infinity elsewhere.
    /// </summary>
    bool HasPropensities => true;

    /// <summary>State for recurrent, stacking and planning policies, for <paramref name="instances"/> rows; null where there is none.</summary>
    IPolicyState? CreateState(int instances);

    /// <summary>Draws an action for each row.</summary>
    void Act(in PolicyInput input, in PolicyOutput output);

    /// <summary>The log-probability (discrete) or joint log-density (continuous, of the action as stored) of given actions.</summary>
    /// <param name="input">Random streams are not used and may be empty.</param>
    /// <param name="actions">[B] or [B, A].</param>
    /// <param name="logProbabilities">[B], natural logarithm; negative infinity outside the support.</param>
    /// <param name="probabilities">[B, A] for discrete actions, or empty where not asked.</param>
    void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities);
}

/// <summary>Opaque memory of a policy, one slot an instance; rows marked in <see cref="PolicyInput.EpisodeStarts"/> are reset.</summary>
public interface IPolicyState
{
    int Instances { get; }

    /// <summary>For a memory that holds which actions were taken: the same once more, so that a policy may draw with the copy, and this one move on by what was taken instead. Null, the default: it holds none.</summary>
    IPolicyState? Copy() => null;
}

/// <summary>What a policy sees of B instances.</summary>
public readonly ref struct PolicyInput
{
    /// <summary>B.</summary>
    public required int Count { get; init; }

    /// <summary>[B, D], row-major; a discrete observation is one whole number.</summary>
    public required ReadOnlySpan<float> Observations { get; init; }

    /// <summary>[B, A], true where the action is allowed; empty: all are.</summary>
    public ReadOnlySpan<bool> ActionMasks { get; init; }

    /// <summary>[B], true at the first step of an episode; empty: none.</summary>
    public ReadOnlySpan<bool> EpisodeStarts { get; init; }

    /// <summary>[B], true where nobody will take the action, such as after the end of an episode: what is written there counts for nothing, and need not be computed. Empty: none.</summary>
    public ReadOnlySpan<bool> Idle { get; init; }

    /// <summary>[B], one stream an instance.</summary>
    public ReadOnlySpan<RandomStream> Random { get; init; }

    /// <summary>What <see cref="IPolicy.CreateState"/> returned.</summary>
    public IPolicyState? State { get; init; }
}

/// <summary>Where a policy writes. The span that does not belong to the action space is empty.</summary>
public readonly ref struct PolicyOutput
{
    /// <summary>[B].</summary>
    public Span<int> Discrete { get; init; }

    /// <summary>[B, A].</summary>
    public Span<float> Continuous { get; init; }

    /// <summary>[B], natural logarithm of the probability or density of the action drawn.</summary>
    public Span<double> LogProbabilities { get; init; }

    /// <summary>[B, A] for discrete actions; empty where not asked.</summary>
    public Span<double> Probabilities { get; init; }
}

/// <summary>Actions of B instances; the span that does not belong to the action space is empty.</summary>
public readonly ref struct ActionBatch
{
    /// <summary>[B].</summary>
    public ReadOnlySpan<int> Discrete { get; init; }

    /// <summary>[B, A].</summary>
    public ReadOnlySpan<float> Continuous { get; init; }
}
