using System.Globalization;
using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary><c>log.json</c>: what all steps of a log have in common.</summary>
public sealed record LogManifest
{
    /// <summary>Goes up when the segments change.</summary>
    public const int CurrentVersion = 1;

    public int LogVersion { get; init; } = CurrentVersion;

    /// <summary>32 hexadecimal digits, drawn when the log was begun; the keys of its episodes name it.</summary>
    public required string Id { get; init; }

    /// <summary>How often the log was opened for writing; episodes are numbered anew in each session.</summary>
    public required int Session { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    public EnvironmentIdentity? Environment { get; init; }

    public PropensitySource PropensitySource { get; init; }

    public PropensityKind PropensityKind { get; init; }

    public bool HasBehaviorProbabilities { get; init; }

    public bool HasActionMask { get; init; }

    public bool HasTimestamp { get; init; }

    /// <summary>The description that a dataset of the log's episodes has.</summary>
    public DatasetDescription Describe() => new()
    {
        ObservationSpace = ObservationSpace,
        ActionSpace = ActionSpace,
        Environment = Environment,
        PropensitySource = PropensitySource,
        PropensityKind = PropensityKind,
        HasBehaviorProbabilities = HasBehaviorProbabilities,
        HasActionMask = HasActionMask,
        HasTimestamp = HasTimestamp,
    };

    internal static LogManifest Of(string id, DatasetDescription description) => new()
    {
        Id = id,
        Session = 0,
        ObservationSpace = description.ObservationSpace,
        ActionSpace = description.ActionSpace,
        Environment = description.Environment,
        PropensitySource = description.PropensitySource,
        PropensityKind = description.PropensityKind,
        HasBehaviorProbabilities = description.HasBehaviorProbabilities,
        HasActionMask = description.HasActionMask,
        HasTimestamp = description.HasTimestamp,
    };
}

/// <summary>
/// A log's folder: <c>log.json</c>, <c>lock</c>, finished segments <c>segment-NNNNNNNN.parquet</c>, the one being written
/// <c>segment-NNNNNNNN.open</c>, and <c>compact/</c>, where compacting keeps what it has done.
/// </summary>
public static partial class LogFolder
{
    const string ManifestFile = "log.json", LockFile = "lock";

    /// <summary>Reads <c>log.json</c>.</summary>
    /// <exception cref="UserErrorException">The folder holds no log, or one of another version.</exception>
    public static LogManifest Read(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
            throw Throw.NoLog(folder);
        var manifest = JsonFiles.Read<LogManifest>(path);
        if (manifest.LogVersion != LogManifest.CurrentVersion)
            throw Throw.LogVersion(path, manifest.LogVersion);
        string[] faults = [.. manifest.Describe().Validate()];
        return faults.Length == 0 && IdPattern().IsMatch(manifest.Id) && manifest.Session >= 0 ? manifest : throw Throw.LogManifest(path, faults);
    }

    /// <summary>Finished segments in their order, with their numbers.</summary>
    public static IReadOnlyList<(int Number, string Path)> Segments(string folder) => Numbered(folder, ".parquet");

    /// <summary>What crashed writers left: segments without an end.</summary>
    internal static IReadOnlyList<(int Number, string Path)> OpenSegments(string folder) => Numbered(folder, ".open");

    internal static string SegmentPath(string folder, int number, bool finished) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"segment-{number:D8}{(finished ? ".parquet" : ".open")}"));

    /// <summary>The writer's lock: one process writes a log at a time. Null: another one does.</summary>
    internal static FileStream? TryLock(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }

    internal static bool Exists(string folder) => File.Exists(Path.Combine(folder, ManifestFile));

    internal static void Write(string folder, LogManifest manifest)
    {
        // A crash leaves the old text or the new, on the disk too.
        var path = Path.Combine(folder, ManifestFile);
        JsonFiles.Write(path + ".new", manifest);
        Durable.FlushFile(path + ".new");
        File.Move(path + ".new", path, overwrite: true);
        Durable.FlushFolder(folder);
    }

    /// <summary>Finishes what a crashed writer left, where nobody writes the log at the moment.</summary>
    /// <returns>The log as it is then, what was found, and whether somebody writes it: then nothing was done.</returns>
    /// <exception cref="UserErrorException">The folder holds no log.</exception>
    public static (LogManifest Manifest, IReadOnlyList<RecoveredSegment> Recovered, bool IsBeingWritten) Recover(string folder)
    {
        // Before the lock, which would otherwise make a file in a folder that holds no log.
        var manifest = Read(folder);
        using var alone = TryLock(folder);
        if (alone is null)
            return (manifest, [], true);
        manifest = Read(folder);
        return (manifest, SegmentRecovery.Run(folder, manifest), false);
    }

    static List<(int Number, string Path)> Numbered(string folder, string ending) => [.. Directory.EnumerateFiles(folder, "segment-*" + ending)
        .Select(path => (Match: SegmentName().Match(Path.GetFileName(path)), Path: path))
        .Where(s => s.Match.Success)
        .Select(s => (int.Parse(s.Match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), s.Path))
        .OrderBy(s => s.Item1)];

    [GeneratedRegex(@"\Asegment-([0-9]{8,9})\.(parquet|open)\z")]
    private static partial Regex SegmentName();

    [GeneratedRegex(@"\A[0-9a-f]{32}\z")]
    private static partial Regex IdPattern();
}
