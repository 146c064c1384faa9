using System.Globalization;
using System.IO.Compression;
using System.Runtime.Intrinsics;
using System.Text.Json;
using CsvHelper;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The kernel against two sources it shares no code with: a Python script and logs of RLlib's.</summary>
public sealed class CartPoleDynamicsTests
{
    static readonly CartPoleParameters Nominal = new(9.8, 1.0, 0.1, 0.5, 10, 0.05);

    [Fact]
    public void Kernel_FromEveryGoldenState_GivesTheNextOne()
    {
        var steps = 0;
        foreach (var run in Golden())
        {
            for (var t = 0; t < run.Actions.Length; t++, steps++)
            {
                var next = Step(run.States[t], run.Actions[t], run.Parameters);
                for (var i = 0; i < 4; i++)
                    Assert.Equal(run.States[t + 1][i], next[i], 1e-14);
            }
        }

        Assert.True(steps > 800, $"only {steps} golden steps were compared");
    }

    [Fact]
    public void Kernel_AlongGoldenTrajectories_StaysWithinTwelveDigits()
    {
        foreach (var run in Golden())
        {
            // Open loop, an upright pole multiplies every rounding by e about each quarter second; 100 steps are two seconds.
            var state = run.States[0];
            for (var t = 0; t < Math.Min(100, run.Actions.Length); t++)
            {
                state = Step(state, run.Actions[t], run.Parameters);
                for (var i = 0; i < 4; i++)
                    Assert.Equal(run.States[t + 1][i], state[i], 1e-12);
            }
        }
    }

    [Fact]
    public void Kernel_OnGoldenRuns_FallsWhereTheyFall()
    {
        var fallen = 0;
        foreach (var run in Golden())
        {
            for (var t = 0; t < run.States.Length; t++)
                Assert.Equal(run.Terminated && t == run.States.Length - 1, Pack(run.States[t]).Fallen != 0);
            fallen += run.Terminated ? 1 : 0;
        }

        Assert.Equal(4, fallen);
    }

    [Fact]
    public void Kernel_OnRllibLogs_GivesTheLoggedNextObservation()
    {
        var (worst, rows) = WorstError(Nominal);
        Assert.Equal(4137, rows);
        Assert.InRange(worst, 0, 1e-7);
    }

    [Theory]
    [InlineData(9.9, 1.0, 0.1, 0.5, 10)]
    [InlineData(9.8, 1.01, 0.1, 0.5, 10)]
    [InlineData(9.8, 1.0, 0.11, 0.5, 10)]
    [InlineData(9.8, 1.0, 0.1, 0.51, 10)]
    [InlineData(9.8, 1.0, 0.1, 0.5, 10.1)]
    public void Kernel_WithAnyOtherParameter_DoesNotFitTheLogs(double gravity, double cartMass, double poleMass, double length, double force)
    {
        var (worst, _) = WorstError(new CartPoleParameters(gravity, cartMass, poleMass, length, force, 0.05));
        Assert.True(worst > 1e-5, $"worst error {worst}");
    }

    [Fact]
    public void SinCos_OverAllRunningAngles_IsWithinOneUlp()
    {
        for (var i = -20_000; i <= 20_000; i++)
        {
            // The last fifth goes through the scalar path.
            var x = i / 20_000.0;
            Trigonometry.SinCosNearZero(Vector512.Create(x), out var sin, out var cos);
            Assert.True(Math.Abs(sin[3] - Math.Sin(x)) <= Math.BitIncrement(Math.Abs(Math.Sin(x))) - Math.Abs(Math.Sin(x)), $"sin {x:R}");
            Assert.True(Math.Abs(cos[5] - Math.Cos(x)) <= Math.BitIncrement(Math.Cos(x)) - Math.Cos(x), $"cos {x:R}");
        }
    }

    static (double Worst, int Rows) WorstError(in CartPoleParameters parameters)
    {
        using var file = File.OpenRead(SharedData.Require("rllib_cartpole/decoded_large.csv.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        using var csv = new CsvReader(reader, CultureInfo.InvariantCulture);
        csv.Read();
        csv.ReadHeader();
        var (worst, rows) = (0.0, 0);
        for (; csv.Read(); rows++)
        {
            var state = Enumerable.Range(0, 4).Select(i => csv.GetField<double>($"obs_{i}")).ToArray();
            var next = Step(state, csv.GetField<int>("action_0"), parameters);
            for (var i = 0; i < 4; i++)
                worst = Math.Max(worst, Math.Abs(next[i] - csv.GetField<double>($"next_obs_{i}")));
        }

        return (worst, rows);
    }

    static double[] Step(double[] state, int action, in CartPoleParameters parameters)
    {
        var next = CartPoleKernel.Step(Pack(state), Vector512.Create(action == 1 ? parameters.Force : -parameters.Force), parameters);
        return [next.Position[0], next.Velocity[0], next.Angle[0], next.AngularVelocity[0]];
    }

    static CartPoleKernel.State Pack(double[] s) =>
        new(Vector512.Create(s[0]), Vector512.Create(s[1]), Vector512.Create(s[2]), Vector512.Create(s[3]));

    static IEnumerable<GoldenRun> Golden()
    {
        var path = Path.Combine(Checkout.Root, "tests", "golden", "cartpole.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        foreach (var run in document.RootElement.EnumerateArray())
        {
            var p = run.GetProperty("parameters");
            double Number(string name) => p.GetProperty(name).GetDouble();
            yield return new GoldenRun(
                new CartPoleParameters(Number("gravity"), Number("cart_mass"), Number("pole_mass"), Number("length"), Number("force"), 0.05),
                run.GetProperty("actions").EnumerateArray().Select(a => a.GetInt32()).ToArray(),
                run.GetProperty("states").EnumerateArray().Select(s => s.EnumerateArray().Select(v => v.GetDouble()).ToArray()).ToArray(),
                run.GetProperty("terminated").GetBoolean());
        }
    }

    sealed record GoldenRun(CartPoleParameters Parameters, int[] Actions, double[][] States, bool Terminated);
}
