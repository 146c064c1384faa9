namespace OfflineRL.Train;

/// <summary>
/// Keeps two processes from training the same seed. The kernel's lock on an open file decides, so a process that was
/// killed leaves nothing to clean up: its lock is gone with it, and what its status file says is known to be stale.
/// </summary>
sealed class RunLock : IDisposable
{
    const string FileName = "lock";
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    readonly FileStream _file;

    RunLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a seed's folder, which must exist.</summary>
    /// <exception cref="Datasets.UserErrorException">A living process holds it; the message names the process where its status does.</exception>
    public static RunLock Take(string seedFolder)
    {
        if (TryTake(seedFolder, TimeSpan.Zero) is { } taken)
            return taken;
        var holder = SeedStatus.TryRead(seedFolder) is { } status ? $" by process {status.Pid} on {status.Host} since {status.Started:u}" : "";
        Throw.User($"{seedFolder} is being trained{holder}: {Path.Combine(seedFolder, FileName)} is locked. Wait for it to end, or give this run another name with --name.");
        return null;
    }

    /// <summary>Takes the lock of a folder; null where another holds it for longer than <paramref name="patience"/>.</summary>
    public static RunLock? TryTake(string folder, TimeSpan patience)
    {
        var path = Path.Combine(folder, FileName);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                // FileShare.None is flock(LOCK_EX | LOCK_NB) here.
                return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
            {
                if (waited >= patience)
                    return null;
                Thread.Sleep(Pause);
            }
        }
    }

    // The file stays: deleting it would let a third process lock a new file while a second holds the old one.
    public void Dispose() => _file.Dispose();
}
