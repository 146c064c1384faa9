using System.Text.Json.Nodes;
using OfflineRL.Cli.Loop;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Train;

namespace OfflineRL.Tests.Cli;

/// <summary>The loop of recording and training as a user, and a killer, meet it.</summary>
public sealed class LoopCommandTests : IDisposable
{
    static readonly Dictionary<string, string> NoEnvironment = [];

    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-loop-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    static string[] Arguments(string name, params string[] more) =>
    [
        "loop", "--name", name, "--steps", "3000", "--set", "warmup_steps=200", "--set", "commit_period_steps=900", "--set", "epsilon_steps=1500",
        "--set", "updates_per_step=0.25", "--set", "train.batch_size=16", "--set", "train.device=cpu", "--set", "train.dqn.hidden=[16]", "--set", "train.dqn.learning_rate=0.002", "--set", "train.log_period_steps=50", .. more,
    ];

    string Seed(string run, ulong seed = 0) => Path.Combine(_root, "runs", run, $"seed-{seed}");

    JsonArray Commits(string run, ulong seed = 0) => JsonNode.Parse(File.ReadAllText(Path.Combine(Seed(run, seed), "loop.json")))!["commits"]!.AsArray();

    [Theory]
    [InlineData("CartPole-v1", "dqn", "hidden=[16]", "priority_exponent=0.6")]
    [InlineData("CartPole-v1", "qr_dqn", "hidden=[16]", "quantiles=8")]
    [InlineData("Taxi-v4", "sarsa", "learning_rate=0.5", "discount=1")]
    [InlineData("CliffWalking-v1", "monte_carlo", "discount=0.9", "use_cut_episodes=true")]
    [InlineData("CartPole-v1", "dqn", "hidden=[16]", "priority_exponent=0.6", "whole_episodes=true")]
    [InlineData("CartPole-v1", "reinforce", "hidden=[16]", "learning_rate=0.01", "whole_episodes=true", "warmup_steps=0", "epsilon_first=0", "epsilon_last=0", "train.replay.newest_rounds=1")]
    [InlineData("CartPole-v1", "ppo", "hidden=[16]", "epochs=2", "whole_episodes=true", "train.replay.newest_rounds=2", "updates_per_step=0.01", "train.batch_size=512")]
    [InlineData("CartPole-v1", "a2c", "hidden=[16]", "n_steps=5", "fragments=true", "warmup_steps=0", "epsilon_first=0", "epsilon_last=0", "train.replay.newest_rounds=1")]
    [InlineData("Pendulum-v1", "trpo", "hidden=[16]", "value_epochs=2", "fragments=true", "warmup_steps=0", "epsilon_first=0", "epsilon_last=0", "train.replay.newest_rounds=1", "updates_per_step=0.01", "train.batch_size=512")]
    [InlineData("CartPole-v1", "vae_dreamer", "hidden=[16]", "horizon=3", "train.world_model.encoder=vae", "train.world_model.hidden=[8]", "train.world_model.dynamics_hidden=[8]", "train.world_model.error_starts=20")]
    [InlineData("Pendulum-v1", "dreamer", "model={deterministic: 8, groups: 2, classes: 4, units: 8, layers: 1}", "sequence_steps=6", "train.dreamer.horizon=3", "train.dreamer.dreams=16", "train.batch_size=4", "train.world_model.error_starts=20", "instances=3")]
    public void Loop_KilledWithoutWarning_GoesOnToTheSameData(string environment, string algorithm, string option, string other, params string[] rounds)
    {
        string[] more = ["--environment", environment, "--algorithm", algorithm, "--set", $"train.{algorithm}.{option}", "--set", $"train.{algorithm}.{other}", .. rounds.SelectMany(set => new[] { "--set", set })];
        var whole = Tool.Run(_root, Arguments("whole", more)).Expect(0);
        using (var killed = Tool.Start(_root, NoEnvironment, Arguments("cut", more)))
        {
            WaitFor(() => File.Exists(Path.Combine(Seed("cut"), "loop.json")), killed);
            killed.Kill();
            killed.WaitForExit();
        }

        // A table may be done before anybody can kill it: then its last commit is forgotten.
        if (Commits("cut").Count == Commits("whole").Count)
            ForgetLastCommit("cut");
        var before = Commits("cut").Count;
        var resumed = Tool.Run(_root, Arguments("cut", more)).Expect(0);
        Assert.True(before < Commits("whole").Count, "The loop was killed too late for this test to say anything.");
        Assert.Contains("going on from cut-v", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(Commits("whole").Select(Figures), Commits("cut").Select(Figures));
        Assert.Equal(File.ReadAllText(Path.Combine(Seed("whole"), "rounds.jsonl")), File.ReadAllText(Path.Combine(Seed("cut"), "rounds.jsonl")));
        var updates = (int)Commits("whole")[^1]!["updates"]!;
        string[] ofModels = algorithm.EndsWith("dreamer", StringComparison.Ordinal) ? [$"models/step-{updates}/world_model.safetensors", "model_error.csv"] : [];
        foreach (var file in (string[])[$"policies/step-{updates}/policy.safetensors", $"checkpoints/step-{updates}/state.safetensors", .. ofModels])
            Assert.Equal(File.ReadAllBytes(Path.Combine(Seed("whole"), file)), File.ReadAllBytes(Path.Combine(Seed("cut"), file)));
        Assert.True(File.Exists(Path.Combine(Seed("cut"), "metrics.parquet")), resumed.All);
        Assert.Contains("finished already", Tool.Run(_root, Arguments("cut", more)).Expect(0).Error, StringComparison.Ordinal);
        Assert.Contains("mean return", whole.Output, StringComparison.Ordinal);

        static (long, long, double, double?) Figures(JsonNode? commit) =>
            ((long)commit!["steps"]!, (long)commit["episodes"]!, (double)commit["epsilon"]!, (double?)commit["mean_return"]);
    }

    [Fact]
    public void Loop_OfAnyKind_LeavesVersionsAndARunThatOtherCommandsTake()
    {
        Tool.Run(_root, Arguments("looped")).Expect(0);
        var commits = Commits("looped");
        Assert.Equal(4, commits.Count);
        Assert.Equal(commits.Select(c => (string)c!["dataset"]!), Enumerable.Range(1, 4).Select(v => $"looped-v{v}"));
        Tool.Run(_root, "datasets", "check", "looped-v2").Expect(0);
        Tool.Run(_root, "datasets", "check", "looped").Expect(0);
        Assert.Equal((long)commits[^1]!["steps"]!, (long)JsonNode.Parse(File.ReadAllText(Path.Combine(_root, "data", "looped-v4", "manifest.json")))!["counts"]!["steps"]!);
        Tool.Run(_root, "evaluate", "rollout", "--policy", "run:looped", "--set", "episodes=3").Expect(0);
        Tool.Run(_root, "train", "--dataset", "looped", "--algorithm", "bc", "--steps", "20", "--device", "cpu", "--set", "bc.hidden=[8]").Expect(0);
    }

    [Fact]
    public void Loop_OfWholeEpisodes_LearnsFromAllOfThemAfterEachRoundAndTellsWhenAThresholdWasPassed()
    {
        string[] arguments = Arguments("whole", "--set", "whole_episodes=true", "--set", "updates_per_round=3", "--set", "epsilon_last=0", "--threshold", "9.5");
        var result = Tool.Run(_root, [.. arguments.Where((a, i) => !a.StartsWith("updates_per_step", StringComparison.Ordinal) && !(a == "--set" && arguments[i + 1].StartsWith("updates_per_step", StringComparison.Ordinal)))]).Expect(0);
        var rounds = File.ReadAllLines(Path.Combine(Seed("whole"), "rounds.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        var last = Commits("whole")[^1]!;
        Assert.True(rounds.Count > 5, result.All);
        Assert.Equal(Enumerable.Range(1, rounds.Count), rounds.Select(round => (int)round["rounds"]!));
        Assert.Equal(3 * rounds.Count, (int)last["updates"]!);
        Assert.Equal((long)last["steps"]!, (long)rounds[^1]["steps"]!);
        Assert.True((long)rounds[^1]["steps"]! >= 3000 && (long)rounds[^2]["steps"]! < 3000);
        Assert.All(rounds.Zip(rounds.Skip(1)), pair => Assert.True((long)pair.Second["steps"]! >= (long)pair.First["steps"]! + 128));

        // CartPole returns an episode's length: what a round adds is what its episodes returned. The warm-up alone has episodes that were cut.
        Assert.All(rounds.Zip(rounds.Skip(1)), pair => Assert.Equal(
            (long)pair.Second["steps"]! - (long)pair.First["steps"]!, (double)pair.Second["mean_return"]! * (int)pair.Second["episodes"]!, 1e-6));
        var table = Dataset.Open(Workspace.Open(_root), "whole").Episodes.Where(e => e.BehaviorPolicy == "whole/seed-0").ToList();
        Assert.Equal(table.Count, rounds.Sum(round => (int)round["episodes"]!));
        Assert.DoesNotContain(table, e => e.Truncated && e.Steps < 500);

        var returns = table.ConvertAll(e => e.Return);
        var ended = 0;
        Assert.All(rounds, round =>
        {
            ended += (int)round["episodes"]!;
            Assert.Equal(ended < 100 ? null : returns.Take(ended).TakeLast(100).Average(), (double?)round["recent_mean_return"]);
        });
        var passed = rounds.First(round => (double?)round["recent_mean_return"] >= 9.5);
        var told = JsonNode.Parse(File.ReadAllText(Path.Combine(Seed("whole"), "threshold.json")))!;
        Assert.Equal((long)passed["steps"]!, (long)told["steps"]!);
        Assert.Contains(((long)passed["steps"]!).ToString("N0", System.Globalization.CultureInfo.InvariantCulture), result.Output, StringComparison.Ordinal);
        Assert.Contains("not yet", Tool.Run(_root, "loop", "--config", Path.Combine(_root, "runs", "whole", "loop.yaml"), "--seeds", "0", "--threshold", "499").Expect(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reinforce", "whole_episodes=true", "learning_rate=0.01", "value_learning_rate=0.01")]
    [InlineData("actor_critic", "whole_episodes=true", "learning_rate=0.01", "value_learning_rate=0.01")]
    [InlineData("a2c", "fragments=true", "learning_rate=0.01", "value_learning_rate=0.01")]
    [InlineData("ppo", "fragments=true", "learning_rate=0.003", "epochs=5")]
    [InlineData("trpo", "whole_episodes=true", "kl_bound=0.03", "value_epochs=5")]
    public void Loop_OfAPolicyGradient_LearnsFromItsOwnStepsAlone(string algorithm, string rounds, string option, string other)
    {
        string[] settings =
        [
            "instances=4", rounds, "round_steps=256", "updates_per_round=1", "warmup_steps=0", "epsilon_first=0", "epsilon_last=0", "commit_period_steps=3000", "train.replay.newest_rounds=1", "train.device=cpu", "train.log_period_steps=5",
            $"train.{algorithm}.hidden=[32]", $"train.{algorithm}.final_learning_rate=0.003", $"train.{algorithm}.{option}", $"train.{algorithm}.{other}",
        ];
        Tool.Run(_root, ["loop", "--environment", "CartPole-v1", "--algorithm", algorithm, "--name", "learned", "--steps", "12000", .. settings.SelectMany(set => new[] { "--set", set })]).Expect(0);
        var commits = Commits("learned");
        // Actions that are drawn at random return some 22.
        Assert.True((double)commits[^1]!["mean_return"]! > 45, string.Join(", ", commits.Select(commit => commit!["mean_return"])));
        var dataset = Dataset.Open(Workspace.Open(_root), "learned");
        Assert.DoesNotContain(dataset.Episodes, episode => episode.BehaviorPolicy != "learned/seed-0");
        Tool.Run(_root, "datasets", "check", "learned").Expect(0);
        // With its logged probabilities, what the loop stored can be learned from again.
        Tool.Run(_root, "train", "--dataset", "learned", "--algorithm", algorithm, "--steps", "3", "--device", "cpu", "--set", $"{algorithm}.hidden=[8]").Expect(0);
    }

    [Theory]
    [InlineData("CartPole-v1", "dreamer", "train.dreamer.model={deterministic: 8, groups: 2, classes: 4, units: 8, layers: 1, free_nats: 0}", "train.dreamer.sequence_steps=6", "train.dreamer.dreams=16", "train.batch_size=4")]
    [InlineData("Pendulum-v1", "dreamer", "train.dreamer.model={deterministic: 8, groups: 2, classes: 4, units: 8, layers: 1, free_nats: 0}", "train.dreamer.sequence_steps=6", "train.dreamer.dreams=16", "train.batch_size=4")]
    [InlineData("CartPole-v1", "vae_dreamer", "train.world_model.encoder=vae", "train.world_model.hidden=[8]", "train.world_model.dynamics_hidden=[8]")]
    [InlineData("Pendulum-v1", "vae_dreamer", "train.world_model.encoder=vae", "train.world_model.hidden=[8]", "train.world_model.dynamics_hidden=[8]")]
    public void Loop_OfADreamingLearner_ActsByTheStoredPolicyWithWhatItRemembers_AndLearnsItsModelAnewInEveryRound(string environment, string algorithm, params string[] settings)
    {
        // A commit a round: what one stores records the next.
        string[] all =
        [
            "train.batch_size=16", .. settings, $"train.{algorithm}.horizon=3", $"train.{algorithm}.hidden=[8]", "instances=4", "warmup_steps=400", "round_steps=100", "commit_period_steps=100", "updates_per_round=12", "epsilon_first=0.4", "epsilon_last=0.2",
            "epsilon_steps=200", "split.train=0.7", "split.validation=0.3", "train.world_model.error_starts=20", "train.world_model.error_horizons=[1, 3]", "train.device=cpu", "train.log_period_steps=6",
        ];
        Tool.Run(_root, ["loop", "--environment", environment, "--algorithm", algorithm, "--name", "dreamt", "--steps", "700", .. all.SelectMany(set => new[] { "--set", set })]).Expect(0);
        var commits = Commits("dreamt");
        Assert.Equal([12, 24, 36], commits.Select(commit => (int)commit!["updates"]!));
        var dataset = Dataset.Open(Workspace.Open(_root), "dreamt");
        var epsilons = new[] { 0.4, 0.3, 0.2 };
        var compared = 0;
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            if (record.BehaviorPolicy == "uniform")
                return;
            var round = Enumerable.Range(0, 3).First(k => record.EpisodeId < (long)commits[k]!["episodes"]!);
            // The first round's policy was never stored.
            if (round == 0)
                return;
            compared += e.Rewards.Length;
            AssertLogged(Path.Combine(Seed("dreamt"), "policies", $"step-{12 * round}"), epsilons[round], e);
        });
        Assert.True(compared > 100, $"{compared} steps were compared.");

        var models = commits.Select(commit => Path.Combine(Seed("dreamt"), "models", $"step-{(int)commit!["updates"]!}")).ToList();
        Assert.All(models, folder => Assert.Equal("validation", (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "world_model.json")))!["measured_on"]!));
        Assert.Equal(commits.Select(commit => (string)commit!["content_hash"]!), models.Select(folder => (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "world_model.json")))!["content_hash"]!));
        // Normalizers are those of the warm-up; everything else of the model moves in every round.
        var tensors = models.ConvertAll(folder => Tensors(Path.Combine(folder, "world_model.safetensors")));
        Assert.Contains(tensors[0].Keys, name => name.StartsWith("encoder.0", StringComparison.Ordinal) || name.StartsWith("encoder.layers", StringComparison.Ordinal));
        foreach (var name in tensors[0].Keys)
        {
            for (var k = 1; k < 3; k++)
            {
                var isSame = tensors[k - 1][name].SequenceEqual(tensors[k][name]);
                Assert.True(isSame == (name is EncoderDescription.ShiftName or EncoderDescription.ScaleName), $"{name} of round {k}: {(isSame ? "it stayed" : "it moved")}");
            }
        }

        Tool.Run(_root, "datasets", "check", "dreamt").Expect(0);
        Tool.Run(_root, "evaluate", "rollout", "--policy", "run:dreamt", "--set", "episodes=2").Expect(0);
    }

    [Theory]
    [InlineData("its own steps", "reinforce", "whole_episodes or fragments", "train.replay.newest_rounds=1", "warmup_steps=0", "epsilon_first=0", "epsilon_last=0")]
    [InlineData("no exploration", "a2c", "epsilon_first and epsilon_last 0", "train.replay.newest_rounds=1", "fragments=true", "warmup_steps=0")]
    [InlineData("nothing older", "actor_critic", "newest_rounds is 0", "whole_episodes=true", "warmup_steps=0")]
    [InlineData("pieces need values", "reinforce", "does not learn from pieces", "train.replay.newest_rounds=1", "fragments=true", "warmup_steps=0", "train.reinforce.baseline=average")]
    [InlineData("pieces of older rounds", "ppo", "does not learn from pieces", "fragments=true", "warmup_steps=0")]
    [InlineData("one kind of round", "ppo", "expected one of them", "fragments=true", "whole_episodes=true")]
    [InlineData("something to begin with", "dqn", "learns from transitions that are there", "warmup_steps=0")]
    [InlineData("an exact divergence", "trpo", "policy.mixture is 2", "train.trpo.policy.mixture=2")]
    public void Loop_ThatDoesNotFitItsLearner_EndsWith2AndSaysWhatWould(string what, string algorithm, string expected, params string[] settings)
    {
        var result = Tool.Run(_root, ["loop", "--name", "unfit", "--algorithm", algorithm, "--steps", "3000", .. settings.SelectMany(set => new[] { "--set", set })]).Expect(2);
        Assert.True(result.Error.Contains(expected, StringComparison.Ordinal), $"{what}: {result.Error}");
        Assert.False(Directory.Exists(Path.Combine(_root, "runs", "unfit")), what);
    }

    [Fact]
    public void Train_OfAnOnPolicyLearnerOnALog_SaysWhatItTakesItFor()
    {
        Tool.Run(_root, "ingest", "record", "--name", "log", "--steps", "400").Expect(0);
        string[] command = ["train", "--dataset", "log", "--steps", "2", "--device", "cpu"];
        Assert.Contains("takes what log-v1 holds for its own policy's actions", Tool.Run(_root, [.. command, "--algorithm", "a2c", "--set", "a2c.hidden=[8]"]).Expect(0).All, StringComparison.Ordinal);
        Assert.DoesNotContain("for its own policy's actions", Tool.Run(_root, [.. command, "--algorithm", "ppo", "--set", "ppo.hidden=[8]"]).Expect(0).All, StringComparison.Ordinal);
    }

    // Sutton and Barto 2018, example 6.6: SARSA learns the safe path for the way it acts, Q-learning the best one, and falls off it.
    [Fact]
    public void Loop_OverTheCliff_ShowsTheDifferenceOfSarsaAndQLearning()
    {
        double sarsa = MeanReturn("sarsa"), q = MeanReturn("q_learning");
        Assert.InRange(sarsa, -35, -18);
        Assert.InRange(q, -65, -36);

        double MeanReturn(string algorithm)
        {
            string[] settings = ["discount=1", "learning_rate=0.5", "learning_rate_decay=0"];
            Tool.Run(_root, [
                "loop", "--environment", "CliffWalking-v1", "--algorithm", algorithm, "--name", algorithm, "--steps", "24000", "--set", "instances=1", "--set", "round_steps=1", "--set", "warmup_steps=1",
                "--set", "epsilon_first=0.1", "--set", "epsilon_last=0.1", "--set", "commit_period_steps=12000", .. settings.SelectMany(s => new[] { "--set", $"train.{algorithm}.{s}" }),
            ]).Expect(0);
            return (double)Commits(algorithm)[^1]!["mean_return"]!;
        }
    }

    [Fact]
    public void Loop_OfSeveralSeeds_HasADatasetForEach()
    {
        Tool.Run(_root, [.. Arguments("many", "--set", "steps=800"), "--seeds", "0,3"]).Expect(0);
        Assert.True(Directory.Exists(Path.Combine(_root, "data", "many-v1")));
        Assert.True(Directory.Exists(Path.Combine(_root, "data", "many-seed-3-v1")));
        Assert.NotEqual((string)Commits("many")[0]!["content_hash"]!, (string)Commits("many", 3)[0]!["content_hash"]!);
    }

    [Theory]
    [InlineData("steps before training", "steps=200", "warmup_steps")]
    [InlineData("a normaliser", "train.normalization.rewards=standardize", "not all there when training begins")]
    [InlineData("a normalizer without a warm-up", "train.normalization.observations=min_max", "a loop fits it on the warm-up", "train.algorithm=ppo", "whole_episodes=true", "warmup_steps=0")]
    [InlineData("parts that are learned once", "train.algorithm=world_models", "such as vae_dreamer or dreamer")]
    [InlineData("a model alone", "train.algorithm=world_model", "learns no policy to record with")]
    [InlineData("a dataset", "train.dataset=other", "the loop decides it")]
    [InlineData("an unknown key", "epsilon_start=1", "epsilon_first")]
    [InlineData("a range from the data", "train.algorithm=c51", "set both to the lowest and highest")]
    [InlineData("a planner", "train.algorithm=value_iteration", "one that improves the policy as it goes")]
    [InlineData("a share", "epsilon_last=2", "expected 0 to 1")]
    [InlineData("two ways to count updates", "updates_per_round=2", "expected one of them")]
    [InlineData("a threshold", "threshold=.inf", "expected a finite number")]
    public void Loop_WithBadInput_EndsWith2AndLeavesNothing(string what, string option, string expected, params string[] more)
    {
        var result = Tool.Run(_root, Arguments("bad", [.. more.Prepend(option).SelectMany(set => new[] { "--set", set })])).Expect(2);
        Assert.True(result.Error.Contains(expected, StringComparison.Ordinal), $"{what}: {result.Error}");
        Assert.False(Directory.Exists(Path.Combine(_root, "runs", "bad")), what);
        Assert.Empty(Directory.Exists(Path.Combine(_root, "data")) ? Directory.EnumerateFileSystemEntries(Path.Combine(_root, "data")) : []);
    }

    [Fact]
    public void Loop_WithAnotherConfig_IsRefusedByTheLine()
    {
        Tool.Run(_root, Arguments("same", "--set", "steps=800")).Expect(0);
        var result = Tool.Run(_root, Arguments("same", "--set", "steps=800", "--set", "epsilon_last=0.2")).Expect(2);
        Assert.Contains("epsilon_last: 0.2", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Configs_BesideTheStage_LoadAndNameAnEnvironmentThatMayBeRecorded()
    {
        var files = Directory.GetFiles(Path.Combine(Checkout.Root, "train", "configs"), "*_loop.yaml");
        Assert.NotEmpty(files);
        foreach (var config in files.Select(file => Config.Load<LoopConfig>(file, [])))
        {
            Assert.Equal(config.Environment, EnvironmentRegistry.ResolveRecordable(config.Environment).Id);
            Assert.EndsWith($"-{config.Train.Algorithm}-loop", config.Name, StringComparison.Ordinal);
        }
    }

    // By the policy's own mixture, from one step to the next with its memory.
    static void AssertLogged(string folder, double epsilon, in EpisodeColumns e)
    {
        var isDiscrete = !e.DiscreteActions.IsEmpty;
        using var policy = LearnedPolicy.Load(folder, epsilon: isDiscrete ? epsilon : null);
        var (state, width, starts, log) = (policy.CreateState(1), policy.ObservationSpace.FlatSize, new[] { true }, new double[1]);
        for (var t = 0; t < e.Rewards.Length; t++)
        {
            var action = isDiscrete ? new ActionBatch { Discrete = e.DiscreteActions.Slice(t, 1) } : new ActionBatch { Continuous = e.ContinuousActions.Slice(t, 1) };
            policy.Score(new PolicyInput { Count = 1, Observations = e.Observations.Slice(t * width, width), EpisodeStarts = starts, State = state }, action, log, []);
            // Pendulum's torque lies between -2 and 2.
            var expected = isDiscrete ? log[0] : Math.Log(((1 - epsilon) * Math.Exp(log[0])) + (epsilon / 4));
            Assert.Equal(expected, e.BehaviorLogProbabilities[t], 1e-9);
            starts[0] = false;
        }
    }

    static Dictionary<string, byte[]> Tensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Tensors.ToDictionary(entry => entry.Key, entry =>
        {
            var bytes = new byte[entry.Value.Length];
            file.Read(entry.Value, bytes);
            return bytes;
        });
    }

    // As where the process had died after storing dataset, policy and checkpoint, and before saying so.
    void ForgetLastCommit(string run)
    {
        var path = Path.Combine(Seed(run), "loop.json");
        var state = JsonNode.Parse(File.ReadAllText(path))!;
        var commits = state["commits"]!.AsArray();
        commits.RemoveAt(commits.Count - 1);
        File.WriteAllText(path, state.ToJsonString());
    }

    static void WaitFor(Func<bool> condition, System.Diagnostics.Process process)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.False(process.HasExited, "The tool ended before it could be killed.");
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "The tool did not come so far in two minutes.");
            Thread.Sleep(5);
        }
    }
}
