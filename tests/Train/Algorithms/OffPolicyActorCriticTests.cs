using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>V-trace and ACER on an MDP whose exact answer is known.</summary>
public sealed class OffPolicyActorCriticTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static VtraceConfig Vtrace => new() { Hidden = [32], LearningRate = 0.01, FinalLearningRate = 0.01, ValueLearningRate = 0.02, Discount = SampledMdp.Discount, BatchEpisodes = 64, EntropyBonus = 0 };

    static AcerConfig Acer => new() { Hidden = [32], LearningRate = 0.01, FinalLearningRate = 0.01, ValueLearningRate = 0.02, Discount = SampledMdp.Discount, BatchEpisodes = 64, EntropyBonus = 0 };

    [Fact]
    public void Vtrace_OnASmallMdp_ComesNearTheBestPolicy()
    {
        using var learner = new Vtrace(Vtrace, Setup(600));
        AssertNearTheBest(learner, Vtrace.Needs, 600);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1)]
    public void Acer_OnASmallMdp_ComesNearTheBestPolicy(double limit)
    {
        using var learner = new Acer(Acer with { RatioLimit = limit }, Setup(600));
        AssertNearTheBest(learner, Acer.Needs, 600);
    }

    [Fact]
    public void Vtrace_OfAPolicyThatStays_FindsItsValues()
    {
        // The policy's step size is as good as none: its values, without limits, are those of the first policy, not of the behavior.
        var config = Vtrace with { LearningRate = 1e-12, FinalLearningRate = 0, ValueLearningRate = 0.02, RhoLimit = 100, TraceLimit = 100 };
        using var learner = new Vtrace(config, Setup(1_500));
        Learn(learner, config.Needs, 1_500);
        AssertValues(SampledMdp.ValuesOf(Policy(learner)), learner.ValueNetwork);
    }

    [Fact]
    public void Vtrace_WithRatiosOfAtMostALittle_ValuesThePolicyInBetween()
    {
        // rho-bar near 0 makes it the behavior's: the policy of the targets is proportional to min(rho-bar b, pi).
        var config = Vtrace with { LearningRate = 1e-12, FinalLearningRate = 0, ValueLearningRate = 0.02, RhoLimit = 0.3, TraceLimit = 0.3 };
        using var learner = new Vtrace(config, Setup(1_500));
        Learn(learner, config.Needs, 1_500);
        AssertValues(SampledMdp.ValuesOf(SampledMdp.Behavior), learner.ValueNetwork);
    }

    [Fact]
    public void Acer_OfAPolicyThatStays_FindsItsActionValues()
    {
        var config = Acer with { LearningRate = 1e-12, FinalLearningRate = 0 };
        using var learner = new Acer(config, Setup(1_500));
        Learn(learner, config.Needs, 1_500);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var expected = SampledMdp.ActionValuesOf(Policy(learner));
        var actual = learner.CriticNetwork.Forward(eye(SampledMdp.States + 1)).reshape(-1).data<float>().ToArray();
        for (var i = 0; i < SampledMdp.States * SampledMdp.Actions; i++)
            Assert.Equal(expected[i], actual[i], 0.3);
    }

    [Fact]
    public void Acer_WithoutATrustRegionToMoveIn_StaysNearTheAverage()
    {
        var free = Acer with { TrustRegion = 1e6 };
        var bound = Acer with { TrustRegion = 0 };
        using var far = new Acer(free, Setup(100));
        using var near = new Acer(bound, Setup(100));
        Learn(far, free.Needs, 100);
        Learn(near, bound.Needs, 100);
        Assert.True(Means(near)["average_kl"] < 0.5 * Means(far)["average_kl"]);
    }

    [Fact]
    public void Metrics_OfClonesOfTheBehavior_AreThoseOfOnPolicyData()
    {
        // Uniform actions, and the policy before it learned anything: next to uniform.
        using var columns = _data.WriteSigns(logged: true);
        var config = Vtrace with { LearningRate = 1e-12, FinalLearningRate = 0 };
        using var learner = new Vtrace(config, TrainData.Setup(3, 2, 10) with { ActionSpace = new DiscreteSpace(2) });
        using var replay = new EpisodeReplay(TrainingData.Of(columns), new() { Needs = config.Needs, BatchSize = 1 }, RandomStream.Create(1, "sampler"), CPU);
        learner.Step(replay.Next());
        var means = Means(learner);
        Assert.Equal(1, means["ratio_mean"], 0.1);
        Assert.InRange(means["effective_share"], 0.9, 1);
        Assert.InRange(means["behavior_kl"], 0, 0.1);
        Assert.Equal(Math.Log(2), means["entropy"], 0.1);
    }

    [Fact]
    public void Configs_OutOfRange_NameEveryFault()
    {
        Assert.Equal(3, (Vtrace with { RhoLimit = 0, TraceLimit = -1, Lambda = 2 }).Validate().Count());
        Assert.Equal(4, (Acer with { RatioLimit = 0, TrustRegion = -1, AverageRate = 0, Lambda = double.NaN }).Validate().Count());
    }

    void AssertNearTheBest(IEpisodeLearner learner, ReplayNeeds needs, int steps)
    {
        Learn(learner, needs, steps);
        var (behavior, best) = SampledMdp.Earned();
        Assert.True(best - behavior > 0.5);
        Assert.InRange(SampledMdp.ReturnOf(Policy(learner)), best - 0.1, best + 1e-9);
        using var scope = NewDisposeScope();
        Assert.All(learner.MetricSums.data<double>().ToArray(), sum => Assert.True(double.IsFinite(sum)));
    }

    static void AssertValues(double[] expected, OfflineRL.Train.Networks.Network network)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var actual = network.Forward(eye(SampledMdp.States + 1)).reshape(-1).data<float>().ToArray();
        for (var s = 0; s < SampledMdp.States; s++)
            Assert.Equal(expected[s], actual[s], 0.25);
    }

    void Learn(IEpisodeLearner learner, ReplayNeeds needs, int steps)
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        using var replay = new EpisodeReplay(TrainingData.Of(columns), new() { Needs = needs, BatchSize = 1 }, RandomStream.Create(1, "sampler"), CPU);
        for (var i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            learner.Step(replay.Next(), measure: i % 10 == 9);
        }
    }

    static LearnerSetup Setup(int steps) =>
        new(new DiscreteSpace(SampledMdp.States + 1), SampledMdp.Actions, steps, RandomStream.Create(0, "init"), CPU) { ActionSpace = new DiscreteSpace(SampledMdp.Actions) };

    static double[] Policy(ILearner learner)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return learner.PolicyNetwork.Forward(eye(SampledMdp.States + 1)).softmax(-1).to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
    }

    static Dictionary<string, double> Means(ILearner learner)
    {
        var sums = learner.MetricSums.data<double>().ToArray();
        return learner.MetricNames.Select((name, i) => (name, sums[i] / sums[^1])).ToDictionary();
    }
}
