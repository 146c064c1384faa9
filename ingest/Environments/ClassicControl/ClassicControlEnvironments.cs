namespace OfflineRL.Environments;

/// <summary>What is listed of classic control.</summary>
static class ClassicControlEnvironments
{
    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [CartPoleDefinition.Create()];
}
