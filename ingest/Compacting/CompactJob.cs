using System.Security.Cryptography;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// <c>offlinerl ingest compact</c>: the finished segments of a log, a committed dataset. It can run while the application logs, again
/// and again: each episode gets into one version's new part, once, whenever it was killed.
/// </summary>
public static class CompactJob
{
    const string LockFile = "lock";

    static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    /// <summary>Compacts what was logged since the last time. Interrupted or failed, it changes nothing.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="workspace">Gets the dataset.</param>
    /// <param name="progress">Told of rows read.</param>
    /// <param name="cancellation">Stops between two chunks of rows.</param>
    /// <exception cref="UserErrorException">There is no log, a segment is damaged, or the dataset cannot be written.</exception>
    public static CompactResult Run(CompactRequest request, Workspace workspace, IJobProgress progress, CancellationToken cancellation)
    {
        if (DatasetName.Parse(request.Name).Version is not null)
            throw Throw.CompactVersion(request.Name);
        var log = Path.GetFullPath(request.Log);
        LogFolder.Read(log);
        Directory.CreateDirectory(CompactState.FolderOf(log));
        using var alone = Lock(log);
        // What a killed compaction left of its sort, by its age: even where it died behind its commit, and nothing is left to do.
        PendingFolder.Sweep(workspace.CacheFolder, LeftoverAge);
        var state = CompactIntent.Settle(log);
        var (manifest, recovered, isBeingWritten) = LogFolder.Recover(log);
        var segments = LogFolder.Segments(log).Where(s => s.Number > state.Through).ToList();
        var files = segments.Select(s => s.Path).ToList();
        if (state.Carry is { } carry)
            files.Insert(0, Path.Combine(CompactState.FolderOf(log), carry));
        var counts = new CompactCounts { Segments = segments.Count };
        if (files.Count == 0 || (segments.Count == 0 && !request.CloseOpen))
            return new CompactResult(null, counts, recovered, null);
        // The present session's episodes can go on; those of sessions before cannot, unless the application says that they do.
        var closeSessions = !request.CloseOpen ? 0 : isBeingWritten ? manifest.Session - 1 : manifest.Session;
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var compaction = new Compaction(request, workspace, log, manifest, token, counts, progress, cancellation);
        var (dataset, next) = compaction.Run(files, segments, state, closeSessions);
        if (dataset is null)
            return new CompactResult(null, counts, recovered, null);
        next.Write(log);
        CompactIntent.Clear(log, next);
        if (request.DeleteSegments)
            Delete(log, next.Through);
        return new CompactResult(dataset, counts, recovered, compaction.Report);
    }

    static void Delete(string log, int through)
    {
        foreach (var (number, path) in LogFolder.Segments(log).Where(s => s.Number <= through))
            File.Delete(path);
    }

    static FileStream Lock(string log)
    {
        var path = Path.Combine(CompactState.FolderOf(log), LockFile);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw Throw.CompactRuns(log);
        }
    }
}
