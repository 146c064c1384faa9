using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

public sealed class DreamActorCriticTests : IDisposable
{
    const double Start = 0.8, Discount = 0.9;

    // Of the actor's four numbers beside the slope of ln sigma: k, c, and ln sigma before its soft limit.
    static readonly (double K, double C, double L) Policy = (-0.4, 0.2, -0.5);
    static readonly (double W, double V) Final = (0.7, 1.5);

    readonly DisposeScope _scope = NewDisposeScope();
    readonly LinearGaussianModel _linear = new();
    readonly SmallMdpModel _mdp = new();

    public void Dispose()
    {
        _scope.Dispose();
        _mdp.Dispose();
        _linear.Dispose();
    }

    static LearnerSetup Setup(Space actions, ulong seed = 5) => TrainData.Setup(1, 2, 1_000, seed) with
    {
        ActionSpace = actions,
        ActionUnits = actions is BoxSpace ? new ActionUnits([0], [1]) : null,
    };

    // A linear actor and a linear critic of known numbers.
    static DreamActorCritic Linear(DreamingConfig config)
    {
        var learner = new DreamActorCritic(config with { Hidden = [] }, Setup(BoxSpace.Unbounded(1)), 1);
        using var quiet = no_grad();
        foreach (var (name, values) in new[]
        {
            ("actor.online.layers.0.weight", new[] { (float)Policy.K, 0 }), ("actor.online.layers.0.bias", [(float)Policy.C, (float)Policy.L]),
            ("critic.online.layers.0.weight", [(float)Final.W]), ("critic.online.layers.0.bias", [(float)Final.V]),
            ("critic.target.layers.0.weight", [(float)Final.W]), ("critic.target.layers.0.bias", [(float)Final.V]),
        })
        {
            var parameter = learner.State().Single(entry => entry.Name == name).Tensor;
            parameter.copy_(tensor(values).reshape(parameter.shape));
        }

        return learner;
    }

    // As the head limits it.
    static double Deviation(double l) => Math.Exp(-1.5 + (3.5 * Math.Tanh((l + 1.5) / 3.5)));

    static double Exact(double k, double c, double l, int steps) => new LinearGaussianModel().Value(Start, steps, Discount, (k, c, Deviation(l)), Final);

    // By k, c and l.
    static double[] ExactGradient(int steps)
    {
        const double H = 1e-5;
        var (k, c, l) = Policy;
        return
        [
            (Exact(k + H, c, l, steps) - Exact(k - H, c, l, steps)) / (2 * H),
            (Exact(k, c + H, l, steps) - Exact(k, c - H, l, steps)) / (2 * H),
            (Exact(k, c, l + H, steps) - Exact(k, c, l - H, steps)) / (2 * H),
        ];
    }

    // Mean and standard error of many estimates of the gradient by k, c and l; and their variance.
    (double[] Mean, double[] Error, double[] Variance) Estimates(DreamActorCritic learner, Func<DreamActorCritic, Dream, Tensor> loss, int dreams)
    {
        using var generator = new Generator(11);
        var parameters = learner.Actor.Parameters.Parameters;
        var found = new List<double[]>();
        for (var i = 0; i < dreams; i++)
        {
            using var scope = NewDisposeScope();
            var dream = learner.Imagine(_linear, full([32, 1], (float)Start), generator);
            var gradient = autograd.grad([loss(learner, dream)], [.. parameters.Cast<Tensor>()]);
            var (weight, bias) = (gradient[0].neg().data<float>(), gradient[1].neg().data<float>());
            found.Add([weight[0], bias[0], bias[1]]);
        }

        double[] mean = [.. Enumerable.Range(0, 3).Select(p => found.Average(g => g[p]))];
        double[] variance = [.. Enumerable.Range(0, 3).Select(p => found.Sum(g => Math.Pow(g[p] - mean[p], 2)) / (dreams - 1))];
        return (mean, [.. variance.Select(v => Math.Sqrt(v / dreams))], variance);
    }

    static DreamingConfig Gradient(string gradient, double lambda, int steps) => new TestDreams { Gradient = gradient, Lambda = lambda, Horizon = steps, Discount = Discount };

    [Theory]
    [InlineData(DreamingConfig.ScoreFunction)]
    [InlineData(DreamingConfig.Pathwise)]
    public void BothGradients_OverTheWholeDream_AreTheExactDerivative(string gradient)
    {
        const int Steps = 3;
        using var learner = Linear(Gradient(gradient, 1, Steps));
        // The score function's loss is a mean over steps; the pathwise derivative of the value at the start is that of the first return.
        var (mean, error, _) = Estimates(learner, (actor, dream) => gradient == DreamingConfig.Pathwise ? actor.ActorLoss(dream).Returns[0].mean().neg() : actor.ActorLoss(dream).Loss.mul(Steps), 500);
        var exact = ExactGradient(Steps);
        for (var p = 0; p < 3; p++)
        {
            Assert.True(Math.Abs(exact[p]) > 10 * error[p] || Math.Abs(exact[p]) > 0.1, "the case says nothing");
            Assert.InRange(mean[p] - exact[p], -4 * error[p], 4 * error[p]);
        }
    }

    [Fact]
    public void PerStepForms_AgreeInTheMean_AndThePathwiseOneHasLessVariance()
    {
        const int Steps = 3;
        using var score = Linear(Gradient(DreamingConfig.ScoreFunction, 0, Steps));
        using var path = Linear(Gradient(DreamingConfig.Pathwise, 0, Steps) with { Backpropagate = DreamingConfig.ThroughStep });
        var (first, second) = (Estimates(score, (actor, dream) => actor.ActorLoss(dream).Loss, 500), Estimates(path, (actor, dream) => actor.ActorLoss(dream).Loss, 500));
        for (var p = 0; p < 3; p++)
        {
            var error = Math.Sqrt((first.Error[p] * first.Error[p]) + (second.Error[p] * second.Error[p]));
            Assert.InRange(first.Mean[p] - second.Mean[p], -4 * error, 4 * error);
            // 500 draws of each: a ratio of 2 is far beyond chance, whose standard deviation is 9 %.
            Assert.True(first.Variance[p] > 2 * second.Variance[p], $"{first.Variance[p]} against {second.Variance[p]}");
        }
    }

    [Theory]
    [InlineData(DreamingConfig.ScoreFunction)]
    [InlineData(DreamingConfig.Pathwise)]
    public void DreamedReturn_OfAKnownLinearSystem_IsTheExactValue(string gradient)
    {
        using var learner = Linear(Gradient(gradient, 1, 5));
        using var generator = new Generator(3);
        var dream = learner.Imagine(_linear, full([20_000, 1], (float)Start), generator);
        var returns = learner.ActorLoss(dream).Returns[0].detach();
        var error = returns.std().ToDouble() / Math.Sqrt(20_000);
        Assert.InRange(returns.mean().ToDouble() - Exact(Policy.K, Policy.C, Policy.L, 5), -4 * error, 4 * error);
        Assert.Equal([6, 20_000, 1], dream.Latents.shape);
        Assert.Equal(gradient == DreamingConfig.Pathwise, dream.Latents.requires_grad);
    }

    [Theory]
    [InlineData(DreamingConfig.ScoreFunction, DreamingConfig.NormalCritic)]
    [InlineData(DreamingConfig.Pathwise, DreamingConfig.NormalCritic)]
    [InlineData(DreamingConfig.ScoreFunction, DreamingConfig.TwoHotCritic)]
    public void TrainedInDreams_OnAKnownMdp_ValuesAreExact_AndThePolicyIsTheBest(string gradient, string critic)
    {
        var config = new TestDreams
        {
            Gradient = gradient, Critic = critic, Horizon = 5, Discount = Discount, Hidden = [32], ActorLearningRate = 1e-2, CriticLearningRate = 1e-2,
            SlowCritic = critic == DreamingConfig.TwoHotCritic ? DreamingConfig.SlowRegularizer : DreamingConfig.SlowTargets,
            ReturnNormalization = critic == DreamingConfig.TwoHotCritic ? DreamingConfig.Percentile : DreamingConfig.NoNormalization,
        };
        using var learner = new DreamActorCritic(config, Setup(new DiscreteSpace(2)) with { Steps = 500 }, 3);
        using var generator = new Generator(1);
        var states = eye(3);
        for (var update = 0; update < 500; update++)
        {
            using var scope = NewDisposeScope();
            learner.Update(_mdp, states.repeat(32, 1), null, update, generator, measure: false);
        }

        using var quiet = no_grad();
        double[] second = [.. learner.Actor.Forward(states).softmax(-1).select(1, 1).data<float>().ToArray().Select(p => (double)p)];
        var (exact, best) = (SmallMdpModel.Values(second, Discount), SmallMdpModel.BestValues(Discount));
        var found = learner.Values(states).data<float>();
        for (var s = 0; s < 3; s++)
        {
            Assert.InRange(exact[s], best[s] - 0.05, best[s] + 1e-9);
            Assert.InRange(found[s] - exact[s], -0.15, 0.15);
        }
    }

    [Fact]
    public void BehaviorLoss_IsMinusTheMeanLogProbabilityOfLoggedActions_AndHasAGradientWhereItCounts()
    {
        float[] starts = [0.8f, -0.5f, 2], logged = [0.1f, -0.7f, 0.4f];
        var deviation = Deviation(Policy.L);
        double Surprise(int i) => (0.5 * Math.Pow((logged[i] - (Policy.K * starts[i]) - Policy.C) / deviation, 2)) + Math.Log(deviation) + (0.5 * Math.Log(2 * Math.PI));
        var expected = Enumerable.Range(0, 3).Average(Surprise);
        foreach (var weight in new[] { 0, 0.5 })
        {
            using var learner = Linear(Gradient(DreamingConfig.Pathwise, 1, 3) with { BehaviorWeight = weight });
            var loss = learner.BehaviorLoss(tensor(starts).reshape(3, 1), tensor(logged).reshape(3, 1));
            Assert.Equal(expected, loss.ToDouble(), 1e-5);
            Assert.Equal(weight > 0, loss.requires_grad);
            Assert.Equal(0, learner.BehaviorLoss(tensor(starts).reshape(3, 1), null).ToDouble());
        }
    }

    [Theory]
    [InlineData(DreamingConfig.ScoreFunction)]
    [InlineData(DreamingConfig.Pathwise)]
    public void AHeavyBehaviorWeight_HoldsThePolicyToTheLog_WhereDreamsSayOtherwise(string gradient)
    {
        double[][] policies = [.. Enumerable.Range(0, 8).Select(k => new double[] { k & 1, (k >> 1) & 1, k >> 2 })];
        var best = policies.MaxBy(second => SmallMdpModel.Values(second, Discount).Sum())!;
        // The log has what is never best.
        using var worst = tensor(best.Select(second => 1 - (long)second).ToArray());
        Assert.InRange(Share(0), 0, 0.1);
        Assert.InRange(Share(100), 0.9, 1);

        // The mean probability of the logged actions, after learning.
        double Share(double weight)
        {
            using var learner = new DreamActorCritic(
                new TestDreams { Gradient = gradient, Horizon = 5, Discount = Discount, Hidden = [32], ActorLearningRate = 1e-2, CriticLearningRate = 1e-2, BehaviorWeight = weight },
                Setup(new DiscreteSpace(2)) with { Steps = 300 }, 3);
            using var generator = new Generator(1);
            var states = eye(3);
            for (var update = 0; update < 300; update++)
            {
                using var scope = NewDisposeScope();
                learner.Update(_mdp, states.repeat(32, 1), worst.repeat(32), update, generator, measure: false);
            }

            using var quiet = no_grad();
            return learner.Actor.Forward(states).softmax(-1).gather(1, worst.unsqueeze(-1)).mean().ToDouble();
        }
    }

    [Fact]
    public void Penalty_AndLimit_TakeFromRewards_AndEndDreams()
    {
        using var generator = new Generator(2);
        var starts = tensor(new[] { 0.1f, 5 }).reshape(2, 1);
        using var plain = Linear(Gradient(DreamingConfig.ScoreFunction, 1, 3));
        using var careful = Linear(Gradient(DreamingConfig.ScoreFunction, 1, 9));
        careful.Limits = new(3, 2, 3);
        var before = plain.Imagine(_linear, starts, generator);
        generator.manual_seed(2);
        var after = careful.Imagine(_linear, starts, generator);
        Assert.Null(before.Trusts);
        Assert.True(before.Rewards.sub(before.Disagreement!.mul(2)).sub(after.Rewards).abs().max().ToDouble() < 1e-5);
        Assert.True(before.Disagreement!.min().ToDouble() > 0);
        // The second dream begins beyond the threshold: it is cut after its first step.
        Assert.Equal([1, 1, 1, 0, 1, 0], after.Trusts!.data<float>().ToArray());
        var weights = careful.ActorLoss(after).Weights;
        Assert.Equal([1f, 0, 0], weights.select(1, 1).data<float>().ToArray());
        Assert.True(weights.select(1, 0).sum().ToDouble() > 2);
        Assert.Equal(new DreamLimits(3, 2, 3), careful.Limits);
        careful.Limits = new(4, 0.5, null);
        Assert.Equal(new DreamLimits(4, 0.5, null), careful.Limits);
        Assert.Equal([5, 2, 1], careful.Imagine(_linear, starts, generator).Latents.shape);
        careful.Limits = null;
        Assert.Null(careful.Limits);
        Assert.Equal([10, 2, 1], careful.Imagine(_linear, starts, generator).Latents.shape);
    }

    [Fact]
    public void ADreamThatTheModelCuts_EndsAfterThatStep()
    {
        using var generator = new Generator(2);
        using var model = new LinearGaussianModel(cutAbove: 3);
        using var learner = Linear(Gradient(DreamingConfig.ScoreFunction, 1, 3));
        // Also where the limits themselves would not cut it yet.
        learner.Limits = new(3, 0, 100);
        var dream = learner.Imagine(model, tensor(new[] { 0.1f, 5 }).reshape(2, 1), generator);
        Assert.Equal([1, 1, 1, 0, 1, 0], dream.Trusts!.data<float>().ToArray());
        // Its only step is bootstrapped from where it led to.
        var (_, _, returns, _, _) = learner.ActorLoss(dream);
        Assert.Equal(dream.Rewards[0, 1].ToDouble() + (Discount * ((Final.W * dream.Latents[1, 1, 0].ToDouble()) + Final.V)), returns[0, 1].ToDouble(), 1e-4);
    }

    [Fact]
    public void Updates_KeepNoTensors_AndLeaveTheSlowCriticBehind()
    {
        using var learner = Linear(new TestDreams { Gradient = DreamingConfig.Pathwise, Horizon = 4, SlowCriticRate = 1, SlowCriticPeriodSteps = 3, ReturnNormalization = DreamingConfig.Percentile });
        using var generator = new Generator(2);
        long live = 0;
        for (var i = 0; i < 8; i++)
        {
            using (var scope = NewDisposeScope())
                Assert.Equal(DreamActorCritic.MetricNames.Count, learner.Update(_linear, randn([16, 1], generator: generator), null, i, generator, measure: true).Count);
            if (i == 1)
                live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        }

        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        var state = learner.State().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        Assert.NotEqual(state["critic.online.layers.0.weight"].ToDouble(), state["critic.target.layers.0.weight"].ToDouble());
        Assert.NotEqual(Final.W, state["critic.target.layers.0.weight"].ToDouble(), 1e-6);
        Assert.True(state["return_scale"].ToDouble() > 0);
    }

    [Fact]
    public void Pathwise_OfAMixture_IsRefused() =>
        Assert.Contains("draws of a mixture", Assert.Throws<UserErrorException>(() => new DreamActorCritic(
            new TestDreams { Gradient = DreamingConfig.Pathwise, Policy = new() { Mixture = 2 } }, Setup(BoxSpace.Unbounded(1)), 1)).Message, StringComparison.Ordinal);
}
