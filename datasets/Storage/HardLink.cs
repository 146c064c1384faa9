using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>A second name of a file that is not written any more; a copy of it where the file system has no such names.</summary>
static partial class HardLink
{
    /// <param name="existing">The file.</param>
    /// <param name="path">Its other name; must not exist.</param>
    /// <exception cref="IOException">Neither can be made.</exception>
    public static void Create(string existing, string path)
    {
        if (Link(existing, path) != 0)
            File.Copy(existing, path);
    }

    // https://man7.org/linux/man-pages/man2/link.2.html
    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string path);
}
