namespace OfflineRL.Environments;

/// <summary>What may be recorded of space invaders and what is kept back for evaluation.</summary>
static class SpaceInvadersDefinition
{
    const string Id = "SpaceInvaders-MinAtar-v1";

    public static EnvironmentDefinition Create() => SpaceInvaders.Game.Complete(new()
    {
        Id = Id,
        Description = "Shoot waves of aliens that come down and shoot back (MinAtar's rules).",
        ObservationSpace = SpaceInvaders.Game.Observations,
        ActionSpace = GameDescription.SixActions,
        MaxEpisodeSteps = GameDescription.DefaultStepLimit,
        ReferenceRandomReturn = 2.84,
        ReferenceExpertReturn = 65.1,
        ReferenceSource = "measured by this project: uniform actions over 65,536 episodes (standard error 0.009) and the policy 'scripted' over 2,048 (1.1)",
        Parameters =
        [
            new(SpaceInvaders.MoveInterval, 12, "frames from a move of many aliens to the next, at first", new(1, 100), new(10, 14), [new(4, 8), new(18, 40)]) { IsWhole = true },
            GameDescription.RampingParameter,
            new(SpaceInvaders.ShotInterval, 10, "frames from a shot of the aliens to the next", new(1, 100), new(8, 12), [new(3, 6), new(15, 40)]) { IsWhole = true },
        ],
        HeldOutVariants =
        [
            new("fast", $"{Id}?{SpaceInvaders.MoveInterval}=7"),
            new("slow", $"{Id}?{SpaceInvaders.MoveInterval}=20"),
            new("rapid-fire", $"{Id}?{SpaceInvaders.ShotInterval}=5"),
            new("slow-fire", $"{Id}?{SpaceInvaders.ShotInterval}=20"),
            new("no-ramp", $"{Id}?{GameDescription.Ramping}=0"),
        ],
        Policies = [new("scripted", "Looks some frames ahead, dodges, and shoots at low aliens where they will be.", static identity => new SpaceInvadersPlayer(identity))],
        Create = static (identity, count) => new SpaceInvaders(identity, count),
    });
}
