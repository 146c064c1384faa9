using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public sealed class OpeDiagnosticsTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-diagnostics-").FullName;

    Workspace Workspace => Workspace.Open(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Fit_OfGeneralisedParetoDraws_GivesTheirShape()
    {
        foreach (var shape in (double[])[0.2, 0.5, 0.9])
        {
            var stream = RandomStream.Create(1, "pareto");
            var draws = Enumerable.Range(0, 20_000).Select(_ => (Math.Pow(1 - stream.NextDouble(), -shape) - 1) / shape).Order().ToArray();
            // The asymptotic error of k is (1 + k) / sqrt(n) (Smith 1985); four of them, and the pull towards 1/2.
            Assert.Equal(shape, ParetoTail.Fit(draws), (4 * (1 + shape) / Math.Sqrt(draws.Length)) + 0.001);
        }

        Assert.True(double.IsNaN(ParetoTail.Shape(Enumerable.Repeat(1.0, 100).ToArray())));
    }

    [Fact]
    public void ReturnDistribution_OfFourWeightedReturns_EqualsHandComputedNumbers()
    {
        // Returns 1, 2, 3, 4 with weights 1, 2, 1, 4 of 8.
        var episodes = LoggedEpisodes.Create([0, 1, 2, 3, 4], [3, 1, 4, 2], [0, 0, Math.Log(4), Math.Log(2)], new double[4]);
        var distribution = ReturnDistribution.Of(episodes, 1);
        Assert.Equal([1, 2, 2, 3, 4, 4], new[] { 0.125, 0.13, 0.375, 0.5, 0.51, 1 }.Select(distribution.Quantile));
        Assert.Equal(1, distribution.Cvar(0.1), 12);
        Assert.Equal((1 + 2) / 2.0, distribution.Cvar(0.25), 12);
        Assert.Equal((1 + (2 * 2) + 3) / 4.0, distribution.Cvar(0.5), 12);
        Assert.Equal((1 + 4 + 3 + 16) / 8.0, distribution.Cvar(1), 12);
        var interval = distribution.Intervals([(true, 0.5)], 500, 0.9, RandomStream.Create(1, "r"), default)[0];
        Assert.True(interval.Low < 2 && interval.High > 2 && interval.Low >= 1 && interval.High <= 4);
    }

    [Fact]
    public void Without_TheHeaviestEpisodes_EqualsTheEstimateOfTheOthers()
    {
        var episodes = LoggedEpisodes.Create([0, 1, 2, 3], [1, 2, 10], [0, 0, Math.Log(8)], new double[3]);
        Assert.Equal(83 / 10.0, HeaviestEpisodes.Without(episodes, 1, 0), 12);
        Assert.Equal(1.5, HeaviestEpisodes.Without(episodes, 1, 1), 12);
        Assert.True(double.IsNaN(HeaviestEpisodes.Without(episodes, 1, 5)));
    }

    [Fact]
    public void LogKernel_InABox_IsADensityThere()
    {
        foreach (var (center, deviation) in ((double, double)[])[(0.9, 0.3), (0, 0.1), (-1, 2)])
        {
            const int Cells = 20_000;
            var mass = Enumerable.Range(0, Cells).Sum(i => Math.Exp(KernelWeights.LogKernel(-1 + ((i + 0.5) * 2 / Cells), center, deviation, -1, 1))) * 2 / Cells;
            Assert.Equal(1, mass, 1e-6);
        }
    }

    [Fact]
    public void KernelWeights_OfUniformActions_ApproachTheValueAtTheIntendedAction()
    {
        // a uniform in [-1, 1], reward 1 - (a - 0.3)^2, the policy always 0.3: value 1, less the kernel's own variance.
        var stream = RandomStream.Create(3, "kernel");
        var actions = Enumerable.Range(0, 40_000).Select(_ => stream.Uniform(-1, 1)).ToArray();
        foreach (var deviation in (double[])[0.1, 0.2])
        {
            var episodes = LoggedEpisodes.Create(
                Enumerable.Range(0, actions.Length + 1).ToArray(),
                actions.Select(a => 1 - ((a - 0.3) * (a - 0.3))).ToArray(),
                actions.Select(a => KernelWeights.LogKernel(a, 0.3, deviation, -1, 1)).ToArray(),
                actions.Select(_ => Math.Log(0.5)).ToArray());
            var estimate = SingleDecisionEstimators.InverseProbability(episodes);
            Assert.Equal(1 - (deviation * deviation), estimate.Value, (4 * estimate.StandardError()) + 1e-3);
        }
    }

    [Fact]
    public void Run_WritesIntervalsDiagnosticsWeightsAndReturns()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var result = Run(new OpeConfig { Policies = ["columns:logits=z,temperature=0.8"], Interval = IntervalMethod.StudentT });
        Assert.All(result.Summary.Estimates, row => Assert.Equal("student_t", row.Interval));
        Assert.All(result.Summary.Estimates, row => Assert.Contains("independent episodes", row.IntervalAssumption, StringComparison.Ordinal));
        var diagnostics = Assert.Single(result.Summary.Diagnostics);
        Assert.InRange(diagnostics.Overlap!.Value, 0.7, 0.999);
        Assert.StartsWith("agrees", diagnostics.BehaviorCheck, StringComparison.Ordinal);
        Assert.Equal(diagnostics.BehaviorReturn, diagnostics.BehaviorEstimate!.Value, 1e-9);
        Assert.Equal("", diagnostics.Disagreement);
        Assert.NotEqual(diagnostics.Wis!.Value, diagnostics.WisWithoutHeaviest10!.Value, 6);

        string[] Lines(string table) => File.ReadAllLines(Path.Combine(result.Folder, table + ".csv"));
        // Four estimators, five methods; bounds are for means alone.
        Assert.Equal(1 + 20, Lines("intervals").Length);
        Assert.Contains(Lines("intervals"), l => l.Contains(",wis,hoeffding,,,none: not a mean", StringComparison.Ordinal));
        Assert.Contains(Lines("intervals"), l => l.Contains(",is,hoeffding,", StringComparison.Ordinal) && l.Contains("largest weight seen", StringComparison.Ordinal));
        Assert.Equal(SmallLog.Episodes, Lines("weights").Skip(1).Sum(l => int.Parse(l.Split(',')[^1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(1 + 8, Lines("returns").Length);
    }

    [Fact]
    public void Run_WhereLoggedProbabilitiesDoNotMatch_SaysNotToTrust()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged, halved: true);
        var result = Run(new OpeConfig { Policies = ["columns:probs=better"] });
        Assert.StartsWith("inconsistent", Assert.Single(result.Summary.Diagnostics).BehaviorCheck, StringComparison.Ordinal);
        Assert.All(result.Summary.Estimates, row => Assert.StartsWith("do not trust: the logged probabilities are inconsistent", row.Verdict, StringComparison.Ordinal));
    }

    ReportResult Run(OpeConfig config) =>
        OpeJob.Run(config with { Dataset = "small", Resamples = 200 }, Workspace, NullProgress.Instance, TimeProvider.System, default);
}
