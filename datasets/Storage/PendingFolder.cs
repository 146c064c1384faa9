using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>
/// The one way a dataset, checkpoint, policy or report becomes visible: everything is written into a hidden sibling folder, made durable,
/// and renamed to its name in one step that refuses to replace. A process that dies in between leaves only the hidden folder, which
/// <see cref="Sweep"/> removes later.
/// </summary>
public sealed partial class PendingFolder : IDisposable
{
    const string Marker = ".pending-";
    readonly bool _madeParent;
    bool _committed;

    PendingFolder(string parent, string name, string path, bool madeParent)
    {
        _madeParent = madeParent;
        Parent = parent;
        Name = name;
        FolderPath = path;
    }

    /// <summary>The folder to write into.</summary>
    public string FolderPath { get; }

    /// <summary>The folder that the committed one will lie in.</summary>
    public string Parent { get; }

    /// <summary>The name asked for; <see cref="TryCommit"/> may take another.</summary>
    public string Name { get; }

    /// <param name="target">Path of the folder to make. Its parents are created.</param>
    /// <param name="mayExist">Whether the target may exist, because <see cref="TryCommit"/> will be given another name.</param>
    /// <exception cref="UserErrorException">The target exists, or the parent cannot be written.</exception>
    public static PendingFolder Create(string target, bool mayExist = false)
    {
        target = Path.GetFullPath(target.TrimEnd('/'));
        if (!mayExist && Path.Exists(target))
        {
            throw Throw.Exists(target);
        }

        string parent = Path.GetDirectoryName(target)!;
        string name = Path.GetFileName(target);
        string path = Path.Combine(parent, $".{name}{Marker}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        bool madeParent = !Directory.Exists(parent);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot create a folder in '{parent}': {e.Message}", e);
        }

        return new PendingFolder(parent, name, path, madeParent);
    }

    /// <summary>Makes the folder durable and visible under <see cref="Name"/>.</summary>
    /// <exception cref="UserErrorException">Someone else made a folder of that name meanwhile.</exception>
    public void Commit()
    {
        if (!TryCommit(Name))
        {
            throw Throw.Exists(Path.Combine(Parent, Name));
        }
    }

    /// <summary>As <see cref="Commit"/>, under any name in the same parent. False where that name is taken: the folder is still pending then.</summary>
    public bool TryCommit(string name)
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        Durable.FlushTree(FolderPath);
        string target = Path.Combine(Parent, name);
        int error = Rename(FolderPath, target);
        if (error != 0)
        {
            const int exists = 17, notAFolder = 20, notEmpty = 39;
            return error is exists or notAFolder or notEmpty
                ? false
                : throw new IOException($"Cannot rename '{FolderPath}' to '{target}': {Marshal.GetPInvokeErrorMessage(error)}");
        }

        _committed = true;
        Durable.FlushFolder(Parent);
        return true;
    }

    /// <summary>Deletes the folder where it was not committed, and its parent where that was made for it and holds nothing else.</summary>
    public void Dispose()
    {
        if (!_committed && Directory.Exists(FolderPath))
        {
            Directory.Delete(FolderPath, recursive: true);
            if (_madeParent)
            {
                DeleteIfEmpty(Parent);
            }
        }

        _committed = true;
    }

    /// <summary>Deletes what killed writers left in <paramref name="parent"/>: pending folders in which nothing was written for <paramref name="age"/>.</summary>
    /// <returns>How many were deleted.</returns>
    public static int Sweep(string parent, TimeSpan age, TimeProvider? time = null)
    {
        if (!Directory.Exists(parent))
        {
            return 0;
        }

        DateTime limit = (time ?? TimeProvider.System).GetUtcNow().UtcDateTime - age;
        int deleted = 0;
        foreach (string path in Directory.EnumerateDirectories(parent, ".*" + Marker + "*"))
        {
            if (PendingName().IsMatch(Path.GetFileName(path)) && NewestWrite(path) < limit)
            {
                Directory.Delete(path, recursive: true);
                deleted++;
            }
        }

        return deleted;
    }

    // Another writer may be putting something there at this moment: a folder that is no longer empty stays.
    static void DeleteIfEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
        }
    }

    /// <returns>0, or the error's number.</returns>
    static int Rename(string from, string to)
    {
        const int currentFolder = -100, noReplace = 1, invalid = 22, noSuchCall = 38;
        if (RenameAt2(currentFolder, from, currentFolder, to, noReplace) == 0)
        {
            return 0;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is not (invalid or noSuchCall))
        {
            return error;
        }

        // File systems such as NFS do not know the flag. A plain rename of a folder replaces an empty folder at most, never a committed one.
        return RenamePlain(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    static DateTime NewestWrite(string folder) => Directory
        .EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
        .Select(File.GetLastWriteTimeUtc)
        .Append(Directory.GetLastWriteTimeUtc(folder))
        .Max();

    [GeneratedRegex(@"^\..+\.pending-[0-9a-f]{16}$")]
    private static partial Regex PendingName();

    // https://man7.org/linux/man-pages/man2/rename.2.html
    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenamePlain(string oldPath, string newPath);
}
