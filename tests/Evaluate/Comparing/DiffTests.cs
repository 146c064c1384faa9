using MathNet.Numerics.Distributions;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Cli;
using OfflineRL.Tests.Datasets;
using OfflineRL.Tests.Evaluate.Html;
using OfflineRL.Tests.Train;

namespace OfflineRL.Tests.Evaluate.Comparing;

public sealed class DiffTests : IDisposable
{
    static readonly DiffConfig Config = new() { Before = "a", After = "b", Resamples = 400 };

    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Difference_OfTheSameSeeds_IsPairedOverThem()
    {
        // Seed by seed the later report is 2, 4 and 6 higher; the seeds themselves lie 100 apart.
        var row = Assert.Single(Differences(Seeds(0, 100, 200), Seeds(2, 104, 206)));
        Assert.Equal(("paired over seeds", 3, 3, DifferenceConclusion.Undecided), (row.Method, row.UnitsBefore, row.UnitsAfter, row.Conclusion));
        Assert.Equal(4, row.Difference, 12);
        // Three units: the resamples' quantiles are 2 and 6, moved away by sqrt(3 / 2) x 4.3027 / 1.9600.
        Assert.Equal(4 - (2 * Math.Sqrt(1.5) * 4.302653 / 1.959964), row.Low!.Value, 5);
        Assert.Equal(4 + (2 * Math.Sqrt(1.5) * 4.302653 / 1.959964), row.High!.Value, 5);
        // The same difference of every seed: nothing is left to chance.
        Assert.Equal(DifferenceConclusion.Worse, Assert.Single(Differences(Seeds(0, 100, 200), Seeds(-1, 99, 199))).Conclusion);
        Assert.Equal(DifferenceConclusion.Better, Assert.Single(Differences(Seeds(0, 100, 200), Seeds(1, 101, 201))).Conclusion);
    }

    [Fact]
    public void Difference_OfOtherSeedsOrStarts_IsIndependent()
    {
        var other = Seeds(2, 104, 206).ConvertAll(r => r with { Seed = r.Seed + 5 });
        var row = Assert.Single(Differences(Seeds(0, 100, 200), other));
        Assert.Equal(("independent", DifferenceConclusion.Undecided), (row.Method, row.Conclusion));
        Assert.True(row.High - row.Low > 150);
        // A single policy: over episodes, paired where the starts are the same ones.
        var (one, same) = (Episodes(0, 1, 5, 3, 2), Episodes(0, 2, 6, 4, 3.5));
        Assert.Equal(("paired over episodes", DifferenceConclusion.Better, 4), Assert.Single(Differences(one, same)) is var p ? (p.Method, p.Conclusion, p.UnitsAfter) : default);
        Assert.Equal(("independent", DifferenceConclusion.Undecided), Assert.Single(Differences(one, Episodes(1, 2, 6, 4, 3.5))) is var i ? (i.Method, i.Conclusion) : default);
    }

    [Fact]
    public void Difference_OfAReportToItself_IsSameAndOfOneEpisodeUnknown()
    {
        var rows = Reports.Rows("p", ["nominal", "x", "y"], 3, 4, 10);
        var found = Differences(rows, rows);
        Assert.Equal(2 * 4, found.Count);
        Assert.All(found, row => Assert.Equal((0.0, DifferenceConclusion.Same), (row.Difference, row.Conclusion)));
        Assert.Equal(DifferenceConclusion.Unknown, Assert.Single(Differences(Episodes(0, 1), Episodes(0, 2))).Conclusion);
        Assert.Empty(Differences(rows, Reports.Rows("q", ["nominal"], 3, 4, 10)));
    }

    // The conclusion's promise: where nothing changed but chance, it is rarely said that something did; by the plain bootstrap of three seeds one time in four or more.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Conclusion_WhereNothingChanged_IsWrongInAboutOneOfTwenty(int seeds)
    {
        const int trials = 400;
        var stream = RandomStream.Create(7, $"null-{seeds}");
        var wrong = 0;
        for (var trial = 0; trial < trials; trial++)
        {
            double[] Draw() => [.. Enumerable.Range(0, seeds).Select(_ => stream.NextGaussian())];
            wrong += Assert.Single(Differences(Seeds(Draw()), Seeds(Draw()), 200)).Conclusion is DifferenceConclusion.Better or DifferenceConclusion.Worse ? 1 : 0;
        }

        // Four standard errors above 5 %, and not so few that it could not be said at all.
        Assert.InRange(wrong / (double)trials, 0.005, 0.05 + (4 * Math.Sqrt(0.05 * 0.95 / trials)));
        Assert.Equal(4.302653, StudentT.InvCDF(0, 1, 2, 0.975), 5);
    }

    [Fact]
    public void Diff_OfTwoVersions_WritesAReportAndFailsWhereAScoreFell()
    {
        var root = _workspace.Root;
        foreach (var policy in (string[])["builtin:scripted", "builtin:scripted?epsilon=0.9"])
            Tool.Run(root, "evaluate", "rollout", "--policy", policy, "--environment", "CartPole-v1", "--task", "nominal", "--episodes", "12", "--name", "r").Expect(0);
        // The same name in both, as a run that was trained again has.
        foreach (var file in (string[])["rollouts.csv", "scores.csv", "summary.json"])
        {
            var path = Path.Combine(root, "reports", "r-v2", file);
            File.WriteAllText(path, File.ReadAllText(path).Replace("scripted?epsilon=0.9", "scripted", StringComparison.Ordinal));
        }

        var output = Tool.Run(root, "evaluate", "diff", "r").Expect(0).Output;
        Assert.Matches(@"scripted +nominal +last +500\.0 +\d.* worse +paired over episodes", output);
        Assert.Contains("config policies: ['builtin:scripted'] -> ['builtin:scripted?epsilon=0.9']", output, StringComparison.Ordinal);
        var folder = Path.Combine(root, "reports", "r-v2-diff-v1");
        foreach (var file in (string[])["summary.json", "config.yaml", "report.html", "changes.csv", "changes.parquet", "score_differences.csv", "score_differences.parquet"])
            Assert.True(File.Exists(Path.Combine(folder, file)), file);
        Assert.Contains("worse than before, beyond the interval: scripted on nominal", Tool.Run(root, "evaluate", "diff", "r-v1", "r-v2", "--fail-if-worse").Expect(1).Error, StringComparison.Ordinal);
        Tool.Run(root, "evaluate", "diff", "r-v2", "r-v1", "--fail-if-worse").Expect(0);
        Assert.Contains("itself a comparison", Tool.Run(root, "evaluate", "compare", "--report", "r-v2-diff").Expect(2).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("summary.json", null, "it is not there", "compare")]
    [InlineData("summary.json", "{", "it is no JSON")]
    [InlineData("summary.json", "{\"schema_version\": 2, \"much\": {\"that\": \"is new\"}}", "schema_version 2; expected at most 1")]
    [InlineData("rollouts.csv", null, "not the rows of a rollout")]
    [InlineData("rollouts.csv", "algorithm,policy\nx\n", "not the rows of a rollout")]
    [InlineData("config.yaml", null, "The folder was damaged")]
    public void Diff_OfADamagedReport_IsOneMessageAndLeavesNothing(string file, string? text, string expected, string job = "diff")
    {
        foreach (var name in (string[])["a", "b"])
            RolloutJob.Run(new RolloutConfig { Policies = ["builtin:uniform"], Environment = "CartPole-v1", Tasks = ["nominal"], Episodes = 2, Resamples = 10, Name = name }, _workspace.Workspace, new CallbackProgress(_ => { }), TimeProvider.System, default);
        var damaged = Path.Combine(_workspace.Root, "reports", "b-v1", file);
        File.Delete(damaged);
        if (text is not null)
            File.WriteAllText(damaged, text);
        // Without its summary a folder is no report at all; what is named is what was looked for.
        var error = Assert.Throws<UserErrorException>(() => job == "diff"
            ? DiffJob.Run(Config with { Before = "a-v1", After = "b-v1" }, _workspace.Workspace, TimeProvider.System, default)
            : throw Assert.Throws<UserErrorException>(() => ReportSummary.Read(Path.GetDirectoryName(damaged)!)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(["a-v1", "b-v1"], Directory.EnumerateFileSystemEntries(Path.Combine(_workspace.Root, "reports")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Diff_OfReportsThatShareNothing_SaysWhatEachHas()
    {
        foreach (var (name, policy) in ((string, string)[])[("a", "builtin:uniform"), ("b", "builtin:scripted")])
            RolloutJob.Run(new RolloutConfig { Policies = [policy], Environment = "CartPole-v1", Tasks = ["nominal"], Episodes = 2, Resamples = 10, Name = name }, _workspace.Workspace, new CallbackProgress(_ => { }), TimeProvider.System, default);
        var error = Assert.Throws<UserErrorException>(() => DiffJob.Run(Config, _workspace.Workspace, TimeProvider.System, default));
        Assert.Matches("a-v1 has uniform .builtin.; .*b-v1 has scripted", error.Message);
        Assert.Contains("named twice", Assert.Throws<UserErrorException>(() => DiffJob.Run(Config with { After = "a" }, _workspace.Workspace, TimeProvider.System, default)).Message, StringComparison.Ordinal);
        Assert.Contains("1 versions", Assert.Throws<UserErrorException>(() => DiffJob.Run(Config with { After = "" }, _workspace.Workspace, TimeProvider.System, default)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_OfConfigDataPoliciesAndSnapshots_AreEachNamed()
    {
        ReportSummary Summary(string hash, long seed, string snapshot) => new()
        {
            Job = "ope", Created = DateTimeOffset.UnixEpoch, ToolVersion = "1", Seed = 0, Datasets = [new("log-v1", hash)], Policies = [new("dqn", "net", [seed], [10])], Snapshots = [new("dqn", "net", 0, 10, snapshot)],
        };
        var changes = ReportChanges.Of(Summary("x", 0, "s"), "a: 1\nvalues:\n  kind: none\nlist:\n- p\n- q\n", Summary("y", 1, "t"), "a: 1\nvalues:\n  kind: deep\nlist:\n- p\n");
        Assert.Equal(
            [new("config", "values.kind", "none", "deep"), new("config", "list", "- p - q", "- p"), new("data", "log-v1", "x", "y"), new("policy", "net (dqn)", "seeds 0; steps 10", "seeds 1; steps 10"), new("snapshot", "net (dqn), seed 0, step 10", "s", "t")],
            changes);
        Assert.Empty(ReportChanges.Of(Summary("x", 0, "s"), "a: 1", Summary("x", 0, "s"), "a: 1"));
    }

    static IReadOnlyList<ScoreDifferenceRow> Differences(List<RolloutRow> before, List<RolloutRow> after, int resamples = 400)
    {
        IReadOnlyList<ScoreRow> Scores(List<RolloutRow> rows) => ScoreTable.Of(rows, [], 0.95, 10, RandomStream.Create(1, "t"));
        return ScoreDifferences.Of(Scores(before), before, Scores(after), after, Config with { Resamples = resamples }, default);
    }

    static List<RolloutRow> Seeds(params double[] means) => [.. means.SelectMany((mean, seed) => Episodes(0, mean - 1, mean + 1).Select(r => r with { Seed = seed, Step = 10 }))];

    static List<RolloutRow> Episodes(long rolloutSeed, params double[] returns) =>
        [.. returns.Select((r, e) => Reports.Rows("p", ["nominal"], 1, 1, 0)[0] with { Seed = null, Step = null, IsLast = true, RolloutSeed = rolloutSeed, Episode = e, Return = r })];
}
