using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace OfflineRL.Environments;

/// <summary>The child processes of all external environments, so that whatever ends this process in an orderly way ends them.</summary>
/// <remarks>Where this process is killed nothing of it runs any more: then the end of file on their standard input ends them.</remarks>
public static class ExternalProcesses
{
    // By their marks. It also keeps them from being collected, so that a finalizer and the end of our process can still end them.
    static readonly ConcurrentDictionary<string, Process> Living = new(StringComparer.Ordinal);
    static long s_interruptedAt = long.MaxValue;

    static ExternalProcesses()
    {
        AppDomain.CurrentDomain.ProcessExit += static (_, _) => EndAll();
        AppDomain.CurrentDomain.UnhandledException += static (_, e) =>
        {
            if (e.IsTerminating)
                EndAll();
        };
    }

    /// <summary>The moment of the interruption (<see cref="Stopwatch.GetTimestamp"/>); <see cref="long.MaxValue"/> where there was none.</summary>
    internal static long InterruptedAt => Interlocked.Read(ref s_interruptedAt);

    /// <summary>
    /// Names the token of the user's interruption. After it a call waits two seconds more for its answer, instead of its whole
    /// timeout, and then throws <see cref="OperationCanceledException"/>.
    /// </summary>
    public static void Heed(CancellationToken interrupted) => interrupted.Register(static () => Interlocked.CompareExchange(ref s_interruptedAt, Stopwatch.GetTimestamp(), long.MaxValue));

    /// <summary>Ends all of them, with what they started, by force.</summary>
    public static void EndAll()
    {
        foreach (var mark in Living.Keys)
            End(mark);
    }

    internal static void Add(string mark, Process process) => Living[mark] = process;

    internal static bool Has(string mark) => Living.ContainsKey(mark);

    internal static void End(string mark)
    {
        if (!Living.TryRemove(mark, out var process))
            return;
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself, or parts of it end at this very moment; what is left, the next line finds.
        }

        MarkedProcesses.Kill(mark);
        try
        {
            process.WaitForExit(1000);
        }
        catch (InvalidOperationException)
        {
            // Already forgotten by the system.
        }
    }
}
