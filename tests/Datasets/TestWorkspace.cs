using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>A workspace in a fresh temporary folder, deleted at the end.</summary>
sealed class TestWorkspace : IDisposable
{
    public TestWorkspace() => Workspace = Workspace.Open(Directory.CreateTempSubdirectory("offlinerl-test-").FullName);

    public Workspace Workspace { get; }

    public string Root => Workspace.Root;

    public string DataFolder => Workspace.DataFolder;

    /// <summary>Everything below data/, hidden or not, relative.</summary>
    public IReadOnlyList<string> DataEntries() => !Directory.Exists(DataFolder) ? []
        : [.. Directory.EnumerateFileSystemEntries(DataFolder, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }).Select(p => Path.GetFileName(p)!).Order()];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
