using System.Runtime.Intrinsics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>MountainCar-v0 and MountainCarContinuous-v0 as Gymnasium defines them, in batches: a car too weak for the hill swings itself up.</summary>
/// <remarks>
/// Observation [2]: position m, velocity m a step, rounded to float32. An episode starts at rest, at a position uniform in
/// [-0.5 - start, -0.5 + start), and is terminated where the car reaches the goal.
/// v0: actions 0 left, 1 none, 2 right; reward -1 a step; goal at 0.5; truncated after 200 steps.
/// Continuous: action [1], -1 to 1; reward -0.1 action^2 a step and 100 at the goal, which lies at 0.45; truncated after 999 steps.
/// </remarks>
sealed class MountainCar : ColumnEnvironment
{
    public const int StepLimit = 200;
    public const int ContinuousStepLimit = 999;
    const double Middle = -0.5;
    const int Width = 2;

    readonly MountainCarParameters _parameters;
    readonly double _start;
    readonly bool _isContinuous;
    readonly double[] _position, _velocity;

    public MountainCar(EnvironmentIdentity identity, int count, bool isContinuous)
        : base(identity, Observations(identity.Parameters["max_speed"]), isContinuous ? ContinuousActions : Actions, isContinuous ? ContinuousStepLimit : StepLimit, count,
        [
            new("position (m)", new(MountainCarKernel.MinPosition, MountainCarKernel.MaxPosition)),
            new("velocity (m/step)", new(-identity.Parameters["max_speed"], identity.Parameters["max_speed"])),
        ])
    {
        var p = identity.Parameters;
        _parameters = new MountainCarParameters(p["gravity"], p["power"], p["max_speed"], p["goal_position"], p["goal_velocity"]);
        _start = p["start"];
        _isContinuous = isContinuous;
        (_position, _velocity) = (Columns[0], Columns[1]);
    }

    public static DiscreteSpace Actions { get; } = new(3);

    public static BoxSpace ContinuousActions { get; } = new([1], [-1], [1]);

    public static BoxSpace Observations(double maxSpeed) => new([Width], [MountainCarKernel.MinPosition, -maxSpeed], [MountainCarKernel.MaxPosition, maxSpeed]);

    protected override void Start(int instance)
    {
        _position[instance] = Random[instance].Uniform(Middle - _start, Middle + _start);
        _velocity[instance] = 0;
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        if (_isContinuous)
            AdvanceContinuous(actions.Continuous, rewards, terminated);
        else
            AdvanceDiscrete(actions.Discrete, rewards, terminated);
    }

    protected override void Observe(int instance, Span<float> observation) =>
        (observation[0], observation[1]) = ((float)_position[instance], (float)_velocity[instance]);

    protected override void Observe(Span<float> observations)
    {
        for (var first = 0; first < Count; first += Lanes.Count)
            Lanes.StoreRows([Lanes.Load(_position, first), Lanes.Load(_velocity, first)], observations, first);
    }

    void AdvanceDiscrete(ReadOnlySpan<int> actions, Span<double> rewards, Span<bool> terminated)
    {
        rewards.Fill(-1.0);
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new MountainCarKernel.State(Lanes.Load(_position, first), Lanes.Load(_velocity, first));
            var next = MountainCarKernel.Step(state, Lanes.Load(actions, first), _parameters, out var atGoal);
            Lanes.Store(next.Position, _position, first);
            Lanes.Store(next.Velocity, _velocity, first);
            Lanes.Mark(Lanes.Bits(atGoal), terminated, first);
        }
    }

    void AdvanceContinuous(ReadOnlySpan<float> actions, Span<double> rewards, Span<bool> terminated)
    {
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new MountainCarKernel.State(Lanes.Load(_position, first), Lanes.Load(_velocity, first));
            var action = Lanes.Load(actions, first);
            var isFirst = Vector512.Equals(Lanes.Load(Steps, first), Vector512<double>.Zero);
            var next = MountainCarKernel.StepContinuous(state, action, isFirst, _parameters, out var atGoal);
            Lanes.Store(next.Position, _position, first);
            Lanes.Store(next.Velocity, _velocity, first);
            Lanes.Store((atGoal & Vector512.Create(100.0)) - (action * action * Vector512.Create(0.1)), rewards, first);
            Lanes.Mark(Lanes.Bits(atGoal), terminated, first);
        }
    }
}
