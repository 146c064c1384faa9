namespace OfflineRL.Environments;

/// <summary>What may be recorded of asterix and what is kept back for evaluation.</summary>
static class AsterixDefinition
{
    const string Id = "Asterix-MinAtar-v1";

    public static EnvironmentDefinition Create() => Asterix.Game.Complete(new()
    {
        Id = Id,
        Description = "Collect treasure that crosses the screen among enemies (MinAtar's rules).",
        ObservationSpace = Asterix.Game.Observations,
        ActionSpace = GameDescription.SixActions,
        MaxEpisodeSteps = GameDescription.DefaultStepLimit,
        ReferenceRandomReturn = 0.5,
        ReferenceExpertReturn = 41.3,
        ReferenceSource = "measured by this project: uniform actions over 65,536 episodes (standard error 0.003) and the policy 'scripted' over 2,048 (0.5)",
        Parameters =
        [
            new(Asterix.MoveInterval, 5, "frames from a move to the next, at first", new(1, 100), new(4, 6), [new(1, 3), new(8, 20)]) { IsWhole = true },
            GameDescription.RampingParameter,
            new(Asterix.SpawnInterval, 10, "frames from a spawn to the next, at first", new(1, 100), new(8, 12), [new(2, 6), new(15, 40)]) { IsWhole = true },
        ],
        HeldOutVariants =
        [
            new("fast", $"{Id}?{Asterix.MoveInterval}=3"),
            new("slow", $"{Id}?{Asterix.MoveInterval}=8"),
            new("crowded", $"{Id}?{Asterix.SpawnInterval}=5"),
            new("sparse", $"{Id}?{Asterix.SpawnInterval}=20"),
            new("no-ramp", $"{Id}?{GameDescription.Ramping}=0"),
        ],
        Policies = [new("scripted", "Looks some frames ahead for gold and away from enemies.", static identity => new AsterixPlayer(identity))],
        Create = static (identity, count) => new Asterix(identity, count),
    });
}
