using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Selection;

public sealed class SelectJobTests : IDisposable
{
    const string Environment = "Line?length=1";

    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-select-").FullName;

    Workspace Workspace => Workspace.Open(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Run_OfHandNumbers_GivesTheseRegretsErrorsAndCorrelations()
    {
        // Truths 10, 20, 30, 40; estimated 12, 35, 31, 22: ranked 20, 30, 40, 10.
        WriteEstimates("e", Estimate("a", 12), Estimate("b", 35), Estimate("c", 31), Estimate("d", 22));
        WriteTruth("t", Truth("a", 9, 11), Truth("b", 20, 20), Truth("c", 25, 35), Truth("d", 40, 40));
        var row = Row(Run("e", "t"), "estimate");
        Assert.Equal(("b", 20.0, 4, 4, 4), (row.TopPolicy, row.TopTruth, row.Policies, row.Ranked, row.Trusted));
        Assert.Equal((20.0, 0.0, 0.0), (row.Regret1, row.Regret3, row.Regret5));
        Assert.Equal(20 / 30.0, row.NormalizedRegret1!.Value, 12);
        Assert.Equal((2 + 15 + 1 + 18) / 4.0, row.MeanAbsoluteError!.Value, 12);
        // Ranks of estimates 1 4 3 2 against 1 2 3 4: differences 0 2 0 2; three of the six pairs are discordant.
        Assert.Equal(1 - (6 * 8 / 60.0), row.Spearman!.Value, 12);
        Assert.Equal(0, row.Kendall!.Value, 12);
        // The log's policy got 25: a and b are no better, of which b is put above it; c and d are better, of which d is not.
        Assert.Equal((0.5, 0.5), (row.TypeOneError, row.TypeTwoError));
        // A value that goes on after the end of an episode is another one.
        WriteEstimates("on", [.. new[] { "a", "b" }.Select(p => Estimate(p, 12) with { Estimator = "mis", Target = "discounted" })]);
        var on = Row(Run("on", "t"), "estimate");
        Assert.Equal((10.0, null, null), (on.Regret1, on.MeanAbsoluteError, on.TypeOneError));
        var lower = Row(Run("e", "t"), "lower_bound");
        Assert.Null(lower.MeanAbsoluteError);
        var uniform = Run("e", "t").Summary.Selection[^1];
        Assert.Equal((SelectionTable.UniformChoice, 25.0, 15.0), (uniform.Estimator, uniform.TopTruth, uniform.Regret1));
        Assert.Equal(40 - ((30 + (40 * 3)) / 4.0), uniform.Regret3!.Value, 12);
    }

    [Fact]
    public void Run_AnyRanking_HasNoRegretAmongAll()
    {
        var stream = RandomStream.Create(3, "rankings");
        var names = Enumerable.Range(0, 5).Select(i => $"p{i}").ToList();
        WriteEstimates("e", [.. names.Select(n => Estimate(n, stream.NextGaussian()))]);
        WriteTruth("t", [.. names.Select(n => Truth(n, stream.NextGaussian()))]);
        var row = Row(Run("e", "t"), "estimate");
        Assert.Equal((0.0, 0.0), (row.Regret5, row.NormalizedRegret5));
        Assert.True(row.Regret1 >= row.Regret3 && row.Regret3 >= row.Regret5 && row.NormalizedRegret1 <= 1);
        Assert.InRange(row.Spearman!.Value, row.SpearmanLow!.Value, row.SpearmanHigh!.Value);
    }

    [Fact]
    public void Run_WithIntervalsApart_ChoosesByTheLowerBoundAndSaysWhy()
    {
        // b has the highest estimate, a the highest lower bound; c is trusted by nobody.
        WriteEstimates("e", Estimate("a", 10, 9, 11), Estimate("b", 12, 5, 19), Estimate("c", 99, 98, 100, "do not trust: 1 effective episode"), Estimate("d", 2, 1, 3));
        var choice = Run("e").Summary.Choice!;
        Assert.Equal(("a", "wis"), (choice.Policy!.Policy, choice.Estimator));
        Assert.Contains("highest lower bound by wis, 9", choice.Reason, StringComparison.Ordinal);
        Assert.Contains("3 of 4", choice.Reason, StringComparison.Ordinal);
        Assert.Contains("above those of 1 of 2 others", choice.Reason, StringComparison.Ordinal);
        Assert.Equal("b", Run("e", change: c => c with { Criterion = SelectionCriterion.Estimate }).Summary.Choice!.Policy!.Policy);
    }

    [Theory]
    [InlineData("usable", 0, 20, "cannot tell the policies apart: the intervals of all of them overlap")]
    [InlineData("do not trust: x", 0, 1, "cannot rank: no estimate is to be trusted")]
    public void Run_WhereNoEstimatorCanRank_ChoosesNoneAndSaysSo(string verdict, double below, double above, string expected)
    {
        WriteEstimates("e", [.. Enumerable.Range(0, 3).Select(i => Estimate($"p{i}", i, i - below, i + above, verdict))]);
        var result = Run("e");
        Assert.Null(result.Summary.Choice!.Policy);
        Assert.StartsWith("No estimator can rank these policies (wis: cannot", result.Summary.Choice.Reason, StringComparison.Ordinal);
        Assert.All(result.Summary.Selection, row => Assert.StartsWith(expected, row.Verdict, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WhereTheFirstEstimatorCannotRank_AsksTheNextAndSaysSo()
    {
        WriteEstimates("e",
            Estimate("a", 1, 0, 9), Estimate("b", 2, 0, 9),
            Estimate("a", 1, 0.9, 1.1) with { Estimator = "dr", ValueModel = "linear" }, Estimate("b", 2, 1.9, 2.1) with { Estimator = "dr", ValueModel = "linear" },
            Estimate("a", 3, 2.9, 3.1) with { Estimator = "dm", ValueModel = "linear" }, Estimate("b", 2, 1.9, 2.1) with { Estimator = "dm", ValueModel = "linear" });
        var summary = Run("e").Summary;
        Assert.Equal(("b", "dr"), (summary.Choice!.Policy!.Policy, summary.Choice.Estimator));
        Assert.Contains("Asked before: wis: cannot tell the policies apart", summary.Choice.Reason, StringComparison.Ordinal);
        Assert.Equal("a", Run("e", change: c => c with { Estimators = ["dm", "dr"] }).Summary.Choice!.Policy!.Policy);
        // Alone with what nothing checks against the log, it does not decide unasked.
        WriteEstimates("unchecked",
            Estimate("a", 1, 0, 9), Estimate("b", 2, 0, 9),
            Estimate("a", 3, 2.9, 3.1) with { Estimator = "dm", ValueModel = "linear" }, Estimate("b", 2, 1.9, 2.1) with { Estimator = "dm", ValueModel = "linear" });
        var none = Run("unchecked").Summary.Choice!;
        Assert.Null(none.Policy);
        Assert.Contains("dm would choose a, seed 0, step 1, and nothing checks it", none.Reason, StringComparison.Ordinal);
        Assert.Equal([("wis", "dr", 1.0, true), ("wis", "dm", -1.0, false), ("dr", "dm", -1.0, false)],
            summary.Agreement.Where(a => a.Criterion == "estimate").Select(a => (a.EstimatorX, a.EstimatorY, a.Spearman!.Value, a.SameFirst)));
    }

    [Fact]
    public void Run_OfSeveralSnapshotsASeed_ResamplesSeeds()
    {
        var stream = RandomStream.Create(1, "seeds");
        var policies = Enumerable.Range(0, 8).SelectMany(seed => Enumerable.Range(1, 3).Select(step => (seed, step))).ToList();
        WriteEstimates("e", [.. policies.Select(p => Estimate("a", p.seed + stream.NextGaussian()) with { Seed = p.seed, Step = p.step })]);
        WriteTruth("t", [.. policies.Select(p => Truth("a", p.seed + (0.1 * p.step)).Select(r => r with { Seed = p.seed, Step = p.step }).ToArray())]);
        var row = Row(Run("e", "t"), "estimate");
        Assert.Equal(("seeds", 8, 24), (row.Unit, row.Units, row.Policies));
        Assert.True(row.SpearmanLow < row.Spearman && row.Spearman < row.SpearmanHigh);
    }

    [Fact]
    public void Run_WithTruth_WritesTheCurveAndTheTables()
    {
        WriteEstimates("e", Estimate("a", 1), Estimate("b", 3));
        WriteTruth("t", Truth("a", 10), Truth("b", 20));
        var result = Run("e", "t", c => c with { Trials = 4 });
        Assert.Equal([20, 20, 20, 20], result.Trials.Where(t => t is { Strategy: "top" }).Select(t => t.Score));
        Assert.Equal([15, 20], result.Trials.Where(t => t.Strategy == "noise-free uniform").Select(t => t.Score));
        Assert.Equal(15, result.Trials.First(t => t.Strategy == "uniform").Score, 0.8);
        Assert.Equal((5.0, 0.0), (Math.Round(result.Trials.First(t => t.Strategy == "bandit").Regret), result.Trials.Last(t => t.Strategy == "bandit").Regret));
        foreach (var file in (string[])["config.yaml", "summary.json", "ranking.csv", "ranking.parquet", "selection.csv", "selection.parquet", "trials.csv", "trials.parquet"])
            Assert.True(new FileInfo(Path.Combine(result.Folder, file)).Length > 0, file);
        var page = File.ReadAllText(Path.Combine(result.Folder, "report.html"));
        foreach (var text in (string[])["Chosen: <b>b, seed 0, step 1</b>", "How the estimators rank", "Expected value of the policy deployed", "Ranking by wis"])
            Assert.Contains(text, page, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(result.Folder, "selection.csv")), File.ReadAllText(Path.Combine(Run("e", "t", c => c with { Trials = 4 }).Folder, "selection.csv")));
    }

    [Fact]
    public void Run_WithSoftenedEstimates_FindsTheRunsOwnTruthWhereAsked()
    {
        WriteEstimates("e", Estimate("a,epsilon=0.1", 1), Estimate("b,epsilon=0.1", 2));
        WriteTruth("t", Truth("a", 10), Truth("b", 20));
        Assert.Contains("ignore_options=true", Assert.Throws<UserErrorException>(() => Run("e", "t")).Message, StringComparison.Ordinal);
        var result = Run("e", "t", c => c with { IgnoreOptions = true });
        Assert.Equal(1, Row(result, "estimate").Spearman);
        Assert.Null(Row(result, "estimate").MeanAbsoluteError);
        Assert.Contains(result.Summary.Notes, note => note.StartsWith("Options are ignored", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WithReportsThatDoNotFit_SaysWhatAndLeavesNothing()
    {
        WriteEstimates("e", Estimate("a", 1), Estimate("b", 2));
        WriteEstimates("one", Estimate("a", 1));
        WriteEstimates("twice", Estimate("a", 1), Estimate("b", 2), Estimate("a", 3));
        WriteEstimates("logs", Estimate("a", 1), Estimate("b", 2) with { Dataset = "other-v1" });
        WriteTruth("t", Truth("a", 1), Truth("b", 2));
        WriteTruth("others", Truth("x", 1), Truth("y", 2));
        WriteTruth("half", Truth("a", 1), Truth("y", 2));
        WriteTruth("again", Truth("a", 1), Truth("b", 2), Truth("a", 1));
        WriteTruth("elsewhere", [.. new[] { "a", "b" }.Select(p => Truth(p, 1).Select(r => r with { Environment = "Line?length=2", Task = "long" }).ToArray())]);
        foreach (var (estimates, truth, change, expected) in new (string, string, Func<SelectConfig, SelectConfig>?, string)[]
        {
            ("t", "", null, "has no estimates.csv"),
            ("nothing", "", null, "There is no report 'nothing'"),
            ("one", "", null, "estimates of one policy, a, seed 0, step 1"),
            ("twice", "", null, "two estimates of a, seed 0, step 1 by wis"),
            ("logs", "", null, "several logs: log-v1, test, discount 1; other-v1"),
            ("e", "", c => c with { Estimators = ["dr"] }, "'dr' is not in"),
            ("e", "others", null, "No policy is in both reports"),
            ("e", "half", null, "Only one policy is in both reports, a, seed 0, step 1"),
            ("e", "elsewhere", null, "has no episodes on Line?length=1, the environment of the log; it has: long (Line?length=2)"),
            ("e", "t", c => c with { Task = "short" }, "no episodes of the task 'short'"),
            ("e", "again", null, "has episode 0 of a, seed 0, step 1 twice"),
            ("e", "e", null, "has no rollouts.csv"),
        })
        {
            var error = Assert.Throws<UserErrorException>(() => Run(estimates, truth, change));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Directory.GetDirectories(Workspace.ReportsFolder), folder => Path.GetFileName(folder).Contains("select", StringComparison.Ordinal));
        // Named, the other environment is taken, and the errors of the estimates are not.
        var named = Run("e", "elsewhere", c => c with { Task = "long" });
        Assert.Null(Row(named, "estimate").MeanAbsoluteError);
        Assert.Contains(named.Summary.Notes, note => note.Contains("another quantity", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_OfARunThatWasTrainedAgain_Refuses()
    {
        WriteEstimates("e", [Estimate("a,epsilon=0.5", 1), Estimate("b", 2)], hash: "sha256:1");
        WriteTruth("t", [Truth("a,epsilon=0.5", 1), Truth("b", 2)], hash: "sha256:1");
        WriteTruth("later", [Truth("a,epsilon=0.5", 1), Truth("b", 2)], hash: "sha256:2");
        Assert.Equal(2, Row(Run("e", "t"), "estimate").Policies);
        Assert.Contains("a,epsilon=0.5, seed 0, step 1 has other parameters", Assert.Throws<UserErrorException>(() => Run("e", "later")).Message, StringComparison.Ordinal);
        // A comparison would pool what two networks did.
        var compare = new CompareConfig { Reports = ["t", "later"], Resamples = 10 };
        Assert.Contains("a,epsilon=0.5, seed 0, step 1 has other parameters", Assert.Throws<UserErrorException>(() => CompareJob.Run(compare, Workspace, TimeProvider.System, default)).Message, StringComparison.Ordinal);
        CompareJob.Run(compare with { Reports = ["t"] }, Workspace, TimeProvider.System, default);
    }

    [Fact]
    public void Run_OnADamagedReport_SaysWhere()
    {
        WriteEstimates("e", Estimate("a", 1), Estimate("b", 2));
        var path = Path.Combine(Workspace.ReportsFolder, "e-v1", "estimates.csv");
        File.WriteAllText(path, File.ReadAllText(path).Replace("verdict", "word", StringComparison.Ordinal));
        Assert.Contains("not the rows of estimates", Assert.Throws<UserErrorException>(() => Run("e")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SelectConfig_Defaults_AreThese()
    {
        var config = new SelectConfig();
        Assert.Equal(("select", "select", "", "", "", SelectionCriterion.LowerBound, false, 50, 1, 1000, 0.95, 2000),
            (config.Job, config.Name, config.Estimates, config.Truth, config.Task, config.Criterion, config.IgnoreOptions, config.Trials, config.TrialEpisodes, config.Simulations, config.Confidence, config.Resamples));
        Assert.StartsWith("estimates is not set", Assert.Single(config.Validate()), StringComparison.Ordinal);
        Assert.Equal(4, new SelectConfig { Estimates = "e", Task = "x", Trials = 0, TrialEpisodes = 0, Simulations = 0 }.Validate().Count());
    }

    SelectResult Run(string estimates, string truth = "", Func<SelectConfig, SelectConfig>? change = null)
    {
        var config = new SelectConfig { Estimates = estimates, Truth = truth, Resamples = 200, Simulations = 200 };
        return SelectJob.Run(change?.Invoke(config) ?? config, Workspace, TimeProvider.System, default);
    }

    static SelectionRow Row(SelectResult result, string criterion) => result.Summary.Selection.First(s => s.Criterion == criterion);

    void WriteEstimates(string name, params EstimateLine[] rows) => WriteEstimates(name, rows, null);

    void WriteEstimates(string name, EstimateLine[] rows, string? hash) =>
        Write(name, "ope", "estimates", rows, rows.Select(r => (r.Policy, r.Seed, r.Step)), hash);

    void WriteTruth(string name, params RolloutRow[][] rows) => WriteTruth(name, rows, null);

    void WriteTruth(string name, RolloutRow[][] rows, string? hash) =>
        Write(name, "rollout", "rollouts", rows.SelectMany(r => r).ToList(), rows.Select(r => (r[0].Policy, r[0].Seed, r[0].Step)), hash);

    void Write<T>(string name, string job, string table, IReadOnlyCollection<T> rows, IEnumerable<(string Policy, long? Seed, int? Step)> policies, string? hash)
        where T : notnull
    {
        var folder = Path.Combine(Workspace.ReportsFolder, name + "-v1");
        Directory.CreateDirectory(folder);
        TabularResults.WriteCsv(Path.Combine(folder, table + ".csv"), rows);
        JsonFiles.Write(Path.Combine(folder, "summary.json"), new ReportSummary
        {
            Job = job,
            Created = DateTimeOffset.UnixEpoch,
            Datasets = [],
            Policies = [],
            Seed = 0,
            Environment = job == "ope" ? Environment : null,
            Snapshots = hash is null ? [] : policies.Select(p => new SnapshotHash("dqn", p.Policy, p.Seed, p.Step, hash)).ToList(),
        });
    }

    static EstimateLine Estimate(string policy, double estimate, double? low = null, double? high = null, string verdict = "usable: 80 effective episodes of 100") => new()
    {
        Policy = policy,
        Estimate = estimate,
        Low = low ?? estimate - 0.5,
        High = high ?? estimate + 0.5,
        Verdict = verdict,
    };

    static RolloutRow[] Truth(string policy, params double[] returns) => returns.Select((value, episode) => new RolloutRow
    {
        Algorithm = "dqn",
        Policy = policy,
        Task = "nominal",
        Environment = Environment,
        Label = "nominal",
        Seed = 0,
        Step = 1,
        IsLast = true,
        RolloutSeed = 0,
        Episode = episode,
        Return = value,
        Length = 1,
        Terminated = true,
        Truncated = false,
    }).ToArray();

    /// <summary>The columns of estimates.csv that a selection reads.</summary>
    sealed record EstimateLine
    {
        public string Algorithm { get; init; } = "dqn";

        public required string Policy { get; init; }

        public long? Seed { get; init; } = 0;

        public int? Step { get; init; } = 1;

        public string Dataset { get; init; } = "log-v1";

        public string Split { get; init; } = "test";

        public string Estimator { get; init; } = "wis";

        public string Target { get; init; } = "finite_horizon";

        public string ValueModel { get; init; } = "none";

        public double? Estimate { get; init; }

        public double? Low { get; init; }

        public double? High { get; init; }

        public double BehaviorReturn { get; init; } = 25;

        public double Discount { get; init; } = 1;

        public double? EffectiveSampleSize { get; init; } = 80;

        public required string Verdict { get; init; }
    }
}
