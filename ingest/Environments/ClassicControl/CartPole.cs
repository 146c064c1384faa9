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
sealed class CartPole : ColumnEnvironment
{
    public const int StepLimit = 500;
    const int Width = 4;

    readonly CartPoleParameters _parameters;
    readonly double[] _position, _velocity, _angle, _angularVelocity;

    public CartPole(EnvironmentIdentity identity, int count)
        : base(identity, Observations, Actions, StepLimit, count,
        [
            new("position (m)", new(-CartPoleKernel.PositionLimit, CartPoleKernel.PositionLimit)),
            new("velocity (m/s)", StateVariable.Finite),
            new("angle (rad)", new(-CartPoleKernel.AngleLimit, CartPoleKernel.AngleLimit)),
            new("angular velocity (rad/s)", StateVariable.Finite),
        ])
    {
        var p = identity.Parameters;
        _parameters = new CartPoleParameters(p["gravity"], p["cart_mass"], p["pole_mass"], p["length"], p["force"], p["start"]);
        (_position, _velocity, _angle, _angularVelocity) = (Columns[0], Columns[1], Columns[2], Columns[3]);
    }

    public static BoxSpace Observations { get; } = new(
        [Width],
        [-2 * CartPoleKernel.PositionLimit, double.NegativeInfinity, -2 * CartPoleKernel.AngleLimit, double.NegativeInfinity],
        [2 * CartPoleKernel.PositionLimit, double.PositiveInfinity, 2 * CartPoleKernel.AngleLimit, double.PositiveInfinity]);

    public static DiscreteSpace Actions { get; } = new(2);

    protected override void Start(int instance)
    {
        var random = Random[instance];
        var start = _parameters.Start;
        _position[instance] = random.Uniform(-start, start);
        _velocity[instance] = random.Uniform(-start, start);
        _angle[instance] = random.Uniform(-start, start);
        _angularVelocity[instance] = random.Uniform(-start, start);
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        rewards.Fill(1.0);
        var force = Vector512.Create(_parameters.Force);
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new CartPoleKernel.State(
                Lanes.Load(_position, first), Lanes.Load(_velocity, first), Lanes.Load(_angle, first), Lanes.Load(_angularVelocity, first));
            var right = Vector512.GreaterThan(Lanes.Load(actions.Discrete, first), Vector512<double>.Zero);
            var next = CartPoleKernel.Step(state, Vector512.ConditionalSelect(right, force, -force), _parameters);
            Lanes.Store(next.Position, _position, first);
            Lanes.Store(next.Velocity, _velocity, first);
            Lanes.Store(next.Angle, _angle, first);
            Lanes.Store(next.AngularVelocity, _angularVelocity, first);
            Lanes.Mark(next.Fallen, terminated, first);
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        observation[0] = (float)_position[instance];
        observation[1] = (float)_velocity[instance];
        observation[2] = (float)_angle[instance];
        observation[3] = (float)_angularVelocity[instance];
    }

    // Narrows to float32 and turns four columns of eight into eight rows of four.
    protected override void Observe(Span<float> observations)
    {
        var order = Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        ref var start = ref MemoryMarshal.GetReference(observations);
        var first = 0;
        for (; first <= Count - Lanes.Count; first += Lanes.Count)
        {
            var columns = Vector512.Narrow(Lanes.Load(_position, first), Lanes.Load(_velocity, first));
            var others = Vector512.Narrow(Lanes.Load(_angle, first), Lanes.Load(_angularVelocity, first));
            var low = Vector512.Create(
                Vector256.Create(columns.GetLower().GetLower(), columns.GetUpper().GetLower()),
                Vector256.Create(others.GetLower().GetLower(), others.GetUpper().GetLower()));
            var high = Vector512.Create(
                Vector256.Create(columns.GetLower().GetUpper(), columns.GetUpper().GetUpper()),
                Vector256.Create(others.GetLower().GetUpper(), others.GetUpper().GetUpper()));
            Vector512.Shuffle(low, order).StoreUnsafe(ref start, (nuint)(first * Width));
            Vector512.Shuffle(high, order).StoreUnsafe(ref start, (nuint)((first * Width) + 16));
        }

        for (; first < Count; first++)
            Observe(first, observations.Slice(first * Width, Width));
    }
}
