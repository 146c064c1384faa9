using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The physical parameters, in SI units.</summary>
/// <param name="Gravity">m/s^2.</param>
/// <param name="Mass">kg.</param>
/// <param name="Length">m.</param>
/// <param name="Motor">Torque per unit of action.</param>
/// <param name="MaxSpeed">rad/s.</param>
/// <param name="ClipsFirst">Whether the speed is clipped before the angle is advanced with it (v1), or after (v0).</param>
readonly record struct PendulumParameters(double Gravity, double Mass, double Length, double Motor, double MaxSpeed, bool ClipsFirst);

/// <summary>One step of the pendulum for eight instances, in double precision.</summary>
/// <remarks>
/// The form and order of operations of Gymnasium's Pendulum-v1, without fused multiply-add. The action is a float32
/// number there, and what NumPy computes of it alone (since 2.0: by its weak scalars) is rounded to float32; so it is here.
/// </remarks>
static class PendulumKernel
{
    /// <summary>Seconds between two states.</summary>
    public const double TimeStep = 0.05;

    /// <summary>The largest action, N m.</summary>
    public const double MaxTorque = 2;

    /// <summary>State of eight instances: angle rad from upright, angular velocity rad/s.</summary>
    public readonly struct State(Vector512<double> angle, Vector512<double> speed)
    {
        public readonly Vector512<double> Angle = angle;
        public readonly Vector512<double> Speed = speed;
    }

    /// <param name="state">Before the step.</param>
    /// <param name="action">Inside the bounds.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="reward">-(angle^2 + 0.1 speed^2 + 0.001 action^2), of the state before the step, the angle within [-pi, pi).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static State Step(in State state, Vector512<double> action, in PendulumParameters p, out Vector512<double> reward)
    {
        var angle = Normalize(state.Angle);
        var effort = Lanes.RoundToSingle(Vector512.Create((double)0.001f) * Lanes.RoundToSingle(action * action));
        reward = -((angle * angle) + (Vector512.Create(0.1) * (state.Speed * state.Speed)) + effort);

        Trigonometry.SinCos(state.Angle, out var sin, out _);
        var torque = Lanes.RoundToSingle(Vector512.Create((double)(float)(3.0 / (p.Mass * (p.Length * p.Length)) * p.Motor)) * action);
        var speed = state.Speed + (((Vector512.Create(3 * p.Gravity / (2 * p.Length)) * sin) + torque) * Vector512.Create(TimeStep));
        var limit = Vector512.Create(p.MaxSpeed);
        var clipped = Vector512.Min(Vector512.Max(speed, -limit), limit);
        return new State(state.Angle + ((p.ClipsFirst ? clipped : speed) * Vector512.Create(TimeStep)), clipped);
    }

    /// <summary>The same angle within [-pi, pi): the remainder of a floored division by 2 pi, as NumPy's, of the angle plus pi, less pi.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Normalize(Vector512<double> angle)
    {
        // 2 pi in two parts, the first of 31 bits, so that whole turns of it are exact.
        const double High = 6.2831853069365025, Low = 2 * Math.PI - High;
        var shifted = angle + Vector512.Create(Math.PI);
        var turns = Vector512.Floor(shifted / Vector512.Create(2 * Math.PI));
        return shifted - (turns * Vector512.Create(High)) - (turns * Vector512.Create(Low)) - Vector512.Create(Math.PI);
    }
}
