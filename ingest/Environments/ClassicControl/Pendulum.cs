using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Pendulum-v1 as Gymnasium defines it, and Pendulum-v0 as its forerunner did, in batches: a motor too weak to lift a rod swings it up.</summary>
/// <remarks>
/// Observation [3]: cos and sin of the angle from upright, angular velocity rad/s, rounded to float32 from a double state.
/// Action [1]: -2 to 2 N m. Reward -(angle^2 + 0.1 speed^2 + 0.001 action^2). Never terminated, truncated after 200 steps.
/// An episode starts at an angle uniform in [-start, start) with a speed uniform in [-start_speed, start_speed).
/// v0 advances the angle with the speed before it is clipped, v1 with the clipped one.
/// </remarks>
sealed class Pendulum : ColumnEnvironment
{
    public const int StepLimit = 200;

    // An angle that no episode reaches; far below the range of our own sine.
    const double AngleLimit = 10_000;
    const int Width = 3;

    readonly PendulumParameters _parameters;
    readonly double _start, _startSpeed;
    readonly double[] _angle, _speed;

    public Pendulum(EnvironmentIdentity identity, int count, bool clipsFirst)
        : base(identity, Observations(identity.Parameters["max_speed"]), Actions, StepLimit, count,
        [
            new("angle (rad from upright)", new(-AngleLimit, AngleLimit)),
            new("angular velocity (rad/s)", new(-identity.Parameters["max_speed"], identity.Parameters["max_speed"])),
        ])
    {
        var p = identity.Parameters;
        _parameters = new PendulumParameters(p["gravity"], p["mass"], p["length"], p["motor"], p["max_speed"], clipsFirst);
        (_start, _startSpeed) = (p["start"], p["start_speed"]);
        (_angle, _speed) = (Columns[0], Columns[1]);
    }

    public static BoxSpace Actions { get; } = new([1], [-PendulumKernel.MaxTorque], [PendulumKernel.MaxTorque]);

    public static BoxSpace Observations(double maxSpeed) => new([Width], [-1, -1, -maxSpeed], [1, 1, maxSpeed]);

    protected override void Start(int instance)
    {
        var random = Random[instance];
        _angle[instance] = random.Uniform(-_start, _start);
        // A slower pendulum cannot start faster than it may go.
        _speed[instance] = Math.Clamp(random.Uniform(-_startSpeed, _startSpeed), -_parameters.MaxSpeed, _parameters.MaxSpeed);
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new PendulumKernel.State(Lanes.Load(_angle, first), Lanes.Load(_speed, first));
            var next = PendulumKernel.Step(state, Lanes.Load(actions.Continuous, first), _parameters, out var reward);
            Lanes.Store(next.Angle, _angle, first);
            Lanes.Store(next.Speed, _speed, first);
            Lanes.Store(reward, rewards, first);
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        var (sin, cos) = Trigonometry.SinCos(_angle[instance]);
        (observation[0], observation[1], observation[2]) = ((float)cos, (float)sin, (float)_speed[instance]);
    }

    protected override void Observe(Span<float> observations)
    {
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            Trigonometry.SinCos(Lanes.Load(_angle, first), out var sin, out var cos);
            Lanes.StoreRows([cos, sin, Lanes.Load(_speed, first)], observations, first);
        }
    }
}
