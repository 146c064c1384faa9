using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>What the system is told of mapped files.</summary>
static unsafe partial class MappedMemory
{
    public const int Random = 1, WillNeed = 3;

    /// <summary>Whether it listened; what it does without is right too, only slower.</summary>
    /// <param name="start">Of a mapped part; the page that it lies in is meant from its beginning.</param>
    /// <param name="bytes">To the end of the part.</param>
    /// <param name="advice">One of the above.</param>
    public static bool Advise(void* start, long bytes, int advice)
    {
        nint page = (nint)start & ~(nint)(Environment.SystemPageSize - 1);
        return Advise(page, (nuint)((nint)start + bytes - page), advice) == 0;
    }

    // https://man7.org/linux/man-pages/man2/madvise.2.html
    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
