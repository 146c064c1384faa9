using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The robots as the registry makes them, through the protocol.</summary>
public sealed class MujocoEnvironmentTests(SharedRobots robots) : IClassFixture<SharedRobots>
{
    const int Count = SharedRobots.Count;

    [Theory]
    [InlineData("HalfCheetah-v4", 1, 1)]
    [InlineData("Hopper-v4", 1, 1)]
    [InlineData("Hopper-v4", 5, 3)]
    [InlineData("Walker2d-v4", 1, 1)]
    public void Step_WithAnyBatchSizeAndThreads_GivesTheSameDigits(string id, int count, int threads)
    {
        using var environment = MujocoSetup.Start(id, count, threads);
        var few = new Walk(environment, 44);
        var many = robots.Start(id, 40);
        var ends = 0;
        for (var t = 0; t < 120; t++)
        {
            few.Step();
            many.Step();
            for (var i = 0; i < count; i++)
            {
                Assert.Equal(many.Row(4 + i), few.Row(i));
                Assert.Equal(many.Reward(4 + i), few.Reward(i));
                Assert.Equal(many.Terminated(4 + i), few.Terminated(i));
                if (!few.Ended(i))
                    continue;
                ends++;
                Assert.Equal(many.FinalRow(4 + i), few.FinalRow(i));
            }
        }

        Assert.True(id == "HalfCheetah-v4" ? ends == 0 : ends >= 2 * count, $"{ends} episodes ended");
    }

    [Fact]
    public void ResetInstance_WithASeed_StartsThatEpisodeAndLeavesTheOthers()
    {
        var walk = robots.Start("Hopper-v4", 10);
        var first = walk.Row(0);
        for (var t = 0; t < 5; t++)
            walk.Step();
        var row = new float[11];
        walk.Environment.ResetInstance(0, 10, row);
        Assert.Equal(first, row);
        walk.Environment.ResetInstance(2, 10, row);
        Assert.Equal(first, row);

        var untouched = robots.Start("Hopper-v4", 10);
        for (var t = 0; t < 5; t++)
            untouched.Step();
        walk = robots.Start("Hopper-v4", 10);
        for (var t = 0; t < 5; t++)
        {
            walk.Environment.ResetInstance(2, 99, row);
            walk.Step();
        }

        Assert.Equal(untouched.Row(1), walk.Row(1));
        Assert.NotEqual(untouched.Row(2), walk.Row(2));
    }

    [Fact]
    public void Reset_WithSeeds_StartsInsideTheNoiseOfEachTask()
    {
        var hopper = robots.Start("Hopper-v4");
        var rows = Enumerable.Range(0, Count).Select(hopper.Row).ToList();
        Assert.All(rows, r => Assert.InRange(r[0], 1.245f, 1.255f));
        Assert.All(rows, r => Assert.All(r[1..], v => Assert.InRange(v, -0.005f, 0.005f)));
        Assert.Equal(Count, rows.Select(r => r[4]).Distinct().Count());
        Assert.Equal(0.005 / Math.Sqrt(3), Math.Sqrt(rows.SelectMany(r => r[1..]).Average(v => (double)v * v)), 0.0005);

        // Positions within 0.1; velocities normal with that deviation: 32 x 9 of them, five standard errors.
        var cheetah = robots.Start("HalfCheetah-v4");
        rows = Enumerable.Range(0, Count).Select(cheetah.Row).ToList();
        Assert.All(rows, r => Assert.All(r[..8], v => Assert.InRange(v, -0.1f, 0.1f)));
        Assert.Equal(0.1, Math.Sqrt(rows.SelectMany(r => r[8..]).Average(v => (double)v * v)), 0.021);
        Assert.Contains(rows.SelectMany(r => r[8..]), v => Math.Abs(v) > 0.15);
    }

    [Fact]
    public void Episode_OfHopper_EndsWhereItsFinalObservationIsUnhealthy()
    {
        var walk = robots.Start("Hopper-v4");
        var ends = 0;
        for (var t = 0; t < 60; t++)
        {
            walk.Step();
            for (var i = 0; i < Count; i++)
            {
                if (!walk.Terminated(i))
                {
                    Assert.True(walk.Row(i)[0] > 0.7f && Math.Abs(walk.Row(i)[1]) < 0.2f);
                    continue;
                }

                ends++;
                Assert.True(walk.FinalRow(i)[0] <= 0.7f || Math.Abs(walk.FinalRow(i)[1]) >= 0.2f);
                Assert.InRange(walk.Row(i)[0], 1.245f, 1.255f);
            }
        }

        Assert.True(ends > 30, $"only {ends} episodes ended");
    }

    // Gymnasium's v4 gives about 18, -280 and 2 under uniform actions.
    [Theory]
    [InlineData("Hopper-v4", 20, 14, 22)]
    [InlineData("HalfCheetah-v4", 1, -340, -220)]
    [InlineData("Walker2d-v4", 12, 0.5, 4)]
    public void Returns_OfRandomActions_AreOfGymnasiumsSize(string id, int perInstance, double low, double high)
    {
        var walk = robots.Start(id, 1000);
        var (sums, lengths) = (new double[Count], new int[Count]);
        var returns = Enumerable.Range(0, Count).Select(_ => new List<double>()).ToArray();
        while (returns.Any(r => r.Count < perInstance))
        {
            walk.Step();
            for (var i = 0; i < Count; i++)
            {
                sums[i] += walk.Reward(i);
                lengths[i]++;
                if (!walk.Ended(i))
                    continue;
                // A cheetah never falls: it is cut at the limit.
                Assert.Equal(id == "HalfCheetah-v4" ? 1000 : lengths[i], lengths[i]);
                Assert.Equal(id == "HalfCheetah-v4", walk.Truncated(i));
                returns[i].Add(sums[i]);
                (sums[i], lengths[i]) = (0, 0);
            }
        }

        // The same number of every instance: taking whichever ended first would favor short ones.
        var all = returns.SelectMany(r => r.Take(perInstance)).ToList();
        var mean = all.Average();
        var interval = 1.96 * Math.Sqrt(all.Average(r => (r - mean) * (r - mean)) / (all.Count - 1));
        TestContext.Current.TestOutputHelper!.WriteLine(FormattableString.Invariant($"{id}: mean {mean:0.00} +- {interval:0.00} over {all.Count} episodes"));
        Assert.InRange(mean, low, high);
        Assert.InRange(interval, 0, (high - low) / 4);
    }

    [Fact]
    public void Variant_OfEveryParameter_WalksAnotherWay()
    {
        using var environment = MujocoSetup.Start("Hopper-v4?damping=2.5&friction=0.4&gravity=6&start=0.04&strength=0.6&torso_mass=2", 2);
        var varied = new Walk(environment, 0);
        var nominal = robots.Start("Hopper-v4");
        // The same draws, eight times as wide.
        Assert.Equal(8 * nominal.Row(0)[1], varied.Row(0)[1], 1e-7f);
        Assert.Equal(6, environment.Identity.Parameters["gravity"]);
        for (var t = 0; t < 5; t++)
        {
            varied.Step();
            nominal.Step();
        }

        Assert.True(varied.Row(0)[5] > nominal.Row(0)[5] + 0.05f, "it falls more slowly under less gravity");
    }

    [Fact]
    public void Sensors_OfARobot_MayBeLateAndNoisy()
    {
        var nominal = robots.Start("Hopper-v4", 0);
        var definition = EnvironmentRegistry.Definition("Hopper-v4");
        using var late = EnvironmentRegistry.Make(definition.HeldOutVariants.Single(v => v.Name == "late-sensors").Id, 1);
        using var noisy = EnvironmentRegistry.Make(definition.HeldOutVariants.Single(v => v.Name == "noisy-sensors").Id, 1);
        var (lateWalk, noisyWalk) = (new Walk(late, 0), new Walk(noisy, 0));
        List<float[]> rows = [nominal.Row(0)];
        for (var t = 1; t <= 6; t++)
        {
            nominal.Step();
            lateWalk.Step();
            noisyWalk.Step();
            rows.Add(nominal.Row(0));
            Assert.Equal(rows[Math.Max(0, t - 2)], lateWalk.Row(0));
            Assert.Equal(nominal.Reward(0), noisyWalk.Reward(0));
            Assert.InRange(Math.Sqrt(rows[t].Zip(noisyWalk.Row(0), (a, b) => Math.Pow(a - b, 2)).Average()), 0.02, 0.1);
        }
    }

    [Fact]
    public void Step_WithAnActionOutside_IsRefusedAndNothingIsStepped()
    {
        var walk = robots.Start("Hopper-v4");
        var before = walk.Row(0);
        Assert.Contains("expected -1 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => walk.Step([.. new float[95], 1.5f])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => walk.Step([.. new float[95], float.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => walk.Step([0, 0, 0]));
        Assert.Equal(before, walk.Row(0));
    }

    [Fact]
    public void Render_OfARobot_DrawsItWhereItIs()
    {
        MujocoSetup.Require();
        using var environment = (IRenderedEnvironment)EnvironmentRegistry.Definition("Hopper-v4").CreateRendered!(EnvironmentRegistry.Resolve("Hopper-v4"), 2);
        var walk = new Walk(environment, 5);
        var (width, height) = environment.FrameSize;
        var (first, again, second) = (new byte[3 * width * height], new byte[3 * width * height], new byte[3 * width * height]);
        environment.Render(0, first);
        environment.Render(0, again);
        Assert.Equal(first, again);
        // The torso stands in the middle, above nothing but background at the border.
        Assert.NotEqual(Pixel(first, width / 2, height - 40 - 140), Pixel(first, 5, height - 40 - 140));
        Assert.Equal(Pixel(first, width - 5, 20), Pixel(first, 5, 20));

        var same = robots.Start("Hopper-v4", 5);
        for (var t = 0; t < 10; t++)
        {
            walk.Step();
            environment.Render(0, second);
            same.Step();
            // Drawing leaves no trace.
            Assert.Equal(same.Row(0), walk.Row(0));
        }

        Assert.NotEqual(first, second);

        (byte, byte, byte) Pixel(byte[] rgb, int x, int y) => (rgb[3 * ((y * width) + x)], rgb[(3 * ((y * width) + x)) + 1], rgb[(3 * ((y * width) + x)) + 2]);
    }

    // The server draws what MuJoCo says, the painter what it makes of an observation.
    [Theory]
    [InlineData("HalfCheetah-v4")]
    [InlineData("Hopper-v4")]
    [InlineData("Walker2d-v4")]
    public void Painter_OfARobot_DrawsWhatTheServerDraws(string id)
    {
        MujocoSetup.Require();
        var definition = EnvironmentRegistry.Definition(id);
        var painter = definition.Painter!(EnvironmentRegistry.Resolve(id));
        using var environment = (IRenderedEnvironment)definition.CreateRendered!(EnvironmentRegistry.Resolve(id), 1);
        Assert.Equal(environment.FrameSize, painter.Size);
        var (width, height) = painter.Size;
        var walk = new Walk(environment, 7);
        var drawn = new byte[3 * width * height];
        var before = new bool[width * height];
        for (var t = 0; t < 18; t++)
        {
            environment.Render(0, drawn);
            var canvas = new Canvas(width, height);
            painter.Paint(canvas, new PaintedStep { Observation = walk.Row(0) });
            var (expected, found) = (Colored(drawn), Colored(canvas.Rgb));
            Assert.InRange(expected.Count(c => c), 2000, 20_000);
            Assert.Equal(0, Strays(expected, found));
            Assert.Equal(0, Strays(found, expected));
            // A few steps later it would not be that picture.
            if (t == 15)
                Assert.True(Strays(before, found) > 20);
            if (t == 5)
                before = found;
            walk.Step();
        }

        // The robot's paint has colors, the background is grey, and a line on it does not count.
        static bool[] Colored(ReadOnlySpan<byte> rgb)
        {
            var colored = new bool[rgb.Length / 3];
            for (var i = 0; i < colored.Length; i++)
                colored[i] = Math.Max(rgb[3 * i], Math.Max(rgb[(3 * i) + 1], rgb[(3 * i) + 2])) - Math.Min(rgb[3 * i], Math.Min(rgb[(3 * i) + 1], rgb[(3 * i) + 2])) > 45;
            return colored;
        }

        // Pixels of one that have none of the other within two pixels; joints are dark, and narrower than what they join.
        int Strays(bool[] these, bool[] those)
        {
            var strays = 0;
            for (var i = 0; i < these.Length; i++)
            {
                var isNear = false;
                for (var y = Math.Max(0, (i / width) - 2); y <= Math.Min(height - 1, (i / width) + 2) && these[i]; y++)
                {
                    for (var x = Math.Max(0, (i % width) - 2); x <= Math.Min(width - 1, (i % width) + 2); x++)
                        isNear |= those[(y * width) + x];
                }

                strays += these[i] && !isNear ? 1 : 0;
            }

            return strays;
        }
    }

    [Fact]
    public void Server_AskedForWhatItHasNot_SaysWhatItHas()
    {
        MujocoSetup.Require();
        var identity = new EnvironmentIdentity("Ant-v4", new Dictionary<string, double>());
        var error = Assert.Throws<UserErrorException>(() => ExternalEnvironment.Start(MujocoServer.Command(identity), "Ant-v4", identity, identity.Parameters, 1));
        Assert.Contains("no environment 'Ant-v4'; it has HalfCheetah-v4, Hopper-v4, Walker2d-v4", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<UserErrorException>(() => ExternalEnvironment.Start(MujocoServer.Command(identity), "Hopper-v4", identity, new Dictionary<string, double> { ["mass"] = 2 }, 1));
        Assert.Contains("no parameter 'mass'; it has damping, friction, gravity, start, strength, torso_mass", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Server_WithAWrongNumberOfThreads_SaysSo()
    {
        var error = Assert.Throws<UserErrorException>(() => MujocoSetup.Start("Hopper-v4", 1, threads: 0));
        Assert.Contains("OFFLINERL_MUJOCO_THREADS is '0'; expected a whole number from 1 to 256", error.Message, StringComparison.Ordinal);
    }
}
