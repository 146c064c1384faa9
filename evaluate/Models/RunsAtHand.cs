using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Evaluate;

/// <summary>Finds the runs behind policies in a workspace, as far as they are there.</summary>
static class RunsAtHand
{
    /// <summary>The seeds behind policies, each once.</summary>
    /// <param name="policies">Of a report: the run, and after a comma or an at sign what was asked of it.</param>
    /// <param name="workspace">Where runs may lie.</param>
    public static IEnumerable<(string Algorithm, string Run, long Seed, string Folder)> Seeds(IReadOnlyList<ReportedPolicy> policies, Workspace workspace) => policies
        .SelectMany(p => p.Seeds.Select(seed => (p.Algorithm, Run: p.Policy.Split(',', '@')[0], Seed: seed)))
        .Distinct()
        .Where(s => IsName(s.Run) && s.Seed >= 0)
        .Select(s => (s.Algorithm, s.Run, s.Seed, Folder: RunFolder.SeedFolder(Path.Combine(workspace.RunsFolder, s.Run), (ulong)s.Seed)))
        .Where(s => Directory.Exists(s.Folder));

    // A name is from a report; a path out of the runs' folder is none.
    static bool IsName(string run) => run.Length > 0 && !run.AsSpan().ContainsAny('/', '\\') && !run.StartsWith('.');
}
