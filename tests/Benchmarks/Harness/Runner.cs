using System.Globalization;
using System.Runtime.InteropServices;
using OfflineRL.Torch;

namespace OfflineRL.Benchmarks.Harness;

/// <summary>Runs the benchmarks that are named (all where none is) and, with <c>--save FILE</c>, writes their table.</summary>
static class Runner
{
    public static int Run(IReadOnlyList<IBenchmark> benchmarks, string[] args)
    {
        var save = Array.IndexOf(args, "--save") is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        var names = args.Where((a, i) => a != "--save" && (i == 0 || args[i - 1] != "--save")).ToList();
        var unknown = names.Where(n => benchmarks.All(b => b.Name != n)).ToList();
        if (unknown.Count > 0)
        {
            Console.Error.WriteLine($"no benchmark is called {string.Join(", ", unknown)}; there are {string.Join(", ", benchmarks.Select(b => b.Name))}");
            return 2;
        }

        // Before the minutes of measuring, not after.
        if (save is not null)
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(save))!);
        var machine = Machine();
        Console.WriteLine(machine);
        var text = new List<string> { "# Benchmarks", "", machine, "" };
        var failed = false;
        foreach (var benchmark in benchmarks.Where(b => names.Count == 0 || names.Contains(b.Name)))
        {
            Console.WriteLine($"\n{benchmark.Name}: {benchmark.Work}");
            var report = new BenchmarkReport();
            benchmark.Run(report);
            failed |= report.Figures.Any(f => f.Met == false);
            text.AddRange([$"## {benchmark.Name}", "", benchmark.Work, "", report.ToMarkdown()]);
        }

        if (save is not null)
            File.WriteAllText(save, string.Join('\n', text));
        return failed ? 1 : 0;
    }

    static string Machine()
    {
        var cpu = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim()
            : null;
        var vectors = System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? "512-bit vectors" : System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? "256-bit vectors" : "128-bit vectors";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{cpu ?? "unknown processor"}, {Environment.ProcessorCount} cores, {vectors}, {RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.FrameworkDescription}, {TorchExtras.Describe()}; hand-off between two cores {HandOff.Microseconds():0.00} us");
    }
}
