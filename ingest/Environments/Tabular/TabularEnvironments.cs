namespace OfflineRL.Environments;

/// <summary>What is listed of the tables of transitions: grids, Taxi, random MDPs.</summary>
static class TabularEnvironments
{
    /// <summary>As tables, with their solver's answers.</summary>
    public static IReadOnlyList<TabularTask> Tasks { get; } = [GridWorld.Task, CliffWalking.Task, FrozenLake.Task, Taxi.Version3, Taxi.Version4, RandomMdp.Task];

    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [.. Tasks.Select(t => t.Define())];
}
