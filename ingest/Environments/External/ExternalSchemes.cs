namespace OfflineRL.Environments;

/// <summary>How environments in other processes are named.</summary>
static class ExternalSchemes
{
    public static IReadOnlyList<EnvironmentScheme> All { get; } = [];
}
