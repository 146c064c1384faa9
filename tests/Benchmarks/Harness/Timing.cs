using System.Diagnostics;

namespace OfflineRL.Benchmarks.Harness;

/// <summary>Windows of wall time and their median.</summary>
static class Timing
{
    /// <summary>Calls a second: the median of <paramref name="windows"/> windows after one that is not counted.</summary>
    /// <param name="action">The work; runs many times a window.</param>
    /// <param name="seconds">Length of a window.</param>
    /// <param name="windows">How many.</param>
    public static double Rate(Action action, double seconds = 0.5, int windows = 5)
    {
        Window(action, seconds);
        return Median(Enumerable.Range(0, windows).Select(_ => Window(action, seconds)));
    }

    /// <summary>Seconds a call: the median of <paramref name="repeats"/> calls after one that is not counted.</summary>
    public static double Seconds(Action action, int repeats = 5)
    {
        action();
        return Median(Enumerable.Range(0, repeats).Select(_ =>
        {
            var watch = Stopwatch.StartNew();
            action();
            return watch.Elapsed.TotalSeconds;
        }));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    static double Window(Action action, double seconds)
    {
        var watch = Stopwatch.StartNew();
        long calls = 0;
        do
        {
            action();
            calls++;
        }
        while (watch.Elapsed.TotalSeconds < seconds);
        return calls / watch.Elapsed.TotalSeconds;
    }
}
