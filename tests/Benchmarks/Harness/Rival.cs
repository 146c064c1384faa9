using System.Diagnostics;
using System.Globalization;

namespace OfflineRL.Benchmarks.Harness;

/// <summary>
/// A rival measured beside us: a Python (or Node) script of <c>rivals/</c> that imports the rival and prints <c>name value</c> lines.
/// </summary>
/// <remarks>
/// OFFLINERL_PYTHON names the interpreter (default python3), OFFLINERL_NODE that of Node's scripts; PYTHONPATH may lead it to the packages. Where the rival is
/// not importable, the benchmark says so and falls back to a figure recorded on another day, named as recorded.
/// </remarks>
static class Rival
{
    /// <summary>What the script printed, or null where it could not run.</summary>
    public static IReadOnlyDictionary<string, double>? Measure(string script, params string[] arguments)
    {
        var program = script.EndsWith(".mjs", StringComparison.Ordinal)
            ? Environment.GetEnvironmentVariable("OFFLINERL_NODE") ?? "node"
            : Environment.GetEnvironmentVariable("OFFLINERL_PYTHON") ?? "python3";
        var start = new ProcessStartInfo(program, [Path.Combine(AppContext.BaseDirectory, "rivals", script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // One core against one core; two pools of threads on two cores slow the rivals down many times.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0)
                return Parse(output);
            Console.WriteLine($"  (rival not measured: {error.GetAwaiter().GetResult().Trim().Split('\n')[^1]})");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Console.WriteLine($"  (rival not measured: {program}: {e.Message})");
        }

        return null;
    }

    static Dictionary<string, double> Parse(string output) => output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Where(words => words.Length == 2)
        .ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
}
