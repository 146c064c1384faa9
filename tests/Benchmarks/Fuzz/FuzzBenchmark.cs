using System.Diagnostics;
using System.Globalization;
using OfflineRL.Benchmarks.Harness;

namespace OfflineRL.Benchmarks.Fuzz;

/// <summary>Mutated files of every format, each imported: taken, taken with rejected rows, or refused with a message; never a crash or a hang.</summary>
sealed class FuzzBenchmark : IBenchmark
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static int Files => int.TryParse(Environment.GetEnvironmentVariable("OFFLINERL_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out var files) ? files : 2000;

    public string Name => "fuzz";

    public string Work => $"{Files:N0} mutated files of each format, imported with on_error=reject in processes with 1 GiB of heap; OFFLINERL_FUZZ sets another number, OFFLINERL_FUZZ_FORMAT one format";

    public void Run(BenchmarkReport report)
    {
        // In memory, where there is such a folder: commits wait for the disk, and thousands of them would be all that is measured.
        var parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var root = Path.Combine(parent, $"offlinerl-fuzz-{Environment.ProcessId}");
        Directory.CreateDirectory(root);
        try
        {
            var wanted = Environment.GetEnvironmentVariable("OFFLINERL_FUZZ_FORMAT");
            foreach (var format in FuzzSeeds.Make(Path.Combine(root, "list")).Select(s => s.Format).Where(f => string.IsNullOrEmpty(wanted) || f == wanted))
                Run(report, Path.Combine(root, format.Replace(", ", "-", StringComparison.Ordinal)), format);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static void Run(BenchmarkReport report, string folder, string format)
    {
        var endings = new Dictionary<string, int>(StringComparer.Ordinal);
        var lost = 0;
        for (var next = 0; next < Files;)
        {
            Directory.CreateDirectory(folder);
            var (at, how) = Follow(folder, format, next, endings);
            if (at < Files)
            {
                lost++;
                Console.WriteLine($"  {format}, file {at}: {how}");
            }

            // The one that it was at is counted, and the rest go on.
            next = at + 1;
            Directory.Delete(folder, recursive: true);
        }

        int Count(string ending) => endings.GetValueOrDefault(ending);
        report.Add($"{format}: taken whole", Count(FuzzChild.Taken), "files");
        report.Add($"{format}: taken, with rejected rows", Count(FuzzChild.Rejected), "files");
        report.Add($"{format}: refused with a message", Count(FuzzChild.Refused), "files");
        report.Add($"{format}: crashes, hangs, escaped errors and datasets that do not hold", lost + Count(FuzzChild.Escaped), "files", target: "0", met: lost + Count(FuzzChild.Escaped) == 0);
    }

    // The number of the file at which the process ended; all of them where it lived to the end.
    static (int At, string How) Follow(string folder, string format, int first, Dictionary<string, int> endings)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [FuzzChild.Argument, folder, format, $"{first}", $"{Files}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_GCHeapHardLimit"] = "40000000";
        start.Environment["OFFLINERL_DECODE_SECONDS"] = "30";
        start.Environment["OFFLINERL_DECODE_MEMORY"] = "1024";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var hung = false;
        using var watch = new Timer(_ =>
        {
            hung = true;
            process.Kill(entireProcessTree: true);
        });
        watch.Change(Patience, Timeout.InfiniteTimeSpan);
        var at = first;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            watch.Change(Patience, Timeout.InfiniteTimeSpan);
            var parts = line.Split(' ', 3);
            at = int.Parse(parts[0], CultureInfo.InvariantCulture) + 1;
            endings[parts[1]] = endings.GetValueOrDefault(parts[1]) + 1;
            if (parts[1] == FuzzChild.Escaped)
                Console.WriteLine($"  {format}, file {line}");
        }

        process.WaitForExit();
        return (at, hung ? "hung" : $"exit code {process.ExitCode}: {error.GetAwaiter().GetResult().Trim().Split('\n')[0]}");
    }
}
