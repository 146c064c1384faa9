using System.Diagnostics;

namespace OfflineRL.Benchmarks.Harness;

/// <summary>
/// How long a word takes from one core to another and back: on shared hosts two cores are sometimes near and sometimes
/// far, and a figure of two threads means little without it.
/// </summary>
static class HandOff
{
    /// <summary>Microseconds one way, the median of several runs of many hand-offs.</summary>
    public static double Microseconds()
    {
        if (Environment.ProcessorCount < 2)
            return double.NaN;
        return Timing.Median(Enumerable.Range(0, 5).Select(_ => Once(20_000)));
    }

    static double Once(int rounds)
    {
        var turn = 0;
        var other = new Thread(() =>
        {
            for (var i = 0; i < rounds; i++)
            {
                while (Volatile.Read(ref turn) != 1)
                    Thread.SpinWait(1);
                Volatile.Write(ref turn, 0);
            }
        });
        other.Start();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < rounds; i++)
        {
            Volatile.Write(ref turn, 1);
            while (Volatile.Read(ref turn) != 0)
                Thread.SpinWait(1);
        }

        var elapsed = watch.Elapsed.TotalMicroseconds;
        other.Join();
        return elapsed / rounds / 2;
    }
}
