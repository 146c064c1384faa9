using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>An environment whose state can be read, set, saved and restored; ask for it by type.</summary>
public interface IStatefulEnvironment : IVectorEnvironment
{
    /// <summary>What the numbers of a state are, in order, with units; everything that decides what follows, but for the step count and the random stream.</summary>
    IReadOnlyList<string> StateNames { get; }

    /// <summary>Reads the state of one instance.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="state">[S], written.</param>
    void GetState(int instance, Span<double> state);

    /// <summary>Starts a new episode of one instance in a given state; its random stream goes on, the step count starts at 0.</summary>
    /// <param name="instance">0 to B - 1; reset before.</param>
    /// <param name="state">[S], each number where the environment can be.</param>
    /// <param name="observation">[D], written: the observation of that state.</param>
    /// <exception cref="ArgumentOutOfRangeException">The state has another length or lies where the environment cannot be; nothing has changed.</exception>
    void SetState(int instance, ReadOnlySpan<double> state, Span<float> observation);

    /// <summary>All of one instance: going on from a restored snapshot gives the digits that going on without would have given.</summary>
    EnvironmentSnapshot Save(int instance);

    /// <summary>Goes on where <see cref="Save"/> was called, in this batch or another of the same identity.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="snapshot">From <see cref="Save"/>.</param>
    /// <param name="observation">[D], written: what the next action is chosen from.</param>
    void Restore(int instance, EnvironmentSnapshot snapshot, Span<float> observation);
}

/// <summary>One instance between two steps.</summary>
/// <param name="State">[S].</param>
/// <param name="Steps">Steps since the episode began.</param>
/// <param name="Random">The instance's random stream.</param>
public sealed record EnvironmentSnapshot(IReadOnlyList<double> State, int Steps, RandomState Random)
{
    /// <summary>What wrappers remember; null where there are none.</summary>
    public WrapperSnapshot? Wrapper { get; init; }
}

/// <summary>What wrappers remember of one instance between two steps.</summary>
/// <param name="Steps">Steps since the episode began, as the agent counts them.</param>
/// <param name="Numbers">Earlier observations, in the wrappers' order.</param>
/// <param name="Random">The wrappers' random streams.</param>
public sealed record WrapperSnapshot(int Steps, IReadOnlyList<float> Numbers, IReadOnlyList<RandomState> Random);
