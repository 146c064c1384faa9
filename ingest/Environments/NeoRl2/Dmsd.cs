using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>DMSD of NeoRL-2, in batches: two bodies between two walls, joined by springs and dampers, are pushed onto their targets.</summary>
/// <remarks>
/// Observation [6]: positions x1, x2 m, velocities v1, v2 m/s, targets t1, t2 m, rounded to float32 from a double state.
/// Action [2]: -1 to 1, force on each body as a share of the largest. Reward -ln(|x1 - t1| + 0.01) - ln(|x2 - t2| + 0.01)
/// of the new positions and targets. Never terminated, truncated after 100 steps. An episode starts with positions
/// uniform in [-start, start), velocities in [-start_speed, start_speed), and, for each body, one target or (with equal
/// chance) two, the second from step 50 on, uniform in [-target, target).
/// Source: Gao et al., NeoRL-2 (arXiv:2503.19267), and its logs, which these equations reproduce.
/// </remarks>
sealed class Dmsd : ColumnEnvironment
{
    public const int StepLimit = 100;
    const int Switch = StepLimit / 2;
    const int Width = 6;

    readonly DmsdParameters _parameters;
    readonly double _start, _startSpeed, _target;
    readonly double[] _position1, _position2, _velocity1, _velocity2;

    // Of the step that is being made: what the two halves of an episode and the actions come to.
    readonly double[] _target1, _target2, _action1, _action2;

    public Dmsd(EnvironmentIdentity identity, int count)
        : base(identity, Observations, Actions, StepLimit, count,
        [
            new("first position (m)", Bounds), new("second position (m)", Bounds),
            new("first velocity (m/s)", Bounds), new("second velocity (m/s)", Bounds),
            new("first target, steps 0 to 49 (m)", Bounds), new("second target, steps 0 to 49 (m)", Bounds),
            new("first target from step 50 (m)", Bounds), new("second target from step 50 (m)", Bounds),
        ])
    {
        var p = identity.Parameters;
        _parameters = new DmsdParameters(p["mass"], p["stiffness"], p["damping"], p["force"]);
        (_start, _startSpeed, _target) = (p["start"], p["start_speed"], p["target"]);
        (_position1, _position2, _velocity1, _velocity2) = (Columns[0], Columns[1], Columns[2], Columns[3]);
        var padded = _position1.Length;
        (_target1, _target2, _action1, _action2) = (new double[padded], new double[padded], new double[padded], new double[padded]);
    }

    public static BoxSpace Observations { get; } = BoxSpace.Unbounded(Width);

    public static BoxSpace Actions { get; } = new([2], [-1, -1], [1, 1]);

    // Far beyond what the springs allow.
    static Interval Bounds { get; } = new(-1e6, 1e6);

    protected override void Start(int instance)
    {
        var random = Random[instance];
        _position1[instance] = random.Uniform(-_start, _start);
        _position2[instance] = random.Uniform(-_start, _start);
        _velocity1[instance] = random.Uniform(-_startSpeed, _startSpeed);
        _velocity2[instance] = random.Uniform(-_startSpeed, _startSpeed);
        for (var body = 0; body < 2; body++)
        {
            var hasTwo = random.NextInt(2) == 1;
            var (early, late) = (Columns[4 + body], Columns[6 + body]);
            early[instance] = random.Uniform(-_target, _target);
            late[instance] = hasTwo ? random.Uniform(-_target, _target) : early[instance];
        }
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        for (var i = 0; i < Count; i++)
        {
            (_action1[i], _action2[i]) = (actions.Continuous[2 * i], actions.Continuous[(2 * i) + 1]);
            (_target1[i], _target2[i]) = Targets(i, Steps[i] + 1);
        }

        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new DmsdKernel.State(
                Lanes.Load(_position1, first), Lanes.Load(_position2, first), Lanes.Load(_velocity1, first), Lanes.Load(_velocity2, first));
            var next = DmsdKernel.Step(state, Lanes.Load(_action1, first), Lanes.Load(_action2, first), _parameters);
            Lanes.Store(next.Position1, _position1, first);
            Lanes.Store(next.Position2, _position2, first);
            Lanes.Store(next.Velocity1, _velocity1, first);
            Lanes.Store(next.Velocity2, _velocity2, first);
            Lanes.Store(DmsdKernel.Reward(next, Lanes.Load(_target1, first), Lanes.Load(_target2, first)), rewards, first);
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        var (target1, target2) = Targets(instance, Steps[instance]);
        (observation[0], observation[1]) = ((float)_position1[instance], (float)_position2[instance]);
        (observation[2], observation[3]) = ((float)_velocity1[instance], (float)_velocity2[instance]);
        (observation[4], observation[5]) = ((float)target1, (float)target2);
    }

    // The schedule has as many entries as an episode has steps; the last one stays.
    (double First, double Second) Targets(int instance, int step)
    {
        var half = Math.Min(step, StepLimit - 1) < Switch ? 4 : 6;
        return (Columns[half][instance], Columns[half + 1][instance]);
    }
}
