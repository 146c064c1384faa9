using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Columns;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Tests.Train.Jobs;

public sealed class TrainJobTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    public static TheoryData<string> Algorithms => [.. AlgorithmTable.Names];

    // Decisions, for the learner that takes nothing else.
    TrainingColumns WriteFor(string algorithm) => algorithm == "bandit_policy" ? _data.WriteSigns(episodes: 200, logged: true, steps: 1) : _data.WriteSigns(logged: true);

    TrainResult Run(TrainConfig config, TrainingColumns columns, IJobProgress? progress = null, CancellationToken token = default) =>
        TrainJob.Run(config, _data.Workspace, columns, progress ?? NullProgress.Instance, token);

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Run_InterruptedAndResumedTwice_EqualsOneThatWasNot(string algorithm)
    {
        using var columns = WriteFor(algorithm);
        var config = TrainData.Tiny(algorithm);
        Run(config with { Name = "whole" }, columns);

        // Interruptions between metric lines, checkpoints and policies; the third job ends it.
        foreach (var stop in new[] { 14, 49 })
        {
            using var source = new CancellationTokenSource();
            var result = Run(config with { Name = "cut" }, columns, new CallbackProgress(done => Cancel(source, done >= stop)), source.Token);
            Assert.True(result.Interrupted);
            Assert.Equal(stop, result.Seeds[0].Step);
            Assert.Equal("interrupted", Status("cut"));
        }

        Assert.False(Run(config with { Name = "cut" }, columns).Interrupted);
        Assert.Equal("finished", Status("cut"));
        AssertSameRun("whole", "cut");
    }

    [Theory]
    [InlineData("vae_dreamer", 14)]
    [InlineData("vae_dreamer", 21)]
    [InlineData("vae_dreamer", 28)]
    [InlineData("dreamer", 14)]
    [InlineData("dreamer", 21)]
    [InlineData("dreamer", 28)]
    public void Run_ThatChoosesHowFarItDreams_ResumesBitForBit(string algorithm, int stop)
    {
        using var columns = _data.WriteSigns(split: new SplitRule(1, [new("train", 0.8), new("validation", 0.2)]));
        var tiny = TrainData.Tiny(algorithm);
        var config = tiny with
        {
            // What is chosen is chosen after step 21, or after steps 7, 21, 35 and 49.
            VaeDreamer = tiny.VaeDreamer with { Horizon = null, ModelShare = 0.35, TruncationQuantile = 0.9 },
            Dreamer = tiny.Dreamer with { Horizon = null, WarmUpSteps = 7, LimitsPeriodSteps = 14, Model = tiny.Dreamer.Model with { Members = 3 }, TruncationQuantile = 0.9 },
            WorldModel = tiny.WorldModel with { Members = 3, HorizonError = 5, ErrorHorizons = [1, 3] },
        };
        var progress = new CallbackProgress(_ => { });
        Run(config with { Name = "whole" }, columns, progress);
        using var source = new CancellationTokenSource();
        Assert.Equal(stop, Run(config with { Name = "cut" }, columns, new CallbackProgress(done => Cancel(source, done >= stop)), source.Token).Seeds[0].Step);
        Run(config with { Name = "cut" }, columns);
        AssertSameRun("whole", "cut");

        // What was chosen is said, is what the last model's file says, and is in the metrics.
        var said = progress.Lines.Where(line => line.Contains(": dreams go ", StringComparison.Ordinal)).ToList();
        Assert.Equal(algorithm == "dreamer" ? 4 : 1, said.Count);
        var limits = JsonFiles.Read<WorldModelDescription>(Path.Combine(SeedFolder("whole"), "models", "step-60", "world_model.json")).Limits;
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"dreams go {limits.Horizon} steps, a unit of disagreement costs {limits.Penalty:G4}, and above {limits.Threshold:G4} a dream is cut"), said[^1], StringComparison.Ordinal);
        Assert.True(limits is { Horizon: 3, Penalty: > 0, Threshold: > 0 });
        var last = JsonNode.Parse(Metrics("whole")[^1])!;
        Assert.Equal(3, (double)last["dream_horizon"]!);
        Assert.Equal(limits.Penalty, (double)last["penalty"]!, 1e-5 * limits.Penalty);
        Assert.Equal(limits.Threshold!.Value, (double)last["threshold"]!, 1e-5 * limits.Threshold.Value);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Run_WithEverythingThatReplayRemembers_ResumesBitForBitToo(string algorithm)
    {
        using var columns = WriteFor(algorithm);
        var config = TrainData.Tiny(algorithm) with
        {
            Normalization = new() { Observations = "standardize", Rewards = "return_range", ReturnRange = 2 },
            Replay = new() { FrameStack = 2, TopShare = 0.8, PrefetchBatches = "2", Order = "returns" },
        };
        var row = AlgorithmTable.Of(config);
        if (row.Section(config) is EpisodeConfig)
            config = config with { Replay = config.Replay with { Order = "uniform" } };
        if (row.Section(config) is QLearningConfig learning)
            config = row.With(config, learning with { NSteps = 3, PriorityExponent = 0.6 }) with { Replay = config.Replay with { Order = "uniform", PriorityWeightsOver = "buffer" } };
        Run(config with { Name = "whole" }, columns);
        using (var source = new CancellationTokenSource())
            Assert.True(Run(config with { Name = "cut" }, columns, new CallbackProgress(done => Cancel(source, done >= 28)), source.Token).Interrupted);
        Run(config with { Name = "cut" }, columns);
        AssertSameRun("whole", "cut");
    }

    [Fact]
    public void Policy_OfNormalizedData_TakesRawObservations()
    {
        using var columns = _data.WriteSigns();
        Run(TrainData.Tiny("bc") with { Name = "normalized", Normalization = new() { Observations = "standardize", Rewards = "standardize" } }, columns);
        var folder = Path.Combine(SeedFolder("normalized"), "policies", "step-60");
        var description = Path.Combine(folder, "policy.json");
        var rows = columns.Observations!.Slice(0, 50).ToArray();
        var raw = Act(rows);
        Assert.Contains("\"encoder\"", File.ReadAllText(description), StringComparison.Ordinal);

        // By hand: mean and deviation of the columns, and the same network without its normalizer.
        var all = columns.Observations.Slice(0, (int)columns.Steps).ToArray();
        for (var d = 0; d < 3; d++)
        {
            var values = all.Where((_, i) => i % 3 == d).Select(value => (double)value).ToList();
            var mean = values.Average();
            var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
            for (var i = d; i < rows.Length; i += 3)
                rows[i] = (float)((rows[i] - mean) / deviation);
        }

        var json = JsonNode.Parse(File.ReadAllText(description))!.AsObject();
        json.Remove("encoder");
        File.WriteAllText(description, json.ToJsonString());
        var byHand = Act(rows);
        Assert.All(raw.Zip(byHand), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.True(raw.Max() - raw.Min() > 0.01);

        double[] Act(float[] observations)
        {
            using var policy = LearnedPolicy.Load(folder, temperature: 1);
            var (actions, probabilities) = (new int[50], new double[100]);
            policy.Act(
                new PolicyInput { Count = 50, Observations = observations, Random = [.. Enumerable.Range(0, 50).Select(i => RandomStream.Create((ulong)i, "act"))] },
                new PolicyOutput { Discrete = actions, Probabilities = probabilities });
            return probabilities;
        }
    }

    [Fact]
    public void Run_WithWorkBeyondTheLastCheckpoint_DoesItAgainWithoutDoubleLines()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "whole" };
        Run(config, columns);
        Run(config with { Name = "cut" }, columns);

        // As a kill after step 60 but before its checkpoint would leave it, with half a line at the end.
        var seed = SeedFolder("cut");
        Directory.Delete(Path.Combine(seed, "checkpoints", "step-60"), recursive: true);
        File.AppendAllText(Path.Combine(seed, "metrics.jsonl"), "{\"step\": 6");
        var pending = Directory.CreateDirectory(Path.Combine(seed, "checkpoints", ".step-60.pending-0123456789abcdef")).FullName;
        File.WriteAllText(Path.Combine(pending, "state.safetensors"), "half");
        Directory.SetLastWriteTimeUtc(pending, DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(Path.Combine(pending, "state.safetensors"), DateTime.UnixEpoch);
        Run(config with { Name = "cut" }, columns);
        AssertSameRun("whole", "cut");
        Assert.False(Directory.Exists(pending));
    }

    [Fact]
    public void Run_WithADamagedNewestCheckpoint_TakesTheOneBefore()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "whole" };
        Run(config, columns);
        Run(config with { Name = "cut" }, columns);
        var state = Path.Combine(SeedFolder("cut"), "checkpoints", "step-60", "state.safetensors");
        var bytes = File.ReadAllBytes(state);
        bytes[^1] ^= 1;
        File.WriteAllBytes(state, bytes);

        var progress = new CallbackProgress(_ => { });
        Run(config with { Name = "cut" }, columns, progress);
        Assert.Contains(progress.Lines, line => line.Contains("SHA-256", StringComparison.Ordinal));
        AssertSameRun("whole", "cut");
    }

    [Fact]
    public void Run_OfSeveralSeeds_GivesEachTheRunItWouldHaveAlone()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Seeds = ["0..2"], Name = "many" };
        Assert.Equal([0UL, 1UL, 2UL], Run(config, columns).Seeds.Select(seed => seed.Seed));
        Run(config with { Seeds = ["1"], Name = "one" }, columns);
        Assert.Equal(Weights("many", 1), Weights("one", 1));
        Assert.NotEqual(Weights("many", 0), Weights("many", 1));
        // A job array: another seed joins the same run.
        Run(config with { Seeds = ["7"] }, columns);
        Assert.Equal([0UL, 1UL, 2UL, 7UL], RunFolder.Open(_data.Workspace, "many").Seeds.Select(seed => seed.Seed));
    }

    [Fact]
    public void Run_ThatIsFinished_SaysSoAndChangesNothing()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "done" };
        Run(config, columns);
        var before = Files("done");
        var progress = new CallbackProgress(_ => { });
        Assert.Equal(RunState.Finished, Run(config, columns, progress).Seeds[0].State);
        Assert.Contains(progress.Lines, line => line.Contains("finished already", StringComparison.Ordinal));
        Assert.Equal(before, Files("done"));
    }

    [Fact]
    public void Run_WithAnotherConfigOrDataset_NamesTheKey()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "fixed" };
        Run(config, columns);
        Assert.Contains("dqn.learning_rate = 0.01; now it is 0.5", Error(config with { Dqn = config.Dqn with { LearningRate = 0.5 } }), StringComparison.Ordinal);
        Assert.Contains("steps = 60; now it is 70", Error(config with { Steps = 70 }), StringComparison.Ordinal);
        using var other = _data.WriteSigns("other", episodes: 10);
        Assert.Contains("dataset = signs-v1; now it is other-v1", Assert.Throws<UserErrorException>(() => Run(config, other)).Message, StringComparison.Ordinal);

        // The same name with other data, as on a machine where it was recorded anew.
        var origin = Path.Combine(_data.Workspace.RunsFolder, "fixed", "run.json");
        File.WriteAllText(origin, File.ReadAllText(origin).Replace(columns.Info.ContentHash, "sha256:" + new string('0', 64), StringComparison.Ordinal));
        Assert.Contains("content_hash", Error(config), StringComparison.Ordinal);

        string Error(TrainConfig changed) => Assert.Throws<UserErrorException>(() => Run(changed, columns)).Message;
    }

    [Fact]
    public void Run_OfBadInput_LeavesNothingBehind()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "none" };
        Assert.Contains("cuda:99", Assert.Throws<UserErrorException>(() => Run(config with { Device = "cuda:99" }, columns)).Message, StringComparison.Ordinal);
        Assert.Contains("split", Assert.Throws<UserErrorException>(() => Run(config with { Split = "absent" }, columns)).Message, StringComparison.Ordinal);
        Assert.Contains("batch_size is 0", Assert.Throws<UserErrorException>(() => Run(config with { BatchSize = 0 }, columns)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));
    }

    [Fact]
    public void Run_OfASeedThatIsBeingTrained_NamesTheProcess()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "busy" };
        UserErrorException? error = null;
        Run(config, columns, new CallbackProgress(_ => error ??= Assert.Throws<UserErrorException>(() => Run(config, columns))));
        Assert.Contains($"by process {Environment.ProcessId}", error!.Message, StringComparison.Ordinal);
        Assert.Equal("finished", Status("busy"));
    }

    [Fact]
    public void Run_ThatDiverges_FailsWithTheMetricAndTrainsTheOtherSeeds()
    {
        // A reward of 1e300 is infinite as a float.
        using var columns = _data.WriteSteps("huge", 2, 2, [new(0, 0, 1e300, 1, true), new(1, 1, 0, 0, true)]);
        var config = TrainData.Tiny() with { Name = "diverged", Seeds = ["0..1"] };
        var error = Assert.Throws<CheckFailedException>(() => Run(config, columns));
        Assert.Contains("seed 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("seed 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("training diverged: loss is", error.Message, StringComparison.Ordinal);
        Assert.Equal("failed", Status("diverged"));
        Assert.Empty(RunFolder.Open(_data.Workspace, "diverged").Seeds[0].Policies);
    }

    [Theory]
    [InlineData("vtrace")]
    [InlineData("ppo")]
    public void Run_OfALearnerOfEpisodes_WatchesItsValuesToo(string algorithm)
    {
        using var columns = _data.WriteSigns(logged: true);
        var config = TrainData.Tiny(algorithm) with { Name = "watched", Steps = 10, Guard = new() { ValueLimit = 1e-6 } };
        var progress = new CallbackProgress(_ => { });
        Run(config, columns, progress);
        Assert.Single(progress.Lines, line => line.Contains("values diverge: value_mean", StringComparison.Ordinal));
        Assert.All(File.ReadLines(Path.Combine(SeedFolder("watched"), "metrics.jsonl")), line => Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse(line)!["value_ratio"]));
    }

    [Fact]
    public void Run_WhoseValuesPassTheDatasReturns_SaysSoOnceAndStopsWhereAsked()
    {
        // Rewards are 0 or 1 and episodes end after one step; a bias of the first layer's size passes a limit this low.
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny() with { Name = "over", Guard = new() { ValueLimit = 0.0001 } };
        var progress = new CallbackProgress(_ => { });
        Run(config, columns, progress);
        Assert.Single(progress.Lines, line => line.Contains("values diverge", StringComparison.Ordinal) && line.Contains("guard.value_limit 0.0001", StringComparison.Ordinal));
        Assert.Contains("values diverge", File.ReadAllText(Path.Combine(SeedFolder("over"), "log.txt")), StringComparison.Ordinal);
        var error = Assert.Throws<CheckFailedException>(() => Run(config with { Name = "stopped", Guard = new() { ValueLimit = 0.0001, Stop = true } }, columns));
        Assert.Contains("training diverged at step 7: values diverge: q_mean", error.Message, StringComparison.Ordinal);
        Assert.Equal("failed", Status("stopped"));

        var calm = new CallbackProgress(_ => { });
        Run(config with { Name = "calm", Guard = new() }, columns, calm);
        Assert.DoesNotContain(calm.Lines, line => line.Contains("diverge", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WithHeldOutEpisodes_NamesTheSnapshotOfTheSmallestError()
    {
        using var columns = _data.WriteSigns(episodes: 60, split: new SplitRule(0, [new("train", 0.5), new("test", 0.25), new("validation", 0.25)]));
        foreach (var algorithm in new[] { "dqn", "bc" })
        {
            Run(TrainData.Tiny(algorithm) with { Name = algorithm, PolicyPeriodSteps = 10 }, columns);
            var seed = RunFolder.Open(_data.Workspace, algorithm).Seeds[0];
            var errors = seed.Policies.ToDictionary(p => p.Step, p => JsonFiles.Read<PolicyDescription>(Path.Combine(p.Folder, "policy.json")).HeldOutError!.Value);
            Assert.Equal(6, errors.Values.Distinct().Count());
            Assert.Equal(errors.MinBy(pair => pair.Value).Key, seed.Best!.Step);
            Assert.Contains($"\"step\": {seed.Best.Step}", File.ReadAllText(Path.Combine(seed.Folder, "best.json")), StringComparison.Ordinal);
        }

        Run(TrainData.Tiny() with { Name = "off", Guard = new() { HeldOutTransitions = 0 } }, columns);
        Assert.Null(RunFolder.Open(_data.Workspace, "off").Seeds[0].Best);
        Assert.Contains("has no split 'absent'", Assert.Throws<UserErrorException>(() => Run(TrainData.Tiny() with { Name = "absent", Guard = new() { HeldOutSplit = "absent" } }, columns)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfDataThatDoesNotFit_SaysWhatIsWrong()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "masked", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2), HasActionMask = true }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0, 1], DiscreteActions = [0, 1], Rewards = [0, 0], Terminated = true, FinalObservation = [0], ActionMasks = [true, true, true, true] });
            writer.Commit();
        }

        using (var columns = Dataset.Open(_data.Workspace, "masked").Compile(NullProgress.Instance))
        {
            // As columns that another tool made might hold.
            var path = Directory.EnumerateFiles(columns.Folder, "*mask*.npy").Single();
            var bytes = File.ReadAllBytes(path);
            (bytes[^1], bytes[^2]) = (0, 0);
            columns.Dispose();
            File.SetAttributes(path, FileAttributes.Normal);
            File.WriteAllBytes(path, bytes);
            ColumnSeal.Renew(path);
        }

        using var forbidding = Dataset.OpenColumns(_data.Workspace, "masked", NullProgress.Instance, CancellationToken.None);
        Assert.Contains("episode 0, step 1: the action mask forbids all 2 actions", Assert.Throws<UserErrorException>(() => Run(TrainData.Tiny() with { Name = "none" }, forbidding)).Message, StringComparison.Ordinal);

        using (var writer = DatasetWriter.Create(_data.Workspace, "continuous", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = BoxSpace.Unbounded(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0], ContinuousActions = [0, 0], Rewards = [0], Terminated = true, FinalObservation = [0] });
            writer.Commit();
        }

        using var continuous = Dataset.Open(_data.Workspace, "continuous").Compile(NullProgress.Instance);
        foreach (var algorithm in AlgorithmTable.Names.Where(name => name != "bc" && AlgorithmTable.Of(TrainData.Tiny(name)).Section(TrainData.Tiny(name)).Needs.Actions != ActionKind.Any))
            Assert.Contains($"algorithm {algorithm} needs discrete actions", Assert.Throws<UserErrorException>(() => Run(TrainData.Tiny(algorithm) with { Name = "none" }, continuous)).Message, StringComparison.Ordinal);
        Assert.Contains("algorithm is 'discrete_clq', which is none. Did you mean 'discrete_cql'?", Assert.Throws<UserErrorException>(() => Run(TrainData.Tiny("discrete_clq") with { Name = "none" }, continuous)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));
    }

    [Fact]
    public void Run_OfC51_TakesItsAtomsFromTheDataAndSaysWhich()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("c51") with { Name = "atoms", C51 = new() { Hidden = null, Discount = 0 } };
        Run(config, columns);
        var resolved = RunFolder.Open(_data.Workspace, "atoms").Config.C51;
        Assert.Equal((0.0, 1.0, "mlp"), (resolved.Low, resolved.High, resolved.Torso));
        Assert.Equal([256, 256], resolved.Hidden!);
        // The same command again is the same run.
        Run(config, columns);
    }

    [Fact]
    public void Resolve_OfDreams_ChoosesTheGradientByTheActions_AndWhatGoesWithIt()
    {
        using var discrete = _data.WriteSigns();
        using (var writer = DatasetWriter.Create(_data.Workspace, "torques", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new BoxSpace([1], [-1], [1]) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0], ContinuousActions = [0], Rewards = [0], Terminated = true, FinalObservation = [0] });
            writer.Commit();
        }

        using var continuous = Dataset.Open(_data.Workspace, "torques").Compile(NullProgress.Instance);
        Assert.Equal((DreamingConfig.ScoreFunction, DreamingConfig.Percentile, 0.003), Of(discrete, DreamingConfig.Auto));
        Assert.Equal((DreamingConfig.Pathwise, DreamingConfig.NoNormalization, 0.001), Of(continuous, DreamingConfig.Auto));
        Assert.Equal((DreamingConfig.ScoreFunction, DreamingConfig.Percentile, 0.003), Of(continuous, DreamingConfig.ScoreFunction));
        Assert.Equal(DreamingConfig.Pathwise, AlgorithmTable.Resolve(new() { Algorithm = "dreamer" }, TrainingData.Of(continuous)).Dreamer.Gradient);

        static (string, string?, double?) Of(TrainingColumns columns, string gradient)
        {
            var config = AlgorithmTable.Resolve(new() { Algorithm = "vae_dreamer", VaeDreamer = new() { Gradient = gradient } }, TrainingData.Of(columns)).VaeDreamer;
            return (config.Gradient, config.ReturnNormalization, config.EntropyBonus);
        }
    }

    [Fact]
    public void Run_ToItsEnd_WritesWhatTheRunFolderPromises()
    {
        using var columns = _data.WriteSigns();
        Run(TrainData.Tiny() with { Name = "whole" }, columns);
        var run = RunFolder.Open(_data.Workspace, "whole");
        Assert.Equal(("dqn", "signs-v1", columns.Info.ContentHash), (run.Algorithm, run.Dataset, run.ContentHash));
        Assert.Equal([30, 60], run.Seeds[0].Policies.Select(policy => policy.Step));
        Assert.Equal(60, run.Seeds[0].Last!.Step);
        Assert.Equal(["step-40", "step-60"], Directory.EnumerateDirectories(Path.Combine(run.Seeds[0].Folder, "checkpoints")).Select(folder => Path.GetFileName(folder)).Order());
        var lines = File.ReadAllLines(Path.Combine(run.Seeds[0].Folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal([7, 14, 21, 28, 35, 42, 49, 56, 60], lines.Select(line => (int)line["step"]!));
        Assert.All(lines, line => Assert.Equal(
            ["step", "loss", "td_error", "q_mean", "q_max", "gradient_norm", "value_ratio", "steps_per_second"], line.AsObject().Select(pair => pair.Key)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_data.Workspace.RunsFolder, ".*"));
    }

    [Fact]
    public void Open_OfARunThatIsNotThere_ListsThoseThatAre()
    {
        Assert.Contains("There are no runs yet", Assert.Throws<UserErrorException>(() => RunFolder.Open(_data.Workspace, "absent")).Message, StringComparison.Ordinal);
        using var columns = _data.WriteSigns();
        Run(TrainData.Tiny() with { Name = "whole" }, columns);
        Assert.Contains("Runs: whole.", Assert.Throws<UserErrorException>(() => RunFolder.Open(_data.Workspace, "absent")).Message, StringComparison.Ordinal);
        Assert.Equal("whole", RunFolder.Open(_data.Workspace, Path.Combine(_data.Workspace.RunsFolder, "whole")).Name);
    }

    [Fact]
    public void Configs_BesideTheStage_LoadAndNameADatasetAndARun()
    {
        var files = Directory.GetFiles(Path.Combine(Checkout.Root, "train", "configs"), "*.yaml").Where(file => !file.EndsWith("_loop.yaml", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        foreach (var (file, config) in files.Select(file => (Path.GetFileNameWithoutExtension(file), Config.Load<TrainConfig>(file, []))))
        {
            var dataset = file.Split('_')[0];
            Assert.Equal((dataset, $"{dataset}-{config.Algorithm}", 5), (config.Dataset, config.Name, SeedList.Parse(config.Seeds).Count));
        }
    }

    [Fact]
    public void Defaults_AreTheDocumentedOnes()
    {
        var config = new TrainConfig();
        Assert.Equal((10_000, 64, 1_000, 1_000, 100, 1), (config.Steps, config.BatchSize, config.PolicyPeriodSteps, config.CheckpointPeriodSteps, config.LogPeriodSteps, config.Threads));
        Assert.Equal((0.99, 3e-4, 0.0, true, 1.0, 10.0, 0.005, 1), (config.Dqn.Discount, config.Dqn.LearningRate, config.Dqn.FinalLearningRate, config.Dqn.Double, config.Dqn.HuberDelta, config.Dqn.MaxGradientNorm, config.Dqn.TargetRate, config.Dqn.TargetPeriodSteps));
        Assert.Equal((1e-3, 0.01, 0.0), (config.Bc.LearningRate, config.Bc.LogitPenalty, config.Bc.MaxGradientNorm));
    }

    static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
            source.Cancel();
    }

    string SeedFolder(string run, ulong seed = 0) => RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, run), seed);

    string Status(string run) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(_data.Workspace.RunsFolder, run, "status.json"))).RootElement.GetProperty("state").GetString()!;

    byte[] Weights(string run, ulong seed) => File.ReadAllBytes(Path.Combine(SeedFolder(run, seed), "policies", "step-60", "policy.safetensors"));

    // Everything but time: weights, checkpoints with optimizer and random state, and each line of metrics.
    void AssertSameRun(string expected, string actual)
    {
        // A model is stored alone where there is no policy.
        var isModel = Directory.Exists(Path.Combine(SeedFolder(expected), "models"));
        if (isModel)
            Assert.Equal(File.ReadAllText(Path.Combine(SeedFolder(expected), "model_error.csv")), File.ReadAllText(Path.Combine(SeedFolder(actual), "model_error.csv")));
        else
            Assert.Equal(Weights(expected, 0), Weights(actual, 0));
        foreach (var file in new[] { isModel ? "models/step-30/world_model.safetensors" : "policies/step-30/policy.safetensors", "checkpoints/step-60/state.safetensors" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(SeedFolder(expected), file)), File.ReadAllBytes(Path.Combine(SeedFolder(actual), file)));
        Assert.Equal(Checkpoint(expected), Checkpoint(actual));
        Assert.Equal(Metrics(expected), Metrics(actual));
        Assert.Equal(9, Metrics(actual).Count);
    }

    string Checkpoint(string run)
    {
        var info = JsonNode.Parse(File.ReadAllText(Path.Combine(SeedFolder(run), "checkpoints", "step-60", "checkpoint.json")))!.AsObject();
        // The rate's digits make the log a few bytes longer or shorter.
        info.Remove("metrics_length");
        return info.ToJsonString();
    }

    List<string> Metrics(string run) => [.. File.ReadAllLines(Path.Combine(SeedFolder(run), "metrics.jsonl")).Select(line =>
    {
        var values = JsonNode.Parse(line)!.AsObject();
        Assert.True(values.Remove("steps_per_second"));
        return values.ToJsonString();
    })];

    List<string> Files(string run) => [.. Directory.EnumerateFiles(Path.Combine(_data.Workspace.RunsFolder, run), "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(path => $"{path} {new FileInfo(path).Length} {File.GetLastWriteTimeUtc(path):O}")];
}
