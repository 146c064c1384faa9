namespace OfflineRL.Environments;

/// <summary>What may be recorded of breakout and what is kept back for evaluation.</summary>
static class BreakoutDefinition
{
    const string Id = "Breakout-MinAtar-v1";

    public static EnvironmentDefinition Create() => Breakout.Game.Complete(new()
    {
        Id = Id,
        Description = "Keep a ball in play that breaks bricks (MinAtar's rules).",
        ObservationSpace = Breakout.Game.Observations,
        ActionSpace = GameDescription.SixActions,
        MaxEpisodeSteps = GameDescription.DefaultStepLimit,
        ReferenceRandomReturn = 0.509,
        ReferenceExpertReturn = 992,
        ReferenceSource = "measured by this project: uniform actions over 65,536 episodes (standard error 0.003) and the policy 'scripted' over 512 (22), half of which came to the step limit",
        Parameters = [new(Breakout.Rows, 3, "rows of bricks", new(1, 3), new(3, 3), [new(1, 2)]) { IsWhole = true }],
        HeldOutVariants = [new("one-row", $"{Id}?{Breakout.Rows}=1"), new("two-rows", $"{Id}?{Breakout.Rows}=2")],
        Policies = [new("scripted", "Brings the paddle to where the ball comes down, by the surest way.", static identity => new BreakoutPlayer(identity))],
        Create = static (identity, count) => new Breakout(identity, count),
    });
}
