namespace OfflineRL.Train;

/// <summary>The version that runs and policies name.</summary>
static class ToolVersion
{
    public static string Text { get; } = typeof(ToolVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
