using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Train.Algorithms;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Fitted Q evaluation with a network, against the table on the same log.</summary>
public class DeepQTests
{
    static readonly FittedQConfig Small = new() { Hidden = [32], Steps = 1500, BatchSize = 64, WarmupSteps = 100, LearningRate = 3e-3 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_OnStates_ComesNearTheTable(bool finite)
    {
        var (log, episodes) = ReferenceLog.Read("episodic", 6, 2, 0.97, finite);
        var table = CrossFitting.Fit(new TabularQ(), log, 1, Random(), CancellationToken.None);
        var deep = CrossFitting.Fit(new DeepQ(Small, CPU), log, 1, Random(), CancellationToken.None);
        Assert.True(deep.ActionValues.Zip(table.ActionValues, (a, b) => Math.Abs(a - b)).Average() < (finite ? 0.4 : 0.2));
        Assert.Equal(DoublyRobustEstimators.DirectMethod(episodes, table).Value, DoublyRobustEstimators.DirectMethod(episodes, deep).Value, 0.2);
    }

    [Fact]
    public void Fit_OfCutEpisodes_BootstrapsOverTheCutOnlyWhereTheHorizonIsInfinite()
    {
        var (infinite, episodes) = ReferenceLog.Read("fixed", 5, 3, 0.95, finite: false);
        var config = Small with { Steps = 3000 };
        // The stored fit has 10.56 and the truth is 10.71 for ever; 3.26 for 8 steps.
        Assert.Equal(10.56, DoublyRobustEstimators.DirectMethod(episodes, CrossFitting.Fit(new DeepQ(config, CPU), infinite, 1, Random(), CancellationToken.None)).Value, 1.2);
        Assert.Equal(3.26, DoublyRobustEstimators.DirectMethod(episodes, CrossFitting.Fit(new DeepQ(config, CPU), infinite with { IsFinite = true }, 1, Random(), CancellationToken.None)).Value, 0.6);
    }

    [Fact]
    public void Fit_OfContinuousActions_FindsTheirReward()
    {
        const int N = 256;
        var random = RandomStream.Create(1, "quadratic");
        var x = Enumerable.Range(0, 2 * N).Select(_ => (float)random.NextGaussian()).ToArray();
        var a = Enumerable.Range(0, N).Select(_ => (float)random.NextGaussian()).ToArray();
        var log = new FitLog
        {
            FirstRow = Enumerable.Range(0, N + 1).ToArray(),
            Rewards = Enumerable.Range(0, N).Select(i => Math.Tanh(a[i] - x[i])).ToArray(),
            Terminated = Enumerable.Repeat(true, N).ToArray(),
            FinalKnown = new bool[N],
            EpisodeHash = Enumerable.Range(0, N).Select(i => EpisodeFold.Hash(FormattableString.Invariant($"{i}"))).ToArray(),
            Discount = 1,
            IsFinite = false,
            ObservationSize = 1,
            Observations = x,
            ActionCount = 1,
            ContinuousActions = a,
            Draws = 2,
            DrawnActions = x.SelectMany(value => new[] { value - 0.5f, value + 1f }).ToArray(),
        };
        var values = CrossFitting.Fit(new DeepQ(Small, CPU), log, 2, Random(), CancellationToken.None);
        Assert.True(Enumerable.Range(0, N).Average(i => Math.Abs(values.ActionValues[i] - log.Rewards[i])) < 0.12);
        Assert.Equal((Math.Tanh(-0.5) + Math.Tanh(1)) / 2, values.StateValues.Average(), 0.1);
    }

    [Fact]
    public void Fit_IsTheSameForTheSameSeed_AndStopsWhenAsked()
    {
        var log = ReferenceLog.Read("episodic", 6, 2, 0.97, finite: false).Fit;
        var model = new DeepQ(Small with { Steps = 50 }, CPU);
        Assert.Equal(CrossFitting.Fit(model, log, 2, Random(), CancellationToken.None).ActionValues, CrossFitting.Fit(model, log, 2, Random(), CancellationToken.None).ActionValues);
        Assert.Throws<OperationCanceledException>(() => CrossFitting.Fit(model, log, 2, Random(), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Fit_ThatDiverges_SaysSo()
    {
        var log = ReferenceLog.Read("episodic", 6, 2, 0.97, finite: false).Fit;
        var model = new DeepQ(Small with { LearningRate = 1e6, FinalLearningRate = 1e6, Steps = 200, MaxGradientNorm = 0 }, CPU);
        var error = Assert.Throws<UserErrorException>(() => CrossFitting.Fit(model, log, 2, Random(), CancellationToken.None));
        Assert.Contains("values.deep.learning_rate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_SaysAllFaultsAtOnce() =>
        Assert.Equal(5, new FittedQConfig { Steps = 0, BatchSize = 0, TargetPeriodSteps = 0, WarmupSteps = -1, HuberDelta = 0 }.Validate().Count());

    static RandomStream Random() => RandomStream.Create(0, "deep-q");
}
