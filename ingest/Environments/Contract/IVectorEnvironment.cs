using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// A batch of B independent instances of one environment with one set of parameters, stepped together.
/// A single environment is a batch of one and gives the same digits.
/// </summary>
/// <remarks>
/// The built-in environments keep struct-of-arrays state; wrappers and external processes implement the same members.
/// What only some environments can do (saving and restoring state, rendering) belongs into further interfaces that
/// a caller asks for by type, so that it never weighs on those that cannot.
/// </remarks>
public interface IVectorEnvironment : IDisposable
{
    /// <summary>Id and all parameters, defaults included.</summary>
    EnvironmentIdentity Identity { get; }

    /// <summary>B.</summary>
    int Count { get; }

    Space ObservationSpace { get; }

    Space ActionSpace { get; }

    /// <summary>Steps after which an episode is cut as truncated; <see cref="int.MaxValue"/> where there is no limit.</summary>
    int MaxEpisodeSteps { get; }

    /// <summary>Starts a new episode in every instance; all earlier state is forgotten, random state included.</summary>
    /// <param name="seeds">[B], one an instance. An instance's episodes depend on its seed and its actions alone.</param>
    /// <param name="observations">[B, D], written: the first observations.</param>
    void Reset(ReadOnlySpan<ulong> seeds, Span<float> observations);

    /// <summary>Starts a new episode in one instance, as <see cref="Reset"/> would with that seed; the others are left as they are.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="seed">The instance's new seed.</param>
    /// <param name="observation">[D], written: the first observation.</param>
    void ResetInstance(int instance, ulong seed, Span<float> observation);

    /// <summary>
    /// One step in every instance. An instance whose episode ends starts the next one at once, from its own random stream.
    /// </summary>
    /// <param name="actions">[B] or [B, A].</param>
    /// <param name="output">Written; every span has its full length.</param>
    /// <exception cref="ArgumentOutOfRangeException">An action lies outside the action space, or a span has another length; nothing has been stepped.</exception>
    void Step(in ActionBatch actions, in StepOutput output);
}

/// <summary>Where <see cref="IVectorEnvironment.Step"/> writes.</summary>
public readonly ref struct StepOutput
{
    /// <summary>[B, D]: what the next action is chosen from; where an episode ended, the first observation of the next one.</summary>
    public required Span<float> Observations { get; init; }

    /// <summary>[B].</summary>
    public required Span<double> Rewards { get; init; }

    /// <summary>[B], true where the environment itself ended the episode: nothing can follow.</summary>
    public required Span<bool> Terminated { get; init; }

    /// <summary>[B], true where the step limit cut the episode. Never true together with <see cref="Terminated"/>, which wins.</summary>
    public required Span<bool> Truncated { get; init; }

    /// <summary>[B, D]: the last observation of an episode that ended; rows of episodes that go on are left as they were.</summary>
    public required Span<float> FinalObservations { get; init; }
}
