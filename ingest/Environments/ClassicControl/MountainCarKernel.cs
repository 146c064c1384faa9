using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The parameters of both mountain cars; lengths in m, speeds in m a step, accelerations in m a step squared.</summary>
/// <param name="Gravity">Pull along the slope where it is steepest.</param>
/// <param name="Power">Acceleration at full throttle.</param>
/// <param name="MaxSpeed">In either direction.</param>
/// <param name="GoalPosition">The episode ends here or further right ..</param>
/// <param name="GoalVelocity">.. at this speed or more.</param>
readonly record struct MountainCarParameters(double Gravity, double Power, double MaxSpeed, double GoalPosition, double GoalVelocity);

/// <summary>One step of the car in its valley for eight instances.</summary>
/// <remarks>The form and order of operations of Gymnasium's MountainCar-v0 and MountainCarContinuous-v0, without fused multiply-add.</remarks>
static class MountainCarKernel
{
    /// <summary>The wall at the left, m; the car stops there.</summary>
    public const double MinPosition = -1.2;

    /// <summary>The end of the road at the right, m.</summary>
    public const double MaxPosition = 0.6;

    /// <summary>State of eight instances: position m, velocity m a step.</summary>
    public readonly struct State(Vector512<double> position, Vector512<double> velocity)
    {
        public readonly Vector512<double> Position = position;
        public readonly Vector512<double> Velocity = velocity;
    }

    /// <summary>A step of MountainCar-v0, in double precision.</summary>
    /// <param name="state">Before the step.</param>
    /// <param name="action">0 left, 1 none, 2 right.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="atGoal">All bits of a lane: the car is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static State Step(in State state, Vector512<double> action, in MountainCarParameters p, out Vector512<double> atGoal)
    {
        Trigonometry.SinCos(Vector512.Create(3.0) * state.Position, out _, out var cos);
        var acceleration = ((action - Vector512<double>.One) * Vector512.Create(p.Power)) + (cos * Vector512.Create(-p.Gravity));
        var velocity = Clip(state.Velocity + acceleration, -p.MaxSpeed, p.MaxSpeed);
        var position = Clip(state.Position + velocity, MinPosition, MaxPosition);
        velocity = StopAtWall(position, velocity, Vector512.Create(MinPosition));
        atGoal = Vector512.GreaterThanOrEqual(position, Vector512.Create(p.GoalPosition))
            & Vector512.GreaterThanOrEqual(velocity, Vector512.Create(p.GoalVelocity));
        return new State(position, velocity);
    }

    /// <summary>A step of MountainCarContinuous-v0.</summary>
    /// <param name="state">Before the step.</param>
    /// <param name="action">-1 to 1.</param>
    /// <param name="isFirst">All bits of a lane: the first step of an episode.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="atGoal">All bits of a lane: the car is there.</param>
    /// <remarks>
    /// Gymnasium keeps this car's state as float32 after each step, so that every operation of the next one rounds to
    /// float32, constants included (NumPy since 2.0); the start state alone is double, and so is the first step's
    /// arithmetic but for the acceleration, which the action makes float32.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static State StepContinuous(in State state, Vector512<double> action, Vector512<double> isFirst, in MountainCarParameters p, out Vector512<double> atGoal)
    {
        Trigonometry.SinCos(Round(Vector512.Create(3.0) * state.Position, isFirst), out _, out var cos);
        var push = Lanes.RoundToSingle(action * Vector512.Create((double)(float)p.Power));
        var acceleration = Lanes.RoundToSingle(push - Lanes.RoundToSingle(Vector512.Create(p.Gravity) * cos));
        var limit = Constant(p.MaxSpeed, isFirst);
        var velocity = Vector512.Min(Vector512.Max(Round(state.Velocity + acceleration, isFirst), -limit), limit);
        var wall = Constant(MinPosition, isFirst);
        var position = Vector512.Max(Vector512.Min(Round(state.Position + velocity, isFirst), Constant(MaxPosition, isFirst)), wall);
        velocity = StopAtWall(position, velocity, wall);
        atGoal = Vector512.GreaterThanOrEqual(position, Constant(p.GoalPosition, isFirst))
            & Vector512.GreaterThanOrEqual(velocity, Constant(p.GoalVelocity, isFirst));
        return new State(Lanes.RoundToSingle(position), Lanes.RoundToSingle(velocity));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Clip(Vector512<double> x, double low, double high) => Vector512.Min(Vector512.Max(x, Vector512.Create(low)), Vector512.Create(high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> StopAtWall(Vector512<double> position, Vector512<double> velocity, Vector512<double> wall) =>
        Vector512.ConditionalSelect(
            Vector512.Equals(position, wall) & Vector512.LessThan(velocity, Vector512<double>.Zero), Vector512<double>.Zero, velocity);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Round(Vector512<double> x, Vector512<double> isFirst) => Vector512.ConditionalSelect(isFirst, x, Lanes.RoundToSingle(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Constant(double value, Vector512<double> isFirst) =>
        Vector512.ConditionalSelect(isFirst, Vector512.Create(value), Vector512.Create((double)(float)value));
}
