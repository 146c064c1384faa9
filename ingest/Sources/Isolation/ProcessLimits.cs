using System.Runtime.InteropServices;

namespace OfflineRL.Ingest;

/// <summary>Limits of this process, set by itself before it opens anything: from then on it cannot lift them.</summary>
static partial class ProcessLimits
{
    const int Cpu = 0, Data = 2, Core = 4;

    /// <param name="memoryBytes">Of memory that it may write to. Past it allocations fail.</param>
    /// <param name="cpuSeconds">Of processor time. Past it the system ends the process.</param>
    public static void Apply(long memoryBytes, int cpuSeconds)
    {
        // What the runtime itself took before counts too, and is not to be paid by the files.
        Set(Data, (ulong)(memoryBytes + Environment.WorkingSet));
        // First a signal that says why, then the one that nothing survives.
        Set(Cpu, (ulong)cpuSeconds, (ulong)cpuSeconds + 5);
        Set(Core, 0);
    }

    static void Set(int resource, ulong value) => Set(resource, value, value);

    static void Set(int resource, ulong soft, ulong hard)
    {
        var limit = new Limit(soft, hard);
        if (SetLimit(resource, in limit) != 0)
            throw new InvalidOperationException($"The system does not limit resource {resource} (error {Marshal.GetLastPInvokeError()}).");
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    readonly record struct Limit(ulong Soft, ulong Hard);
}
