using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OfflineRL.Environments;

/// <summary>The few calls of libc that pipes with a deadline need; .NET's streams have none, and its asynchronous reads of a pipe cost a thread each.</summary>
static unsafe partial class Pipes
{
    public const short In = 0x1;
    public const short Out = 0x4;
    public const int TryAgain = 11;
    public const int Interrupted = 4;

    const int GetFlags = 3;
    const int SetFlags = 4;
    const int SetPipeSize = 1031;
    const int NonBlocking = 0x800;
    const int MostPipeBytes = 1 << 20;

    /// <summary>As <c>struct pollfd</c>; a negative <paramref name="Descriptor"/> is passed over.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Poll(int Descriptor, short Events, short Ready);

    /// <summary>Makes reads and writes on our end return at once; the child's end keeps its ways.</summary>
    public static void MakeNonBlocking(SafePipeHandle pipe) => _ = Control(pipe, SetFlags, Control(pipe, GetFlags, 0) | NonBlocking);

    /// <summary>Lets frames of that size pass with fewer switches between the two processes, where the system allows it.</summary>
    public static void Widen(SafePipeHandle pipe, int bytes)
    {
        if (bytes > 1 << 16)
            _ = Control(pipe, SetPipeSize, Math.Min(bytes, MostPipeBytes));
    }

    /// <summary>Bytes read; 0 at the end; negative: see <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    public static nint Read(SafePipeHandle pipe, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return ReadPipe(pipe, p, buffer.Length);
    }

    /// <summary>Bytes written; negative: see <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    public static nint Write(SafePipeHandle pipe, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* p = buffer)
            return WritePipe(pipe, p, buffer.Length);
    }

    /// <summary>How many are ready; 0 after the time, negative on an error.</summary>
    public static int Wait(Span<Poll> polls, int milliseconds)
    {
        fixed (Poll* p = polls)
            return WaitForAny(p, (nuint)polls.Length, milliseconds);
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadPipe(SafePipeHandle pipe, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WritePipe(SafePipeHandle pipe, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int WaitForAny(Poll* polls, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafePipeHandle pipe, int command, int argument);
}
