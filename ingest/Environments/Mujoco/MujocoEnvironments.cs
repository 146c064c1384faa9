namespace OfflineRL.Environments;

/// <summary>What is listed of the rigid bodies in MuJoCo.</summary>
static class MujocoEnvironments
{
    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [];
}
