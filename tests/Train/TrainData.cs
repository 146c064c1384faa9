using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;

namespace OfflineRL.Tests.Train;

/// <summary>A workspace in a temporary folder, with small datasets to learn from.</summary>
sealed class TrainData : IDisposable
{
    /// <summary>What a learner on the CPU is made for, with vectors of <paramref name="features"/> numbers.</summary>
    public static LearnerSetup Setup(int features, int actions, int steps, ulong seed = 0) =>
        new(BoxSpace.Unbounded(features), actions, steps, RandomStream.Create(seed, "init"), torch.CPU);

    public TrainData() => Workspace = Workspace.Open(Directory.CreateTempSubdirectory("offlinerl-train-").FullName);

    public Workspace Workspace { get; }

    public string Root => Workspace.Root;

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>A config for runs of a second: a tiny network, short periods.</summary>
    public static TrainConfig Tiny(string algorithm = "dqn") => new()
    {
        Dataset = "any",
        Algorithm = algorithm,
        Steps = 60,
        BatchSize = 8,
        Device = "cpu",
        PolicyPeriodSteps = 30,
        CheckpointPeriodSteps = 20,
        LogPeriodSteps = 7,
        Dqn = new() { Hidden = [16, 16], LearningRate = 0.01, TargetPeriodSteps = 3, TargetRate = 0.1 },
        C51 = new() { Hidden = [16, 16], LearningRate = 0.01, Atoms = 11 },
        QrDqn = new() { Hidden = [16, 16], LearningRate = 0.01, Quantiles = 8 },
        Iqn = new() { Hidden = [16, 16], LearningRate = 0.01, Fractions = 4, TargetFractions = 5, ActingFractions = 3, Cosines = 6 },
        Rainbow = new() { Hidden = [16, 16], LearningRate = 0.01, Atoms = 11 },
        Nfq = new() { Hidden = [16, 16], LearningRate = 0.01 },
        Rem = new() { Hidden = [16, 16], LearningRate = 0.01, Heads = 5 },
        DiscreteCql = new() { Hidden = [16, 16], LearningRate = 0.01 },
        DiscreteBcq = new() { Hidden = [16, 16], LearningRate = 0.01 },
        DiscreteIql = new() { Hidden = [16, 16], LearningRate = 0.01 },
        DiscreteCrr = new() { Hidden = [16, 16], LearningRate = 0.01, TargetPeriodSteps = 7 },
        Reinforce = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, ValueUpdates = 2 },
        ActorCritic = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, ValueUpdates = 2 },
        A2c = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, NSteps = 3 },
        Ppo = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, Epochs = 3, TargetKl = 0.02, EntropyBonus = 0.01 },
        Trpo = new() { Hidden = [16, 16], BatchEpisodes = 4, ValueEpochs = 2 },
        Marwil = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4 },
        Awr = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4 },
        Mpo = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, TargetRate = 0.1 },
        VaeDreamer = new() { Horizon = 3, Hidden = [16] },
        Dreamer = new() { LearningRate = 0.01, Horizon = 3, Dreams = 8, SequenceSteps = 6, Hidden = [16], Model = new() { Deterministic = 12, Groups = 3, Classes = 4, Units = 16, Layers = 1 } },
        WorldModels = new() { LearningRate = 0.01, Horizon = 3, Dreams = 4, Population = 6, SequenceSteps = 6, EncoderShare = 0.3, ControllerShare = 0.4, Memory = new() { Units = 16, Components = 2, Hidden = [8] } },
        Bc = new() { Hidden = [16, 16], LearningRate = 0.01, FinalLearningRate = 0.01 },
        BanditPolicy = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, Objective = "dr", ModelSteps = 10 },
        WorldModel = new() { Encoder = "vae", Hidden = [16], DynamicsHidden = [16], LearningRate = 0.01, Members = 2, PhaseSteps = 20, ErrorHorizons = [1, 3], ErrorStarts = 20, ErrorSamples = 4 },
        Vtrace = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4 },
        Acer = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4 },
        ImportancePg = new() { Hidden = [16, 16], LearningRate = 0.01, BatchEpisodes = 4, CloningSteps = 10, EntropyBonus = 0.01, LeastEffectiveShare = 0.5, OnLowSupport = "step_back" },
    };

    /// <summary>Uniform replay on the CPU, with the defaults of everything that is not named.</summary>
    public static TransitionReplay Replay(TrainingColumns columns, int batch, ReplayNeeds needs, ReplayConfig? config = null, string split = "train", ulong seed = 2) => new(
        TrainingData.Of(columns),
        new ReplaySettings { Needs = needs, BatchSize = batch, Split = split, Replay = config ?? new(), Steps = 100 },
        RandomStream.Create(seed, "sampler"),
        TorchSharp.torch.CPU);

    /// <summary>Random vectors, two actions, reward 1 for the action of the first number's sign; every other episode is cut. Where it is logged, the probability of each action is 1/2.</summary>
    public TrainingColumns WriteSigns(string name = "signs", int episodes = 20, SplitRule? split = null, bool logged = false, int steps = 10)
    {
        var random = RandomStream.Create(3, "signs");
        var description = new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(3), ActionSpace = new DiscreteSpace(2), Split = split ?? SplitRule.AllTrain };
        if (logged)
            description = description with { PropensitySource = PropensitySource.Logged, PropensityKind = PropensityKind.Probability };
        using (var writer = DatasetWriter.Create(Workspace, name, description))
        {
            for (var episode = 0; episode < episodes; episode++)
            {
                var (observations, actions, rewards) = (new float[3 * steps], new int[steps], new double[steps]);
                foreach (ref var value in observations.AsSpan())
                    value = (float)random.NextGaussian();
                for (var t = 0; t < steps; t++)
                {
                    actions[t] = random.NextInt(2);
                    rewards[t] = actions[t] == (observations[3 * t] > 0 ? 1 : 0) ? 1 : 0;
                }

                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{episode}",
                    BehaviorPolicy = "uniform",
                    Observations = observations,
                    DiscreteActions = actions,
                    Rewards = rewards,
                    BehaviorLogProbabilities = !logged ? [] : Enumerable.Repeat(-Math.Log(2), steps).ToArray(),
                    Terminated = episode % 2 == 0,
                    Truncated = episode % 2 == 1,
                    FinalObservation = observations.AsSpan(0, 3),
                });
            }

            writer.Commit();
        }

        return Dataset.Open(Workspace, name).Compile(NullProgress.Instance);
    }

    /// <summary>One episode for each of <paramref name="rows"/>, of one step, with discrete observations.</summary>
    public TrainingColumns WriteSteps(string name, int states, int actions, IEnumerable<Transition> rows)
    {
        using (var writer = DatasetWriter.Create(Workspace, name, new DatasetDescription { ObservationSpace = new DiscreteSpace(states), ActionSpace = new DiscreteSpace(actions) }))
        {
            var key = 0;
            foreach (var row in rows)
            {
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{key++}",
                    BehaviorPolicy = "uniform",
                    Observations = [row.State],
                    DiscreteActions = [row.Action],
                    Rewards = [row.Reward],
                    Terminated = row.Terminated,
                    Truncated = !row.Terminated,
                    FinalObservation = [row.Next],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(Workspace, name).Compile(NullProgress.Instance);
    }

    public readonly record struct Transition(int State, int Action, double Reward, int Next, bool Terminated);
}

/// <summary>Calls back at each report, for tests that interrupt.</summary>
sealed class CallbackProgress(Action<long> onReport) : IJobProgress
{
    public List<string> Lines { get; } = [];

    public void Report(string stage, long done, long total, string? detail = null) => onReport(done);

    public void Line(string text) => Lines.Add(text);
}
