using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Classic control against trajectories of Gymnasium's own classes (tests/golden/classic).</summary>
public sealed class ClassicGoldenTests
{
    [Theory]
    [InlineData("mountain_car", 500, 3, 1e-14)]
    [InlineData("mountain_car_continuous", 600, 5, 0)]
    [InlineData("pendulum", 650, 0, 1e-10)]
    [InlineData("acrobot", 350, 25, 1e-9)]
    public void Step_AlongGymnasiumsTrajectories_GivesItsStatesObservationsRewardsAndEnds(string task, int leastSteps, int leastEnds, double tolerance)
    {
        var (steps, ends) = (0, 0);
        foreach (var run in Golden(task))
        {
            using var batch = new Batch(run.Identity, 1).Reset(1);
            var environment = (IStatefulEnvironment)batch.Environment;
            environment.SetState(0, run.Start, batch.Observations);
            for (var t = 0; t < run.Actions.Length; t++, steps++)
            {
                if (environment.ActionSpace is DiscreteSpace)
                    batch.Step((int)run.Actions[t]);
                else
                    batch.Push((float)run.Actions[t]);
                Assert.Equal(run.Rewards[t], batch.Rewards[0], 1e-12);
                Assert.Equal(run.Terminated[t], batch.Terminated[0]);
                // A whole trajectory goes on from our own states, so that errors add up.
                RequireNear(run.Observations[t], run.Terminated[t] ? batch.FinalRow(0) : batch.Row(0), Math.Max(1e-6, tolerance));
                if (run.Terminated[t])
                {
                    ends++;
                    environment.SetState(0, run.States[t], batch.Observations);
                    continue;
                }

                RequireNear(run.States[t], State(environment), tolerance);
            }
        }

        Assert.True(steps >= leastSteps && ends >= leastEnds, $"only {steps} steps and {ends} ends were compared");
    }

    [Theory]
    [InlineData("mountain_car")]
    [InlineData("pendulum")]
    [InlineData("acrobot")]
    public void Step_FromEachOfGymnasiumsStates_GivesItsNextOneAndItsFloat32Observation(string task)
    {
        var (rows, equal) = (0, 0);
        foreach (var run in Golden(task))
        {
            using var batch = new Batch(run.Identity, 1).Reset(1);
            var environment = (IStatefulEnvironment)batch.Environment;
            for (var t = 0; t < run.Actions.Length; t++)
            {
                environment.SetState(0, t == 0 ? run.Start : run.States[t - 1], batch.Observations);
                if (environment.ActionSpace is DiscreteSpace)
                    batch.Step((int)run.Actions[t]);
                else
                    batch.Push((float)run.Actions[t]);
                Assert.Equal(run.Rewards[t], batch.Rewards[0], 1e-13);
                if (!run.Terminated[t])
                    RequireNear(run.States[t], State(environment), 2e-14);
                var observation = run.Terminated[t] ? batch.FinalRow(0) : batch.Row(0);
                for (var i = 0; i < observation.Length; i++, rows++)
                    equal += observation[i] == (float)run.Observations[t][i] ? 1 : 0;
            }
        }

        // A digit of the double beyond float32 can tip the rounding: once in a hundred million.
        Assert.True(rows > 1000, $"only {rows} numbers were compared");
        Assert.Equal(rows, equal);
    }

    [Fact]
    public void Golden_OfEveryBound_ReachesIt()
    {
        // What makes the comparison above mean something: the walls, the limits, the wraps are all there.
        var car = Golden("mountain_car").SelectMany(r => r.States).ToList();
        Assert.Contains(car, s => s[0] == -1.2 && s[1] == 0);
        Assert.Contains(car, s => s[0] == 0.6);
        Assert.Contains(car, s => s[1] == 0.07);
        Assert.Contains(car, s => s[1] == 0.05);
        var continuous = Golden("mountain_car_continuous").SelectMany(r => r.States).ToList();
        Assert.Contains(continuous, s => s[0] == -1.2f && s[1] == 0);
        Assert.Contains(continuous, s => s[0] == 0.6f);
        Assert.Contains(continuous, s => s[1] == 0.07f);
        Assert.All(continuous.SelectMany(s => s), v => Assert.Equal((float)v, v));
        var pendulum = Golden("pendulum").SelectMany(r => r.States).ToList();
        Assert.Contains(pendulum, s => s[1] == 8);
        Assert.Contains(pendulum, s => s[1] == -8);
        Assert.Contains(pendulum, s => s[0] > 10);
        var acrobot = Golden("acrobot").ToList();
        var states = acrobot.SelectMany(r => r.States).ToList();
        Assert.Contains(states, s => Math.Abs(s[2]) == AcrobotKernel.MaxSpeed1);
        Assert.Contains(states, s => Math.Abs(s[3]) == AcrobotKernel.MaxSpeed2);
        for (var angle = 0; angle < 2; angle++)
            Assert.Contains(acrobot, r => r.States.Zip(r.States.Skip(1), (a, b) => Math.Abs(a[angle] - b[angle])).Any(jump => jump > 5));
    }

    static double[] State(IStatefulEnvironment environment)
    {
        var state = new double[environment.StateNames.Count];
        environment.GetState(0, state);
        return state;
    }

    static void RequireNear(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance, $"{found[i]:R}, expected {expected[i]:R}");
    }

    static void RequireNear(double[] expected, float[] found, double tolerance) => RequireNear(expected, found.Select(v => (double)v).ToArray(), tolerance);

    static IEnumerable<GoldenRun> Golden(string task)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "classic", task + ".json")));
        foreach (var run in document.RootElement.EnumerateArray())
        {
            yield return new GoldenRun(
                run.GetProperty("identity").GetString()!,
                Numbers(run.GetProperty("start")),
                Numbers(run.GetProperty("actions")),
                run.GetProperty("states").EnumerateArray().Select(Numbers).ToArray(),
                run.GetProperty("observations").EnumerateArray().Select(Numbers).ToArray(),
                Numbers(run.GetProperty("rewards")),
                run.GetProperty("terminated").EnumerateArray().Select(t => t.GetBoolean()).ToArray());
        }
    }

    static double[] Numbers(JsonElement array) => array.EnumerateArray().Select(v => v.GetDouble()).ToArray();

    sealed record GoldenRun(string Identity, double[] Start, double[] Actions, double[][] States, double[][] Observations, double[] Rewards, bool[] Terminated);
}
