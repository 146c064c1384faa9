using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The physical parameters, in SI units.</summary>
/// <param name="Gravity">m/s^2.</param>
/// <param name="CartMass">kg.</param>
/// <param name="PoleMass">kg.</param>
/// <param name="Length">Half of the pole's length, m.</param>
/// <param name="Force">Push on the cart, N.</param>
/// <param name="Start">Every state variable starts uniform in [-Start, Start).</param>
readonly record struct CartPoleParameters(double Gravity, double CartMass, double PoleMass, double Length, double Force, double Start);

/// <summary>
/// One Euler step of the cart and pole for eight instances, in double precision.
/// </summary>
/// <remarks>
/// Barto, Sutton and Anderson 1983, in the form and order of operations of Gymnasium's CartPole-v1, without fused
/// multiply-add: the digits are those of the plain formula on any processor. Batches are padded to whole vectors,
/// so one instance runs through the very same instructions.
/// </remarks>
static class CartPoleKernel
{
    /// <summary>Seconds between two states.</summary>
    public const double TimeStep = 0.02;

    /// <summary>The episode ends where the cart is farther than this from the middle, m.</summary>
    public const double PositionLimit = 2.4;

    /// <summary>The episode ends where the pole leans more than this, rad (12 degrees).</summary>
    public const double AngleLimit = 12 * 2 * Math.PI / 360;

    /// <summary>State of eight instances: position m, velocity m/s, angle rad, angular velocity rad/s.</summary>
    public readonly struct State(Vector512<double> position, Vector512<double> velocity, Vector512<double> angle, Vector512<double> angularVelocity)
    {
        public readonly Vector512<double> Position = position;
        public readonly Vector512<double> Velocity = velocity;
        public readonly Vector512<double> Angle = angle;
        public readonly Vector512<double> AngularVelocity = angularVelocity;

        /// <summary>One bit a lane: whether the state is outside the limits.</summary>
        public uint Fallen
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                var outside = Vector512.GreaterThan(Vector512.Abs(Position), Vector512.Create(PositionLimit))
                    | Vector512.GreaterThan(Vector512.Abs(Angle), Vector512.Create(AngleLimit));
                return (uint)outside.ExtractMostSignificantBits();
            }
        }
    }

    /// <param name="state">Before the step.</param>
    /// <param name="force">Signed push on each cart, N.</param>
    /// <param name="p">The parameters.</param>
    /// <returns>The state one time step later.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static State Step(in State state, Vector512<double> force, in CartPoleParameters p)
    {
        var totalMass = Vector512.Create(p.PoleMass + p.CartMass);
        var poleMoment = Vector512.Create(p.PoleMass * p.Length);
        var tau = Vector512.Create(TimeStep);
        Trigonometry.SinCosNearZero(state.Angle, out var sin, out var cos);

        var push = (force + (poleMoment * (state.AngularVelocity * state.AngularVelocity) * sin)) / totalMass;
        var angularAcceleration = ((Vector512.Create(p.Gravity) * sin) - (cos * push))
            / (Vector512.Create(p.Length) * (Vector512.Create(4.0 / 3.0) - (Vector512.Create(p.PoleMass) * (cos * cos) / totalMass)));
        var acceleration = push - (poleMoment * angularAcceleration * cos / totalMass);

        return new State(
            state.Position + (tau * state.Velocity),
            state.Velocity + (tau * acceleration),
            state.Angle + (tau * state.AngularVelocity),
            state.AngularVelocity + (tau * angularAcceleration));
    }
}
