using System.Text.Json;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The robots themselves: physics.mjs asks the server's own modules, and Gymnasium's models stand in golden/mujoco.json.</summary>
public sealed class MujocoPhysicsTests(MujocoPhysicsTests.Figures figures) : IClassFixture<MujocoPhysicsTests.Figures>
{
    public static TheoryData<string> Ids => ["HalfCheetah-v4", "Hopper-v4", "Walker2d-v4"];

    [Theory]
    [InlineData("HalfCheetah-v4", 484)]
    [InlineData("Hopper-v4", 298)]
    [InlineData("Walker2d-v4", 466)]
    public void Model_BuiltFromOurTables_IsGymnasiumsNumberByNumber(string id, int numbers)
    {
        var robot = figures.Robot(id);
        Assert.Equal(numbers, robot.GetProperty("model").GetProperty("numbers").GetInt32());
        Assert.Empty(Names(robot, "model"));
        // The comparison can fail.
        Assert.Contains("body_mass", Names(robot, "otherModel"));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Trajectory_OfSixtySteps_IsThatOfGymnasiumsModel(string id)
    {
        var replay = figures.Robot(id).GetProperty("replay");
        Assert.Equal(60, replay.GetProperty("steps").GetInt32());
        Assert.InRange(Number(replay, "observations"), 0, 1e-12);
        Assert.InRange(Number(replay, "rewards"), 0, 1e-12);
        Assert.Equal(0, replay.GetProperty("ends").GetInt32());
        Assert.Equal(id != "HalfCheetah-v4", replay.GetProperty("unhealthy").GetInt32() is > 10 and < 60);
        // A thousandth more gravity is seen.
        Assert.True(Number(figures.Robot(id).GetProperty("otherReplay"), "observations") > 1e-4);
    }

    // Density 1,000 times the volume of a capsule; HalfCheetah's are scaled to 14 kg in all.
    [Fact]
    public void Masses_OfEveryLink_AreThoseOfTheirCapsules()
    {
        double[] leg = [Capsule(0.05, 0.45), Capsule(0.04, 0.5)];
        Close([Capsule(0.05, 0.4), .. leg, Capsule(0.06, 0.39)], Numbers(figures.Robot("Hopper-v4"), "masses"));
        Close([Capsule(0.05, 0.4), .. leg, Capsule(0.06, 0.2), .. leg, Capsule(0.06, 0.2)], Numbers(figures.Robot("Walker2d-v4"), "masses"));
        double[] cheetah = [Capsule(0.046, 1) + Capsule(0.046, 0.3), .. new[] { 0.29, 0.3, 0.188, 0.266, 0.212, 0.14 }.Select(l => Capsule(0.046, l))];
        Close(cheetah.Select(m => 14 * m / cheetah.Sum()).ToArray(), Numbers(figures.Robot("HalfCheetah-v4"), "masses"));

        static double Capsule(double radius, double length) => 1000 * Math.PI * radius * radius * (length + (4 * radius / 3));
        static void Close(double[] expected, double[] found)
        {
            Assert.Equal(expected.Length, found.Length);
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        }
    }

    [Theory]
    [InlineData("HalfCheetah-v4", 0.05)]
    [InlineData("Hopper-v4", 0.008)]
    [InlineData("Walker2d-v4", 0.008)]
    public void Step_OfATask_LastsAsDocumented(string id, double seconds) => Assert.Equal(seconds, Number(figures.Robot(id), "secondsPerStep"), 1e-15);

    // Without friction in the joints, ground and limits a second of flight keeps its energy to the fourth order's error, and
    // the center of mass falls by g/2 a second squared and nothing else.
    [Theory]
    [InlineData("HalfCheetah-v4", 1e-6, 1e-8)]
    [InlineData("Hopper-v4", 1e-12, 1e-12)]
    [InlineData("Walker2d-v4", 1e-9, 1e-9)]
    public void Flight_WithoutFriction_KeepsEnergyAndFallsFreely(string id, double relative, double path)
    {
        var (coarse, fine) = (figures.Robot(id).GetProperty("coarseFlight"), figures.Robot(id).GetProperty("flight"));
        Assert.True(Number(fine, "kinetic") > 50);
        Assert.InRange(Number(fine, "drift") / Number(fine, "kinetic"), 0, relative);
        Assert.True(Number(coarse, "drift") > 12 * Number(fine, "drift"), "half the time step must leave a sixteenth of the drift or less");
        Assert.InRange(Number(fine, "fall"), 0, path);
        Assert.InRange(Number(fine, "sideways"), 0, path);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Rest_OnTheGround_IsCarriedByItsWeight(string id)
    {
        foreach (var name in (string[])["rest", "heavyRest"])
        {
            var rest = figures.Robot(id).GetProperty(name);
            Assert.Equal(9.81 * Number(rest, "mass"), Number(rest, "weight"), 1e-9);
            Assert.Equal(1, Number(rest, "support") / Number(rest, "weight"), 1e-6);
            Assert.True(rest.GetProperty("contacts").GetInt32() >= 2);
            Assert.InRange(Number(rest, "speed"), 0, 1e-6);
        }
    }

    // Contacts are soft: 12 cm is what a fall under full random torques presses in, a hole would show as meters.
    [Theory]
    [MemberData(nameof(Ids))]
    public void Robot_UnderRandomTorques_DoesNotFallThroughTheFloor(string id) => Assert.InRange(Number(figures.Robot(id), "lowest"), -0.2, 0);

    [Theory]
    [MemberData(nameof(Ids))]
    public void Episode_AtTheExactBounds_EndsAsDefined(string id)
    {
        var bounds = figures.Robot(id).GetProperty("bounds").EnumerateArray().ToList();
        Assert.True(bounds.Count >= 3);
        Assert.All(bounds, b => Assert.True(b.GetProperty("expected").GetBoolean() == b.GetProperty("found").GetBoolean(), b.GetProperty("change").GetString()));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Parameters_ChangeWhatTheyName_AndNothingElse(string id)
    {
        var robot = figures.Robot(id);
        Assert.All(Numbers(robot, "gear"), f => Assert.Equal(1.5, f, 1e-12));
        Assert.All(Numbers(robot, "damping"), f => Assert.Equal(2, f, 1e-12));
        Assert.All(Numbers(robot, "sliding"), f => Assert.Equal(0.5, f, 1e-12));
        Assert.All(Numbers(robot, "rolling"), f => Assert.Equal(1, f, 1e-12));
        var masses = Numbers(robot, "heavyTorso");
        Assert.Equal(2, masses[0], 1e-12);
        Assert.All(masses[1..], f => Assert.Equal(1, f, 1e-12));
    }

    [Fact]
    public void Randomness_OfAStream_IsAsPublishedAndDistributedAsNamed()
    {
        var draws = figures.Draws;
        // SplitMix64 of seed 0: e220a8397b1dcdaf, 6e789e6aa1b965f4. xoshiro128** from 1, 2, 3, 4, as its authors' program gives it.
        Assert.Equal([0x7b1dcdaf, 0xe220a839, 0xa1b965f4, 0x6e789e6a], Numbers(draws, "seeded").Select(x => (uint)x));
        Assert.Equal([11520, 0, 5927040, 70819200], Numbers(draws, "words").Select(x => (int)x));
        // Five standard errors of 200,000 draws.
        var uniform = Numbers(draws, "uniform");
        Assert.Equal(0, uniform[0]);
        Assert.Equal(1 / 2.0, uniform[1], 0.0033);
        Assert.Equal(1 / 3.0, uniform[2], 0.0034);
        var normal = Numbers(draws, "normal");
        Assert.Equal(0, normal[0], 0.0112);
        Assert.Equal(1, normal[1], 0.0159);
        Assert.Equal(0, normal[2], 0.0434);
        Assert.Equal(3, normal[3], 0.11);
    }

    static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    static double[] Numbers(JsonElement element, string name) => element.GetProperty(name).EnumerateArray().Select(e => e.GetDouble()).ToArray();

    static string[] Names(JsonElement robot, string comparison) =>
        robot.GetProperty(comparison).GetProperty("differing").EnumerateArray().Select(e => e.GetString()!).ToArray();

    /// <summary>One run of physics.mjs for all tests.</summary>
    public sealed class Figures
    {
        readonly Lazy<JsonElement> _figures = new(static () =>
        {
            MujocoSetup.Require();
            var output = MujocoSetup.Run(
                Path.Combine(Checkout.Root, "tests", "Environments", "Mujoco", "physics.mjs"),
                Path.GetDirectoryName(MujocoServer.Script("server.mjs"))!,
                MujocoServer.FindPackage()!,
                Path.Combine(Checkout.Root, "tests", "golden", "mujoco.json"));
            return JsonDocument.Parse(output).RootElement;
        });

        public JsonElement Draws => _figures.Value.GetProperty("draws");

        public JsonElement Robot(string id) => _figures.Value.GetProperty("robots").GetProperty(id);
    }
}
