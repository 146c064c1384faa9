using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>A single file that becomes visible whole or not at all: written into a hidden sibling, made durable, and renamed.</summary>
public sealed class PendingFile : IDisposable
{
    readonly string _target, _beside;
    readonly bool _replace;
    bool _committed;

    PendingFile(string target, string beside, bool replace, FileStream stream) => (_target, _beside, _replace, Stream) = (target, beside, replace, stream);

    /// <summary>Where to write; it can seek.</summary>
    public FileStream Stream { get; }

    /// <summary>Refuses what <see cref="Create"/> would refuse, before long work.</summary>
    /// <exception cref="UserErrorException">The file exists and is not to be replaced, or its folder is missing.</exception>
    public static void RequireWritable(string path, bool replace = false)
    {
        var target = Path.GetFullPath(path);
        if (Directory.Exists(target))
            throw new UserErrorException($"'{path}' is a folder; expected the name of a file to write.");
        if (!replace && File.Exists(target))
            throw Throw.FileExists(path);
        if (Path.GetDirectoryName(target) is { } folder && !Directory.Exists(folder))
            throw new UserErrorException($"'{path}' cannot be written: there is no folder '{folder}'. Make it first, or name a file elsewhere.");
    }

    /// <param name="path">The file to make; its folder must be there.</param>
    /// <param name="replace">Whether a file of that name may be replaced.</param>
    /// <exception cref="UserErrorException">The file exists and is not to be replaced, or the folder is missing or cannot be written.</exception>
    public static PendingFile Create(string path, bool replace = false)
    {
        RequireWritable(path, replace);
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target)!;
        var beside = Path.Combine(folder, $".{Path.GetFileName(target)}.pending-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        try
        {
            return new PendingFile(target, beside, replace, new FileStream(beside, FileMode.CreateNew));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"'{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Makes the file durable and visible.</summary>
    /// <exception cref="UserErrorException">Someone else made a file of that name meanwhile, and it is not to be replaced.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        try
        {
            File.Move(_beside, _target, _replace);
        }
        catch (IOException) when (!_replace && File.Exists(_target))
        {
            throw Throw.FileExists(_target);
        }

        _committed = true;
        Durable.FlushFolder(Path.GetDirectoryName(_target)!);
    }

    /// <summary>Deletes what was not committed.</summary>
    public void Dispose()
    {
        Stream.Dispose();
        if (!_committed)
            File.Delete(_beside);
        _committed = true;
    }
}
