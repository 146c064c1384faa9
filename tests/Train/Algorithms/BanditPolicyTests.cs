using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class BanditPolicyTests : IDisposable
{
    const int Contexts = 3, Actions = 4;

    // What each action earns with what probability: the best of each context earns 0.9.
    static readonly double[] Clicks = [0.9, 0.1, 0.2, 0.3, 0.1, 0.2, 0.9, 0.4, 0.3, 0.9, 0.1, 0.2];

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static BanditPolicyConfig Config => new() { LearningRate = 0.03, FinalLearningRate = 0, BatchEpisodes = 256, ModelSteps = 50 };

    [Theory]
    [InlineData("ips")]
    [InlineData("snips")]
    [InlineData("dr")]
    [InlineData("poem")]
    public void Training_OnClicks_FindsTheBestActions(string objective)
    {
        using var columns = Write(4_000);
        using var learner = Learn(columns, Config with { Objective = objective }, 400);
        using var scope = NewDisposeScope();
        var policy = Policy(learner);
        Assert.True(Value(policy) > 0.85, $"{Value(policy)}");
        var means = Means(learner);
        Assert.Equal(Value(policy), means["snips"], 0.08);
        Assert.InRange(means["effective_share"], 0.05, 0.6);
    }

    [Fact]
    public void RewardModels_AreFittedOutsideTheirFolds()
    {
        using var columns = Write(4_000);
        using var learner = Learn(columns, Config with { Objective = "dr", ModelSteps = 1_000 }, 400);
        using var scope = NewDisposeScope();
        // The models alone: the policy is where it began, and errors are those of clicks around their probabilities.
        using var untrained = Create(Config with { Objective = "dr" }, 400);
        Assert.Equal(Policy(untrained), Policy(learner));
        var noise = Enumerable.Range(0, Clicks.Length).Sum(i => Clicks[i] * (1 - Clicks[i]) / Clicks.Length);
        Assert.Equal(noise, Means(learner)["model_error"], 0.04);
    }

    [Fact]
    public void RewardModels_OfRowsThatTheySaw_WouldBeTooGood()
    {
        // As many contexts as rows: a model that saw a row knows it, one that did not knows nothing.
        using var columns = Write(30, contexts: 30);
        using var learner = Learn(columns, Config with { Objective = "dr", ModelSteps = 10_000, BatchEpisodes = 0, LearningRate = 0.1, Folds = 3 }, 300, contexts: 30);
        Assert.True(Means(learner)["model_error"] > 0.1);
    }

    [Fact]
    public void VariancePenalty_KeepsThePolicyNearerToTheLog()
    {
        using var columns = Write(300);
        using var bold = Learn(columns, Config with { Objective = "poem", VariancePenalty = 0, BatchEpisodes = 0 }, 300);
        using var careful = Learn(columns, Config with { Objective = "poem", VariancePenalty = 20, BatchEpisodes = 0 }, 300);
        Assert.True(Means(careful)["behavior_kl"] < 0.7 * Means(bold)["behavior_kl"]);
        Assert.True(Means(careful)["effective_share"] > Means(bold)["effective_share"]);
    }

    [Fact]
    public void EntropyBonus_KeepsThePolicySpread()
    {
        using var columns = Write(300);
        using var learner = Learn(columns, Config with { EntropyBonus = 100 }, 200);
        using var scope = NewDisposeScope();
        Assert.All(Policy(learner), p => Assert.Equal(0.25, p, 0.02));
    }

    [Fact]
    public void HeldOutError_PrefersThePolicyThatEarnsMore()
    {
        using var columns = Write(4_000);
        using var other = Write(1_000, "other", seed: 9);
        using var better = Learn(columns, Config, 400);
        using var untrained = Create(Config, 400);
        using var scope = NewDisposeScope();
        using var replay = Replay(other, Config with { BatchEpisodes = 0 });
        var batch = replay.Next();
        Assert.True(better.HeldOutError(batch).ToDouble() < untrained.HeldOutError(batch).ToDouble() - 0.2);
        // An estimate of 0.4 or so, of a thousand clicks: its error is near 0.02.
        Assert.Equal(-Value(Policy(untrained)), untrained.HeldOutError(batch).ToDouble(), 0.08);
    }

    [Fact]
    public void Run_OnEpisodesOfSeveralSteps_NamesTheFirst()
    {
        using var columns = _data.WriteSigns(logged: true);
        var error = Assert.Throws<UserErrorException>(() => TrainJob.Run(TrainData.Tiny("bandit_policy") with { Name = "none" }, _data.Workspace, columns, NullProgress.Instance, default));
        Assert.Contains("episode 0 has 10 steps; bandit_policy needs decisions, episodes of one step", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_OutOfRange_NamesEveryFault()
    {
        var faults = (Config with { Objective = "dm", ClipWeight = -1, VariancePenalty = double.NaN, EntropyBonus = -1, Folds = 1, ModelSteps = -1, BatchEpisodes = 1 }).Validate().ToList();
        Assert.Equal(7, faults.Count);
        Assert.Contains("objective is 'dm'; expected ips, snips, dr, poem", faults[0], StringComparison.Ordinal);
    }

    // Contexts in turn, logged actions by a skewed distribution that does not know them.
    TrainingColumns Write(int decisions, string name = "clicks", ulong seed = 8, int contexts = Contexts)
    {
        double[] behavior = [0.4, 0.3, 0.2, 0.1];
        var random = RandomStream.Create(seed, "clicks");
        var description = new DatasetDescription
        {
            ObservationSpace = new DiscreteSpace(contexts),
            ActionSpace = new DiscreteSpace(Actions),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Probability,
        };
        using (var writer = DatasetWriter.Create(_data.Workspace, name, description))
        {
            for (var e = 0; e < decisions; e++)
            {
                var (context, action) = (e % contexts, random.NextCategorical(behavior));
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{e}",
                    BehaviorPolicy = "skewed",
                    Observations = [context],
                    DiscreteActions = [action],
                    Rewards = [random.NextDouble() < Clicks[(context % Contexts * Actions) + action] ? 1 : 0],
                    BehaviorLogProbabilities = [Math.Log(behavior[action])],
                    Terminated = true,
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, name).Compile(NullProgress.Instance);
    }

    static BanditPolicy Create(BanditPolicyConfig config, int steps, int contexts = Contexts) =>
        new(config, new LearnerSetup(new DiscreteSpace(contexts), Actions, steps, RandomStream.Create(0, "init"), CPU) { ActionSpace = new DiscreteSpace(Actions) });

    static BanditPolicy Learn(TrainingColumns columns, BanditPolicyConfig config, int steps, int contexts = Contexts)
    {
        var learner = Create(config, steps, contexts);
        using var replay = Replay(columns, config);
        for (var i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            learner.Step(replay.Next(), measure: i >= steps - 20);
        }

        return learner;
    }

    static EpisodeReplay Replay(TrainingColumns columns, BanditPolicyConfig config) =>
        new(TrainingData.Of(columns), new() { Needs = config.Needs, BatchSize = 1 }, RandomStream.Create(1, "sampler"), CPU);

    static double[] Policy(BanditPolicy learner)
    {
        using var quiet = no_grad();
        return learner.PolicyNetwork.Forward(eye(Contexts)).softmax(-1).to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
    }

    static double Value(double[] policy) => policy.Zip(Clicks, (p, r) => p * r / Contexts).Sum();

    static Dictionary<string, double> Means(BanditPolicy learner)
    {
        var sums = learner.MetricSums.data<double>().ToArray();
        return learner.MetricNames.Select((name, i) => (name, sums[i] / sums[^1])).ToDictionary();
    }
}
