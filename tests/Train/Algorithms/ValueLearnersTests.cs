using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>Every learner on problems whose exact answer is known, and learners that are others at the ends of their settings.</summary>
public sealed class ValueLearnersTests : IDisposable
{
    const double Gamma = 0.9;

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    // A corridor of four states: right leads on, left leads back, right from the last state ends with reward 1; each other
    // step costs 0.1. Episodes of one step are cut, not terminated: their future counts.
    static IEnumerable<TrainData.Transition> Corridor() => Enumerable.Range(0, 8).Select(i =>
    {
        var (state, action) = (i / 2, i % 2);
        var isEnd = state == 3 && action == 1;
        return new TrainData.Transition(state, action, isEnd ? 1 : -0.1, isEnd ? 0 : Math.Clamp(state + (action == 1 ? 1 : -1), 0, 3), isEnd);
    });

    // By sweeps: the best next action, or the mean over both.
    static double[] Exact(bool isMean)
    {
        var q = new double[8];
        for (var sweep = 0; sweep < 1000; sweep++)
            q = [.. Corridor().Select(row => row.Reward + (row.Terminated ? 0 : Gamma * (isMean ? (q[2 * row.Next] + q[(2 * row.Next) + 1]) / 2 : Math.Max(q[2 * row.Next], q[(2 * row.Next) + 1]))))];
        return q;
    }

    static readonly Dictionary<string, Func<LearnerSetup, ITransitionLearner>> Learners = new()
    {
        ["dqn"] = setup => new Dqn(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05 }, setup),
        ["dqn, dueling"] = setup => new Dqn(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Dueling = true }, setup),
        ["dqn, noisy"] = setup => new Dqn(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Noisy = true }, setup),
        ["nfq"] = setup => new Nfq(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetPeriodSteps = 20 }, setup),
        ["nfq, its own target"] = setup => new Nfq(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetPeriodSteps = 1 }, setup),
        ["c51"] = setup => new C51(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.02, TargetRate = 0.05, Atoms = 31, Low = -1, High = 1 }, setup),
        ["c51, double"] = setup => new C51(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.02, TargetRate = 0.05, Atoms = 31, Low = -1, High = 1, Double = true }, setup),
        ["qr_dqn"] = setup => new QrDqn(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Quantiles = 5, HuberDelta = 0.1 }, setup),
        ["iqn"] = setup => new Iqn(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Fractions = 6, TargetFractions = 6, ActingFractions = 8, Cosines = 8, HuberDelta = 0.1 }, setup),
        ["rainbow"] = setup => new Rainbow(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.02, TargetRate = 0.05, Atoms = 31, Low = -1, High = 1, Sigma = 0.1 }, setup),
        ["rem"] = setup => new Rem(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Heads = 5 }, setup),
        ["discrete_cql"] = setup => new DiscreteCql(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Alpha = 0.001 }, setup),
        ["discrete_bcq"] = setup => new DiscreteBcq(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05 }, setup),
        ["discrete_crr"] = setup => new DiscreteCrr(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetPeriodSteps = 10, Weights = "binary" }, setup),
    };

    public static TheoryData<string> Names => [.. Learners.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Training_OnACorridor_FindsTheExactActionValues(string name)
    {
        using var columns = _data.WriteSteps("corridor", 4, 2, Corridor());
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, Learners[name], steps: 2000);
        var exact = Exact(isMean: false);
        Assert.All(exact.Zip(Values(learner)), pair => Assert.Equal(pair.First, pair.Second, 0.04));
        // And the policy is the best one: right, everywhere.
        using var quiet = no_grad();
        if (learner is DiscreteCrr)
            Assert.Equal([1L, 1, 1, 1], learner.PolicyNetwork.Forward(eye(4)).argmax(-1).data<long>().ToArray());
    }

    [Fact]
    public void Iql_OfTheMiddleExpectile_ValuesThePolicyOfTheData()
    {
        using var columns = _data.WriteSteps("corridor", 4, 2, Corridor());
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new DiscreteIql(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Expectile = 0.5, InverseTemperature = 20 }, setup), steps: 2000);
        Assert.All(Exact(isMean: true).Zip(Values(learner)), pair => Assert.Equal(pair.First, pair.Second, 0.04));
        using var quiet = no_grad();
        Assert.Equal([1L, 1, 1, 1], learner.PolicyNetwork.Forward(eye(4)).argmax(-1).data<long>().ToArray());
    }

    [Fact]
    public void Iql_OfAHighExpectile_ComesNearTheBestActionValues()
    {
        using var columns = _data.WriteSteps("corridor", 4, 2, Corridor());
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new DiscreteIql(new() { Discount = Gamma, Hidden = [32], LearningRate = 0.01, TargetRate = 0.05, Expectile = 0.98 }, setup), steps: 3000);
        Assert.All(Exact(isMean: false).Zip(Values(learner)), pair => Assert.Equal(pair.First, pair.Second, 0.1));
    }

    // State 1 was left by action 1 once, for 10; where it is reached from state 0 that action is forbidden, and the other is worth 1.
    [Theory]
    [MemberData(nameof(Names))]
    public void Training_WithMasks_NeverBootstrapsFromAForbiddenAction(string name)
    {
        var space = new DatasetDescription { ObservationSpace = new DiscreteSpace(2), ActionSpace = new DiscreteSpace(2), HasActionMask = true };
        using (var writer = DatasetWriter.Create(_data.Workspace, "masked", space))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0, 1], DiscreteActions = [0, 0], Rewards = [0, 0.1], Terminated = true, FinalObservation = [0], ActionMasks = [true, true, true, false] });
            writer.WriteEpisode(new EpisodeColumns { Key = "b", BehaviorPolicy = "x", Observations = [1], DiscreteActions = [1], Rewards = [0.9], Terminated = true, FinalObservation = [0], ActionMasks = [true, true] });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "masked").Compile(NullProgress.Instance);
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, Learners[name], steps: 1500);
        var values = Values(learner, states: 2);
        Assert.Equal(Gamma * 0.1, values[0], 0.04);
        Assert.Equal(0.9, values[3], 0.04);
    }

    [Fact]
    public void Learners_AtTheEndsOfTheirSettings_AreDqnBitForBit()
    {
        using var columns = _data.WriteSigns();
        float[] Train(Func<LearnerSetup, ITransitionLearner> create, string prefix = "online.")
        {
            using var scope = NewDisposeScope();
            using var learner = Learn(columns, create, steps: 50);
            return [.. learner.State.Where(named => named.Name.StartsWith(prefix, StringComparison.Ordinal)).SelectMany(named => named.Tensor.detach().data<float>().ToArray())];
        }

        var dqn = Train(setup => new Dqn(new() { Hidden = [8], LearningRate = 0.01 }, setup));
        Assert.Equal(dqn, Train(setup => new DiscreteCql(new() { Hidden = [8], LearningRate = 0.01, Alpha = 0 }, setup)));
        Assert.NotEqual(dqn, Train(setup => new DiscreteCql(new() { Hidden = [8], LearningRate = 0.01, Alpha = 0.1 }, setup)));
        Assert.Equal(dqn, Train(setup => new DiscreteBcq(new() { Hidden = [8], LearningRate = 0.01, Threshold = 0 }, setup)));
        Assert.NotEqual(dqn, Train(setup => new DiscreteBcq(new() { Hidden = [8], LearningRate = 0.01, Threshold = 0.95 }, setup)));

        var single = Train(setup => new Dqn(new() { Hidden = [8], LearningRate = 0.01, Double = false, TargetRate = 1, TargetPeriodSteps = 7 }, setup));
        Assert.Equal(single, Train(setup => new Rem(new() { Hidden = [8], LearningRate = 0.01, Heads = 1, TargetRate = 1, TargetPeriodSteps = 7 }, setup)));
        Assert.Equal(single, Train(setup => new Nfq(new() { Hidden = [8], LearningRate = 0.01, TargetPeriodSteps = 7 }, setup)));

        var c51 = Train(setup => new C51(new() { Hidden = [8], LearningRate = 0.01, AdamEpsilon = 1.5e-4, Atoms = 5, Low = 0, High = 2, Double = true }, setup));
        Assert.Equal(c51, Train(setup => new Rainbow(new() { Hidden = [8], LearningRate = 0.01, Atoms = 5, Low = 0, High = 2, Dueling = false, Noisy = false }, setup)));
    }

    [Fact]
    public void Cql_ValuesAnActionThatTheDataLacksBelowTheOneItHas()
    {
        using var columns = _data.WriteSteps("narrow", 1, 2, [new(0, 0, 0.5, 0, true)]);
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new DiscreteCql(new() { Hidden = [16], LearningRate = 0.01 }, setup), steps: 300);
        var values = Values(learner, states: 1);
        Assert.True(values[0] > values[1] + 1, $"{values[0]} and {values[1]}");
    }

    [Fact]
    public void Bcq_FiltersOutAnActionThatTheDataLacks()
    {
        using var columns = _data.WriteSteps("narrow", 1, 2, [new(0, 0, -5, 0, true)]);
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new DiscreteBcq(new() { Hidden = [16], LearningRate = 0.01 }, setup), steps: 300);
        var values = Values(learner, states: 1);
        // Greedy alone it would take the action that nobody tried.
        Assert.True(values[1] > values[0]);
        var (network, threshold) = learner.PolicyFilter!.Value;
        using var quiet = no_grad();
        Assert.Equal([true, false], OfflineRL.Train.Losses.OfflineLosses.BatchConstraint(network.Forward(eye(1)), threshold).data<bool>().ToArray());
    }

    [Fact]
    public void QrDqn_OnARewardOfTwoValues_FindsItsQuantiles()
    {
        // Reward 0 or 1 at even odds: the quantiles below the middle are 0, those above it 1.
        using var columns = _data.WriteSteps("coin", 1, 1, [new(0, 0, 0, 0, true), new(0, 0, 1, 0, true)]);
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new QrDqn(new() { Hidden = [16], LearningRate = 0.01, Quantiles = 4, HuberDelta = 0.01 }, setup), steps: 2500);
        using var quiet = no_grad();
        Assert.All(new[] { 0, 0, 1, 1 }.Zip(learner.PolicyNetwork.Forward(ones(1, 1)).reshape(4).data<float>().ToArray().Order()), pair => Assert.Equal(pair.First, pair.Second, 0.06));
    }

    [Fact]
    public void C51_OnARewardOfTwoValues_FindsItsDistribution()
    {
        using var columns = _data.WriteSteps("coin", 1, 1, [new(0, 0, 0, 0, true), new(0, 0, 1, 0, true)]);
        using var scope = NewDisposeScope();
        using var learner = Learn(columns, setup => new C51(new() { Hidden = [16], LearningRate = 0.02, Atoms = 3, Low = -1, High = 1 }, setup), steps: 800);
        using var quiet = no_grad();
        Assert.All(new[] { 0, 0.5, 0.5 }.Zip(learner.PolicyNetwork.Forward(ones(1, 1)).softmax(-1).reshape(3).data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 0.05));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_WithWeightsAndPriorities_UsesAndWritesThem(string name)
    {
        using var scope = NewDisposeScope();
        (float[] Parameters, float[] Priorities) Train(float weight, bool asked)
        {
            using var learner = Learners[name](TrainData.Setup(4, 2, 100));
            using var batch = new TransitionBatch
            {
                Observations = eye(4),
                NextObservations = cat([eye(4).narrow(0, 1, 3), eye(4).narrow(0, 0, 1)]),
                Actions = tensor(new long[] { 0, 1, 0, 1 }),
                Rewards = tensor(new[] { 0.5f, 0, -0.5f, 1 }),
                Discounts = full([4], (float)Gamma, dtype: ScalarType.Float32),
                Weights = tensor(new[] { weight, 1, 1, 1 }),
                Priorities = asked ? zeros(4) : null,
            };
            for (var i = 0; i < 5; i++)
                learner.Step(batch, measure: i == 0);
            Assert.All(learner.MetricSums.data<double>().ToArray(), value => Assert.True(double.IsFinite(value)));
            return (learner.PolicyNetwork.Parameters.Values.data<float>().ToArray(), batch.Priorities?.data<float>().ToArray() ?? []);
        }

        var one = Train(1, asked: true);
        Assert.Equal(one.Parameters, Train(1, asked: false).Parameters);
        // Critic regularized regression clones, and draws uniformly.
        if (name == "discrete_crr")
            return;
        Assert.All(one.Priorities, priority => Assert.True(priority > 0));
        Assert.NotEqual(one.Parameters, Train(0.01f, asked: false).Parameters);
    }

    static ITransitionLearner Learn(TrainingColumns columns, Func<LearnerSetup, ITransitionLearner> create, int steps)
    {
        using var sampler = TrainData.Replay(columns, 16, ReplayNeeds.Bootstrapping(ActionKind.Discrete, Gamma));
        var features = columns.Info.ObservationSpace is DiscreteSpace discrete ? discrete.Count : columns.Info.ObservationSpace.FlatSize;
        var learner = create(TrainData.Setup(features, ((DiscreteSpace)columns.Info.ActionSpace).Count, steps, seed: 1));
        for (var step = 0; step < steps; step++)
            learner.Step(sampler.Next(), measure: false);
        return learner;
    }

    // The values that the learner itself holds, [S, A] in a row.
    static double[] Values(ITransitionLearner learner, int states = 4)
    {
        using var quiet = no_grad();
        using var critic = learner is DiscreteCrr or DiscreteIql ? Critic(learner) : null;
        var network = critic ?? learner.PolicyNetwork;
        var d = network.Description;
        var taus = d.Distribution == NetworkDescription.Implicit ? arange(d.Fractions, dtype: ScalarType.Float32).add(0.5).div((double)d.Fractions).unsqueeze(0).expand(states, d.Fractions) : null;
        var output = network.Forward(eye(states), taus: taus);
        var q = d.Distribution switch
        {
            NetworkDescription.Categorical => output.softmax(-1).matmul(linspace(d.Low, d.High, d.Atoms)),
            NetworkDescription.None => d.Members > 1 ? output.mean([0]) : output,
            _ => output.mean([-1]),
        };
        return [.. q.reshape(-1).data<float>().ToArray().Select(value => (double)value)];
    }

    // A network with the critic's parameters, from the learner's state.
    static Network Critic(ITransitionLearner learner)
    {
        var prefix = learner is DiscreteIql ? "critics.online." : "critic.online.";
        var network = new Network(learner.PolicyNetwork.Description with { Members = learner is DiscreteIql ? 2 : 1 }, RandomStream.Create(0, "copy"), CPU);
        var state = learner.State.ToDictionary(named => named.Name, named => named.Tensor);
        foreach (var (name, tensor) in network.NamedTensors(prefix))
            tensor.copy_(state[name]);
        return network;
    }
}
