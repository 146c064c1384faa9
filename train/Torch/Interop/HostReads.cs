using OfflineRL.Torch;

namespace TorchSharp.Interop;

/// <summary>How often this thread asked for something that only the host has or only the device knows: on a GPU each such call waits for everything before it.</summary>
static class HostReads
{
    [ThreadStatic]
    static long t_count;

    internal static long Count => t_count;

    internal static void Add()
    {
        DrawTape.RefuseWhilePlaying("What waits for the device: a number on the host, a copy from one device to another, a shape that depends on numbers,");
        t_count++;
    }
}
