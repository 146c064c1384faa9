using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The physical parameters, in SI units.</summary>
/// <param name="Gravity">m/s^2.</param>
/// <param name="Length1">Of the first link, m. (That of the second plays no part in the motion.)</param>
/// <param name="Mass1">Of the first link, kg.</param>
/// <param name="Mass2">Of the second link, kg.</param>
/// <param name="Center1">From the first joint to the first link's center of mass, m.</param>
/// <param name="Center2">From the second joint to the second link's center of mass, m.</param>
/// <param name="Inertia">Moment of inertia of either link, kg m^2.</param>
/// <param name="GoalHeight">The free end has to get above it; links count as 1 m each, and the fixed joint is at 0.</param>
readonly record struct AcrobotParameters(
    double Gravity, double Length1, double Mass1, double Mass2, double Center1, double Center2, double Inertia, double GoalHeight);

/// <summary>One Runge-Kutta step of the two links for eight instances, in double precision.</summary>
/// <remarks>
/// Sutton 1996 with the equations of Sutton and Barto's book, in the form and order of operations of Gymnasium's
/// Acrobot-v1, without fused multiply-add.
/// </remarks>
static class AcrobotKernel
{
    /// <summary>Seconds between two states.</summary>
    public const double TimeStep = 0.2;

    /// <summary>Bound of the first joint's speed, rad/s.</summary>
    public const double MaxSpeed1 = 4 * Math.PI;

    /// <summary>Bound of the second joint's speed, rad/s.</summary>
    public const double MaxSpeed2 = 9 * Math.PI;

    /// <summary>State of eight instances: angles rad, the first from hanging down, the second from the first link; speeds rad/s.</summary>
    public readonly struct State(Vector512<double> angle1, Vector512<double> angle2, Vector512<double> speed1, Vector512<double> speed2)
    {
        public readonly Vector512<double> Angle1 = angle1;
        public readonly Vector512<double> Angle2 = angle2;
        public readonly Vector512<double> Speed1 = speed1;
        public readonly Vector512<double> Speed2 = speed2;

        /// <summary>This + <paramref name="time"/> * <paramref name="slope"/>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public State Moved(in State slope, double time)
        {
            var t = Vector512.Create(time);
            return new State(Angle1 + (t * slope.Angle1), Angle2 + (t * slope.Angle2), Speed1 + (t * slope.Speed1), Speed2 + (t * slope.Speed2));
        }
    }

    /// <param name="state">Before the step.</param>
    /// <param name="torque">At the second joint, N m.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="aboveGoal">All bits of a lane: the free end is above the goal.</param>
    public static State Step(in State state, Vector512<double> torque, in AcrobotParameters p, out Vector512<double> aboveGoal)
    {
        Slope(state, torque, p, out var k1);
        Slope(state.Moved(k1, TimeStep / 2), torque, p, out var k2);
        Slope(state.Moved(k2, TimeStep / 2), torque, p, out var k3);
        Slope(state.Moved(k3, TimeStep), torque, p, out var k4);
        var next = state.Moved(
            new State(
                Sum(k1.Angle1, k2.Angle1, k3.Angle1, k4.Angle1),
                Sum(k1.Angle2, k2.Angle2, k3.Angle2, k4.Angle2),
                Sum(k1.Speed1, k2.Speed1, k3.Speed1, k4.Speed1),
                Sum(k1.Speed2, k2.Speed2, k3.Speed2, k4.Speed2)),
            TimeStep / 6);
        next = new State(Wrap(next.Angle1), Wrap(next.Angle2), Clip(next.Speed1, MaxSpeed1), Clip(next.Speed2, MaxSpeed2));
        Trigonometry.SinCos(next.Angle1, out _, out var cos1);
        Trigonometry.SinCos(next.Angle2 + next.Angle1, out _, out var cos12);
        aboveGoal = Vector512.GreaterThan(-cos1 - cos12, Vector512.Create(p.GoalHeight));
        return next;
    }

    // The state's derivative by time.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Slope(in State s, Vector512<double> torque, in AcrobotParameters p, out State slope)
    {
        var (m1, m2, l1, c1, c2, inertia, g) = (p.Mass1, p.Mass2, p.Length1, p.Center1, p.Center2, p.Inertia, p.Gravity);
        Trigonometry.SinCos(s.Angle2, out var sin2, out var cos2);
        Trigonometry.SinCos(s.Angle1 + s.Angle2 - Vector512.Create(Math.PI / 2), out _, out var level12);
        Trigonometry.SinCos(s.Angle1 - Vector512.Create(Math.PI / 2), out _, out var level1);

        var d1 = Vector512.Create(m1 * (c1 * c1))
            + (Vector512.Create(m2) * (Vector512.Create((l1 * l1) + (c2 * c2)) + (Vector512.Create(2 * l1 * c2) * cos2)))
            + Vector512.Create(inertia) + Vector512.Create(inertia);
        var d2 = (Vector512.Create(m2) * (Vector512.Create(c2 * c2) + (Vector512.Create(l1 * c2) * cos2))) + Vector512.Create(inertia);
        var phi2 = Vector512.Create(m2 * c2 * g) * level12;
        var phi1 = (Vector512.Create(-m2 * l1 * c2) * (s.Speed2 * s.Speed2) * sin2)
            - (Vector512.Create(2 * m2 * l1 * c2) * s.Speed2 * s.Speed1 * sin2)
            + (Vector512.Create(((m1 * c1) + (m2 * l1)) * g) * level1)
            + phi2;
        var acceleration2 = (torque + (d2 / d1 * phi1) - (Vector512.Create(m2 * l1 * c2) * (s.Speed1 * s.Speed1) * sin2) - phi2)
            / (Vector512.Create((m2 * (c2 * c2)) + inertia) - (d2 * d2 / d1));
        var acceleration1 = -((d2 * acceleration2) + phi1) / d1;
        slope = new State(s.Speed1, s.Speed2, acceleration1, acceleration2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Sum(Vector512<double> k1, Vector512<double> k2, Vector512<double> k3, Vector512<double> k4)
    {
        var two = Vector512.Create(2.0);
        return k1 + (two * k2) + (two * k3) + k4;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Clip(Vector512<double> x, double limit) => Vector512.Min(Vector512.Max(x, Vector512.Create(-limit)), Vector512.Create(limit));

    // Whole turns are taken off one by one, as Gymnasium does: a step at the largest speeds makes less than one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Wrap(Vector512<double> x)
    {
        var (pi, turn) = (Vector512.Create(Math.PI), Vector512.Create(2 * Math.PI));
        while (Vector512.GreaterThanAny(x, pi))
            x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, pi), x - turn, x);
        while (Vector512.LessThanAny(x, -pi))
            x = Vector512.ConditionalSelect(Vector512.LessThan(x, -pi), x + turn, x);
        return x;
    }
}
