using System.Diagnostics;
using System.Globalization;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>
/// Frames that memory does not hold: drawn at random by a process whose memory is limited to a tenth of them (page cache
/// included), beside frames that it does hold. OFFLINERL_FRAMES_GB says how many there are; the disk needs twice that.
/// </summary>
sealed class FramesBenchmark : IBenchmark
{
    public const string ChildArgument = "--sample-frames";

    const int Batch = 32, Stack = 4, EpisodeSteps = 1000;
    const long SmallFrames = 60_000, LeastLimit = 1_000_000_000;
    const string Group = "/sys/fs/cgroup/memory/offlinerl-bench";

    static readonly double Gigabytes = double.Parse(Environment.GetEnvironmentVariable("OFFLINERL_FRAMES_GB") ?? "2", CultureInfo.InvariantCulture);

    public string Name => "frames";

    public string Work => $"{Gigabytes:0.#} GB of random frames of 84 x 84 bytes; batches of {Batch} stacks of {Stack} and the stacks after them as float32, 1 thread and one that fetches ahead";

    public void Run(BenchmarkReport report)
    {
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            var frames = (long)(Gigabytes * 1e9 / BenchmarkData.FrameBytes) / EpisodeSteps * EpisodeSteps;
            var bytes = frames * (double)BenchmarkData.FrameBytes;
            var small = Columns(report: null, workspace, "small", Math.Min(frames, SmallFrames));
            var large = Columns(report, workspace, "large", frames);
            var limit = Math.Max(LeastLimit, (long)(bytes / 10));
            var held = Sample(small, limit, seconds: 5);
            var beyond = Sample(large, limit, seconds: 30);
            report.Add("frames that memory holds", held["rate"], "transitions/s");
            report.Add($"{bytes / 1e9:0.0} GB under a limit of {limit / 1e9:0.0} GB", beyond["rate"], "transitions/s", held["rate"], "frames that memory holds");
            report.Add("anonymous memory of the process, largest", beyond["anonymous"] / 1e6, "MB", target: "under 1,000 MB", met: beyond["anonymous"] < 1e9);
            report.Add("read from the disk", beyond["read"] / 1e6, "MB/s");
            report.Add("memory of the group, page cache included, largest", beyond["group"] / 1e6, "MB", limit / 1e6, "the limit");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>The process that is limited: draws for so many seconds and prints what it saw.</summary>
    public static int Child(string columnsFolder, double seconds)
    {
        TorchExtras.Threads = 1;
        using var data = TrainingData.Of(TrainingColumns.Open(columnsFolder));
        using var replay = new TransitionReplay(
            data,
            new() { Needs = ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.99), BatchSize = Batch, Replay = new() { FrameStack = Stack } },
            RandomStream.Create(1, "sampler"),
            CPU);
        // Frames that fit are read once, so that they are held.
        for (var watch = Stopwatch.StartNew(); watch.Elapsed.TotalSeconds < seconds / 2;)
            replay.Next();
        var (read, drawn, anonymous) = (Number("/proc/self/io", "read_bytes:"), 0L, 0.0);
        var time = Stopwatch.StartNew();
        while (time.Elapsed.TotalSeconds < seconds)
        {
            replay.Next();
            if (drawn++ % 64 == 0)
                anonymous = Math.Max(anonymous, 1024 * Number("/proc/self/status", "RssAnon:"));
        }

        var elapsed = time.Elapsed.TotalSeconds;
        Console.WriteLine(FormattableString.Invariant($"rate {drawn * Batch / elapsed}"));
        Console.WriteLine(FormattableString.Invariant($"anonymous {anonymous}"));
        Console.WriteLine(FormattableString.Invariant($"read {(Number("/proc/self/io", "read_bytes:") - read) / elapsed}"));
        return 0;
    }

    static string Columns(BenchmarkReport? report, Workspace workspace, string name, long frames)
    {
        var watch = Stopwatch.StartNew();
        BenchmarkData.WriteFrames(workspace, name, frames, EpisodeSteps);
        var megabytes = frames * BenchmarkData.FrameBytes / 1e6;
        report?.Add("write the dataset", megabytes / watch.Elapsed.TotalSeconds, "MB/s");
        watch.Restart();
        using var data = TrainingData.Open(workspace, name, NullProgress.Instance);
        report?.Add("Parquet to columns", megabytes / watch.Elapsed.TotalSeconds, "MB/s");
        return data.Sources[0].Columns.Folder;
    }

    static Dictionary<string, double> Sample(string columns, long limit, int seconds)
    {
        var isLimited = TryLimit(limit);
        try
        {
            var tool = Environment.ProcessPath!;
            // The shell enters the group, and then becomes the process.
            var enter = isLimited ? $"echo $$ > {Group}/cgroup.procs; " : "";
            var start = new ProcessStartInfo("/bin/sh", ["-c", $"{enter}exec \"$0\" \"$@\"", tool, ChildArgument, columns, seconds.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"Sampling ended with {process.ExitCode} under a limit of {limit} bytes.");
            var figures = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
            figures["group"] = isLimited ? double.Parse(File.ReadAllText($"{Group}/memory.max_usage_in_bytes"), CultureInfo.InvariantCulture) : double.NaN;
            return figures;
        }
        finally
        {
            if (isLimited)
                Directory.Delete(Group);
        }
    }

    // Needs the right to make groups, which root has; frames cached by others are not the group's, so the cache is emptied first.
    static bool TryLimit(long bytes)
    {
        try
        {
            Directory.CreateDirectory(Group);
            File.WriteAllText($"{Group}/memory.limit_in_bytes", bytes.ToString(CultureInfo.InvariantCulture));
            Process.Start("/bin/sync").WaitForExit();
            File.WriteAllText("/proc/sys/vm/drop_caches", "1");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.WriteLine($"  (memory is not limited: {e.Message})");
            return false;
        }
    }

    static double Number(string file, string key)
    {
        var line = File.ReadLines(file).First(text => text.StartsWith(key, StringComparison.Ordinal));
        return double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
