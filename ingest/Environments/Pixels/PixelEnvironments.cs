namespace OfflineRL.Environments;

/// <summary>What is listed of the small games of 10x10 pixels.</summary>
static class PixelEnvironments
{
    public static IReadOnlyList<EnvironmentDefinition> All { get; } =
    [
        AsterixDefinition.Create(),
        BreakoutDefinition.Create(),
        FreewayDefinition.Create(),
        SeaquestDefinition.Create(),
        SpaceInvadersDefinition.Create(),
    ];
}
