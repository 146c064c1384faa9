using System.Reflection;

namespace OfflineRL.Datasets;

/// <summary>The version that datasets, runs, policies and reports name: <c>0.1.0+COMMIT</c>, the commit where the build knew it.</summary>
public static class ToolVersion
{
    public static string Text { get; } = Shorten(
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0");

    // Twelve characters of a commit are enough to find it.
    static string Shorten(string version)
    {
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus >= 0 && version.Length > plus + 13 ? version[..(plus + 13)] : version;
    }
}
