using System.Security.Cryptography;

namespace OfflineRL.Evaluate;

/// <summary>Which parameters a report's policy had.</summary>
/// <param name="Algorithm">Such as <c>dqn</c>.</param>
/// <param name="Policy">The run with its options.</param>
/// <param name="Seed">The training seed.</param>
/// <param name="Step">Training steps behind it.</param>
/// <param name="ContentHash"><c>sha256:</c> and hexadecimal digits.</param>
public sealed record SnapshotHash(string Algorithm, string Policy, long? Seed, int? Step, string ContentHash)
{
    internal static IReadOnlyList<SnapshotHash> Of(IEnumerable<PolicyCandidate> candidates) =>
        candidates.Where(c => c.ContentHash is not null).Select(c => new SnapshotHash(c.Algorithm, c.Policy, c.Seed, c.Step, c.ContentHash!)).ToList();

    /// <summary>Checks that reports which speak of the same snapshot mean the same parameters.</summary>
    /// <exception cref="Datasets.UserErrorException">A run was trained again in between.</exception>
    internal static void RequireSame(IEnumerable<(string Folder, IReadOnlyList<SnapshotHash> Snapshots)> reports)
    {
        var seen = new Dictionary<(string, string, long?, int?), (string Hash, string Folder)>();
        foreach (var (folder, snapshots) in reports)
        {
            foreach (var s in snapshots)
            {
                var candidate = new Candidate(s.Algorithm, s.Policy, s.Seed, s.Step);
                // Options change how parameters act, not the parameters.
                var key = (s.Algorithm, candidate.Run, s.Seed, s.Step);
                if (seen.TryGetValue(key, out var before) && before.Hash != s.ContentHash)
                    throw EvaluateThrow.RunChanged(candidate.ToString(), before.Folder, folder);
                seen.TryAdd(key, (s.ContentHash, folder));
            }
        }
    }

    /// <summary>Of the parameters in the folder of a stored policy, or world model; null where the file is not there.</summary>
    internal static string? Of(string folder, string file = "policy.safetensors")
    {
        var path = Path.Combine(folder, file);
        if (!File.Exists(path))
            return null;
        using var stream = File.OpenRead(path);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
