using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Benchmarks.Fuzz;

/// <summary>
/// Imports mutated files one after another in a process of its own, and says after each how it ended: what happens to this process
/// is a figure of the benchmark.
/// </summary>
static class FuzzChild
{
    public const string Argument = "--fuzz";

    /// <summary>What a line begins with: taken whole, taken with rejected rows, refused with a message, escaped from the rules.</summary>
    public const string Taken = "taken", Rejected = "rejected", Refused = "refused", Escaped = "escaped";

    public static int Run(string folder, string format, int first, int end)
    {
        var seed = FuzzSeeds.Make(Path.Combine(folder, "seeds")).Single(s => s.Format == format);
        for (var i = first; i < end; i++)
        {
            var root = Path.Combine(folder, i.ToString(CultureInfo.InvariantCulture));
            Directory.CreateDirectory(root);
            var random = RandomStream.Create((ulong)i, "fuzz " + format);
            foreach (var (name, bytes) in Mutation.Of(seed, random))
                File.WriteAllBytes(Path.Combine(root, name), bytes);
            Console.WriteLine($"{i} {Import(seed, root)}");
            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    static string Import(FuzzSeed seed, string root)
    {
        try
        {
            var workspace = Workspace.Open(root);
            var config = seed.Map with { Name = "fuzz", Source = [.. seed.Map.Source.Select(s => Path.Combine(root, s))], OnError = ErrorRule.Reject, MemoryLimit = "512MB" };
            var result = ImportJob.Run(config, workspace, NullProgress.Instance, CancellationToken.None);
            // What was committed holds what it says.
            var findings = Dataset.Open(workspace, result.Manifest.FullName).Findings(NullProgress.Instance);
            return findings.Count > 0 ? $"{Escaped} committed with findings: {findings[0]}"
                : result.Manifest.Counts.Rejected > 0 ? Rejected : Taken;
        }
        catch (UserErrorException e)
        {
            return e.Message.Length > 0 ? $"{Refused} {e.Message.ReplaceLineEndings(" ")}" : $"{Escaped} an empty message";
        }
        catch (Exception e)
        {
            return $"{Escaped} {e.GetType().Name}: {e.ToString().ReplaceLineEndings(" ")}";
        }
    }
}
