using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// <c>reports/NAME-vN/</c>: written aside and renamed when whole. <c>NAME</c> is the next version on writing and the newest
/// on reading; what is there is never written again.
/// </summary>
public sealed class ReportFolder : IDisposable
{
    readonly PendingFolder _pending;
    readonly DatasetName _name;

    ReportFolder(PendingFolder pending, DatasetName name) => (_pending, _name) = (pending, name);

    /// <summary>Where to write the files.</summary>
    public string Folder => _pending.FolderPath;

    /// <summary>Opens a new report and writes the resolved config into it.</summary>
    /// <param name="workspace">Where reports lie.</param>
    /// <param name="name"><c>NAME</c> or <c>NAME-vN</c>.</param>
    /// <param name="config">The resolved config.</param>
    /// <exception cref="UserErrorException">That version exists, or the folder cannot be written.</exception>
    public static ReportFolder Create<TConfig>(Workspace workspace, string name, TConfig config)
        where TConfig : class
    {
        PendingFolder.Sweep(workspace.ReportsFolder, TimeSpan.FromDays(1));
        var parsed = DatasetName.Parse(name);
        var pending = PendingFolder.Create(Path.Combine(workspace.ReportsFolder, WithVersion(workspace.ReportsFolder, parsed)));
        File.WriteAllText(Path.Combine(pending.FolderPath, "config.yaml"), Config.ToYaml(config));
        return new ReportFolder(pending, parsed);
    }

    /// <summary>The folder of a committed report.</summary>
    /// <param name="workspace">Where reports lie.</param>
    /// <param name="nameOrPath"><c>NAME</c> (newest version), <c>NAME-vN</c>, or the path of a report's folder.</param>
    /// <exception cref="UserErrorException">There is none; the message lists those there are.</exception>
    public static string Find(Workspace workspace, string nameOrPath)
    {
        if (File.Exists(Path.Combine(nameOrPath, ReportSummary.FileName)))
            return Path.GetFullPath(nameOrPath);
        var direct = Path.Combine(workspace.ReportsFolder, nameOrPath);
        if (File.Exists(Path.Combine(direct, ReportSummary.FileName)))
            return direct;
        var versions = DatasetName.Versions(workspace.ReportsFolder, nameOrPath);
        if (versions.Count > 0)
            return Path.Combine(workspace.ReportsFolder, new DatasetName(nameOrPath, versions[^1]).ToString());
        throw Directory.Exists(Path.Combine(workspace.RunsFolder, nameOrPath))
            ? EvaluateThrow.RunIsNoReport(nameOrPath)
            : EvaluateThrow.NoReport(nameOrPath, workspace.ReportsFolder, List(workspace.ReportsFolder));
    }

    /// <summary>Writes <see cref="ReportColumns"/>, makes the report visible and returns its folder.</summary>
    public string Commit()
    {
        ReportColumns.Write(Folder);
        if (_name.Version is not null)
        {
            _pending.Commit();
            return Path.Combine(_pending.Parent, _pending.Name);
        }

        // Another writer may take the version first: then the next one is ours.
        while (true)
        {
            var name = WithVersion(_pending.Parent, _name);
            if (_pending.TryCommit(name))
                return Path.Combine(_pending.Parent, name);
        }
    }

    public void Dispose() => _pending.Dispose();

    /// <summary>Turns a policy's name into one that a folder can have.</summary>
    internal static string NameFor(string policy, string job)
    {
        var letters = policy.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-').ToArray();
        return new string(letters).Trim('-', '.', '_') + "-" + job;
    }

    static string WithVersion(string parent, DatasetName name) => name.Version is not null
        ? name.ToString()
        : new DatasetName(name.Name, DatasetName.Versions(parent, name.Name).DefaultIfEmpty(0).Max() + 1).ToString();

    static string List(string parent) => !Directory.Exists(parent)
        ? "none"
        : string.Join(", ", Directory.EnumerateDirectories(parent)
            .Where(folder => File.Exists(Path.Combine(folder, ReportSummary.FileName)))
            .Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)
            .DefaultIfEmpty("none"));
}
