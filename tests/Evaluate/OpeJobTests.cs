using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public sealed class OpeJobTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-ope-").FullName;

    Workspace Workspace => Workspace.Open(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Run_OfTheBehaviorPolicy_GivesTheMeanReturn()
    {
        var mean = SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        foreach (var policy in (string[])["columns:logits=logits", "columns:logits=z,beta=1", "columns:probs=behavior_probs"])
        {
            foreach (var row in Run(policy))
            {
                Assert.Equal(mean, row.Estimate!.Value, 12);
                Assert.Equal(mean, row.BehaviorReturn, 12);
                Assert.Equal(SmallLog.Episodes, row.EffectiveSampleSize!.Value, 6);
                Assert.Equal((0, 0, 0L), (row.ZeroWeightEpisodes, row.ZeroRatioSteps, row.UnsupportedSteps));
                Assert.True(row.Low < mean && mean < row.High);
                Assert.StartsWith("usable", row.Verdict, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Run_OfABetterPolicy_CoversItsExactValue()
    {
        var mean = SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        // Action 1, which alone pays, three times in four: 0.75 x 2.5 steps.
        var better = Run("columns:probs=better");
        Assert.All(better, row => Assert.True(row.Low < 1.875 && row.High > 1.875 && row.Estimate > 1.2 * mean, $"{row.Estimator}: {row.Estimate} [{row.Low}, {row.High}]"));
        // The list column and the two numbered ones are the same policy.
        Assert.Equal(
            Run("columns:logits=logits,temperature=0.5").Select(r => r.Estimate),
            Run("columns:logits=z,beta=2").Select(r => r.Estimate));
    }

    [Fact]
    public void Run_WithStoredValues_AddsTheDoublyRobustEstimators()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        // 'better' is (1/4, 3/4) over actions: taken for q, its mean under the same policy is 1/16 + 9/16.
        var rows = Run(new OpeConfig { Policies = ["columns:probs=better"], Values = new ValueConfig { Kind = ValueKind.Columns, Q = "better" } });
        Assert.Equal(["is", "wis", "pdis", "wpdis", "dm", "dr", "wdr", "magic"], rows.Select(r => r.Estimator));
        Assert.Equal(0.625, rows[4].Estimate!.Value, 12);
        Assert.Equal(["none", "none", "none", "none", "columns", "columns", "columns", "columns"], rows.Select(r => r.ValueModel));
        Assert.Equal("none needed", rows[4].Propensities);
        // These values are far off; the blend leans on them, so it is left out.
        Assert.All(rows.Skip(5).Take(2), row => Assert.InRange(row.Estimate!.Value, 1.875 - (4 * row.StandardError!.Value), 1.875 + (4 * row.StandardError!.Value)));
        // The same q as a column of the logged action would need v beside it.
        var one = Run(new OpeConfig { Policies = ["columns:probs=better"], Estimators = ["dm"], Values = new ValueConfig { Kind = ValueKind.Columns, Q = "z_0", V = "info_z_1" } });
        Assert.NotEqual(0, one[0].Estimate!.Value);
    }

    [Fact]
    public void Run_WithoutPropensities_TakesTheDirectMethodAlone()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Unknown);
        var row = Assert.Single(Run(new OpeConfig { Policies = ["columns:probs=better"], Values = new ValueConfig { Kind = ValueKind.Columns, Q = "better" } }));
        Assert.Equal(("dm", "none needed", (double?)null), (row.Estimator, row.Propensities, row.EffectiveSampleSize));
        Assert.Equal(0.625, row.Estimate!.Value, 12);
    }

    [Theory]
    [InlineData("ips2", "Unknown estimator 'ips2'")]
    [InlineData("is?lambda=2", "it has no lambda")]
    [InlineData("wdr", "values.kind")]
    public void Run_OfAnEstimatorThatDoesNotApply_SaysWhy(string estimator, string expected)
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var error = Assert.Throws<UserErrorException>(() => Run(new OpeConfig { Policies = ["columns:probs=better"], Estimators = [estimator] }));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(Workspace.ReportsFolder) ? Directory.GetFileSystemEntries(Workspace.ReportsFolder) : []);
    }

    [Fact]
    public void Run_OfATable_EqualsTheSamePolicyInColumns()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        // Logarithms taken in another order round the last digit.
        double[] Digits(string policy) => Run(policy).Select(r => Math.Round(r.Estimate!.Value, 9)).ToArray();
        var (file, columns) = (Path.Combine(_root, "better.csv"), Digits("columns:probs=better"));
        File.WriteAllText(file, "action,probability\n0,0.25\n1,0.75\n");
        Assert.Equal(columns, Digits("table:" + file));
        // A key must be in the table for every row of the log; probabilities must sum to one.
        File.WriteAllText(file, "observation_1,action,probability\n0,0,0.25\n0,1,0.75\n");
        Assert.Equal(columns, Digits("table:" + file));
        foreach (var (text, expected) in ((string, string)[])[
            ("observation_1,action,probability\n7,0,0.25\n7,1,0.75\n", "has no row where observation_1 is 0"),
            ("action,probability\n0,0.25\n1,0.7\n", "sum to 0.95"),
            ("action,probability\n0,0.25\n2,0.75\n", "is no table of probabilities"),
            ("action,chance\n0,1\n", "is no table of probabilities"),
            ("observation_9,action,probability\n0,0,1\n", "expected observation_0 to observation_3")])
        {
            File.WriteAllText(file, text);
            Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Run("table:" + file)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("is no table", Assert.Throws<UserErrorException>(() => Run("table:nowhere.csv")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OnAPartOfTheSplit_UsesItsEpisodesOnly()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var (train, test) = (Run("columns:logits=z", "train")[0], Run("columns:logits=z", "test")[0]);
        Assert.Equal(SmallLog.Episodes, train.Episodes + test.Episodes);
        Assert.InRange(train.Episodes, 70, 130);
        Assert.NotEqual(train.Estimate!.Value, test.Estimate!.Value, 9);
        Assert.Contains("train, test", Assert.Throws<UserErrorException>(() => Run("columns:logits=z", "tests")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithoutPropensities_RefusesAndLeavesNoReport()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Unknown);
        var error = Assert.Throws<UserErrorException>(() => Run("columns:logits=z"));
        Assert.Contains("propensity_source unknown", error.Message, StringComparison.Ordinal);
        Assert.Contains("evaluate rollout", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Workspace.ReportsFolder));
    }

    [Theory]
    [InlineData("columns:logits=q", "'q'")]
    [InlineData("columns:logits=note", "0 values a step")]
    [InlineData("columns:probs=z", "expected 1 within 0.001")]
    [InlineData("builtin:uniform", "Set 'environment'")]
    [InlineData("run:nothing", "nothing")]
    public void Run_OfAPolicyThatTheLogCannotGive_SaysWhy(string policy, string expected)
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var error = Assert.Throws<UserErrorException>(() => Run(policy));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(Workspace.ReportsFolder) ? Directory.GetFileSystemEntries(Workspace.ReportsFolder) : []);
    }

    [Fact]
    public void Run_WhereThePolicyActsAsTheLogNeverDoes_CountsIt()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged, neverLogged: 0);
        var row = Run("columns:logits=z")[0];
        Assert.Equal(1, row.UnsupportedSteps);
        Assert.InRange(row.UnsupportedMass!.Value, 1e-5, 0.01);
        Assert.Contains("were never logged", row.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfABuiltInPolicy_ScoresItsProbabilities()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var config = new OpeConfig { Dataset = "small", Policies = ["builtin:uniform"], Environment = "CartPole-v1", Discount = 0.9, Interval = IntervalMethod.BootstrapBca };
        var rows = OpeJob.Run(config, Workspace, NullProgress.Instance, TimeProvider.System, default).Summary.Estimates;
        // Uniform actions give 1/2 a step, whatever the logits: half of the discounted number of steps, which is 1 to 4.
        var exact = 0.5 * (1 + 1.9 + 2.71 + 3.439) / 4;
        Assert.All(rows, row => Assert.InRange(row.Estimate!.Value, exact - 0.3, exact + 0.3));
        Assert.All(rows, row => Assert.Equal(0.9, row.Discount));
    }

    [Fact]
    public void Run_Twice_GivesTheSameTablesUnderTheNextVersion()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var config = new OpeConfig { Dataset = "small", Policies = ["columns:logits=z,beta=2"], Name = "twice" };
        var one = OpeJob.Run(config, Workspace, NullProgress.Instance, TimeProvider.System, default);
        var two = OpeJob.Run(config, Workspace, NullProgress.Instance, TimeProvider.System, default);
        Assert.Equal(("twice-v1", "twice-v2"), (Path.GetFileName(one.Folder), Path.GetFileName(two.Folder)));
        Assert.Equal(File.ReadAllText(Path.Combine(one.Folder, "estimates.csv")), File.ReadAllText(Path.Combine(two.Folder, "estimates.csv")));
        foreach (var file in (string[])["config.yaml", "summary.json", "estimates.csv", "estimates.parquet"])
            Assert.True(new FileInfo(Path.Combine(one.Folder, file)).Length > 0);
        Assert.Equal(4, File.ReadAllLines(Path.Combine(one.Folder, "estimates.csv")).Length - 1);
        var summary = JsonFiles.Read<ReportSummary>(Path.Combine(one.Folder, "summary.json"));
        Assert.Equal(one.Summary.Estimates, summary.Estimates);
        Assert.StartsWith("sha256:", Assert.Single(summary.Datasets).ContentHash, StringComparison.Ordinal);
    }

    IReadOnlyList<EstimateRow> Run(OpeConfig config) =>
        OpeJob.Run(config with { Dataset = "small", Resamples = 500 }, Workspace, NullProgress.Instance, TimeProvider.System, default).Summary.Estimates;

    IReadOnlyList<EstimateRow> Run(string policy, string split = "") =>
        OpeJob.Run(new OpeConfig { Dataset = "small", Policies = [policy], Split = split }, Workspace, NullProgress.Instance, TimeProvider.System, default).Summary.Estimates;
}
