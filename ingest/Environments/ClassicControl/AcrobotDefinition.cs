namespace OfflineRL.Environments;

/// <summary>What may be recorded of Acrobot-v1 and what is kept back for evaluation.</summary>
static class AcrobotDefinition
{
    public static EnvironmentDefinition Create() => new()
    {
        Id = "Acrobot-v1",
        Description = "Swing the free end of two hanging links above a height with a motor between them (Gymnasium's definition).",
        ObservationSpace = Acrobot.Observations,
        ActionSpace = Acrobot.Actions,
        MaxEpisodeSteps = Acrobot.StepLimit,
        Parameters =
        [
            new("center_1", 0.5, "m, to the first link's center of mass", new(0.05, 2), new(0.45, 0.55), [new(0.3, 0.4), new(0.6, 0.8)]),
            new("center_2", 0.5, "m, to the second link's center of mass", new(0.05, 2), new(0.45, 0.55), [new(0.3, 0.4), new(0.6, 0.8)]),
            new("goal_height", 1.0, "m, links counting 1 m each", new(-1.9, 1.95), new(0.9, 1.1), [new(0, 0.8), new(1.2, 1.8)]),
            new("gravity", 9.8, "m/s^2", new(0.1, 30), new(9, 11), [new(5, 8), new(12, 18)]),
            new("inertia", 1.0, "kg m^2, of either link", new(0.2, 10), new(0.9, 1.1), [new(0.5, 0.8), new(1.25, 2)]),
            new("length_1", 1.0, "m", new(0.2, 3), new(0.9, 1.1), [new(0.6, 0.8), new(1.25, 1.6)]),
            new("mass_1", 1.0, "kg", new(0.1, 10), new(0.9, 1.1), [new(0.5, 0.8), new(1.25, 2)]),
            new("mass_2", 1.0, "kg", new(0.1, 10), new(0.9, 1.1), [new(0.5, 0.8), new(1.25, 2)]),
            new("start", 0.1, "rad and rad/s, half-width of the start range", new(0, 1), new(0, 0.15), [new(0.3, 1)]),
            new("torque", 1.0, "N m", new(0.1, 10), new(0.9, 1.1), [new(0.5, 0.8), new(1.3, 3)]),
            new("torque_noise", 0.0, "N m, half-width of what is added to the torque", new(0, 10), new(0, 0.1), [new(0.3, 2)]),
        ],
        ReferenceRandomReturn = -498.99,
        ReferenceExpertReturn = -84.68,
        ReferenceSource = "measured by this project over 40,960 episodes each: uniform actions (standard error 0.05) and the policy 'scripted' (0.10)",
        Success = new("the end swings above the height") { Terminates = true },
        HeldOutVariants =
        [
            new("near-center-1", "Acrobot-v1?center_1=0.35"),
            new("far-center-1", "Acrobot-v1?center_1=0.7"),
            new("near-center-2", "Acrobot-v1?center_2=0.35"),
            new("far-center-2", "Acrobot-v1?center_2=0.7"),
            new("low-goal", "Acrobot-v1?goal_height=0.5"),
            new("high-goal", "Acrobot-v1?goal_height=1.5"),
            new("low-gravity", "Acrobot-v1?gravity=7"),
            new("high-gravity", "Acrobot-v1?gravity=13"),
            new("low-inertia", "Acrobot-v1?inertia=0.7"),
            new("high-inertia", "Acrobot-v1?inertia=1.5"),
            new("short-link-1", "Acrobot-v1?length_1=0.7"),
            new("long-link-1", "Acrobot-v1?length_1=1.4"),
            new("light-link-1", "Acrobot-v1?mass_1=0.7"),
            new("heavy-link-1", "Acrobot-v1?mass_1=1.5"),
            new("light-link-2", "Acrobot-v1?mass_2=0.7"),
            new("heavy-link-2", "Acrobot-v1?mass_2=1.5"),
            new("wide-start", "Acrobot-v1?start=0.5"),
            new("weak-motor", "Acrobot-v1?torque=0.75"),
            new("strong-motor", "Acrobot-v1?torque=1.5"),
            new("noisy-motor", "Acrobot-v1?torque_noise=1"),
            .. SensorVariants.Of("Acrobot-v1", "0.1", 2),
        ],
        Policies =
        [
            new("scripted", "Pumps energy: torque against the way the first link swings.", static _ => new DiscreteController(
                "scripted", Acrobot.Observations, Acrobot.Actions, static observation => observation[4] > 0 ? 0 : 2)),
            new("scripted-weak", "Pumps energy: torque the way the second joint turns; a few episodes end up whirling.", static _ => new DiscreteController(
                "scripted-weak", Acrobot.Observations, Acrobot.Actions, static observation => observation[5] > 0 ? 2 : 0)),
        ],
        Painter = static identity => new AcrobotPainter(identity),
        Create = static (identity, count) => new Acrobot(identity, count),
    };
}
