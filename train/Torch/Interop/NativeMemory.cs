namespace TorchSharp.Interop;

/// <summary>
/// Tells the garbage collector of the native bytes behind tensors. Without it a loop that disposes of nothing reaches
/// gigabytes before the first collection, since a tensor's managed part is 100 bytes. Told in chunks: a call per tensor
/// would cost as much as a small operator.
/// </summary>
static class NativeMemory
{
    const long Chunk = 8 << 20;
    static long _live;
    static long _reported;

    /// <summary>Bytes of storage that live tensors own, views counted once.</summary>
    internal static long LiveBytes => Interlocked.Read(ref _live);

    internal static void Add(long bytes)
    {
        if (bytes == 0) return;
        var live = Interlocked.Add(ref _live, bytes);
        var reported = Volatile.Read(ref _reported);
        if (Math.Abs(live - reported) >= Chunk) Report(live, reported);
    }

    static void Report(long live, long reported)
    {
        // Whoever loses the exchange leaves the report to the winner; the next chunk makes up for it.
        if (Interlocked.CompareExchange(ref _reported, live, reported) != reported) return;
        if (live > reported) GC.AddMemoryPressure(live - reported);
        else GC.RemoveMemoryPressure(reported - live);
    }
}
