using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>CartPole-v1 as Gymnasium defines it, in batches: a cart pushed left or right keeps a pole upright.</summary>
/// <remarks>
/// Observation [4]: position m, velocity m/s, angle rad, angular velocity rad/s, rounded to float32 from a double state.
/// Action: 0 left, 1 right. Reward 1 a step, the last one included. Terminated where the cart leaves +-2.4 m or the
/// pole +-12 degrees, truncated after 500 steps. A start state is uniform in [-start, start) in each variable.
/// </remarks>
sealed class CartPole : IVectorEnvironment
{
    public const int StepLimit = 500;
    const int Lanes = CartPoleKernel.Lanes;
    const int Width = 4;

    readonly CartPoleParameters _parameters;
    readonly double[] _position, _velocity, _angle, _angularVelocity, _force;
    readonly int[] _steps;
    readonly RandomStream[] _random;

    public CartPole(EnvironmentIdentity identity, int count)
    {
        Identity = identity;
        Count = count;
        var p = identity.Parameters;
        _parameters = new CartPoleParameters(p["gravity"], p["cart_mass"], p["pole_mass"], p["length"], p["force"], p["start"]);
        // Lanes beyond the batch rest at zero under zero force for ever.
        var padded = (count + Lanes - 1) / Lanes * Lanes;
        _position = new double[padded];
        _velocity = new double[padded];
        _angle = new double[padded];
        _angularVelocity = new double[padded];
        _force = new double[padded];
        _steps = new int[padded];
        _random = new RandomStream[count];
    }

    public static BoxSpace Observations { get; } = new(
        [Width],
        [-2 * CartPoleKernel.PositionLimit, double.NegativeInfinity, -2 * CartPoleKernel.AngleLimit, double.NegativeInfinity],
        [2 * CartPoleKernel.PositionLimit, double.PositiveInfinity, 2 * CartPoleKernel.AngleLimit, double.PositiveInfinity]);

    public static DiscreteSpace Actions { get; } = new(2);

    public EnvironmentIdentity Identity { get; }

    public int Count { get; }

    public Space ObservationSpace => Observations;

    public Space ActionSpace => Actions;

    public int MaxEpisodeSteps => StepLimit;

    public void Reset(ReadOnlySpan<ulong> seeds, Span<float> observations)
    {
        Throw.IfLengthDiffers(seeds.Length, Count, nameof(seeds));
        Throw.IfLengthDiffers(observations.Length, Count * Width, nameof(observations));
        for (var i = 0; i < Count; i++)
            ResetInstance(i, seeds[i], observations.Slice(i * Width, Width));
    }

    public void ResetInstance(int instance, ulong seed, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, Width, nameof(observation));
        _random[instance] = RandomStream.Create(seed, "environment");
        Start(instance);
        WriteObservation(instance, observation);
    }

    public void Step(in ActionBatch actions, in StepOutput output)
    {
        Throw.IfNotReset(_random[0], Identity);
        Throw.IfLengthDiffers(output.Observations.Length, Count * Width, nameof(output.Observations));
        Throw.IfLengthDiffers(output.FinalObservations.Length, Count * Width, nameof(output.FinalObservations));
        Throw.IfLengthDiffers(output.Rewards.Length, Count, nameof(output.Rewards));
        Throw.IfLengthDiffers(output.Terminated.Length, Count, nameof(output.Terminated));
        Throw.IfLengthDiffers(output.Truncated.Length, Count, nameof(output.Truncated));
        ReadForces(actions.Discrete);

        output.Rewards.Fill(1.0);
        output.Terminated.Clear();
        output.Truncated.Clear();
        for (var first = 0; first < Count; first += Lanes)
        {
            var (fallen, ended) = StepLanes(first, output.Observations);
            for (; ended != 0; ended &= ended - 1)
            {
                var lane = BitOperations.TrailingZeroCount(ended);
                Finish(first + lane, ((fallen >> lane) & 1) != 0, output);
            }
        }
    }

    public void Dispose()
    {
    }

    void ReadForces(ReadOnlySpan<int> actions)
    {
        Throw.IfLengthDiffers(actions.Length, Count, nameof(actions));
        var union = 0;
        for (var i = 0; i < actions.Length; i++)
            union |= actions[i];
        if ((union & ~1) != 0)
            Throw.ActionOutside(actions, Actions.Count);
        var force = _parameters.Force;
        for (var i = 0; i < actions.Length; i++)
            _force[i] = actions[i] == 0 ? -force : force;
    }

    // Returns one bit a lane of the batch: fallen, and ended by fall or limit.
    (uint Fallen, uint Ended) StepLanes(int first, Span<float> observations)
    {
        var offset = (nuint)first;
        var state = new CartPoleKernel.State(
            Vector512.LoadUnsafe(ref _position[0], offset),
            Vector512.LoadUnsafe(ref _velocity[0], offset),
            Vector512.LoadUnsafe(ref _angle[0], offset),
            Vector512.LoadUnsafe(ref _angularVelocity[0], offset));
        var next = CartPoleKernel.Step(state, Vector512.LoadUnsafe(ref _force[0], offset), _parameters);
        next.Position.StoreUnsafe(ref _position[0], offset);
        next.Velocity.StoreUnsafe(ref _velocity[0], offset);
        next.Angle.StoreUnsafe(ref _angle[0], offset);
        next.AngularVelocity.StoreUnsafe(ref _angularVelocity[0], offset);

        var steps = Vector256.LoadUnsafe(ref _steps[0], offset) + Vector256<int>.One;
        steps.StoreUnsafe(ref _steps[0], offset);
        var atLimit = Vector256.GreaterThanOrEqual(steps, Vector256.Create(StepLimit)).ExtractMostSignificantBits();

        var left = Count - first;
        var fallen = next.Fallen;
        if (left >= Lanes)
        {
            WriteObservations(next, observations.Slice(first * Width, Lanes * Width));
            return (fallen, fallen | atLimit);
        }

        Span<float> whole = stackalloc float[Lanes * Width];
        WriteObservations(next, whole);
        whole[..(left * Width)].CopyTo(observations[(first * Width)..]);
        return (fallen, (fallen | atLimit) & ((1u << left) - 1));
    }

    // Narrows to float32 and turns four columns of eight into eight rows of four.
    static void WriteObservations(in CartPoleKernel.State s, Span<float> rows)
    {
        var columns = Vector512.Narrow(s.Position, s.Velocity);
        var others = Vector512.Narrow(s.Angle, s.AngularVelocity);
        var order = Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        var low = Vector512.Create(
            Vector256.Create(columns.GetLower().GetLower(), columns.GetUpper().GetLower()),
            Vector256.Create(others.GetLower().GetLower(), others.GetUpper().GetLower()));
        var high = Vector512.Create(
            Vector256.Create(columns.GetLower().GetUpper(), columns.GetUpper().GetUpper()),
            Vector256.Create(others.GetLower().GetUpper(), others.GetUpper().GetUpper()));
        ref var start = ref MemoryMarshal.GetReference(rows);
        Vector512.Shuffle(low, order).StoreUnsafe(ref start);
        Vector512.Shuffle(high, order).StoreUnsafe(ref start, 16);
    }

    void Finish(int instance, bool fallen, in StepOutput output)
    {
        output.Terminated[instance] = fallen;
        output.Truncated[instance] = !fallen;
        var row = output.Observations.Slice(instance * Width, Width);
        row.CopyTo(output.FinalObservations[(instance * Width)..]);
        Start(instance);
        WriteObservation(instance, row);
    }

    void Start(int instance)
    {
        var random = _random[instance];
        var start = _parameters.Start;
        _position[instance] = random.Uniform(-start, start);
        _velocity[instance] = random.Uniform(-start, start);
        _angle[instance] = random.Uniform(-start, start);
        _angularVelocity[instance] = random.Uniform(-start, start);
        _steps[instance] = 0;
    }

    void WriteObservation(int instance, Span<float> row)
    {
        row[0] = (float)_position[instance];
        row[1] = (float)_velocity[instance];
        row[2] = (float)_angle[instance];
        row[3] = (float)_angularVelocity[instance];
    }
}
