using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace OfflineRL.Environments;

/// <summary>
/// Finds what a child has started, also where the child is gone and its children belong to init: they inherited an
/// environment variable whose value is the child's alone.
/// </summary>
static partial class MarkedProcesses
{
    public const string Variable = "OFFLINERL_EXTERNAL";

    const int KillSignal = 9;
    const int Rounds = 20;

    /// <summary>Ids of the living processes that carry a mark (<c>VARIABLE=value</c>).</summary>
    public static List<int> Find(string mark)
    {
        var (found, bytes) = (new List<int>(), Encoding.UTF8.GetBytes(mark + "\0"));
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId && Carries(folder, bytes))
                found.Add(id);
        }

        return found;
    }

    /// <summary>Kills them; again where they have started more meanwhile.</summary>
    public static void Kill(string mark)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var found = Find(mark);
            if (found.Count == 0)
                return;
            foreach (var id in found)
                _ = Send(id, KillSignal);
            Thread.Sleep(round);
        }
    }

    // Another user's processes cannot be read, and a dead one has no environment: neither is ours to end.
    static bool Carries(string folder, ReadOnlySpan<byte> mark)
    {
        try
        {
            return File.ReadAllBytes(folder + "/environ").AsSpan().IndexOf(mark) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
