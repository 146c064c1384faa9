using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// What is listed of the rigid bodies in MuJoCo: Hopper, HalfCheetah and Walker2d as Gymnasium's v4 environments define them,
/// run by <c>Server/server.mjs</c> in a child process.
/// </summary>
static class MujocoEnvironments
{
    // Fu et al., "D4RL: Datasets for Deep Data-Driven Reinforcement Learning" (2020), the returns by which its scores are
    // normalized. They were measured with the v2 environments in an older MuJoCo.
    const string D4rl = "D4RL (Fu et al., 2020), by which published scores are normalized; measured by its authors on the v2 environments";

    public static IReadOnlyList<EnvironmentDefinition> All { get; } =
    [
        new()
        {
            Id = "HalfCheetah-v4",
            Description = "A two-legged cheetah in the plane is to run fast (MuJoCo, Gymnasium's definition).",
            ObservationSpace = BoxSpace.Unbounded(17),
            ActionSpace = Torques(6),
            MaxEpisodeSteps = 1000,
            Parameters = Parameters(new("start", 0.1, "half-width of the start positions' noise and standard deviation of the velocities'", new(0, 0.5), new(0, 0.15), [new(0.2, 0.5)])),
            HeldOutVariants = Variants("HalfCheetah-v4", "0.3"),
            ReferenceRandomReturn = -280.178953,
            ReferenceExpertReturn = 12135.0,
            ReferenceSource = D4rl,
            Requirement = Requirement,
            Painter = _ => new RobotPainter(RobotPainter.HalfCheetah),
            Create = Create,
            CreateRendered = CreateRendered,
        },
        new()
        {
            Id = "Hopper-v4",
            Description = "A one-legged robot in the plane is to hop forward without falling (MuJoCo, Gymnasium's definition).",
            ObservationSpace = BoxSpace.Unbounded(11),
            ActionSpace = Torques(3),
            MaxEpisodeSteps = 1000,
            Parameters = Parameters(FallingStart),
            HeldOutVariants = Variants("Hopper-v4", "0.04"),
            ReferenceRandomReturn = -20.272305,
            ReferenceExpertReturn = 3234.3,
            ReferenceSource = D4rl,
            Requirement = Requirement,
            Painter = _ => new RobotPainter(RobotPainter.Hopper),
            Create = Create,
            CreateRendered = CreateRendered,
        },
        new()
        {
            Id = "Walker2d-v4",
            Description = "A two-legged robot in the plane is to walk forward without falling (MuJoCo, Gymnasium's definition).",
            ObservationSpace = BoxSpace.Unbounded(17),
            ActionSpace = Torques(6),
            MaxEpisodeSteps = 1000,
            Parameters = Parameters(FallingStart),
            HeldOutVariants = Variants("Walker2d-v4", "0.04"),
            ReferenceRandomReturn = 1.629008,
            ReferenceExpertReturn = 4592.3,
            ReferenceSource = D4rl,
            Requirement = Requirement,
            Painter = _ => new RobotPainter(RobotPainter.Walker2d),
            Create = Create,
            CreateRendered = CreateRendered,
        },
    ];

    const string Requirement = "Node 18 or newer and the npm package mujoco-js: make setup-mujoco";

    static ParameterDefinition FallingStart => new("start", 0.005, "half-width of the start's noise", new(0, 0.1), new(0, 0.01), [new(0.02, 0.08)]);

    static BoxSpace Torques(int count) => new([count], Enumerable.Repeat(-1.0, count).ToArray(), Enumerable.Repeat(1.0, count).ToArray());

    // Factors of what the robot's tables say, but for gravity and the start.
    static ParameterDefinition[] Parameters(ParameterDefinition start) =>
    [
        new("damping", 1, "times the joints' damping", new(0, 10), new(0.8, 1.25), [new(0.2, 0.6), new(1.6, 4)]),
        new("friction", 1, "times every coefficient of sliding friction", new(0.05, 10), new(0.8, 1.25), [new(0.2, 0.6), new(1.6, 3)]),
        new("gravity", 9.81, "m/s^2", new(0, 100), new(9, 11), [new(4, 7.5), new(12.5, 20)]),
        start,
        new("strength", 1, "times the motors' torques", new(0, 10), new(0.85, 1.15), [new(0.4, 0.75), new(1.3, 2)]),
        new("torso_mass", 1, "times the torso's mass", new(0.05, 20), new(0.8, 1.25), [new(0.3, 0.6), new(1.6, 3)]),
    ];

    static HeldOutVariant[] Variants(string id, string wideStart) =>
    [
        new("weak-damping", $"{id}?damping=0.4"),
        new("strong-damping", $"{id}?damping=2.5"),
        new("slippery", $"{id}?friction=0.4"),
        new("sticky", $"{id}?friction=2"),
        new("low-gravity", $"{id}?gravity=6"),
        new("high-gravity", $"{id}?gravity=14"),
        new("wide-start", $"{id}?start={wideStart}"),
        new("weak-motors", $"{id}?strength=0.6"),
        new("strong-motors", $"{id}?strength=1.5"),
        new("light-torso", $"{id}?torso_mass=0.5"),
        new("heavy-torso", $"{id}?torso_mass=2"),
        .. SensorVariants.Of(id, "0.05", 2),
    ];

    static IVectorEnvironment Create(EnvironmentIdentity identity, int count) => MujocoServer.Start(identity, count, render: false);

    static IVectorEnvironment CreateRendered(EnvironmentIdentity identity, int count) => MujocoServer.Start(identity, count, render: true);
}
