using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class ClassicControlTests
{
    [Theory]
    [InlineData("MountainCar-v0", 200)]
    [InlineData("MountainCarContinuous-v0", 999)]
    [InlineData("Acrobot-v1", 500)]
    [InlineData("Pendulum-v1", 200)]
    [InlineData("Pendulum-v0", 200)]
    [InlineData("DMSD", 100)]
    public void Step_AtTheLimit_TruncatesAndDoesNotTerminate(string id, int limit)
    {
        using var batch = new Batch(id, 9).Reset(Enumerable.Range(0, 9).Select(i => (ulong)i).ToArray());
        Assert.Equal(limit, batch.Environment.MaxEpisodeSteps);
        var still = new Actions(Enumerable.Repeat(1, 9).ToArray(), new float[9 * batch.Environment.ActionSpace.FlatSize], batch.Environment.ActionSpace.FlatSize);
        for (var t = 1; t <= limit; t++)
        {
            var before = batch.Row(3);
            batch.Step(batch.Environment.ActionSpace is DiscreteSpace ? new ActionBatch { Discrete = still.Discrete } : new ActionBatch { Continuous = still.Continuous });
            Assert.All(batch.Terminated, Assert.False);
            Assert.All(batch.Truncated, truncated => Assert.Equal(t == limit, truncated));
            Assert.NotEqual(before, batch.Row(3));
        }

        Assert.NotEqual(batch.FinalRow(3), batch.Row(3));
    }

    [Theory]
    [InlineData("MountainCar-v0", new[] { -0.6, 0.0 }, new[] { -0.4, 0.0 })]
    [InlineData("MountainCarContinuous-v0?start=0.05", new[] { -0.55, 0.0 }, new[] { -0.45, 0.0 })]
    [InlineData("Acrobot-v1", new[] { -0.1, -0.1, -0.1, -0.1 }, new[] { 0.1, 0.1, 0.1, 0.1 })]
    [InlineData("Pendulum-v1", new[] { -Math.PI, -1 }, new[] { Math.PI, 1 })]
    [InlineData("Pendulum-v0?start=0.5&start_speed=3", new[] { -0.5, -3 }, new[] { 0.5, 3 })]
    [InlineData("CartPole-v1", new[] { -0.05, -0.05, -0.05, -0.05 }, new[] { 0.05, 0.05, 0.05, 0.05 })]
    public void Reset_OfManyInstances_FillsTheStartRangeEvenly(string id, double[] low, double[] high)
    {
        const int Count = 4000;
        using var batch = new Batch(id, Count).Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray());
        var environment = (IStatefulEnvironment)batch.Environment;
        var states = Enumerable.Range(0, Count).Select(i =>
        {
            var state = new double[low.Length];
            environment.GetState(i, state);
            return state;
        }).ToArray();
        for (var v = 0; v < low.Length; v++)
        {
            var (half, middle) = ((high[v] - low[v]) / 2, (high[v] + low[v]) / 2);
            // Acrobot's start states are rounded to float32.
            Assert.InRange(states.Min(s => s[v]), (float)low[v] - 1e-9, low[v] + (0.01 * half));
            Assert.InRange(states.Max(s => s[v]), high[v] - (0.01 * half), (float)high[v] + 1e-9);
            Assert.InRange(states.Average(s => s[v]), middle - (5 * half / Math.Sqrt(3 * Count)) - 1e-12, middle + (5 * half / Math.Sqrt(3 * Count)) + 1e-12);
        }
    }

    [Theory]
    [InlineData("Pendulum-v1", float.NaN)]
    [InlineData("Pendulum-v1", 2.0000002f)]
    [InlineData("Pendulum-v0", -2.0000002f)]
    [InlineData("MountainCarContinuous-v0", 1.0000001f)]
    [InlineData("MountainCarContinuous-v0", float.NegativeInfinity)]
    public void Step_WithAContinuousActionOutside_SaysWhichAndStepsNothing(string id, float action)
    {
        using var batch = new Batch(id, 3).Reset(1, 2, 3);
        var environment = (IStatefulEnvironment)batch.Environment;
        var before = environment.Save(0).State;
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => batch.Push(0, 0, action));
        Assert.Contains(FormattableString.Invariant($"Action {action} in instance 2, dimension 0; expected -"), error.Message, StringComparison.Ordinal);
        Assert.Equal(before, environment.Save(0).State);
        Assert.Equal(0, environment.Save(2).Steps);
    }

    [Fact]
    public void Step_WithActionsOfTwoDimensions_NamesTheDimensionAndTakesTheBoundsThemselves()
    {
        using var batch = new Batch("DMSD", 2).Reset(1, 2);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => batch.Push(0, 1, 0, -1.5f));
        Assert.Contains("Action -1.5 in instance 1, dimension 1; expected -1 to 1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Push(0, 0, 0));
        batch.Push(1, -1, -1, 1);
        using var pendulum = new Batch("Pendulum-v1", 2).Reset(1, 2);
        pendulum.Push(2, -2);
    }

    [Theory]
    [InlineData("MountainCar-v0", 3)]
    [InlineData("Acrobot-v1", -1)]
    public void Step_WithADiscreteActionOutside_SaysWhich(string id, int action)
    {
        using var batch = new Batch(id, 2).Reset(1, 2);
        Assert.Contains($"Action {action} in instance 1; expected 0 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(1, action)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(1, 1, 1));
    }

    [Fact]
    public void SetState_WhereTheEnvironmentCannotBe_NamesTheNumber()
    {
        using var batch = new Batch("MountainCar-v0", 1).Reset(1);
        var row = new float[2];
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => ((IStatefulEnvironment)batch.Environment).SetState(0, [-1.3, 0], row));
        Assert.Contains("MountainCar-v0 cannot be where its state has -1.3 for 'position (m)'; expected a number in [-1.2, 0.6]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_BeforeEveryInstanceWasReset_IsRefused()
    {
        using var batch = new Batch("Pendulum-v1", 2);
        batch.Environment.ResetInstance(0, 1, new float[3]);
        Assert.Throws<InvalidOperationException>(() => batch.Push(0, 0));
        batch.Environment.ResetInstance(1, 1, new float[3]);
        batch.Push(0, 0);
    }

    [Fact]
    public void TorqueNoise_OfAcrobot_ChangesTheMotionAndStaysWithinItsBounds()
    {
        // From the same state: with the noise of half-width n the speed's change lies between those of torque +-n.
        double[] state = [0.1, 0.2, 0.3, 0.4];
        var low = Moved("Acrobot-v1?torque=0.5", 0, 1).Single();
        var high = Moved("Acrobot-v1?torque=0.5", 2, 1).Single();
        var noisy = Moved("Acrobot-v1?torque_noise=0.5", 1, 400);
        Assert.All(noisy, v => Assert.InRange(v, Math.Min(low, high), Math.Max(low, high)));
        Assert.InRange(noisy.Max() - noisy.Min(), 0.95 * Math.Abs(high - low), Math.Abs(high - low));

        double[] Moved(string id, int action, int count)
        {
            using var batch = new Batch(id, count).Reset(Enumerable.Range(0, count).Select(i => (ulong)i).ToArray());
            var environment = (IStatefulEnvironment)batch.Environment;
            for (var i = 0; i < count; i++)
                environment.SetState(i, state, new float[6]);
            batch.Step(Enumerable.Repeat(action, count).ToArray());
            return Enumerable.Range(0, count).Select(i => environment.Save(i).State[3]).ToArray();
        }
    }

    [Theory]
    [InlineData("MountainCar-v0?max_speed=0.05", 1, 0.05)]
    [InlineData("Pendulum-v1?max_speed=6", 2, 6)]
    public void Make_WithAnotherSpeedLimit_HasItInItsObservationSpace(string id, int dimension, double limit)
    {
        using var batch = new Batch(id, 1).Reset(1);
        Assert.Equal(limit, ((BoxSpace)batch.Environment.ObservationSpace).High[dimension]);
        Assert.Equal(batch.Environment.ObservationSpace, EnvironmentRegistry.Definition(id).ObservationSpace);
    }

    // The references of the definitions, within four standard errors of 1,024 episodes here.
    [Theory]
    [InlineData("MountainCar-v0", "uniform", -200, 0.01)]
    [InlineData("MountainCar-v0", "scripted", -109.6, 1.4)]
    [InlineData("MountainCar-v0", "scripted-weak", -119.4, 0.5)]
    [InlineData("MountainCarContinuous-v0", "uniform", -33.15, 0.5)]
    [InlineData("MountainCarContinuous-v0", "scripted", 96.45, 0.2)]
    [InlineData("MountainCarContinuous-v0", "scripted-full", 89.35, 0.1)]
    [InlineData("Acrobot-v1", "uniform", -499, 1.5)]
    [InlineData("Acrobot-v1", "scripted", -84.7, 2.5)]
    [InlineData("Acrobot-v1", "scripted-weak", -90.4, 5.2)]
    [InlineData("Pendulum-v1", "uniform", -1228.5, 36)]
    [InlineData("Pendulum-v1", "scripted", -152.2, 11.3)]
    [InlineData("Pendulum-v0", "scripted", -152.2, 11.3)]
    [InlineData("DMSD", "scripted", 846.2, 4.2)]
    public void BuiltInPolicies_OverManyEpisodes_HaveTheReturnsTheDefinitionsName(string id, string policy, double mean, double within)
    {
        var returns = Batch.Returns(BuiltInPolicies.Make(policy, EnvironmentRegistry.Definition(id)), id, 32, 7);
        Assert.Equal(1024, returns.Length);
        Assert.InRange(returns.Average(), mean - within, mean + within);
    }
}
