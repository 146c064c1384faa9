using MathNet.Numerics.LinearAlgebra;
using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>What REINFORCE, actor-critic, A2C, PPO and TRPO do to their policies, against plain loops, each other and dense algebra.</summary>
public sealed class PolicyGradientLearnersTests : IDisposable
{
    const double Gamma = 0.9;

    // Adam's first step is -rate g / (|g| + epsilon): with both as large as this it is -g.
    const double Large = 1e4;

    // Too small a step to change a value that anybody looks at.
    const double Still = 1e-9;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly TrainData _data = new();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    static LearnerSetup Setup(int steps = 100, int batchSize = 1000) => TrainData.Setup(2, 2, steps) with { ActionSpace = new DiscreteSpace(2), BatchSize = batchSize };

    // Settings by which one step of the learner is one of plain gradient ascent.
    static T Plain<T>(T config)
        where T : PolicyGradientConfig => config with { Hidden = [5], LearningRate = Large, AdamEpsilon = Large, MaxGradientNorm = 0, ValueLearningRate = Still, Discount = Gamma };

    // The step that a learner takes on a batch, which is minus the gradient of its loss.
    static double[] StepOf(IEpisodeLearner learner, Func<EpisodeBatch> batch)
    {
        using (learner)
        {
            var before = learner.PolicyNetwork.Parameters.Values.clone();
            learner.Step(batch(), measure: true);
            return Numbers(learner.PolicyNetwork.Parameters.Values.sub(before));
        }
    }

    static double[] Numbers(Tensor tensor) => tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();

    static void AssertClose(IReadOnlyList<double> expected, IReadOnlyList<double> found, double tolerance)
    {
        Assert.Equal(expected.Count, found.Count);
        var size = Math.Sqrt(expected.Sum(x => x * x));
        Assert.True(size > 0);
        Assert.True(Distance(expected, found) <= tolerance * size, $"{Distance(expected, found) / size} of the size apart");
    }

    static double Distance(IReadOnlyList<double> a, IReadOnlyList<double> b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());

    static EpisodeBatch Three() => EpisodeBatches.Of(Gamma, EpisodeBatches.Three);

    // Logged by the very policy that learns.
    static EpisodeBatch Own(IEpisodeLearner learner)
    {
        using var quiet = no_grad();
        var batch = Three();
        return EpisodeBatches.Of(Gamma, EpisodeBatches.Three, learner.PolicyNetwork.Forward(batch.Observations).log_softmax(-1).gather(-1, batch.Actions.unsqueeze(-1)).squeeze(-1));
    }

    // Minus the gradient of sum over rows of -c ln pi, c being given.
    static double[] Ascent(Func<IEpisodeLearner> make, IReadOnlyList<double> coefficients)
    {
        using var learner = make();
        var batch = Three();
        var logs = learner.PolicyNetwork.Forward(batch.Observations).log_softmax(-1).gather(-1, batch.Actions.unsqueeze(-1)).squeeze(-1);
        var parameters = learner.PolicyNetwork.Parameters.Parameters.ToArray<Tensor>();
        return Numbers(cat([.. autograd.grad([logs.mul(tensor(coefficients.Select(c => (float)c).ToArray())).sum()], parameters).Select(g => g.reshape(-1))]));
    }

    // ---- REINFORCE against plain loops ----

    [Theory]
    [InlineData("to_go", "none", false)]
    [InlineData("to_go", "none", true)]
    [InlineData("to_go", "average", false)]
    [InlineData("to_go", "leave_one_out", false)]
    [InlineData("whole", "none", false)]
    [InlineData("whole", "average", false)]
    [InlineData("whole", "leave_one_out", false)]
    public void Reinforce_OfEveryKind_StepsAlongTheGradientOfPlainLoops(string returns, string baseline, bool discountSteps)
    {
        Reinforce Make() => new(Plain(new ReinforceConfig { Returns = returns, Baseline = baseline, DiscountSteps = discountSteps }), Setup());
        // The truncated episode ends where it was cut: there is no value to go on with.
        var toGo = EpisodeBatches.Three.Select(e => Enumerable.Range(0, e.Rewards.Length).Select(t => e.Rewards.Skip(t).Select((r, k) => Math.Pow(Gamma, k) * r).Sum()).ToArray()).ToArray();
        var coefficients = new List<double>();
        for (var e = 0; e < toGo.Length; e++)
        {
            for (var t = 0; t < toGo[e].Length; t++)
            {
                var at = returns == "whole" ? 0 : t;
                var others = toGo.Where((g, i) => i != e && g.Length > at).Select(g => g[at]).ToList();
                var b = baseline switch
                {
                    "average" => (others.Sum() + toGo[e][at]) / (others.Count + 1),
                    "leave_one_out" => others.Count == 0 ? 0 : others.Average(),
                    _ => 0,
                };
                coefficients.Add((toGo[e][at] - b) * (discountSteps ? Math.Pow(Gamma, t) : 1) / toGo.Length);
            }
        }

        var found = StepOf(Make(), Three);
        AssertClose(Ascent(Make, coefficients), found, 1e-3);
        // Another row's number would show.
        coefficients[1] += 0.5;
        Assert.ThrowsAny<Exception>(() => AssertClose(Ascent(Make, coefficients), found, 1e-3));
    }

    // ---- identities ----

    [Fact]
    public void ActorCriticOfLambdaOne_ReinforceWithValuesAndA2c_AreOneGradient()
    {
        var critic = StepOf(new ActorCritic(Plain(new ActorCriticConfig { Lambda = 1 }), Setup()), Three);
        var a2c = StepOf(new A2c(Plain(new A2cConfig { EntropyBonus = 0 }), Setup()), Three);
        AssertClose(critic, a2c, 1e-3);
        // A mean over episodes, not over the six rows.
        var reinforce = StepOf(new Reinforce(Plain(new ReinforceConfig()), Setup()), Three);
        AssertClose(critic, [.. reinforce.Select(x => x * 3 / 6)], 1e-3);

        // And lambda 0 is A2C in pieces of one step; both are another gradient.
        var zero = StepOf(new ActorCritic(Plain(new ActorCriticConfig { Lambda = 0 }), Setup()), Three);
        AssertClose(zero, StepOf(new A2c(Plain(new A2cConfig { EntropyBonus = 0, NSteps = 1 }), Setup()), Three), 1e-3);
        Assert.True(Distance(zero, critic) > 0.1 * Math.Sqrt(critic.Sum(x => x * x)));
    }

    [Fact]
    public void A2c_InPieces_BootstrapsAtTheEndOfEach()
    {
        A2c Make() => new(Plain(new A2cConfig { EntropyBonus = 0, NSteps = 2 }), Setup());
        using var learner = Make();
        var values = Values(learner, Three());
        // Pieces of 2 and 1 steps, of 1, and of 2 that goes on: the last number is the value after the cut.
        double[] coefficients =
        [
            1 + (Gamma * (-2 + (Gamma * values[2]))) - values[0], -2 + (Gamma * values[2]) - values[1], 3 - values[2],
            0.5 - values[3],
            2 + (Gamma * (1 + (Gamma * values[8]))) - values[4], 1 + (Gamma * values[8]) - values[5],
        ];
        AssertClose(Ascent(Make, [.. coefficients.Select(c => c / 6)]), StepOf(Make(), Three), 1e-3);
    }

    // v of all states, by the value network that the learner's state holds.
    static double[] Values(IEpisodeLearner learner, EpisodeBatch batch)
    {
        var named = learner.State.ToDictionary(t => t.Name, t => t.Tensor);
        var hidden = batch.States.matmul(named["value.online.layers.0.weight"].t()).add(named["value.online.layers.0.bias"]).relu();
        return Numbers(hidden.matmul(named["value.online.layers.1.weight"].t()).add(named["value.online.layers.1.bias"]).squeeze(-1));
    }

    [Fact]
    public void Ppo_AtRatioOne_StepsLikeTheActorCriticAndNotFromAnotherPolicysLog()
    {
        Ppo Make(double clip) => new(Plain(new PpoConfig { Epochs = 1, Lambda = 0.8, NormalizeAdvantages = false, Clip = clip }), Setup());
        var critic = StepOf(new ActorCritic(Plain(new ActorCriticConfig { Lambda = 0.8 }), Setup()), Three);
        using var own = Make(0.2);
        AssertClose(critic, StepOf(Make(0.2), () => Own(own)), 1e-3);
        // The log says 1/2 for everything: the policy's own ratios are others, and a narrow clip lets few of them through.
        var other = StepOf(Make(0.99), Three);
        Assert.True(Distance(critic, other) > 0.01 * Math.Sqrt(critic.Sum(x => x * x)));
        Assert.True(Distance(other, StepOf(Make(0.001), Three)) > 0.01 * Math.Sqrt(critic.Sum(x => x * x)));
    }

    [Fact]
    public void Ppo_WithATargetForTheDivergence_StopsAfterTheEpochThatWentTooFar()
    {
        double Epochs(double target)
        {
            using var learner = new Ppo(new() { Hidden = [8], LearningRate = 0.05, Epochs = 6, TargetKl = target, MaxGradientNorm = 0 }, Setup(batchSize: 3));
            learner.Step(Own(learner), measure: true);
            return Numbers(learner.MetricSums)[learner.MetricNames.ToList().IndexOf("epochs")];
        }

        Assert.Equal(6, Epochs(0));
        Assert.Equal(6, Epochs(1e6));
        Assert.Equal(1, Epochs(1e-9));
        Assert.InRange(Epochs(0.003), 2, 5);
    }

    // ---- TRPO against dense algebra ----

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Trpo_StepsAsADenseSolveOfTheFisherMatrixSays(bool continuous)
    {
        var setup = Setup();
        if (continuous)
            setup = TrainData.Setup(2, 2, 100) with { ActionSpace = BoxSpace.Unbounded(1), ActionUnits = new([0], [1]), BatchSize = 1000 };
        var config = new TrpoConfig { Hidden = [4], Damping = 0.05, KlBound = 1e-4, ConjugateGradientSteps = 60, NormalizeAdvantages = false, Lambda = 0.7, Discount = Gamma, ValueLearningRate = Still, LineSearchSteps = 3 };
        using var learner = new Trpo(config, setup);
        using var batch = Three();
        var actions = continuous ? tensor(new[] { 0.3f, -1, 0.5f, 0.2f, 1.5f, -0.4f }).reshape(6, 1) : batch.Actions;
        var used = With(batch, actions, LogProbabilities(learner, batch, actions).detach());

        // The gradient of the mean of A ln pi, and the Fisher matrix out of each row's Jacobian and the metric of its distribution.
        var values = Values(learner, used);
        var advantages = new double[6];
        for (var t = 5; t >= 0; t--)
        {
            var (discount, next) = t switch { 2 or 3 => (0.0, 0.0), 5 => (Gamma, values[8]), _ => (Gamma, values[t + 1]) };
            advantages[t] = Numbers(used.Rewards)[t] + (discount * next) - values[t] + (t is 2 or 3 or 5 ? 0 : Gamma * 0.7 * advantages[t + 1]);
        }

        var parameters = learner.PolicyNetwork.Parameters.Parameters.ToArray<Tensor>();
        var gradient = Vector<double>.Build.DenseOfArray(Numbers(Flat(LogProbabilities(learner, used, actions).mul(tensor(advantages.Select(a => (float)a).ToArray())).mean(), parameters)));
        var count = gradient.Count;
        var fisher = Matrix<double>.Build.DenseDiagonal(count, 0.05);
        var heads = learner.PolicyNetwork.Forward(used.Observations);
        if (continuous)
            heads = cat([Gaussian(heads).Mean, Gaussian(heads).LogDeviation], -1);
        for (var row = 0; row < 6; row++)
        {
            var jacobian = Matrix<double>.Build.DenseOfRowArrays(Enumerable.Range(0, 2).Select(o => Numbers(Flat(heads[row, o], parameters))).ToArray());
            var numbers = Numbers(heads[row]);
            fisher += jacobian.Transpose() * Metric(numbers, continuous) * jacobian / 6;
        }

        var x = fisher.Solve(gradient);
        var expected = x * Math.Sqrt(2 * 1e-4 / x.DotProduct(fisher * x));
        var before = learner.PolicyNetwork.Parameters.Values.clone();
        learner.Step(used, measure: true);
        var found = Vector<double>.Build.DenseOfArray(Numbers(learner.PolicyNetwork.Parameters.Values.sub(before)));
        // Whole, or halved where the divergence is just over the bound.
        var share = Numbers(learner.MetricSums)[learner.MetricNames.ToList().IndexOf("step_share")];
        Assert.Contains(share, new[] { 1, 0.5 });
        // Of the parameters, which are as large as 1, float32 leaves seven digits.
        AssertClose((expected * share).ToArray(), found.ToArray(), 1e-4);
        Assert.InRange(Numbers(learner.MetricSums)[learner.MetricNames.ToList().IndexOf("kl")], 1e-6, 1e-4);
    }

    // Of a softmax diag(p) - p p^T; of a normal distribution's mean and log deviation diag(1 / sigma^2, 2).
    static Matrix<double> Metric(double[] heads, bool continuous)
    {
        if (continuous)
            return Matrix<double>.Build.DenseOfDiagonalArray([Math.Exp(-2 * heads[1]), 2]);
        var p = 1 / (1 + Math.Exp(heads[1] - heads[0]));
        return Matrix<double>.Build.DenseOfArray(new[,] { { p * (1 - p), -p * (1 - p) }, { -p * (1 - p), p * (1 - p) } });
    }

    static Tensor LogProbabilities(Trpo learner, EpisodeBatch batch, Tensor actions)
    {
        var heads = learner.PolicyNetwork.Forward(batch.Observations);
        return actions.dtype == ScalarType.Int64
            ? heads.log_softmax(-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
            : Gaussian(heads).LogProbability(actions);
    }

    static DiagonalGaussian Gaussian(Tensor heads) => (DiagonalGaussian)ActionHead.Create(BoxSpace.Unbounded(1), new([0], [1]), new()).Of(heads);

    static Tensor Flat(Tensor scalar, Tensor[] parameters) => cat([.. autograd.grad([scalar], parameters, retain_graph: true, allow_unused: true).Select((g, i) => (g ?? zeros_like(parameters[i])).reshape(-1))]);

    static EpisodeBatch With(EpisodeBatch b, Tensor actions, Tensor logs) => new()
    {
        States = b.States, Observations = b.Observations, Actions = actions, Rewards = b.Rewards, Discounts = b.Discounts, Continues = b.Continues, BehaviorLogProbabilities = logs,
        EpisodeIndex = b.EpisodeIndex, StepIndex = b.StepIndex, NextRows = b.NextRows, LastRows = b.LastRows, Bootstraps = b.Bootstraps, Starts = b.Starts, Sources = b.Sources, Numbers = b.Numbers, LongestSteps = b.LongestSteps,
    };

    [Fact]
    public void Trpo_WithNothingToGain_StaysWhereItIs()
    {
        using var learner = new Trpo(new() { Hidden = [4], Discount = 0, ValueLearningRate = Still }, Setup());
        var before = Numbers(learner.PolicyNetwork.Parameters.Values);
        // Standardized, advantages that are all the same are nothing.
        using var batch = EpisodeBatches.Of(0, [.. EpisodeBatches.Three.Select(e => e with { Observations = [.. e.Rewards.Select(_ => new float[] { 1, 1 })], Rewards = [.. e.Rewards.Select(_ => 1f)] })]);
        learner.Step(batch, measure: true);
        Assert.All(before.Zip(Numbers(learner.PolicyNetwork.Parameters.Values)), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        Assert.All(Numbers(learner.MetricSums), value => Assert.True(double.IsFinite(value)));
    }

    // ---- learning ----

    static readonly Dictionary<string, Func<LearnerSetup, IEpisodeLearner>> Learners = new()
    {
        ["reinforce"] = setup => new Reinforce(new() { Hidden = [16], LearningRate = 0.03, Discount = 0 }, setup),
        ["actor_critic"] = setup => new ActorCritic(new() { Hidden = [16], LearningRate = 0.03, Discount = 0 }, setup),
        ["a2c"] = setup => new A2c(new() { Hidden = [16], LearningRate = 0.03, Discount = 0 }, setup),
        ["ppo"] = setup => new Ppo(new() { Hidden = [16], LearningRate = 0.01, Discount = 0, Epochs = 2 }, setup),
        ["trpo"] = setup => new Trpo(new() { Hidden = [16], Discount = 0 }, setup),
    };

    public static TheoryData<string> Names => [.. Learners.Keys];

    // Uniform actions are what every policy does at first, so that even those without ratios learn the right thing from them, if not sharply. By chance a half is right.
    [Theory]
    [MemberData(nameof(Names))]
    public void Training_OnUniformActions_FindsTheOnesThatAreRewarded(string name)
    {
        using var columns = _data.WriteSigns(logged: true);
        using var replay = new EpisodeReplay(
            TrainingData.Of(columns), new() { Needs = ReplayNeeds.OfEpisodes(ActionKind.Any, 0, 0, propensities: true), BatchSize = 1, Replay = new() }, RandomStream.Create(2, "sampler"), CPU);
        using var learner = Learners[name](TrainData.Setup(3, 2, 60) with { ActionSpace = new DiscreteSpace(2) });
        for (var step = 0; step < 60; step++)
            learner.Step(replay.Next(), measure: false);
        using var quiet = no_grad();
        var batch = replay.Next();
        var right = batch.Observations.narrow(1, 0, 1).squeeze(-1).gt(0).to(ScalarType.Int64);
        Assert.InRange(learner.PolicyNetwork.Forward(batch.Observations).argmax(-1).eq(right).to(ScalarType.Float32).mean().ToDouble(), 0.8, 1);
        Assert.True(double.IsFinite(learner.HeldOutError(batch).ToDouble()));
    }
}
