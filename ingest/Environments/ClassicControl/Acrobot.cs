using System.Runtime.Intrinsics;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Acrobot-v1 as Gymnasium defines it, in batches: two links hang down, a motor between them swings the free end up.</summary>
/// <remarks>
/// Observation [6]: cos and sin of the first angle (0: hanging down), cos and sin of the second (0: straight on), both
/// speeds rad/s, rounded to float32 from a double state. Actions: torque to the one side, none, to the other. Reward -1 a
/// step, 0 for the last one where the free end gets above the goal height, which terminates; truncated after 500 steps.
/// A start state is uniform in [-start, start) in each variable, rounded to float32. With a torque_noise, a number
/// uniform in [-torque_noise, torque_noise) is added to each torque.
/// </remarks>
sealed class Acrobot : ColumnEnvironment
{
    public const int StepLimit = 500;
    const int Width = 6;

    readonly AcrobotParameters _parameters;
    readonly double _start, _torque, _torqueNoise;
    readonly double[] _angle1, _angle2, _speed1, _speed2, _noise;

    public Acrobot(EnvironmentIdentity identity, int count)
        : base(identity, Observations, Actions, StepLimit, count,
        [
            new("first angle (rad from hanging down)", new(-Math.PI, Math.PI)),
            new("second angle (rad from the first link)", new(-Math.PI, Math.PI)),
            new("first angular velocity (rad/s)", new(-AcrobotKernel.MaxSpeed1, AcrobotKernel.MaxSpeed1)),
            new("second angular velocity (rad/s)", new(-AcrobotKernel.MaxSpeed2, AcrobotKernel.MaxSpeed2)),
        ])
    {
        var p = identity.Parameters;
        _parameters = Parameters(identity);
        (_start, _torque, _torqueNoise) = (p["start"], p["torque"], p["torque_noise"]);
        (_angle1, _angle2, _speed1, _speed2) = (Columns[0], Columns[1], Columns[2], Columns[3]);
        _noise = new double[_angle1.Length];
    }

    public static DiscreteSpace Actions { get; } = new(3);

    public static BoxSpace Observations { get; } = new(
        [Width],
        [-1, -1, -1, -1, -AcrobotKernel.MaxSpeed1, -AcrobotKernel.MaxSpeed2],
        [1, 1, 1, 1, AcrobotKernel.MaxSpeed1, AcrobotKernel.MaxSpeed2]);

    public static AcrobotParameters Parameters(EnvironmentIdentity identity)
    {
        var p = identity.Parameters;
        return new(p["gravity"], p["length_1"], p["mass_1"], p["mass_2"], p["center_1"], p["center_2"], p["inertia"], p["goal_height"]);
    }

    protected override void Start(int instance)
    {
        var random = Random[instance];
        foreach (var column in Columns)
            column[instance] = (float)random.Uniform(-_start, _start);
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        if (_torqueNoise > 0)
        {
            for (var i = 0; i < Count; i++)
                _noise[i] = Random[i].Uniform(-_torqueNoise, _torqueNoise);
        }

        for (var first = 0; first < Count; first += Lanes.Count)
        {
            var state = new AcrobotKernel.State(Lanes.Load(_angle1, first), Lanes.Load(_angle2, first), Lanes.Load(_speed1, first), Lanes.Load(_speed2, first));
            var torque = ((Lanes.Load(actions.Discrete, first) - Vector512<double>.One) * Vector512.Create(_torque)) + Lanes.Load(_noise, first);
            var next = AcrobotKernel.Step(state, torque, _parameters, out var aboveGoal);
            Lanes.Store(next.Angle1, _angle1, first);
            Lanes.Store(next.Angle2, _angle2, first);
            Lanes.Store(next.Speed1, _speed1, first);
            Lanes.Store(next.Speed2, _speed2, first);
            Lanes.Store(Vector512.AndNot(Vector512.Create(-1.0), aboveGoal), rewards, first);
            Lanes.Mark(Lanes.Bits(aboveGoal), terminated, first);
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        var (sin1, cos1) = Trigonometry.SinCos(_angle1[instance]);
        var (sin2, cos2) = Trigonometry.SinCos(_angle2[instance]);
        (observation[0], observation[1], observation[2], observation[3]) = ((float)cos1, (float)sin1, (float)cos2, (float)sin2);
        (observation[4], observation[5]) = ((float)_speed1[instance], (float)_speed2[instance]);
    }

    protected override void Observe(Span<float> observations)
    {
        for (var first = 0; first < Count; first += Lanes.Count)
        {
            Trigonometry.SinCos(Lanes.Load(_angle1, first), out var sin1, out var cos1);
            Trigonometry.SinCos(Lanes.Load(_angle2, first), out var sin2, out var cos2);
            Lanes.StoreRows([cos1, sin1, cos2, sin2, Lanes.Load(_speed1, first), Lanes.Load(_speed2, first)], observations, first);
        }
    }
}
