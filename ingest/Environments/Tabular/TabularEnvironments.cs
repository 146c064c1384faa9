namespace OfflineRL.Environments;

/// <summary>What is listed of the tables of transitions: grids, Taxi, random MDPs.</summary>
static class TabularEnvironments
{
    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [];
}
