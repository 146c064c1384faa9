namespace OfflineRL.Environments;

/// <summary>What may be recorded of freeway and what is kept back for evaluation.</summary>
static class FreewayDefinition
{
    const string Id = "Freeway-MinAtar-v1";

    public static EnvironmentDefinition Create() => Freeway.Game.Complete(new()
    {
        Id = Id,
        Description = "Lead a chicken over eight lanes of cars (MinAtar's rules).",
        ObservationSpace = Freeway.Game.Observations,
        ActionSpace = GameDescription.SixActions,
        MaxEpisodeSteps = GameDescription.DefaultStepLimit,
        ReferenceRandomReturn = 0.132,
        ReferenceExpertReturn = 62.8,
        ReferenceSource = "measured by this project: uniform actions over 16,384 episodes (standard error 0.003) and the policy 'scripted' over 512 (0.1)",
        Parameters =
        [
            new(Freeway.PlayerInterval, 3, "frames from a move of the player to the next", new(1, 100), new(3, 3), [new(1, 2), new(4, 8)]) { IsWhole = true },
            new(Freeway.SlowestCar, 5, "frames from a move to the next of the slowest car", new(1, 5), new(5, 5), [new(1, 4)]) { IsWhole = true },
        ],
        HeldOutVariants =
        [
            new("quick-player", $"{Id}?{Freeway.PlayerInterval}=2"),
            new("slow-player", $"{Id}?{Freeway.PlayerInterval}=5"),
            new("fast-cars", $"{Id}?{Freeway.SlowestCar}=3"),
        ],
        Policies = [new("scripted", "Looks ahead over the cars and goes up between them.", static identity => new FreewayPlayer(identity))],
        Create = static (identity, count) => new Freeway(identity, count),
    });
}
