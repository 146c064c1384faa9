namespace OfflineRL.Environments;

/// <summary>What may be recorded of seaquest and what is kept back for evaluation.</summary>
static class SeaquestDefinition
{
    const string Id = "Seaquest-MinAtar-v1";

    public static EnvironmentDefinition Create() => Seaquest.Game.Complete(new()
    {
        Id = Id,
        Description = "Shoot fish and submarines, fetch divers, come up for air (MinAtar's rules).",
        ObservationSpace = Seaquest.Game.Observations,
        ActionSpace = GameDescription.SixActions,
        MaxEpisodeSteps = GameDescription.DefaultStepLimit,
        ReferenceRandomReturn = 0.1,
        ReferenceExpertReturn = 33.5,
        ReferenceSource = "measured by this project: uniform actions over 65,536 episodes (standard error 0.002) and the policy 'scripted' over 2,048 (0.7)",
        Parameters =
        [
            new(Seaquest.DiverInterval, 30, "frames from a diver to the next", new(1, 100), new(24, 36), [new(10, 20), new(45, 90)]) { IsWhole = true },
            new(Seaquest.MoveInterval, 5, "frames that an enemy waits between moves, at first", new(1, 20), new(4, 6), [new(2, 3), new(8, 15)]) { IsWhole = true },
            new(Seaquest.Oxygen, 200, "frames of oxygen", new(10, 10_000), new(160, 240), [new(80, 130), new(300, 600)]) { IsWhole = true },
            GameDescription.RampingParameter,
            new(Seaquest.ShotInterval, 10, "frames that an enemy submarine waits between shots", new(1, 100), new(8, 12), [new(3, 6), new(15, 40)]) { IsWhole = true },
            new(Seaquest.SpawnInterval, 20, "frames from an enemy to the next, at first", new(1, 100), new(16, 24), [new(5, 12), new(30, 60)]) { IsWhole = true },
        ],
        HeldOutVariants =
        [
            new("few-divers", $"{Id}?{Seaquest.DiverInterval}=60"),
            new("fast", $"{Id}?{Seaquest.MoveInterval}=3"),
            new("slow", $"{Id}?{Seaquest.MoveInterval}=8"),
            new("short-breath", $"{Id}?{Seaquest.Oxygen}=120"),
            new("long-breath", $"{Id}?{Seaquest.Oxygen}=400"),
            new("rapid-fire", $"{Id}?{Seaquest.ShotInterval}=5"),
            new("crowded", $"{Id}?{Seaquest.SpawnInterval}=10"),
            new("sparse", $"{Id}?{Seaquest.SpawnInterval}=40"),
            new("no-ramp", $"{Id}?{GameDescription.Ramping}=0"),
        ],
        Policies = [new("scripted", "Looks some frames ahead, shoots, fetches divers and comes up for air.", static identity => new SeaquestPlayer(identity))],
        Create = static (identity, count) => new Seaquest(identity, count),
    });
}
