using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Environments;
using OfflineRL.Train.Algorithms;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Fitted values through the job: from a dataset to the table, and what is refused.</summary>
public sealed class FittedJobTests : IDisposable
{
    static readonly TabularMdp Grid = TabularTests.Mdp("GridWorld-v1").WithDiscount(1);

    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-fitted-").FullName;

    Workspace Workspace => Workspace.Open(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(ValueKind.Tabular)]
    [InlineData(ValueKind.Linear)]
    [InlineData(ValueKind.Model)]
    public void Run_OnGridWorld_CoversTheExactValue(ValueKind kind)
    {
        WriteGrid(cut: false);
        var truth = TabularSolver.Evaluate(Grid, TabularSolver.PolicyIteration(Grid).Policy.Soften(Grid, 0.3)).Return;
        var rows = Run(new ValueConfig { Kind = kind }, ["dm", "dr", "wdr", "mis", "model_based"]);
        var name = kind.ToString().ToLowerInvariant();
        Assert.Equal([name, name, name, "none", "none"], rows.Select(r => r.ValueModel));
        Assert.All(rows, row => Assert.InRange(row.Estimate!.Value, truth - 0.6, truth + 0.6));
        Assert.All(rows.Skip(1), row => Assert.True(Math.Abs(row.Estimate!.Value - truth) < 4 * row.StandardError, $"{row.Estimator}: {row.Estimate} +- {row.StandardError}, {truth}"));
    }

    [Fact]
    public void Run_OfABlend_SaysThatItsIntervalLeavesTheValuesOut()
    {
        WriteGrid(cut: false);
        var rows = Run(new ValueConfig { Kind = ValueKind.Tabular }, ["magic", "wdr"]);
        Assert.Equal([true, false], rows.Select(r => r.Verdict.Contains("a blend with the values", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_OnItsOwnLog_SaysSoInTheTable()
    {
        WriteGrid(cut: false);
        Assert.Equal("tabular (same log)", Run(new ValueConfig { Kind = ValueKind.Tabular, Folds = 1 }, ["dr"])[0].ValueModel);
    }

    [Fact]
    public void Run_OfADeepFit_GoesThrough()
    {
        WriteGrid(cut: false);
        var row = Run(new ValueConfig { Kind = ValueKind.Deep, Device = "cpu", Deep = new FittedQConfig { Hidden = [32], Steps = 600, BatchSize = 64, LearningRate = 3e-3, WarmupSteps = 50 } }, ["dm"])[0];
        Assert.Equal("deep", row.ValueModel);
        Assert.InRange(row.Estimate!.Value, -6, -1.5);
    }

    [Fact]
    public void Run_PastCuts_RefusesWhatCorrectsByRewardsThatEndThere()
    {
        WriteGrid(cut: true);
        var config = new ValueConfig { Kind = ValueKind.Tabular, Horizon = ValueHorizon.Infinite };
        foreach (var estimator in new[] { "dr", "wdr", "magic" })
            Assert.Contains($"'{estimator}' corrects values by logged rewards, which end where", Refused(config, [estimator]), StringComparison.Ordinal);
        Assert.Equal("finite_horizon", Run(config with { Horizon = ValueHorizon.Finite }, ["dm"])[0].Target);
        Assert.Equal("discounted", Run(config, ["dm"], discount: 0.9)[0].Target);
        WriteGrid(cut: false);
        Assert.NotEmpty(Run(config, ["dr"], discount: 0.9));
    }

    [Fact]
    public void Run_ForEverAtDiscountOne_WithCutEpisodes_IsRefused()
    {
        WriteGrid(cut: true);
        var config = new ValueConfig { Kind = ValueKind.Tabular, Horizon = ValueHorizon.Infinite };
        Assert.Contains("the discount is 1, and", Refused(config, ["dm"]), StringComparison.Ordinal);
        Assert.Contains("the discount is 1, and", Refused(config with { Horizon = ValueHorizon.Finite }, ["mis"]), StringComparison.Ordinal);
        Assert.NotEmpty(Run(config with { Horizon = ValueHorizon.Finite }, ["dm"]));
    }

    [Theory]
    [InlineData(ValueKind.Tabular, "dm")]
    [InlineData(ValueKind.Model, "dm")]
    [InlineData(ValueKind.Linear, "model_based")]
    public void Run_OfATable_OnVectors_IsRefused(ValueKind kind, string estimator)
    {
        SmallLog.Write(Workspace, "log", PropensitySource.Logged);
        var error = Assert.Throws<UserErrorException>(() => Job(new ValueConfig { Kind = kind }, [estimator], "columns:probs=better"));
        Assert.Contains("needs observations that are states", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_root, "reports", "r-v1")));
    }

    [Fact]
    public void Run_OnVectors_WithAPolicyThatTheLogStores_FitsLinearly()
    {
        SmallLog.Write(Workspace, "log", PropensitySource.Logged);
        var rows = Job(new ValueConfig { Kind = ValueKind.Linear }, ["dm", "dr"], "columns:probs=better");
        // Action 1, which alone pays, three times in four: 0.75 x 2.5 steps.
        Assert.InRange(rows[0].Estimate!.Value, 1.6, 2.15);
        // The weights leave 15 effective episodes: far wider, as its standard error says.
        Assert.InRange(rows[1].Estimate!.Value, 1.875 - (4 * rows[1].StandardError!.Value), 1.875 + (4 * rows[1].StandardError!.Value));
    }

    string Refused(ValueConfig values, string[] estimators) => Assert.Throws<UserErrorException>(() => Run(values, estimators)).Message;

    IReadOnlyList<EstimateRow> Run(ValueConfig values, string[] estimators, double discount = 1) => Job(values, estimators, "builtin:optimal?epsilon=0.3", discount);

    IReadOnlyList<EstimateRow> Job(ValueConfig values, string[] estimators, string policy, double discount = 1) => OpeJob.Run(
        new OpeConfig { Name = "r", Dataset = "log", Policies = [policy], Environment = "GridWorld-v1", Values = values, Estimators = estimators, Discount = discount, Resamples = 100 },
        Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None).Summary.Estimates!;

    // 150 episodes of the half-random best policy; the last one is cut where asked.
    void WriteGrid(bool cut)
    {
        var policy = TabularSolver.PolicyIteration(Grid).Policy.Soften(Grid, 0.5).Probabilities.ToArray();
        var (log, _) = SampledLog.Of(Grid, policy, policy, 150, RandomStream.Create(9, "grid"));
        using var writer = DatasetWriter.Create(Workspace, "log", new DatasetDescription
        {
            ObservationSpace = new DiscreteSpace(Grid.StateCount),
            ActionSpace = new DiscreteSpace(4),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Probability,
        });
        for (var e = 0; e < log.Episodes; e++)
        {
            var (first, end, isCut) = (log.FirstRow[e], log.FirstRow[e + 1], cut && e == log.Episodes - 1);
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = FormattableString.Invariant($"episode-{e}"),
                BehaviorPolicy = "half",
                Observations = Array.ConvertAll(log.States![first..end], s => (float)s),
                FinalObservation = new float[] { log.States[log.Steps + e] },
                DiscreteActions = log.Actions!.AsSpan(first, end - first).ToArray(),
                Rewards = log.Rewards.AsSpan(first, end - first).ToArray(),
                Terminated = !isCut,
                Truncated = isCut,
                BehaviorLogProbabilities = Enumerable.Range(first, end - first).Select(row => Math.Log(log.Policy(row)[log.Actions![row]])).ToArray(),
            });
        }

        writer.Commit();
    }
}
