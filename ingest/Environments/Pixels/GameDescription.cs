using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What is fixed about a pixel game, and the parameters that all of them have.</summary>
/// <param name="Planes">What each plane of the observation shows, in order.</param>
/// <param name="MinimalActions">The actions that do something in this game, in order.</param>
sealed record GameDescription(IReadOnlyList<string> Planes, PixelAction[] MinimalActions)
{
    public const string Sticky = "sticky";
    public const string Ramping = "ramping";
    const string Minimal = "minimal_actions";
    const string MaxSteps = "max_steps";

    // MinAtar sets none. 108,000 frames of the Arcade Learning Environment at 4 frames a decision, half an hour of play, is
    // what evaluations there take (Machado and others 2018, section 3); a frame of MinAtar is one decision.
    public const int DefaultStepLimit = 27_000;

    static readonly PixelAction[] Six = Enum.GetValues<PixelAction>();

    public static DiscreteSpace SixActions { get; } = new(Six.Length);

    public BoxSpace Observations { get; } = new(
        [Planes.Count, PixelGame.Side, PixelGame.Side],
        new double[Planes.Count * PixelGame.Cells],
        Enumerable.Repeat(1.0, Planes.Count * PixelGame.Cells).ToArray(),
        ElementType.UInt8);

    public static int StepLimit(EnvironmentIdentity identity) => (int)identity.Parameters[MaxSteps];

    public PixelAction[] ActionSet(EnvironmentIdentity identity) => identity.Parameters[Minimal] == 0 ? Six : MinimalActions;

    public DiscreteSpace Actions(EnvironmentIdentity identity) => new(ActionSet(identity).Length);

    /// <summary>A game's own definition with what all games share: parameters, variants, and what minimal actions and step limits change.</summary>
    public EnvironmentDefinition Complete(EnvironmentDefinition own)
    {
        var whole = own with
        {
            Painter = _ => new ChannelPainter(ImageLayout.Of(Observations)!.Value, Planes.Count),
            Parameters = [.. own.Parameters.Concat(Shared).OrderBy(p => p.Name, StringComparer.Ordinal)],
            HeldOutVariants =
            [
                new("steady-actions", $"{own.Id}?{Sticky}=0"),
                new("sticky-actions", $"{own.Id}?{Sticky}=0.25"),
                new("stickier-actions", $"{own.Id}?{Sticky}=0.5"),
                .. own.HeldOutVariants,
            ],
        };
        return whole with { Adapt = identity => Adapted(whole, identity) };
    }

    // What is known of returns is known of six actions and the whole episode.
    EnvironmentDefinition Adapted(EnvironmentDefinition whole, EnvironmentIdentity identity)
    {
        var isAsKnown = identity.Parameters[Minimal] == 0 && StepLimit(identity) == DefaultStepLimit;
        return whole with
        {
            ActionSpace = Actions(identity),
            MaxEpisodeSteps = StepLimit(identity),
            ReferenceRandomReturn = isAsKnown ? whole.ReferenceRandomReturn : null,
            ReferenceExpertReturn = isAsKnown ? whole.ReferenceExpertReturn : null,
        };
    }

    /// <summary>Whether difficulty grows, for the games where it does.</summary>
    public static ParameterDefinition RampingParameter { get; } =
        new(Ramping, 1, "0 or 1: whether difficulty grows", new(0, 1), new(1, 1), [new(0, 0)]) { IsWhole = true };

    static IReadOnlyList<ParameterDefinition> Shared { get; } =
    [
        new(MaxSteps, DefaultStepLimit, "steps to an episode at most", new(1, 1e9), new(1, 1e9), []) { IsWhole = true, IsStructural = true },
        new(Minimal, 0, "0: all six actions, 1: those that do something here", new(0, 1), new(0, 1), []) { IsWhole = true, IsStructural = true },
        new(Sticky, 0.1, "probability that the last action is repeated", new(0, 1), new(0.05, 0.15), [new(0, 0.025), new(0.2, 1)]),
    ];
}
