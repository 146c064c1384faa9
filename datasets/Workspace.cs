namespace OfflineRL.Datasets;

/// <summary>The folder a command works in, and where each kind of artifact lives below it.</summary>
public sealed class Workspace
{
    /// <summary>Names the workspace folder where <c>--root</c> is not given.</summary>
    public const string RootVariable = "OFFLINERL_ROOT";

    Workspace(string root) => Root = root;

    /// <summary>Absolute path.</summary>
    public string Root { get; }

    public string DataFolder => Path.Combine(Root, "data");

    public string RunsFolder => Path.Combine(Root, "runs");

    public string ReportsFolder => Path.Combine(Root, "reports");

    /// <summary>Everything below it can be deleted and is made again when needed.</summary>
    public string CacheFolder => Path.Combine(Root, "cache");

    /// <param name="root">The folder of <c>--root</c>; null: <c>OFFLINERL_ROOT</c>, else the working folder. It need not exist yet.</param>
    /// <exception cref="UserErrorException">The root is a file.</exception>
    public static Workspace Open(string? root)
    {
        string path = !string.IsNullOrEmpty(root) ? root
            : Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } variable ? variable
            : Directory.GetCurrentDirectory();
        path = Path.GetFullPath(path);
        if (File.Exists(path))
        {
            throw new UserErrorException($"The root '{path}' is a file; name a folder with --root or {RootVariable}.");
        }

        return new Workspace(path);
    }
}
