namespace OfflineRL.Environments;

/// <summary>What may be recorded of DMSD and what is kept back for evaluation.</summary>
static class DmsdDefinition
{
    const double Stiffness = 2, Force = 30, Mass = 20, Damping = 4;

    public static EnvironmentDefinition Create() => new()
    {
        Id = "DMSD",
        Description = "Push two bodies, joined by springs and dampers, onto their targets (NeoRL-2's definition).",
        ObservationSpace = Dmsd.Observations,
        ActionSpace = Dmsd.Actions,
        MaxEpisodeSteps = Dmsd.StepLimit,
        Parameters =
        [
            new("damping", Damping, "N s/m, of each damper", new(0, 40), new(3.5, 4.5), [new(1, 3), new(5, 10)]),
            new("force", Force, "N at full action", new(1, 200), new(27, 33), [new(15, 24), new(36, 60)]),
            new("mass", Mass, "kg, of either body", new(5, 200), new(18, 22), [new(10, 16), new(25, 40)]),
            new("start", 0.25, "m, half-width of the start positions", new(0, 2), new(0, 0.4), [new(0.6, 2)]),
            new("start_speed", 0.1, "m/s, half-width of the start velocities", new(0, 2), new(0, 0.2), [new(0.4, 2)]),
            new("stiffness", Stiffness, "N/m, of each spring", new(0, 20), new(1.8, 2.2), [new(0.5, 1.5), new(2.5, 5)]),
            new("target", 1.5, "m, half-width of the targets", new(0, 5), new(1, 1.6), [new(1.8, 3)]),
        ],
        ReferenceRandomReturn = 30.60,
        ReferenceExpertReturn = 849.51,
        ReferenceSource = "NeoRL-2 (arXiv:2503.19267): score = 100 (R - 30.60) / (849.51 - 30.60). Here uniform actions return 34.5 (standard error 0.4), scripted 846.2 (0.2).",
        HeldOutVariants =
        [
            new("light-damping", "DMSD?damping=2"),
            new("heavy-damping", "DMSD?damping=8"),
            new("weak-force", "DMSD?force=20"),
            new("strong-force", "DMSD?force=45"),
            new("light-bodies", "DMSD?mass=14"),
            // What NeoRL-2's own test mode changes.
            new("heavy-bodies", "DMSD?mass=30"),
            new("wide-start", "DMSD?start=1"),
            new("fast-start", "DMSD?start_speed=1"),
            new("soft-springs", "DMSD?stiffness=1"),
            new("stiff-springs", "DMSD?stiffness=4"),
            new("far-targets", "DMSD?target=2"),
            .. SensorVariants.Of("DMSD", "0.05", 2),
        ],
        Policies =
        [
            new("scripted", "Goes to the targets as fast as it can still brake, and stays there.", static _ => Controller("scripted", Approach)),
            new("scripted-hold", "The constant force that holds a body at rest on its target.", static _ => Controller("scripted-hold", Hold)),
            new("zero", "No force.", static _ => Controller("zero", static (_, action) => action.Clear())),
        ],
        Painter = static _ => new DmsdPainter(),
        Create = static (identity, count) => new Dmsd(identity, count),
    };

    static ContinuousController Controller(string name, ContinuousRule rule) => new(name, Dmsd.Observations, Dmsd.Actions, rule);

    // The controllers know the nominal parameters only. Observation: x1, x2, v1, v2, t1, t2.
    static void Hold(ReadOnlySpan<float> o, Span<double> action)
    {
        action[0] = ((2 * Stiffness * o[4]) - (Stiffness * o[5])) / Force;
        action[1] = ((2 * Stiffness * o[5]) - (Stiffness * o[4])) / Force;
    }

    static void Approach(ReadOnlySpan<float> o, Span<double> action)
    {
        for (var body = 0; body < 2; body++)
        {
            var (x, other, v, otherV, target) = (o[body], o[1 - body], o[2 + body], o[3 - body], o[4 + body]);
            // The action takes effect on the position a step later; so it looks from there.
            var distance = target - (x + (DmsdKernel.TimeStep * v));
            var wanted = Math.CopySign(Math.Min(Math.Abs(distance) / DmsdKernel.TimeStep, Math.Sqrt(2 * Braking * Math.Abs(distance))), distance);
            var springs = (Stiffness * other) - (2 * Stiffness * x) + (Damping * otherV) - (2 * Damping * v);
            action[body] = ((Mass * (wanted - v) / DmsdKernel.TimeStep) - springs) / Force;
        }
    }

    // m/s^2 that are left against the springs.
    const double Braking = 1.0;
}
