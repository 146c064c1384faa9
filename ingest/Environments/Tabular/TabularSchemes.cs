namespace OfflineRL.Environments;

/// <summary>How MDPs in files are named.</summary>
static class TabularSchemes
{
    public static IReadOnlyList<EnvironmentScheme> All { get; } = [];
}
