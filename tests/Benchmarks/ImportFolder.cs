using System.Diagnostics;
using System.Globalization;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Benchmarks;

/// <summary>A source file that the import benchmarks make, and the two programs that read it, each in a process of its own.</summary>
sealed class ImportFolder : IDisposable
{
    /// <summary>First argument of such a process.</summary>
    public const string ChildArgument = "import-child";

    const int Observations = 17, Actions = 6, EpisodeSteps = 1000, Threads = 2;

    public static long Rows { get; } = long.TryParse(Environment.GetEnvironmentVariable("OFFLINERL_BENCH_IMPORT_ROWS"), out var rows) ? rows : 2_000_000;

    public string Root { get; } = Directory.CreateTempSubdirectory("offlinerl-import-").FullName;

    public string Source { get; private set; } = "";

    public long SourceBytes => new FileInfo(Source).Length;

    static IEnumerable<string> ObservationNames => Enumerable.Range(0, Observations).Select(i => $"o{i}");

    static IEnumerable<string> ActionNames => Enumerable.Range(0, Actions).Select(i => $"a{i}");

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public void WriteCsv(bool shuffled)
    {
        Source = Path.Combine(Root, "rows.csv");
        // Multiplying by a number without a common divisor visits every row once, far from its neighbours.
        Write($"{Select("DOUBLE", 6)} FROM (SELECT {(shuffled ? $"i * 7919993 % {Rows}" : "i")} AS i FROM range({Rows}) r(i))", "FORMAT csv, HEADER");
    }

    public void WriteParquet()
    {
        Source = Path.Combine(Root, "rows.parquet");
        Write($"{Select("FLOAT", 6)} FROM range({Rows}) r(i)", "FORMAT parquet");
    }

    /// <summary>Ours and DuckDB's by turns, one window that is not counted before them where the file is small.</summary>
    public void Compare(BenchmarkReport report, string order, double least)
    {
        var windows = Rows > 5_000_000 ? 1 : 3;
        var (ours, copy) = (new List<Dictionary<string, double>>(), new List<Dictionary<string, double>>());
        for (var i = 0; i < windows; i++)
        {
            copy.Add(Child("copy"));
            ours.Add(Child("import"));
        }

        double Median(List<Dictionary<string, double>> of, string figure) => Timing.Median(of.Select(f => f[figure]));
        var (rate, reference) = (Rows / Median(ours, "seconds"), Rows / Median(copy, "seconds"));
        report.Add($"import, {order}", rate, "rows/s", reference, "DuckDB's COPY in the same run", FormattableString.Invariant($">= {least}"), rate / reference >= least);
        report.Add($"processor time of the import, {order}", Median(ours, "processor"), "s", Median(copy, "processor"), "DuckDB's COPY");
        var peak = Median(ours, "peak");
        report.Add($"largest resident size of the import, {order}", peak / 1e6, "MB", Median(copy, "peak") / 1e6, "DuckDB's COPY", "< 1,500 MB", peak < 1.5e9);
    }

    /// <summary>In a process of its own: imports, or copies, and prints what it took.</summary>
    public static int Run(string what, string source, string root)
    {
        var before = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        if (what == "import")
            Import(source, root);
        else
            Copy(source, root);
        Console.WriteLine(FormattableString.Invariant($"seconds {watch.Elapsed.TotalSeconds}"));
        Console.WriteLine(FormattableString.Invariant($"processor {(Environment.CpuUsage.TotalTime - before).TotalSeconds}"));
        var peak = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Console.WriteLine(FormattableString.Invariant($"peak {1024 * double.Parse(peak[^2], CultureInfo.InvariantCulture)}"));
        return 0;
    }

    static void Import(string source, string root) => ImportJob.Run(
        new ImportConfig
        {
            Name = "bench",
            Source = [source],
            EpisodeId = ["episode"],
            Step = "t",
            Observation = [.. ObservationNames],
            Action = [.. ActionNames],
            Reward = "reward",
            Done = "done",
        },
        Workspace.Open(root), NullProgress.Instance, CancellationToken.None);

    static void Copy(string source, string root)
    {
        using var database = DuckDbDatabase.OpenInMemory(new() { Threads = Threads });
        using var connection = database.Connect();
        var read = source.EndsWith(".csv", StringComparison.Ordinal) ? "read_csv" : "read_parquet";
        connection.Execute($"""
            COPY (SELECT CAST(episode AS BIGINT) AS episode_id, CAST(t AS INTEGER) AS step, CAST([{string.Join(", ", ObservationNames)}] AS FLOAT[]) AS observation,
                CAST([{string.Join(", ", ActionNames)}] AS FLOAT[]) AS action, CAST(reward AS DOUBLE) AS reward, done = 1 AS terminated, false AS truncated
              FROM {read}({DuckDbSql.Text(source)}))
            TO {DuckDbSql.Text(Path.Combine(root, "copy.parquet"))} (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE 122880)
            """);
    }

    Dictionary<string, double> Child(string what)
    {
        var root = Directory.CreateDirectory(Path.Combine(Root, what)).FullName;
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, [ChildArgument, what, Source, root]) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"The {what} of {Source} ended with {process.ExitCode}.");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static string Select(string type, int digits)
    {
        var numbers = ObservationNames.Concat(ActionNames).Select(n => $"CAST(round(random() * 4 - 2, {digits}) AS {type}) AS {n}");
        return $"SELECT i // {EpisodeSteps} AS episode, i % {EpisodeSteps} AS t, {string.Join(", ", numbers)}, round(random(), 6) AS reward, CAST(i % {EpisodeSteps} = {EpisodeSteps - 1} AS INTEGER) AS done";
    }

    void Write(string query, string options)
    {
        using var database = DuckDbDatabase.OpenInMemory(new() { Threads = Threads });
        using var connection = database.Connect();
        connection.Execute($"COPY ({query}) TO {DuckDbSql.Text(Source)} ({options})");
    }
}
