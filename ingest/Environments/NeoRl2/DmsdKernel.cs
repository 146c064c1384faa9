using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The physical parameters, in SI units.</summary>
/// <param name="Mass">Of either body, kg.</param>
/// <param name="Stiffness">Of each of the three springs, N/m.</param>
/// <param name="Damping">Of each of the three dampers, N s/m.</param>
/// <param name="Force">At full action, N.</param>
readonly record struct DmsdParameters(double Mass, double Stiffness, double Damping, double Force);

/// <summary>One Euler step of the two bodies for eight instances, in double precision, without fused multiply-add.</summary>
static class DmsdKernel
{
    /// <summary>Seconds between two states.</summary>
    public const double TimeStep = 0.2;

    // Added to each distance before its logarithm is taken: a step on both targets is worth 2 * 4.605.
    const double Nearest = 0.01;

    /// <summary>State of eight instances: positions m, velocities m/s.</summary>
    public readonly struct State(Vector512<double> position1, Vector512<double> position2, Vector512<double> velocity1, Vector512<double> velocity2)
    {
        public readonly Vector512<double> Position1 = position1;
        public readonly Vector512<double> Position2 = position2;
        public readonly Vector512<double> Velocity1 = velocity1;
        public readonly Vector512<double> Velocity2 = velocity2;
    }

    /// <param name="s">Before the step.</param>
    /// <param name="action1">On the first body, -1 to 1.</param>
    /// <param name="action2">On the second body, -1 to 1.</param>
    /// <param name="p">The parameters.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static State Step(in State s, Vector512<double> action1, Vector512<double> action2, in DmsdParameters p)
    {
        var time = Vector512.Create(TimeStep);
        var (mass, force) = (Vector512.Create(p.Mass), Vector512.Create(p.Force));
        var (stiffness, damping) = (Vector512.Create(p.Stiffness), Vector512.Create(p.Damping));
        var (twiceStiffness, twiceDamping) = (Vector512.Create(p.Stiffness + p.Stiffness), Vector512.Create(p.Damping + p.Damping));
        var push1 = (stiffness * s.Position2) - (twiceStiffness * s.Position1) + (damping * s.Velocity2) - (twiceDamping * s.Velocity1) + (force * action1);
        var push2 = (stiffness * s.Position1) - (twiceStiffness * s.Position2) + (damping * s.Velocity1) - (twiceDamping * s.Velocity2) + (force * action2);
        return new State(
            s.Position1 + (time * s.Velocity1),
            s.Position2 + (time * s.Velocity2),
            s.Velocity1 + (time * push1 / mass),
            s.Velocity2 + (time * push2 / mass));
    }

    /// <summary>-ln(|x1 - target1| + 0.01) - ln(|x2 - target2| + 0.01), of the state after the step and the targets then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Reward(in State next, Vector512<double> target1, Vector512<double> target2) =>
        -Logarithm.Log(Vector512.Abs(next.Position1 - target1) + Vector512.Create(Nearest))
        - Logarithm.Log(Vector512.Abs(next.Position2 - target2) + Vector512.Create(Nearest));
}
