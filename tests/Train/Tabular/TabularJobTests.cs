using OfflineRL.Datasets;
using OfflineRL.Tests.Environments;
using OfflineRL.Train;
using OfflineRL.Train.Tabular;
using static OfflineRL.Tests.Train.Tabular.TabularData;

namespace OfflineRL.Tests.Train.Tabular;

/// <summary>Tabular methods as jobs: from a dataset to a policy that evaluation loads.</summary>
public sealed class TabularJobTests : IDisposable
{
    static readonly TabularMdp Grid = TabularTests.Mdp("GridWorld-v1");
    static readonly string[] Incremental = ["monte_carlo", "td", "sarsa", "expected_sarsa", "q_learning"];

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    public static TheoryData<string> All => [.. TabularTable.Names];

    public static TheoryData<string> Resumable => [.. Incremental];

    [Theory]
    [InlineData("value_iteration")]
    [InlineData("policy_iteration")]
    public void Planners_OnALogOfEveryStep_SolveTheGridExactly(string algorithm)
    {
        using var columns = Write(_data, "grid", 16, 4, EveryStep(Grid));
        var folder = Learn(_data, Config(algorithm, discount: 1), columns);
        double[] best = [0, -1, -2, -3, -1, -2, -3, -2, -2, -3, -2, -1, -3, -2, -1, 0];
        Assert.Equal(best, Values(folder, "state_values"), (a, b) => Math.Abs(a - b) < 1e-11);
        Assert.Equal(-2, TabularSolver.Evaluate(Grid, Table(folder, Grid)).Return, 1e-11);
        // The log's MDP is the grid, and can be opened as an environment.
        var model = TabularFiles.Read(Path.Combine(folder, "mdp.npz")).Mdp;
        Assert.Equal(Grid.TransitionCount, model.TransitionCount);
        Assert.Equal(Grid.NextStates.ToArray(), model.NextStates.ToArray());
        Assert.Equal(-2, OfflineRL.Environments.EnvironmentRegistry.Definition($"tables:{folder}/mdp.npz").ReferenceExpertReturn!.Value, 1e-11);
    }

    [Fact]
    public void PolicyEvaluation_OfTheLog_GivesTheUniformPolicysValuesAndStoresThatPolicy()
    {
        using var columns = Write(_data, "grid", 16, 4, EveryStep(Grid));
        var folder = Learn(_data, Config("policy_evaluation", discount: 1), columns);
        double[] expected = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0];
        Assert.Equal(expected, Values(folder, "state_values"), (a, b) => Math.Abs(a - b) < 1e-7);
        Assert.All(Table(folder, Grid).Probabilities.ToArray(), p => Assert.Equal(0.25, p, 1e-12));
    }

    [Fact]
    public void LogModel_OfCountedOutcomes_HasTheirFrequenciesAndMeansAndEndsWhereNothingIsKnown()
    {
        // Action 0 in state 0: to 1 twice (rewards 1 and 3), to the end once, cut once with nothing known; state 2 is reached and never left.
        Episode[] episodes =
        [
            new([0, 1], [0, 1], [1, 0], false, 2),
            new([0, 1], [0, 1], [3, 0], false, null),
            new([0], [0], [5], true, null),
            new([0], [0], [7], false, null),
        ];
        using var columns = Write(_data, "counted", 3, 2, episodes);
        using var data = TrainingData.Of(columns);
        var log = new TabularLog(data, "train");
        var mdp = LogModel.Create(log, new ValueIterationConfig { Discount = 0.5, UnseenValue = 8 }, "test");
        var row = mdp.Row(0, 0);
        Assert.Equal([0, 1], row.NextStates.ToArray());
        Assert.Equal([1 / 3.0, 2 / 3.0], row.Probabilities.ToArray());
        Assert.Equal([5.0, 2], row.Rewards.ToArray());
        Assert.Equal([true, false], row.Ends.ToArray());
        // 0 + 8/2, once; the other end is unknown.
        Assert.Equal((2, 4.0, true), (mdp.Row(1, 1).NextStates[0], mdp.Row(1, 1).Rewards[0], mdp.Row(1, 1).Ends[0]));
        Assert.Equal([true, false, false, true], mdp.Mask[..4].ToArray());
        Assert.Equal([1.0, 0, 0], mdp.Start.ToArray());
        Assert.True(mdp.IsTerminal(2));
        var open = LogModel.Create(log, new ValueIterationConfig { LeastActionCount = 0, UnseenValue = -2 }, "test");
        Assert.False(open.HasMask);
        Assert.Equal((-2.0, true), (open.Row(0, 1).Rewards[0], open.Row(0, 1).Ends[0]));
    }

    [Fact]
    public void Planners_OnIcuSepsis_GiveTheExactReturns()
    {
        var tables = SharedData.Require("icu_sepsis/dynamics.npz");
        var mdp = TabularFiles.Read(tables).Default;
        using var columns = Write(_data, "icu", 716, 25, Roll(mdp, TabularPolicy.Uniform(mdp), 20, 1000, seed: 1));
        double Score(TrainConfig config) => TabularSolver.Evaluate(mdp, Table(Learn(_data, config, columns), mdp)).Return;
        Assert.Equal(0.875142, Score(Config("value_iteration", 1) with { ValueIteration = new() { Discount = 1, Tables = tables } }), 5e-7);
        Assert.Equal(0.875142, Score(Config("policy_iteration", 1) with { PolicyIteration = new() { Discount = 1, Tables = tables } }), 5e-7);
        foreach (var (policy, expected) in new[] { ("uniform", 0.780071), ("expert", 0.781845) })
        {
            var config = Config("policy_evaluation", 1) with { Name = policy, PolicyEvaluation = new() { Discount = 1, Tables = tables, Policy = policy } };
            Assert.Equal(expected, Score(config), 5e-7);
            Assert.Equal(expected, TabularSolver.Return(mdp, Values(RunFolder.Open(_data.Workspace, policy).Seeds[0].Last!.Folder, "state_values")), 5e-7);
        }

        var wrong = Config("policy_evaluation", 1) with { Name = "wrong", PolicyEvaluation = new() { Tables = tables, Policy = "exprt" } };
        Assert.Contains("Did you mean 'expert'?", Assert.Throws<UserErrorException>(() => Score(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_OnALogOfIcuSepsisExperts_BeatThem()
    {
        var file = TabularFiles.Read(SharedData.Require("icu_sepsis/dynamics.npz"));
        var mdp = file.Default;
        using var columns = Write(_data, "icu", 716, 25, Roll(mdp, new TabularPolicy("expert", mdp, file.Policies["expert"]), 20_000, 1000, seed: 1));
        // Actions that were hardly tried look better than they are, so twenty trials are asked for.
        const int Least = 20;
        var steps = (int)(10 * columns.Steps / 64);
        var common = Config("any", discount: 1, steps) with
        {
            BatchSize = 64,
            PolicyPeriodSteps = steps,
            CheckpointPeriodSteps = steps,
            LogPeriodSteps = steps,
            ValueIteration = new() { Discount = 1, LeastActionCount = Least },
            QLearning = new() { Discount = 1, LeastActionCount = Least },
            ExpectedSarsa = new() { Discount = 1, LeastActionCount = Least },
            Sarsa = new() { Discount = 1, LeastActionCount = Least },
            MonteCarlo = new() { Discount = 1, LeastActionCount = Least },
        };
        // The last two store the expert's own policy, as counted.
        (string Algorithm, double Least, double Most)[] expected =
        [
            ("value_iteration", 0.815, 0.8752), ("q_learning", 0.815, 0.8752), ("expected_sarsa", 0.815, 0.8752),
            ("sarsa", 0.8, 0.8752), ("monte_carlo", 0.79, 0.8752), ("policy_evaluation", 0.775, 0.789), ("td", 0.775, 0.789),
        ];
        foreach (var (algorithm, least, most) in expected)
        {
            var folder = Learn(_data, common with { Algorithm = algorithm, Name = algorithm }, columns);
            var score = TabularSolver.Evaluate(mdp, Table(folder, mdp)).Return;
            TestContext.Current.TestOutputHelper?.WriteLine($"{algorithm} {score}");
            Assert.True(score >= least && score <= most, $"{algorithm} scores {score}; expected {least} to {most}");
            if (algorithm is "policy_evaluation" or "td")
                Assert.Equal(0.781845, TabularSolver.Return(mdp, Values(folder, "state_values")), 0.01);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Policies_NeverTakeWhatTheLogNeverShows(string algorithm)
    {
        // Action 2 is never taken, and every reward is below the initial value of 0.
        var skewed = Enumerable.Range(0, 64).Select(i => i % 4 == 2 ? 0.0 : 1 / 3.0).ToArray();
        var policy = new TabularPolicy("skewed", Grid, skewed);
        using var columns = Write(_data, "skewed", 16, 4, Roll(Grid, policy, 300, 200, seed: 5));
        var folder = Learn(_data, Config(algorithm, discount: 0.9), columns);
        var table = Table(folder, Grid);
        for (var s = 1; s < 15; s++)
            Assert.Equal(0, table[s][2]);
        using var warm = LearnedPolicy.Load(folder, temperature: 5);
        var probabilities = new double[4];
        warm.Act(new PolicyInput { Count = 1, Observations = [5f], Random = [RandomStream.Create(1, "act")] }, new PolicyOutput { Discrete = new int[1], LogProbabilities = new double[1], Probabilities = probabilities });
        Assert.Equal(0, probabilities[2]);
        Assert.Equal(algorithm, warm.Description.Algorithm);
        Assert.All([0, 1, 3], a => Assert.InRange(probabilities[a], 1e-6, 1));
    }

    [Fact]
    public void Masks_OfTheData_BoundTheActionsWhereUnseenOnesCount()
    {
        var taxi = TabularTests.Mdp("Taxi-v3?action_mask=1");
        var episodes = Roll(taxi, TabularPolicy.Uniform(taxi), 300, 200, seed: 6).ToList();
        using var columns = Write(_data, "taxi", 500, 6, episodes, taxi);
        var config = Config("q_learning", 0.9, 3000) with { QLearning = new() { Discount = 0.9, LeastActionCount = 0, InitialValue = 100 } };
        // Optimistic: what was hardly tried looks best, but what is forbidden is not even looked at.
        using var policy = LearnedPolicy.Load(Learn(_data, config, columns));
        var visited = episodes.SelectMany(e => e.States).Distinct().ToList();
        var actions = new int[visited.Count];
        policy.Act(
            new PolicyInput { Count = visited.Count, Observations = [.. visited.Select(s => (float)s)], Random = new RandomStream[visited.Count] },
            new PolicyOutput { Discrete = actions, LogProbabilities = new double[visited.Count] });
        Assert.True(visited.Count > 300 && visited.Count(s => !taxi.IsAllowed(s, 0)) > 50);
        Assert.All(visited.Zip(actions), pair => Assert.True(taxi.IsAllowed(pair.First, pair.Second)));
    }

    [Theory]
    [MemberData(nameof(Resumable))]
    public void Run_Interrupted_GoesOnToTheSameDigits(string algorithm)
    {
        using var columns = Write(_data, "lake", 16, 4, Roll(TabularTests.Mdp("FrozenLake-v1"), TabularPolicy.Uniform(Grid), 50, 30, seed: 7));
        var whole = Config(algorithm, 0.9) with { Name = "whole" };
        Learn(_data, whole, columns);
        // Stopped in the middle of an episode, at 25 of 60 steps.
        using var source = new CancellationTokenSource();
        var cut = whole with { Name = "cut" };
        var result = TrainJob.Run(cut, _data.Workspace, columns, new CallbackProgress(done => Cancel(source, done >= 28)), source.Token);
        Assert.True(result.Interrupted);
        Assert.InRange(result.Seeds[0].Step, 20, 59);
        Learn(_data, cut, columns);
        string File(string run, string name) => Path.Combine(RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, run), 0), name);
        foreach (var name in new[] { "policies/step-60/policy.safetensors", "policies/step-30/policy.safetensors", "checkpoints/step-60/state.safetensors" })
            Assert.Equal(System.IO.File.ReadAllBytes(File("whole", name)), System.IO.File.ReadAllBytes(File("cut", name)));
        Assert.Equal(Lines("whole"), Lines("cut"));
        Assert.Equal(9, Lines("cut").Length);

        // Finished: nothing is done again. Another setting: refused.
        Assert.Equal(RunState.Finished, TrainJob.Run(cut, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None).Seeds[0].State);
        var error = Assert.Throws<UserErrorException>(() => Learn(_data, Config(algorithm, 0.8) with { Name = "cut" }, columns));
        Assert.Contains("discount = 0.9; now it is 0.8", error.Message, StringComparison.Ordinal);

        string[] Lines(string run) => [.. System.IO.File.ReadAllLines(File(run, "metrics.jsonl")).Select(line => line[..line.IndexOf("\"steps_per_second", StringComparison.Ordinal)])];
    }

    [Fact]
    public void Run_WithADamagedCheckpoint_TakesTheOneBefore()
    {
        using var columns = Write(_data, "lake", 16, 4, Roll(TabularTests.Mdp("FrozenLake-v1"), TabularPolicy.Uniform(Grid), 50, 30, seed: 7));
        var config = Config("sarsa", 0.9) with { Name = "damaged" };
        using var source = new CancellationTokenSource();
        TrainJob.Run(config, _data.Workspace, columns, new CallbackProgress(done => Cancel(source, done >= 49)), source.Token);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "damaged"), 0);
        var newest = Directory.GetDirectories(Path.Combine(seed, "checkpoints")).MaxBy(folder => int.Parse(folder.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture))!;
        var state = Path.Combine(newest, "state.safetensors");
        var bytes = File.ReadAllBytes(state);
        bytes[^1] ^= 1;
        File.WriteAllBytes(state, bytes);
        var progress = new CallbackProgress(_ => { });
        TrainJob.Run(config, _data.Workspace, columns, progress, CancellationToken.None);
        Assert.Contains(progress.Lines, line => line.Contains("is damaged (the SHA-256 of state.safetensors differs", StringComparison.Ordinal));
        Assert.Contains(progress.Lines, line => line.Contains("resuming from step 40", StringComparison.Ordinal));
        var whole = Learn(_data, config with { Name = "whole" }, columns);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "policy.safetensors")), File.ReadAllBytes(Path.Combine(seed, "policies/step-60/policy.safetensors")));
    }

    [Fact]
    public void Run_OfWhatHasNoTable_SaysWhatIsWrong()
    {
        using var vectors = _data.WriteSigns();
        foreach (var algorithm in TabularTable.Names)
            Assert.Contains("tabular methods need discrete observations", Refuse(Config(algorithm, 0.9), vectors), StringComparison.Ordinal);
        using var columns = Write(_data, "small", 3, 2, [new([0, 1], [0, 1], [1, 0], false, null)]);
        Assert.Contains("has no split 'other'; it has", Refuse(Config("td", 0.9) with { Split = "other" }, columns), StringComparison.Ordinal);
        Assert.Contains("sarsa: learning_rate is 2", Refuse(Config("sarsa", 0.9) with { Sarsa = new() { LearningRate = 2 } }, columns).Replace("sarsa.learning_rate", "sarsa: learning_rate", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("Did you mean 'q_learning'?", Refuse(Config("q_lerning", 0.9), columns), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));

        var path = Path.Combine(_data.Root, "grid.npz");
        TabularFiles.WriteNpz(Grid, path);
        Assert.Contains("has 16 states and 4 actions; dataset small-v1 has 3 and 2", Refuse(Config("value_iteration", 0.9) with { ValueIteration = new() { Tables = path } }, columns), StringComparison.Ordinal);

        string Refuse(TrainConfig config, TrainingColumns data) => Assert.Throws<UserErrorException>(() => TrainJob.Run(config, _data.Workspace, data, NullProgress.Instance, CancellationToken.None)).Message;
    }

    [Theory]
    [InlineData("value_iteration")]
    [InlineData("policy_iteration")]
    [InlineData("policy_evaluation")]
    [InlineData("td")]
    public void Loop_OfAMethodThatImprovesNoPolicyAsItGoes_IsRefused(string algorithm) => Assert.Contains(
        $"train.algorithm is {algorithm}, which says what a policy is worth, or solves a whole log at once",
        Assert.Throws<UserErrorException>(() => GrowingTraining.Fit(Config(algorithm, 0.9), 1)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Loop_OfATable_CountsEveryActionUntilAMaskSaysOtherwise()
    {
        Assert.Equal(0, GrowingTraining.Fit(Config("q_learning", 0.9) with { QLearning = new() { LeastActionCount = 3 } }, 1).QLearning.LeastActionCount);
        var set = ActionSet.All(2, 3);
        set.Allow(1, [0, 1, 0]);
        set.Allow(1, [0, 0, 1]);
        Assert.Equal([true, true, true, false, true, true], Enumerable.Range(0, 6).Select(i => set[i / 3, i % 3]));
    }

    [Fact]
    public void Train_WithoutLibtorch_LearnsAndIsScored()
    {
        using (var columns = Write(_data, "grid", 16, 4, EveryStep(Grid)))
        {
        }

        var without = new Dictionary<string, string> { ["OFFLINERL_TORCH_SHIM"] = "/nowhere/shim.so" };
        // The same environment is one that a network cannot be trained in.
        Assert.NotEqual(0, Cli.Tool.Run(_data.Root, without, "train", "--dataset", "grid", "--algorithm", "dqn", "--steps", "1", "--name", "no").ExitCode);
        Cli.Tool.Run(_data.Root, without, "train", "--dataset", "grid", "--algorithm", "q_learning", "--steps", "200", "--name", "yes", "--set", "q_learning.discount=1").Expect(0);
        var scored = Cli.Tool.Run(_data.Root, without, "evaluate", "rollout", "--policy", "run:yes", "--environment", "GridWorld-v1", "--episodes", "50").Expect(0);
        Assert.Contains("yes 100.0", scored.All, StringComparison.Ordinal);
    }

    static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
            source.Cancel();
    }
}
