using OfflineRL.Datasets;
using OfflineRL.Tests.Evaluate;
using OfflineRL.Train;

namespace OfflineRL.Tests.Cli;

public sealed class EvaluateTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-evaluate-").FullName;

    string Reports => Path.Combine(_root, "reports");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("rollout", "offlinerl evaluate rollout --policy")]
    [InlineData("ope", "offlinerl evaluate ope --dataset")]
    [InlineData("compare", "offlinerl evaluate compare --report")]
    [InlineData("select", "offlinerl evaluate select --estimates")]
    public void Help_OfEveryCommand_ShowsAnExample(string command, string example) =>
        Assert.Contains(example, Tool.Run(_root, "evaluate", command, "--help").Expect(0).Output, StringComparison.Ordinal);

    [Fact]
    public void Rollout_OfBuiltInPolicies_WritesReportAndTable()
    {
        var result = Tool.Run(_root, "evaluate", "rollout", "--policy", "builtin:scripted", "--policy", "builtin:uniform?epsilon=0.5",
            "--environment", "CartPole-v1", "--task", "nominal", "--task", "long-pole", "--episodes", "7", "--name", "r").Expect(0);
        Assert.Matches(@"task +label +scripted \(7 episodes\) +uniform\?epsilon=0.5 \(7 episodes\)", result.Output);
        Assert.Matches(@"nominal +unknown +500\.0 \[500\.0, 500\.0\] +\d", result.Output);
        var folder = Path.Combine(Reports, "r-v1");
        Assert.Contains(folder, result.Output, StringComparison.Ordinal);
        var lines = File.ReadAllLines(Path.Combine(folder, "rollouts.csv"));
        Assert.Equal("algorithm,policy,task,environment,label,seed,step,is_last,rollout_seed,episode,return,length,terminated,truncated,success,discounted_return,discount", lines[0]);
        Assert.Equal(2 * 2 * 7, lines.Length - 1);
        foreach (var file in (string[])["rollouts.parquet", "scores.csv", "scores.parquet", "summary.json", "config.yaml"])
            Assert.True(File.Exists(Path.Combine(folder, file)), file);
        Assert.Contains("episodes: 7", File.ReadAllText(Path.Combine(folder, "config.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_OfTwoRollouts_MergesTheirEpisodes()
    {
        foreach (var (name, policy) in new[] { ("a", "builtin:scripted"), ("b", "builtin:uniform"), ("b", "builtin:uniform") })
            Tool.Run(_root, "evaluate", "rollout", "--policy", policy, "--environment", "CartPole-v1", "--task", "nominal", "--episodes", "5", "--name", name).Expect(0);
        var output = Tool.Run(_root, "evaluate", "compare", "--report", "a", "--report", "b", "--report", "b-v1").Expect(0).Output;
        Assert.Matches(@"scripted +nominal +unknown +last +500\.0 +500\.0 +\[500\.0, 500\.0\] +5 episodes", output);
        Assert.Matches(@"uniform +nominal .* 5 episodes", output);
        foreach (var table in (string[])["scores", "aggregates", "improvements", "profiles"])
            Assert.True(File.Exists(Path.Combine(Reports, "compare-v1", table + ".parquet")), table);
        Assert.Contains("there are: a-v1, b-v1, b-v2, compare-v1", Tool.Run(_root, "evaluate", "compare", "--report", "c").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("itself a comparison", Tool.Run(_root, "evaluate", "compare", "--report", "compare").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Rollout_OfATrainedRun_LabelsTasksAndKeepsLastAndBestApart()
    {
        Tool.Run(_root, "ingest", "record", "--set", "name=log", "--set", "environment=CartPole-v1", "--set", "steps=600", "--set", "mixture=[{policy: uniform}]").Expect(0);
        Tool.Run(_root, "train", "--dataset", "log", "--algorithm", "bc", "--set", "name=net", "--set", "steps=20", "--set", "policy_period_steps=10", "--set", "seeds=0..1", "--set", "device=cpu").Expect(0);
        var rollout = Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@all", "--task", "nominal", "--task", "long-pole", "--task", "CartPole-v1?gravity=10", "--episodes", "3").Expect(0).Output;
        Assert.Contains("Mean return in the log (log-v1)", rollout, StringComparison.Ordinal);
        Assert.Matches(@"net \(2 seeds\) +net best \(optimistic\) \(2 seeds\)", rollout);
        Assert.Matches("nominal +nominal ", rollout);
        Assert.Matches("long-pole +held_out ", rollout);
        Assert.Matches(@"gravity=10 +unknown ", rollout);
        // Two seeds, two snapshots, three tasks, three episodes.
        Assert.Equal(36, File.ReadAllLines(Path.Combine(Reports, "net-rollout-v1", "rollouts.csv")).Length - 1);

        var ope = Tool.Run(_root, "evaluate", "ope", "--dataset", "log", "--policy", "run:net@step=10,seed=1,epsilon=0.5", "--policy", "builtin:scripted?epsilon=0.5").Expect(0).Output;
        Assert.Matches(@"net,epsilon=0\.5 +1 +10 ", ope);
        Assert.Matches("scripted.epsilon=0.5 .* do not trust", ope);
        var comparison = Tool.Run(_root, "evaluate", "compare", "--report", "net-rollout", "--report", "net-epsilon-0.5-ope").Expect(0).Output;
        Assert.Matches(@"net +nominal +nominal +last .* 2 seeds", comparison);
        Assert.Matches(@"net +nominal +nominal +best \(optimistic\) .* 2 seeds", comparison);
        Assert.Matches(@"net,epsilon=0\.5 +1 +10 ", comparison);
        // Nominal and unknown tasks are one each; of the held-out ones there is one too: no average over tasks, and no second method.
        Assert.DoesNotContain("stratified", comparison, StringComparison.Ordinal);
        Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@step=10", "--policy", "run:net,epsilon=0.5", "--task", "long-pole", "--task", "heavy-pole", "--episodes", "3", "--name", "two").Expect(0);
        var methods = Tool.Run(_root, "evaluate", "compare", "--report", "two", "--name", "methods").Expect(0).Output;
        Assert.Matches(@"held_out \(all\): 2 tasks, returns, 95 % stratified bootstrap over seeds:\n *method +snapshots +seeds +mean +median +IQM\n", methods);
        Assert.Matches(@"method +snapshots( +> [\d.]+){6}\n", methods);
        Assert.Matches(@"held_out \(all\) +net +net,epsilon=0\.5 +chosen +[\d.]+ \[", methods);

        // Chosen by the error on the held-out part, without an environment.
        var best = JsonFiles.Read<BestPolicy>(Path.Combine(_root, "runs", "net", "seed-0", "best.json"));
        var chosen = Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@offline_best,seed=0", "--task", "nominal", "--episodes", "3", "--name", "chosen").Expect(0).Output;
        Assert.Matches($@"net@offline_best{(best.Step == 20 ? "" : " chosen")} ", chosen);
        Assert.Contains($",{best.Step},", File.ReadAllLines(Path.Combine(Reports, "chosen-v1", "rollouts.csv"))[1], StringComparison.Ordinal);
        Tool.Run(_root, "ingest", "record", "--policy", "run:net@offline_best", "--steps", "50", "--name", "again").Expect(0);
        File.Delete(Path.Combine(_root, "runs", "net", "seed-0", "best.json"));
        Assert.Contains("has no best.json", Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@offline_best").Expect(2).Error, StringComparison.Ordinal);

        Assert.Contains("there are: 0, 1", Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net,seed=7").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("there are: 10, 20", Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@step=15").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("--policy run:net'", Tool.Run(_root, "evaluate", "compare", "--report", "net").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Select_OfATrainedRun_RanksItsSnapshotsAgainstTheirRollouts()
    {
        Tool.Run(_root, "ingest", "record", "--set", "name=log", "--set", "environment=CartPole-v1?time_limit=8", "--set", "steps=800", "--set", "mixture=[{policy: uniform}]").Expect(0);
        Tool.Run(_root, "train", "--dataset", "log", "--algorithm", "bc", "--set", "name=net", "--set", "steps=20", "--set", "policy_period_steps=10", "--set", "seeds=0..1", "--set", "device=cpu").Expect(0);
        Tool.Run(_root, "evaluate", "ope", "--dataset", "log", "--policy", "run:net@all", "--policy", "builtin:uniform", "--name", "e", "--set", "split=train", "--set", "resamples=100").Expect(0);
        Tool.Run(_root, "evaluate", "rollout", "--policy", "run:net@all", "--policy", "builtin:scripted", "--task", "nominal", "--episodes", "20", "--name", "t").Expect(0);
        var blind = Tool.Run(_root, "evaluate", "select", "--estimates", "e", "--estimator", "wpdis, wis").Expect(0).Output;
        Assert.Contains("net learned from the episodes that they are ranked on (log-v1, part train)", blind, StringComparison.Ordinal);
        Assert.Matches(@"wpdis +(net|uniform)[^\n]* +5 +5\n", blind);
        Assert.Matches("Chosen: (net, seed|uniform|none)", blind);
        var seeing = Tool.Run(_root, "evaluate", "select", "--estimates", "e", "--truth", "t", "--set", "trials=5").Expect(0).Output;
        Assert.Matches(@"estimator +first +its value +regret@1 +@3 +@5 ", seeing);
        Assert.Contains("1 of 5 estimated policies have no rollouts", seeing, StringComparison.Ordinal);
        Assert.Matches(@"strategy +n = 1 +n = 2 +n = 3 +n = 5\n", seeing);
        Assert.Matches(@"\nuniform choice ", seeing);
        foreach (var table in (string[])["ranking", "selection", "trials", "agreement"])
            Assert.True(File.Exists(Path.Combine(Reports, "select-v2", table + ".parquet")), table);
        Assert.Contains("has no estimates.csv", Tool.Run(_root, "evaluate", "select", "--estimates", "t").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ope_FromAConfig_DispatchesByItsJob()
    {
        var mean = SmallLog.Write(Workspace.Open(_root), "small", PropensitySource.Logged);
        var config = Path.Combine(_root, "ope.yaml");
        File.WriteAllText(config, "job: ope   # a comment\ndataset: small\npolicies: ['columns:logits=z,beta=1']\n");
        var output = Tool.Run(_root, "evaluate", "--config", config, "--set", "estimators=[is, wpdis]").Expect(0).Output;
        Assert.Contains("200 episodes", output, StringComparison.Ordinal);
        Assert.Matches(FormattableString.Invariant($@"logits=z,beta=1 +{mean:0.0} \["), output);
        Assert.Contains("usable", output, StringComparison.Ordinal);
        Assert.Equal(2, File.ReadAllLines(Path.Combine(Reports, "logits-z-beta-1-ope-v1", "estimates.csv")).Length - 1);
    }

    [Fact]
    public void Ope_WithoutPropensities_EndsWithUsageAndLeavesNothing()
    {
        SmallLog.Write(Workspace.Open(_root), "small", PropensitySource.Unknown);
        var result = Tool.Run(_root, "evaluate", "ope", "--dataset", "small", "--policy", "columns:logits=z").Expect(2);
        Assert.Contains("propensity_source unknown", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Reports));
    }

    [Theory]
    [InlineData("unknown environment", "CartPole-v7", "evaluate", "rollout", "--policy", "builtin:uniform", "--environment", "CartPole-v7")]
    [InlineData("no environment", "--environment", "evaluate", "rollout", "--policy", "builtin:uniform")]
    [InlineData("unknown policy", "scriptd", "evaluate", "rollout", "--policy", "builtin:scriptd", "--environment", "CartPole-v1")]
    [InlineData("not a policy", "expected run:NAME", "evaluate", "rollout", "--policy", "scripted", "--environment", "CartPole-v1")]
    [InlineData("no run", "no-such-run", "evaluate", "rollout", "--policy", "run:no-such-run")]
    [InlineData("no policy", "policies is empty", "evaluate", "rollout")]
    [InlineData("unknown key", "episodes", "evaluate", "rollout", "--policy", "builtin:uniform", "--set", "episode=3")]
    [InlineData("wrong number", "episodes is 0", "evaluate", "rollout", "--policy", "builtin:uniform", "--episodes", "0")]
    [InlineData("no dataset", "nowhere", "evaluate", "ope", "--dataset", "nowhere", "--policy", "columns:logits=z")]
    [InlineData("no estimates", "estimates is not set", "evaluate", "select")]
    [InlineData("no criterion", "criterion", "evaluate", "select", "--estimates", "e", "--criterion", "luck")]
    [InlineData("no job", "needs a job", "evaluate")]
    public void Evaluate_OfBadInput_EndsWithOneMessageAndLeavesNothing(string what, string expected, params string[] arguments)
    {
        var result = Tool.Run(_root, arguments).Expect(2);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Reports), what);
    }
}
