using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Makes files and folders survive a power cut.</summary>
public static partial class Durable
{
    /// <summary>Flushes every file below the folder, and every folder on the way.</summary>
    public static void FlushTree(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            Flush(file, OpenReadOnly);
        }

        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            FlushTree(child);
        }

        FlushFolder(folder);
    }

    /// <summary>Flushes one file.</summary>
    public static void FlushFile(string file) => Flush(file, OpenReadOnly);

    /// <summary>Flushes the folder's own entries.</summary>
    public static void FlushFolder(string folder) => Flush(folder, OpenReadOnly | OpenDirectory);

    // .NET opens no directories, and FileStream.Flush(true) wants a writable handle; fsync wants neither.
    const int OpenReadOnly = 0x80000, OpenDirectory = 0x10000;

    static void Flush(string path, int flags)
    {
        int descriptor = OpenFile(path, flags);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open '{path}': {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }

        int result = FileSync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = CloseFile(descriptor);
        if (result != 0)
        {
            throw new IOException($"Cannot write '{path}' to the disk: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
