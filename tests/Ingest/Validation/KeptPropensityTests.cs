using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Validation;

/// <summary>
/// Under keep a row whose propensity alone is wrong stays without it. One whose mask or distribution is broken cannot: it is listed, with
/// the reason, and the steps around it stay.
/// </summary>
public sealed class KeptPropensityTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Theory]
    [InlineData("action_mask", "m", "a: 1, m: [0, 1, 1], p: [0, 0.5, 0.5]", "a: 0, m: [0, 1, 1], p: [0, 0.5, 0.5]")]
    [InlineData("action_mask", "m", "a: 1, m: [0, 1, 1], p: [0, 0.5, 0.5]", "a: 1, m: [0, 1], p: [0, 0.5, 0.5]")]
    [InlineData("action_mask", "m", "a: 1, m: [0, 1, 1], p: [0, 0.5, 0.5]", "a: 1, m: [0, 1, 2], p: [0, 0.5, 0.5]")]
    [InlineData("action_mask", "m", "a: 1, m: [0, 1, 1], p: [0, 0.5, 0.5]", "a: 1, m: null, p: [0, 0.5, 0.5]")]
    [InlineData("probabilities", "p", "a: 1, m: [0, 1, 1], p: [0, 0.5, 0.5]", "a: 1, m: [0, 1, 1], p: [0.5, 0.5, 0]")]
    [InlineData("probabilities", "p", "a: 1, p: [0, 0.5, 0.5]", "a: 1, p: [0, 0.5, 0.4]")]
    [InlineData("probabilities", "p", "a: 1, p: [0, 0.5, 0.5]", "a: 1, p: [0, 1.5, -0.5]")]
    [InlineData("probabilities", "p", "a: 1, p: [0, 0.5, 0.5]", "a: 1, p: [0.5, 0.5]")]
    [InlineData("probabilities", "p", "a: 1, p: [0, 0.5, 0.5]", "a: 1, p: [0, 0.5, null]")]
    [InlineData("probabilities", "p", "a: 1, p: [0, 0.5, 0.5]", "a: 1, p: null")]
    public void ABrokenMaskOrDistribution_LeavesItsRowOutAndSaysWhy(string check, string column, string good, string broken)
    {
        var (dataset, report) = Keep(good, broken);
        Assert.Equal(new RowTally(4, 3, 1), report.Rows);
        Assert.Equal([1, 2], dataset.Episodes.Select(e => e.Steps));
        Assert.Single(report.Findings, f => f.Check == check && f.Severity == Severity.Error && f is { Row: 2, Count: 1 } && f.Column == column);
        var rejected = File.ReadLines(Path.Combine(dataset.Folder, "rejects", "rejects.csv")).Last();
        Assert.Contains($"a.jsonl,2,{column},", rejected, StringComparison.Ordinal);
        Assert.Contains("the row cannot be kept without it: the steps of an episode have it all together, or not at all", rejected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("propensity", "a: 1, p: [0, 0.5, 0.5]", "a: 0, p: [0, 0.5, 0.5]")]
    [InlineData("propensity", "a: 1, b: 0.5", "a: 1, b: 1.5")]
    [InlineData("propensities_differ", "a: 1, p: [0, 0.5, 0.5], b: 0.5", "a: 1, p: [0, 0.5, 0.5], b: 0.25")]
    public void AWrongPropensity_LeavesItsRowInWithoutIt(string check, string good, string broken)
    {
        var (dataset, report) = Keep(good, broken);
        Assert.Equal(new RowTally(4, 4, 0), report.Rows);
        Assert.Equal([4], dataset.Episodes.Select(e => e.Steps));
        Assert.Single(report.Findings, f => f.Check == check && f is { Row: 2, Count: 1 });
        // Where two differ, the distribution's is there all the same.
        double[] logs = [];
        dataset.ReadEpisode(0, (EpisodeRecord _, in EpisodeColumns e) => logs = e.BehaviorLogProbabilities.ToArray());
        var half = Math.Log(0.5);
        Assert.Equal([half, check == "propensity" ? double.NaN : half, half, half], logs);
    }

    (Dataset Dataset, ValidationReport Report) Keep(string good, string broken)
    {
        var lines = Enumerable.Range(0, 4).Select(t => Quoted($"{{o: [{t}, 1], {(t == 1 ? broken : good)}, r: {t}, d: {(t == 3 ? "true" : "false")}}}")).ToArray();
        var config = new ImportConfig
        {
            Name = "x",
            Source = [_recording.Write("a.jsonl", lines)],
            Observation = ["o"],
            Action = ["a"],
            ActionCount = 3,
            Reward = "r",
            Done = "d",
            ActionMask = good.Contains("m:", StringComparison.Ordinal) ? ["m"] : [],
            BehaviorProbs = good.Contains("p:", StringComparison.Ordinal) ? ["p"] : [],
            BehaviorProb = good.Contains("b:", StringComparison.Ordinal) ? "b" : null,
            OnError = ErrorRule.Keep,
        };
        var result = ImportJob.Run(config, _recording.Workspace, NullProgress.Instance, CancellationToken.None);
        var dataset = Dataset.Open(_recording.Workspace, result.Manifest.FullName);
        dataset.Check(NullProgress.Instance);
        return (dataset, result.Report);
    }

    static string Quoted(string line) => System.Text.RegularExpressions.Regex.Replace(line, "([a-z])(?=:)", "\"$1\"");
}
