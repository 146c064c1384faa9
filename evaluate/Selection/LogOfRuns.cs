using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Evaluate;

/// <summary>Whether policies are ranked on episodes that they learned from.</summary>
static class LogOfRuns
{
    const string All = "all";

    /// <summary>A sentence for runs that saw the episodes of the estimates, and one for those of which it cannot be said.</summary>
    public static IEnumerable<string> Notes(Workspace workspace, ReportSummary summary, IReadOnlyList<CandidateEstimate> estimates)
    {
        var (dataset, split) = (estimates[0].Dataset, estimates[0].Split);
        var hash = summary.Datasets.FirstOrDefault(d => d.Name == dataset)?.ContentHash;
        var (seen, unknown) = (new List<string>(), new List<string>());
        foreach (var run in estimates.Where(e => e.Candidate.Algorithm is not "builtin" and not "columns").Select(e => e.Candidate.Run).Distinct())
        {
            if (hash is null || !File.Exists(Path.Combine(workspace.RunsFolder, run, "run.json")))
            {
                unknown.Add(run);
                continue;
            }

            var info = RunFolder.Open(workspace, run);
            var learned = info.Config.Split.Length > 0 ? info.Config.Split : All;
            if (info.ContentHash == hash && (split == All || learned == All || learned == split))
                seen.Add(run);
        }

        if (seen.Count > 0)
            yield return $"{string.Join(", ", seen)} learned from the episodes that they are ranked on ({dataset}, {(split == All ? "all of it" : $"part {split}")}): such estimates flatter what was fitted to them. Estimate on a part that was held out, for example with --set split=test.";
        if (unknown.Count > 0)
            yield return $"Whether {string.Join(", ", unknown)} learned from the episodes that they are ranked on cannot be said: their run.json is not here.";
    }
}
