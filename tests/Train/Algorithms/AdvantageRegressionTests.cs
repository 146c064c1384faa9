using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>MARWIL, AWR and MPO where their answer is known: one decision, whose best reweighting has a closed form, and a walk whose best policy is solved.</summary>
public sealed class AdvantageRegressionTests : IDisposable
{
    // Two states, three actions: what each earns, and how often the log has it.
    static readonly double[] Rewards = [1, 0, -0.5, 0.2, 0.8, 0.5];
    static readonly int[] Counts = [1, 2, 3, 3, 1, 2];

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static IEnumerable<TrainData.Transition> Decisions() =>
        Enumerable.Range(0, 6).SelectMany(i => Enumerable.Repeat(new TrainData.Transition(i / 3, i % 3, Rewards[i], 0, true), Counts[i]));

    // r less the mean reward of the state.
    static double[] Advantages() => [.. Rewards.Select((reward, i) => reward - Enumerable.Range(3 * (i / 3), 3).Sum(k => Counts[k] * Rewards[k]) / 6)];

    // b(a|s) times the weight of its advantage, made to add up to 1.
    static double[] Reweighted(Func<double, double> weight)
    {
        var weights = Advantages().Select((a, i) => Counts[i] * weight(a)).ToArray();
        return [.. weights.Select((w, i) => w / (weights[3 * (i / 3)] + weights[(3 * (i / 3)) + 1] + weights[(3 * (i / 3)) + 2]))];
    }

    [Theory]
    [InlineData(0.0, 20.0)]
    [InlineData(1.0, 20.0)]
    [InlineData(1.5, 1.4)]
    public void Marwil_OfOneDecision_IsTheBehaviorByExponentialAdvantages(double beta, double limit)
    {
        var norm = Math.Sqrt(Advantages().Select((a, i) => Counts[i] * a * a).Sum() / 12);
        var policy = Decide(setup => new Marwil(new() { Hidden = [32], Beta = beta, WeightLimit = limit, NormRate = 0.05, LearningRate = 0.02, FinalLearningRate = 0, ValueLearningRate = 0.02 }, setup));
        Assert.All(Reweighted(a => Math.Min(limit, Math.Exp(beta * a / norm))).Zip(policy), pair => Assert.Equal(pair.First, pair.Second, 0.02));
    }

    [Theory]
    [InlineData(0.4, 20.0, false)]
    [InlineData(0.25, 2.0, false)]
    [InlineData(0.8, 20.0, true)]
    public void Awr_OfOneDecision_IsTheBehaviorByExponentialAdvantages(double beta, double limit, bool standardized)
    {
        // The mean advantage is 0.
        var deviation = standardized ? Math.Sqrt(Advantages().Select((a, i) => Counts[i] * a * a).Sum() / 12) : 1;
        var policy = Decide(setup => new Awr(new() { Hidden = [32], Beta = beta, WeightLimit = limit, NormalizeAdvantages = standardized, LearningRate = 0.02, FinalLearningRate = 0, ValueLearningRate = 0.02 }, setup));
        Assert.All(Reweighted(a => Math.Min(limit, Math.Exp(a / deviation / beta))).Zip(policy), pair => Assert.Equal(pair.First, pair.Second, 0.02));
    }

    double[] Decide(Func<LearnerSetup, IEpisodeLearner> create)
    {
        using var columns = _data.WriteSteps("decisions", 2, 3, Decisions());
        using var learner = Learn(columns, create, steps: 700, propensities: false);
        return Probabilities(learner, 2, null);
    }

    static readonly TabularMdp Mdp = Walk();

    // Five states in a row, the goal beyond the last; left and right slip one time in ten, a step costs 0.02, the goal earns 1.
    static TabularMdp Walk()
    {
        var builder = new TabularMdpBuilder(6, 2, "a walk") { Discount = 0.9, EndsWhereNothingFollows = true };
        builder.SetStart(0, 0.5).SetStart(2, 0.5);
        for (var s = 0; s < 5; s++)
        {
            for (var a = 0; a < 2; a++)
            {
                Move(s, a, a, 0.9);
                Move(s, a, 1 - a, 0.1);
            }
        }

        return builder.Build();

        void Move(int s, int a, int side, double probability)
        {
            var next = Math.Max(0, s + (side == 1 ? 1 : -1));
            builder.Add(s, a, next, probability, next == 5 ? 0.98 : -0.02, ends: next == 5);
        }
    }

    TrainingColumns WriteWalks(bool logged)
    {
        var behavior = TabularPolicy.Uniform(Mdp);
        var description = new DatasetDescription { ObservationSpace = new DiscreteSpace(6), ActionSpace = new DiscreteSpace(2) };
        if (logged)
            description = description with { PropensitySource = PropensitySource.Logged, PropensityKind = PropensityKind.Probability };
        using (var writer = DatasetWriter.Create(_data.Workspace, "walks", description))
        {
            foreach (var (episode, number) in Tabular.TabularData.Roll(Mdp, behavior, 200, 15, seed: 4).Select((e, i) => (e, i)))
            {
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"walks/{number}",
                    BehaviorPolicy = "uniform",
                    Observations = Array.ConvertAll(episode.States, s => (float)s),
                    DiscreteActions = episode.Actions,
                    Rewards = episode.Rewards,
                    BehaviorLogProbabilities = logged ? [.. episode.States.Select(_ => -Math.Log(2))] : [],
                    Terminated = episode.Terminated,
                    Truncated = !episode.Terminated,
                    FinalObservation = [(float)episode.Final!],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "walks").Compile(NullProgress.Instance);
    }

    static double Score(double[] probabilities)
    {
        var values = TabularSolver.Evaluate(Mdp, new TabularPolicy("learned", Mdp, [.. probabilities.Take(10), 0.5, 0.5])).States;
        return TabularSolver.Return(Mdp, values);
    }

    static double Best() => TabularSolver.PolicyIteration(Mdp).Return;

    static double Logged() => Score([.. Enumerable.Repeat(0.5, 12)]);

    [Fact]
    public void Regressions_OnAWalk_GoMostOfTheWayFromTheLogToTheBest()
    {
        using var columns = WriteWalks(logged: false);
        using var marwil = Learn(columns, setup => new Marwil(new() { Discount = 0.9, Hidden = [32], BatchEpisodes = 20, Beta = 2, LearningRate = 0.01 }, setup), 150, false, 20);
        using var awr = Learn(columns, setup => new Awr(new() { Discount = 0.9, Hidden = [32], BatchEpisodes = 20, Beta = 0.5, LearningRate = 0.01 }, setup), 150, false, 20);
        foreach (var learner in new[] { marwil, awr })
            Assert.InRange((Score(Probabilities(learner, 6, null)) - Logged()) / (Best() - Logged()), 0.6, 1);
    }

    [Theory]
    [InlineData("retrace", 1.0)]
    [InlineData("q_lambda", 0.0)]
    public void Mpo_OnAWalk_FindsTheBestPolicy(string critic, double lambda)
    {
        using var columns = WriteWalks(logged: true);
        using var learner = Learn(
            columns,
            setup => new Mpo(new() { Discount = 0.9, Hidden = [32], BatchEpisodes = 20, Critic = critic, Lambda = lambda, LearningRate = 0.005, FinalLearningRate = 0.005, CriticLearningRate = 0.01, TargetRate = 0.05, EpsilonMean = 0.05 }, setup),
            200, true, 20);
        Assert.InRange((Score(Probabilities(learner, 6, null)) - Logged()) / (Best() - Logged()), 0.97, 1);

        // The critic values that policy, not the uniform one of the log, which earns less.
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using Network network = new(new NetworkDescription { Inputs = 6, Hidden = [32], Outputs = 2 }, RandomStream.Create(0, "copy"), CPU);
        var state = learner.State.ToDictionary(named => named.Name, named => named.Tensor);
        foreach (var (name, tensor) in network.NamedTensors("critic.online."))
            tensor.copy_(state[name]);
        var values = network.Forward(eye(6)).narrow(0, 0, 5).reshape(-1).data<float>().ToArray();
        var best = TabularSolver.PolicyIteration(Mdp);
        var exact = TabularSolver.ActionValues(Mdp, best.States);
        Assert.All(Enumerable.Range(0, 5), s => Assert.Equal(exact[(2 * s) + 1], values[(2 * s) + 1], 0.06));
        var logged = TabularSolver.Evaluate(Mdp, TabularPolicy.Uniform(Mdp)).States;
        Assert.True(exact[1] - TabularSolver.ActionValues(Mdp, logged)[1] > 0.2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mpo_WithTargetsThatStay_FindsTheMultipliersThatHoldEveryBound(bool continuous)
    {
        using var scope = NewDisposeScope();
        Space space = continuous ? new BoxSpace([1], [-1], [1]) : new DiscreteSpace(3);
        using var learner = new Mpo(
            new() { Hidden = [16], Critic = "q_lambda", TargetRate = 1e-9, DualLearningRate = 0.03, Epsilon = 0.15, EpsilonMean = 0.02, EpsilonScale = 0.003, Samples = 200, LearningRate = 0.003, FinalLearningRate = 0.003 },
            TrainData.Setup(2, 3, 900, seed: 1) with { ActionSpace = space, ActionUnits = continuous ? new([0], [1]) : null });
        using var batch = OneStep(continuous);
        for (var step = 0; step < 900; step++)
            learner.Step(batch, measure: step >= 800);
        var sums = learner.MetricSums.data<double>().ToArray();
        var means = learner.MetricNames.Select((name, i) => (name, sums[i] / sums[^1])).ToDictionary(pair => pair.name, pair => pair.Item2);
        Assert.Equal(0.15, means["kl_weights"], 0.02);
        Assert.Equal(0.02, means["kl_mean"], 0.005);
        Assert.Equal(continuous ? 0.003 : 0, means["kl_scale"], 0.001);
    }

    // Two states, each an episode of one step.
    static EpisodeBatch OneStep(bool continuous) => new()
    {
        States = cat([eye(2), zeros([2, 2])]),
        Observations = eye(2),
        Actions = continuous ? tensor(new[] { 0.3f, -0.2f }).unsqueeze(-1) : tensor(new[] { 0L, 2 }),
        Rewards = tensor(new[] { 1f, 0 }),
        Discounts = zeros(2),
        Continues = zeros(2),
        BehaviorLogProbabilities = zeros(2),
        EpisodeIndex = tensor(new[] { 0L, 1 }),
        StepIndex = tensor(new[] { 0L, 0 }),
        NextRows = tensor(new[] { 2L, 3 }),
        LastRows = tensor(new[] { 0L, 1 }),
        Bootstraps = zeros(2),
        Starts = [0, 1, 2],
        Sources = [0, 0],
        Numbers = [0, 1],
        LongestSteps = 1,
    };

    [Fact]
    public void Mpo_WithMasks_NeitherTakesNorBootstrapsFromAForbiddenAction()
    {
        // In state 0 only action 0 leads on; action 1 of state 1 earns 10 but is forbidden there on the way.
        var space = new DatasetDescription { ObservationSpace = new DiscreteSpace(2), ActionSpace = new DiscreteSpace(2), HasActionMask = true };
        using (var writer = DatasetWriter.Create(_data.Workspace, "masked", space))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0, 1], DiscreteActions = [0, 0], Rewards = [0, 0.1], Terminated = true, FinalObservation = [0], ActionMasks = [true, true, true, false] });
            writer.WriteEpisode(new EpisodeColumns { Key = "b", BehaviorPolicy = "x", Observations = [1], DiscreteActions = [1], Rewards = [10], Terminated = true, FinalObservation = [0], ActionMasks = [true, true] });
            writer.WriteEpisode(new EpisodeColumns { Key = "c", BehaviorPolicy = "x", Observations = [0], DiscreteActions = [1], Rewards = [0.5], Terminated = true, FinalObservation = [0], ActionMasks = [true, true] });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "masked").Compile(NullProgress.Instance);
        using var learner = Learn(columns, setup => new Mpo(new() { Discount = 0.9, Hidden = [16], Critic = "q_lambda", Lambda = 0, LearningRate = 0.01, CriticLearningRate = 0.01, TargetRate = 0.05, EpsilonMean = 0.05 }, setup), 400, false);
        // With the forbidden 10 the first action would be worth 9.
        var probabilities = Probabilities(learner, 2, null);
        Assert.True(probabilities[1] > 0.9, string.Join(", ", probabilities));
        Assert.All(learner.PolicyNetwork.Parameters.Values.data<float>().ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData("marwil", "none", 1)]
    [InlineData("awr", "tanh", 1)]
    [InlineData("mpo", "none", 1)]
    [InlineData("mpo", "tanh", 1)]
    [InlineData("mpo", "none", 2)]
    public void OfContinuousActions_TheMeanMovesTowardsTheBestOne(string name, string squash, int mixture)
    {
        // -4 (a - 0.4)^2, from actions uniform over [-1, 1].
        var random = RandomStream.Create(6, "actions");
        var space = new BoxSpace([1], [-1], [1]);
        using (var writer = DatasetWriter.Create(_data.Workspace, "one", new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = space, PropensitySource = PropensitySource.Logged, PropensityKind = PropensityKind.Density,
        }))
        {
            for (var e = 0; e < 400; e++)
            {
                var action = (float)((2 * random.NextDouble()) - 1);
                writer.WriteEpisode(new EpisodeColumns { Key = $"one/{e}", BehaviorPolicy = "uniform", Observations = [1], ContinuousActions = [action], Rewards = [-4 * Math.Pow(action - 0.4, 2)], BehaviorLogProbabilities = [-Math.Log(2)], Terminated = true, FinalObservation = [1] });
            }

            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "one").Compile(NullProgress.Instance);
        PolicyConfig policy = new() { Squash = squash, Mixture = mixture };
        using var learner = Learn(
            columns,
            setup => name switch
            {
                "marwil" => new Marwil(new() { Hidden = [16], BatchEpisodes = 100, Beta = 3, LearningRate = 0.01, Policy = policy }, setup),
                "awr" => new Awr(new() { Hidden = [16], BatchEpisodes = 100, Beta = 0.3, LearningRate = 0.01, Policy = policy }, setup),
                _ => new Mpo(new() { Hidden = [64], BatchEpisodes = 100, LearningRate = 0.003, FinalLearningRate = 0.003, CriticLearningRate = 0.01, TargetRate = 0.05, EpsilonMean = 0.05, EpsilonScale = 0.01, Policy = policy }, setup),
            },
            name == "mpo" ? 600 : 200, true, 50);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var head = ActionHead.Create(space, new ActionUnits([0], [1]), policy);
        var distribution = head.Of(learner.PolicyNetwork.Forward(ones([4000, 1])));
        using Generator generator = new(1, CPU);
        var drawn = distribution.Sample(generator);
        Assert.Equal(0.4, drawn.mean().ToDouble(), 0.12);
        // Uniform actions have a deviation of 0.58.
        Assert.InRange(drawn.std().ToDouble(), 0.001, 0.45);
        Assert.All(learner.MetricSums.data<double>().ToArray(), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Mpo_OfImagesWithContinuousActions_IsRefused() =>
        Assert.Contains("expected torso mlp", Assert.Throws<UserErrorException>(() => new Mpo(new(), TrainData.Setup(100, 2, 10) with
        {
            Observations = new BoxSpace([10, 10], new double[100], [.. Enumerable.Repeat(255.0, 100)], ElementType.UInt8),
            ActionSpace = new BoxSpace([1], [-1], [1]),
            ActionUnits = new([0], [1]),
        })).Message, StringComparison.Ordinal);

    static IEpisodeLearner Learn(TrainingColumns columns, Func<LearnerSetup, IEpisodeLearner> create, int steps, bool propensities, int episodes = 0)
    {
        using EpisodeReplay replay = new(
            TrainingData.Of(columns), new() { Needs = ReplayNeeds.OfEpisodes(ActionKind.Any, 0.9, episodes, propensities), BatchSize = 1 }, RandomStream.Create(5, "sampler"), CPU);
        var space = columns.Info.ActionSpace;
        var features = columns.Info.ObservationSpace is DiscreteSpace discrete ? discrete.Count : columns.Info.ObservationSpace.FlatSize;
        var learner = create(TrainData.Setup(features, space is DiscreteSpace actions ? actions.Count : 2 * space.FlatSize, steps, seed: 1) with
        {
            ActionSpace = space,
            ActionUnits = ActionUnits.OfBounds(columns.Info),
            BatchSize = 64,
        });
        for (var step = 0; step < steps; step++)
            learner.Step(replay.Next(), measure: step % 10 == 0);
        return learner;
    }

    // [S * A].
    static double[] Probabilities(IEpisodeLearner learner, int states, Tensor? masks)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return [.. new Categorical(learner.PolicyNetwork.Forward(eye(states)), masks).Probabilities.reshape(-1).data<float>().ToArray().Select(p => (double)p)];
    }
}
