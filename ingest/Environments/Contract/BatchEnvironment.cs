using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// What every built-in environment does alike: checks, one random stream an instance, step counts, the step limit, and
/// auto-reset. The environment itself keeps the state as columns and says how it starts, moves and looks.
/// </summary>
abstract class BatchEnvironment : IStatefulEnvironment
{
    // Instances that are looked at together.
    const int Lanes = 8;

    readonly int _width;
    readonly BoxSpace? _box;
    readonly int _actions;
    int _resets;

    protected BatchEnvironment(EnvironmentIdentity identity, Space observations, Space actions, int stepLimit, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (Identity, ObservationSpace, ActionSpace, MaxEpisodeSteps, Count) = (identity, observations, actions, stepLimit, count);
        _width = observations.FlatSize;
        _box = actions as BoxSpace;
        _actions = (actions as DiscreteSpace)?.Count ?? 0;
        Random = new RandomStream[count];
        Steps = new int[count];
    }

    public EnvironmentIdentity Identity { get; }

    public int Count { get; }

    public Space ObservationSpace { get; }

    public Space ActionSpace { get; }

    public int MaxEpisodeSteps { get; }

    public abstract IReadOnlyList<string> StateNames { get; }

    /// <summary>[B].</summary>
    protected RandomStream[] Random { get; }

    /// <summary>[B]: steps since the episode began; while moving without the step that is being made, while observing with it.</summary>
    protected int[] Steps { get; }

    public void Reset(ReadOnlySpan<ulong> seeds, Span<float> observations)
    {
        Throw.IfLengthDiffers(seeds.Length, Count, nameof(seeds));
        Throw.IfLengthDiffers(observations.Length, Count * _width, nameof(observations));
        for (var i = 0; i < Count; i++)
            ResetInstance(i, seeds[i], observations.Slice(i * _width, _width));
    }

    public void ResetInstance(int instance, ulong seed, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        SetRandom(instance, RandomStream.Create(seed, "environment"));
        Begin(instance, observation);
    }

    public void Step(in ActionBatch actions, in StepOutput output)
    {
        Throw.IfNotReset(_resets == Count ? Random : null, Identity);
        Throw.IfLengthDiffers(output.Observations.Length, Count * _width, nameof(output.Observations));
        Throw.IfLengthDiffers(output.FinalObservations.Length, Count * _width, nameof(output.FinalObservations));
        Throw.IfLengthDiffers(output.Rewards.Length, Count, nameof(output.Rewards));
        Throw.IfLengthDiffers(output.Terminated.Length, Count, nameof(output.Terminated));
        Throw.IfLengthDiffers(output.Truncated.Length, Count, nameof(output.Truncated));
        if (_box is null)
            Throw.IfActionOutside(actions.Discrete, Count, _actions);
        else
            Throw.IfActionOutside(actions.Continuous, Count, _box);

        output.Terminated.Clear();
        output.Truncated.Clear();
        Advance(actions, output.Rewards, output.Terminated);
        CountSteps();
        Observe(output.Observations);
        EndEpisodes(output);
    }

    public void GetState(int instance, Span<double> state)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(state.Length, StateNames.Count, nameof(state));
        ReadState(instance, state);
    }

    public void SetState(int instance, ReadOnlySpan<double> state, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfNotReset(Random[instance], Identity);
        Put(instance, state, 0, observation);
    }

    public EnvironmentSnapshot Save(int instance)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfNotReset(Random[instance], Identity);
        var state = new double[StateNames.Count];
        ReadState(instance, state);
        return new EnvironmentSnapshot(state, Steps[instance], Random[instance].GetState());
    }

    public void Restore(int instance, EnvironmentSnapshot snapshot, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfOutsideEpisode(snapshot.Steps, MaxEpisodeSteps);
        var random = RandomStream.Create(0, "environment");
        random.SetState(snapshot.Random);
        Put(instance, snapshot.State.ToArray(), snapshot.Steps, observation);
        SetRandom(instance, random);
    }

    public virtual void Dispose()
    {
    }

    /// <summary>Puts an instance into a start state, drawing from its stream.</summary>
    protected abstract void Start(int instance);

    /// <summary>Moves every instance by one step. Actions are checked; flags are cleared before.</summary>
    /// <param name="actions">[B] or [B, A].</param>
    /// <param name="rewards">[B], written.</param>
    /// <param name="terminated">[B], set where the episode ended.</param>
    protected abstract void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated);

    /// <summary>Writes the observation of one instance, [D], whole.</summary>
    protected abstract void Observe(int instance, Span<float> observation);

    /// <summary>Writes the observations of all, [B, D].</summary>
    protected virtual void Observe(Span<float> observations)
    {
        for (var i = 0; i < Count; i++)
            Observe(i, observations.Slice(i * _width, _width));
    }

    /// <summary>Writes the state of one instance, in the order of <see cref="StateNames"/>.</summary>
    protected abstract void ReadState(int instance, Span<double> state);

    /// <summary>Takes over a state of the right length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The environment cannot be there; nothing has changed.</exception>
    protected abstract void WriteState(int instance, ReadOnlySpan<double> state);

    void CountSteps()
    {
        ref var steps = ref MemoryMarshal.GetArrayDataReference(Steps);
        var first = 0;
        for (; first <= Count - Lanes; first += Lanes)
            (Vector256.LoadUnsafe(ref steps, (nuint)first) + Vector256<int>.One).StoreUnsafe(ref steps, (nuint)first);
        for (; first < Count; first++)
            Steps[first]++;
    }

    // Looks at eight instances at a time, of which mostly none ends.
    void EndEpisodes(in StepOutput output)
    {
        ref var steps = ref MemoryMarshal.GetArrayDataReference(Steps);
        ref var terminated = ref Unsafe.As<bool, byte>(ref MemoryMarshal.GetReference(output.Terminated));
        var limit = Vector256.Create(MaxEpisodeSteps);
        var first = 0;
        for (; first <= Count - Lanes; first += Lanes)
        {
            var flags = Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref terminated, first))).AsByte();
            var ended = Vector256.GreaterThanOrEqual(Vector256.LoadUnsafe(ref steps, (nuint)first), limit).ExtractMostSignificantBits()
                | Vector128.GreaterThan(flags, Vector128<byte>.Zero).ExtractMostSignificantBits();
            for (; ended != 0; ended &= ended - 1)
                End(first + BitOperations.TrailingZeroCount(ended), output);
        }

        for (; first < Count; first++)
        {
            if (Steps[first] >= MaxEpisodeSteps || output.Terminated[first])
                End(first, output);
        }
    }

    void End(int instance, in StepOutput output)
    {
        output.Truncated[instance] = !output.Terminated[instance];
        var row = output.Observations.Slice(instance * _width, _width);
        row.CopyTo(output.FinalObservations[(instance * _width)..]);
        Begin(instance, row);
    }

    void SetRandom(int instance, RandomStream random)
    {
        if (Random[instance] is null)
            _resets++;
        Random[instance] = random;
    }

    void Begin(int instance, Span<float> observation)
    {
        Steps[instance] = 0;
        Start(instance);
        Observe(instance, observation);
    }

    void Put(int instance, ReadOnlySpan<double> state, int steps, Span<float> observation)
    {
        Throw.IfLengthDiffers(state.Length, StateNames.Count, nameof(state));
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        WriteState(instance, state);
        Steps[instance] = steps;
        Observe(instance, observation);
    }
}
