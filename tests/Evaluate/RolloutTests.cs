using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class RolloutTests
{
    static readonly EnvironmentDefinition CartPole = EnvironmentRegistry.Definition("CartPole-v1");
    static readonly IReadOnlyList<RolloutTask> Tasks = RolloutTask.Resolve(["nominal", "long-pole", "CartPole-v1?gravity=12"], "CartPole-v1", EnvironmentRegistry.Resolve("CartPole-v1"));

    [Fact]
    public void Run_WithAnyBatchSize_GivesTheSameEpisodes()
    {
        var policy = BuiltInPolicies.Make("scripted-weak?epsilon=0.3", CartPole);
        var whole = Run(policy, Tasks, 23, 5, 4096);
        Assert.Equal(69, whole.Sum(task => task.Length));
        foreach (var batch in (int[])[1, 7, 30])
            Assert.Equal(whole.SelectMany(o => o), Run(policy, Tasks, 23, 5, batch).SelectMany(o => o));
        Assert.NotEqual(whole.SelectMany(o => o), Run(policy, Tasks, 23, 6, 4096).SelectMany(o => o));
    }

    [Fact]
    public void Run_WithMoreEpisodesOrOtherTasks_KeepsTheFirstOnes()
    {
        var policy = BuiltInPolicies.Make("uniform", CartPole);
        var few = Run(policy, [Tasks[1]], 5, 1, 100)[0];
        var many = Run(policy, Tasks, 12, 1, 100)[1];
        Assert.Equal(few, many.Take(5));
    }

    [Fact]
    public void Run_OfKnownPolicies_GivesKnownReturns()
    {
        var scripted = Run(BuiltInPolicies.Make("scripted", CartPole), [Tasks[0]], 50, 0, 4096)[0];
        // A reward of 1 a step: the discounted return is a geometric sum.
        var discounted = (1 - Math.Pow(0.99, 500)) / (1 - 0.99);
        Assert.All(scripted, o =>
        {
            Assert.Equal(new EpisodeOutcome(500, 500, Terminated: false, Truncated: true, o.DiscountedReturn, Success: true), o);
            Assert.Equal(discounted, o.DiscountedReturn, 9);
        });
        var uniform = Run(BuiltInPolicies.Make("uniform", CartPole), [Tasks[0]], 2000, 0, 4096)[0];
        // Gymnasium's uniform policy: 22.2 +- 11.8; four standard errors of 2,000 episodes.
        Assert.Equal(22.2, uniform.Average(o => o.Return), 1.1);
        Assert.All(uniform, o => Assert.True(o.Terminated && o.Return == o.Length && o.Success == false));
    }

    [Theory]
    [InlineData("CartPole-v1", "scripted", 1.0)]
    [InlineData("CartPole-v1", "uniform", 0.0)]
    [InlineData("MountainCar-v0", "scripted", 1.0)]
    [InlineData("MountainCar-v0", "uniform", 0.0)]
    [InlineData("MountainCarContinuous-v0", "zero", 0.0)]
    [InlineData("Acrobot-v1", "uniform", 0.0)]
    [InlineData("GridWorld-v1", "optimal", 1.0)]
    [InlineData("CliffWalking-v1", "optimal", 1.0)]
    [InlineData("Taxi-v3", "optimal", 1.0)]
    [InlineData("FrozenLake-v1?slippery=0", "optimal", 1.0)]
    public void Run_ByTheEnvironmentsCriterion_CountsSuccesses(string id, string policy, double rate)
    {
        var identity = EnvironmentRegistry.Resolve(id);
        var made = BuiltInPolicies.Make(policy, EnvironmentRegistry.Definition(id), identity);
        var outcomes = Run(made, RolloutTask.Resolve([id], "", null), 20, 3, 100)[0];
        Assert.Equal(rate, outcomes.Average(o => o.Success == true ? 1 : 0), 12);
        Assert.All(outcomes, o => Assert.NotNull(o.Success));
    }

    [Fact]
    public void Success_OfHolesAndGoals_IsTheReturnOfFrozenLake()
    {
        var policy = BuiltInPolicies.Make("optimal", EnvironmentRegistry.Definition("FrozenLake-v1"), EnvironmentRegistry.Resolve("FrozenLake-v1"));
        var outcomes = Run(policy, RolloutTask.Resolve(["FrozenLake-v1"], "", null), 200, 0, 4096)[0];
        Assert.All(outcomes, o => Assert.Equal(o.Return == 1, o.Success));
        Assert.Contains(outcomes, o => o is { Success: false, Terminated: true });
        Assert.InRange(outcomes.Count(o => o.Success == true), 1, 199);
    }

    [Fact]
    public void Success_OfTablesThatPayAtTheEndAlone_IsSurvival()
    {
        var id = "tables:" + SharedData.Require("icu_sepsis/dynamics.npz");
        var outcomes = Run(BuiltInPolicies.Make("optimal", EnvironmentRegistry.Definition(id), EnvironmentRegistry.Resolve(id)), RolloutTask.Resolve([id], "", null), 300, 0, 4096)[0];
        Assert.All(outcomes, o => Assert.Equal(o.Return == 1, o.Success));
        // The optimal policy survives in 88 of 100 episodes; four standard errors of 300.
        Assert.Equal(0.88, outcomes.Average(o => o.Success == true ? 1.0 : 0), 0.08);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void Rollout_ThatSavesItsTrajectories_KeepsEveryEpisodeWithItsProbabilities(int batch)
    {
        using var data = new Train.TrainData();
        var config = new RolloutConfig { Policies = ["builtin:scripted-weak?epsilon=0.3", "builtin:uniform"], Environment = "CartPole-v1", Tasks = ["nominal", "long-pole"], Episodes = 6, Name = "r", SaveDataset = "seen", BatchSize = batch, Resamples = 10 };
        var result = RolloutJob.Run(config, data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None);
        var dataset = Dataset.Open(data.Workspace, "seen");
        Assert.Equal("seen-v1", result.Summary.SavedDataset!.Name);
        Assert.Equal(dataset.Manifest.ContentHash, result.Summary.SavedDataset.ContentHash);
        // Six episodes of each policy; the long pole is kept back for evaluation, and the report says so.
        Assert.Contains(result.Summary.Notes, note => note.Contains("on nominal; the other tasks are kept back", StringComparison.Ordinal));
        using var columns = dataset.Compile(NullProgress.Instance);
        var rows = RolloutFile.Read(Path.Combine(result.Folder, "rollouts.csv")).Where(r => r.Task == "nominal").ToList();
        var first = columns.EpisodeFirstRow.Slice(0, 13);
        Assert.Equal(rows.Select(r => (long)r.Length), Enumerable.Range(0, 12).Select(k => columns.EpisodeFirstRow.Slice(0, 13)[k + 1] - columns.EpisodeFirstRow.Slice(0, 13)[k]));
        Assert.Equal(PropensitySource.Logged, dataset.Manifest.PropensitySource);
        for (var row = 0; row < first[12]; row++)
        {
            var (p, action) = (Math.Exp(columns.BehaviorLogProbabilities!.Slice(row, 1)[0]), columns.DiscreteActions!.Slice(row, 1)[0]);
            // The weak controller pushes to the side that the pole leans to, in 0.3 of its steps to either.
            var leans = columns.Observations!.Slice(row, 1)[2] > 0 ? 1 : 0;
            Assert.Equal(row >= first[6] ? 0.5 : action == leans ? 0.85 : 0.15, p, 1e-12);
            Assert.Equal(p, columns.BehaviorProbabilities!.Slice(row, 1)[action], 1e-12);
        }
    }

    [Fact]
    public void Rollout_ThatDraws_ShowsTheFirstEpisodeOfEachPolicyAndTask()
    {
        using var data = new Train.TrainData();
        var config = new RolloutConfig { Policies = ["builtin:uniform", "builtin:optimal"], Environment = "FrozenLake-v1", Tasks = ["nominal", "firm"], Episodes = 3, Name = "r", Draw = true, Resamples = 10, Seed = 4 };
        var folder = RolloutJob.Run(config, data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None).Folder;
        var first = RolloutFile.Read(Path.Combine(folder, "rollouts.csv")).Where(r => r.Episode == 0).ToList();
        var lines = File.ReadAllLines(Path.Combine(folder, "pictures.csv")).Skip(1).Select(l => l.Split(',')).ToList();
        // Algorithm, policy, seed, step, task, episode, steps, return, strip, animation.
        Assert.Equal(first.Select(r => FormattableString.Invariant($"{r.Policy} {r.Task} {r.Length} {r.Return}")), lines.Select(l => $"{l[1]} {l[4]} {l[6]} {l[7]}"));
        Assert.All(lines, l =>
        {
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Path.Combine(folder, l[8]))[..4]);
            Assert.Equal("GIF89a"u8.ToArray(), File.ReadAllBytes(Path.Combine(folder, l[9]))[..6]);
        });
    }

    [Fact]
    public void Rollout_WhoseEnvironmentDiesHalfWay_SaysWhyAndLeavesNothing()
    {
        using var data = new Train.TrainData();
        var file = Path.Combine(data.Root, "dies.yaml");
        File.WriteAllText(file, $"command: [node, '{OfflineRL.Tests.Environments.ExternalChild.Script}', kill]\nenvironment: count\n");
        var config = new RolloutConfig { Policies = ["builtin:uniform", "builtin:uniform?epsilon=0.5"], Environment = "external:" + file, Tasks = ["nominal"], Episodes = 2, Name = "r", SaveDataset = "seen" };
        var error = Assert.Throws<UserErrorException>(() => RolloutJob.Run(config, data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None));
        Assert.Contains("was killed by signal 9 (SIGKILL) instead of answering STEP", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data.Workspace.ReportsFolder));
        Assert.False(Directory.Exists(data.Workspace.DataFolder));
        // The same with workers side by side, of which both meet it.
        var parallel = Assert.Throws<UserErrorException>(() => RolloutJob.Run(config with { SaveDataset = "", Workers = 2 }, data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None));
        Assert.Contains("SIGKILL", parallel.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data.Workspace.ReportsFolder));
    }

    [Fact]
    public void Rollout_ThatCouldSaveNothing_IsRefusedBeforeAnyWork()
    {
        using var data = new Train.TrainData();
        var config = new RolloutConfig { Policies = ["builtin:uniform"], Environment = "CartPole-v1", Tasks = ["long-pole"], Episodes = 2, Name = "r", SaveDataset = "seen" };
        var error = Assert.Throws<UserErrorException>(() => RolloutJob.Run(config, data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None));
        Assert.Contains("long-pole is kept back for evaluation", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(data.Workspace.ReportsFolder, "r-v1")));
        Assert.False(Directory.Exists(Path.Combine(data.Workspace.DataFolder, "seen-v1")));
    }

    [Theory]
    // Fewer steps and other sums are no longer what the criterion speaks of; an end is an end.
    [InlineData("CartPole-v1?action_repeat=2", null)]
    [InlineData("CartPole-v1?frame_stack=2", "the pole stands for 475 of 500 steps")]
    [InlineData("MountainCar-v0?action_repeat=4", "the flag is reached")]
    [InlineData("FrozenLake-v1?reward_clip=0.5", null)]
    [InlineData("Pendulum-v1", null)]
    public void Definition_UnderWrappers_KeepsTheCriterionThatStillSpeaksOfIt(string id, string? description) =>
        Assert.Equal(description, EnvironmentRegistry.Definition(id).Success?.Description);

    [Fact]
    public void Run_OfAPolicyWithMemory_KeepsEveryLaneInPlace()
    {
        var plain = BuiltInPolicies.Make("scripted-weak?epsilon=0.3", CartPole);
        Assert.Equal(Run(plain, Tasks, 9, 2, 100).SelectMany(o => o), Run(new Remembering(plain), Tasks, 9, 2, 100).SelectMany(o => o));
    }

    [Fact]
    public void Run_OfAPolicyThatDoesNotFit_NamesBothSpaces()
    {
        var policy = new UniformPolicy(BoxSpace.Unbounded(3), new DiscreteSpace(2));
        var error = Assert.Throws<UserErrorException>(() => Run(policy, Tasks, 1, 0, 10));
        Assert.Contains("observations of box(3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rollout_WithAnyNumberOfWorkers_GivesTheSameRows()
    {
        var candidates = ((string[])["uniform", "scripted", "scripted-weak"])
            .Select(name => new PolicyCandidate { Algorithm = "builtin", Policy = name, Load = () => BuiltInPolicies.Make(name, CartPole) })
            .ToList();
        var one = RolloutJob.Rollout(new RolloutConfig { Episodes = 8, Workers = 1 }, candidates, Tasks, NullProgress.Instance, default);
        var three = RolloutJob.Rollout(new RolloutConfig { Episodes = 8, Workers = 3, BatchSize = 5 }, candidates, Tasks, NullProgress.Instance, default);
        Assert.Equal(one, three);
        Assert.Equal(3 * 3 * 8, one.Count);
    }

    [Fact]
    public void Resolve_OfTasks_LabelsThemByTheLog()
    {
        Assert.Equal(["nominal", "long-pole", "CartPole-v1?gravity=12"], Tasks.Select(t => t.Name));
        Assert.Equal([VariantLabel.Nominal, VariantLabel.HeldOut, VariantLabel.Unknown], Tasks.Select(t => t.Label));
        var all = RolloutTask.Resolve(["held_out", "long-pole", "CartPole-v1"], "", EnvironmentRegistry.Resolve("CartPole-v1"));
        Assert.Equal(CartPole.HeldOutVariants.Count + 1, all.Count);
        Assert.All(RolloutTask.Resolve(["nominal", "held_out"], "CartPole-v1", null), t => Assert.Equal(VariantLabel.Unknown, t.Label));
        Assert.Contains("'held_out'", Assert.Throws<UserErrorException>(() => RolloutTask.Resolve(["held_out"], "", null)).Message, StringComparison.Ordinal);
        Assert.Throws<UserErrorException>(() => RolloutTask.Resolve(["CartPole-v9"], "", null));
    }

    [Fact]
    public void Run_OfAPolicyThatKnowsNoBounds_CutsItsActionsToTheEnvironments()
    {
        var tasks = RolloutTask.Resolve(["nominal"], "Pendulum-v1", EnvironmentRegistry.Resolve("Pendulum-v1"));
        var within = Run(new Pusher(2, new BoxSpace([1], [-2], [2])), tasks, 3, 1, 4096)[0];
        Assert.Equal(within, Run(new Pusher(5, BoxSpace.Unbounded(1)), tasks, 3, 1, 4096)[0]);
        Assert.NotEqual(within, Run(new Pusher(1.9f, BoxSpace.Unbounded(1)), tasks, 3, 1, 4096)[0]);
        // A memory holds what was taken: with 5 in it, the next one would be 0.
        Assert.Equal(within, Run(new Lessening(), tasks, 3, 1, 4096)[0]);
        // One that says bounds has to keep them, and no number is no action.
        Assert.ThrowsAny<Exception>(() => Run(new Pusher(5, new BoxSpace([1], [-2], [2])), tasks, 1, 1, 1));
        Assert.ThrowsAny<Exception>(() => Run(new Pusher(float.NaN, BoxSpace.Unbounded(1)), tasks, 1, 1, 1));
        Assert.True(PolicySpaces.StaysWithin(new BoxSpace([1], [-2], [1]), new BoxSpace([1], [-2], [2])));
        Assert.False(PolicySpaces.StaysWithin(new BoxSpace([1], [-2.5], [1]), new BoxSpace([1], [-2], [2])));
        Assert.False(PolicySpaces.StaysWithin(BoxSpace.Unbounded(1), new BoxSpace([1], [-2], [2])));
    }

    static EpisodeOutcome[][] Run(IPolicy policy, IReadOnlyList<RolloutTask> tasks, int episodes, ulong seed, int batch) =>
        RolloutBatch.Run(policy, tasks, episodes, seed, 0.99, batch, CancellationToken.None);

    /// <summary>Always the same torque.</summary>
    sealed class Pusher(float torque, Space actions) : IPolicy
    {
        public string Name => "pusher";

        public Space ObservationSpace { get; } = BoxSpace.Unbounded(3);

        public Space ActionSpace => actions;

        public IPolicyState? CreateState(int instances) => null;

        public void Act(in PolicyInput input, in PolicyOutput output) => output.Continuous.Fill(torque);

        public void Score(in PolicyInput input, in ActionBatch scored, Span<double> logProbabilities, Span<double> probabilities) => throw new NotSupportedException();
    }

    /// <summary>A torque of 5 less the one before; its memory holds that one.</summary>
    sealed class Lessening : IPolicy
    {
        public string Name => "lessening";

        public Space ObservationSpace { get; } = BoxSpace.Unbounded(3);

        public Space ActionSpace { get; } = BoxSpace.Unbounded(1);

        public IPolicyState CreateState(int instances) => new Held(new float[instances]);

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            for (var i = 0; i < input.Count; i++)
                output.Continuous[i] = 5 - ((Held)input.State!).Last[i];
            Score(input, new ActionBatch { Continuous = output.Continuous }, output.LogProbabilities, []);
        }

        public void Score(in PolicyInput input, in ActionBatch taken, Span<double> logProbabilities, Span<double> probabilities) =>
            taken.Continuous.CopyTo(((Held)input.State!).Last);

        sealed record Held(float[] Last) : IPolicyState
        {
            public int Instances => Last.Length;

            public IPolicyState Copy() => new Held([.. Last]);
        }
    }

    /// <summary>Acts as another policy and checks that its lanes are never moved or left out, and that starts are marked once.</summary>
    sealed class Remembering(IPolicy inner) : IPolicy
    {
        public string Name => inner.Name;

        public Space ObservationSpace => inner.ObservationSpace;

        public Space ActionSpace => inner.ActionSpace;

        public IPolicyState CreateState(int instances) => new Memory(instances);

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            var memory = Assert.IsType<Memory>(input.State);
            Assert.Equal(memory.Instances, input.Count);
            Assert.Equal(memory.Steps++ == 0 ? input.Count : 0, input.EpisodeStarts.Count(true));
            memory.Streams ??= input.Random.ToArray();
            Assert.True(input.Random.SequenceEqual(memory.Streams));
            inner.Act(input, output);
        }

        public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
            inner.Score(input, actions, logProbabilities, probabilities);
    }

    sealed class Memory(int instances) : IPolicyState
    {
        public int Instances => instances;

        public int Steps { get; set; }

        public RandomStream[]? Streams { get; set; }
    }
}
