using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class ImportancePolicyGradientTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static ImportancePgConfig Config => new()
    {
        Hidden = [32],
        LearningRate = 0.01,
        FinalLearningRate = 0.01,
        Discount = SampledMdp.Discount,
        BatchEpisodes = 64,
        CloningSteps = 0,
        ClipProduct = 0,
        LeastEffectiveShare = 0,
    };

    [Theory]
    [InlineData("trajectory", "corrected", "value")]
    [InlineData("trajectory_normalized", "corrected", "average")]
    [InlineData("per_decision", "corrected", "none")]
    [InlineData("per_decision", "logged", "value")]
    [InlineData("per_decision_normalized", "corrected", "value")]
    [InlineData("per_decision_normalized", "logged", "value")]
    public void Training_OnASmallMdp_ComesNearTheBestPolicy(string weights, string future, string baseline)
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        using var learner = Learn(columns, Config with { Weights = weights, Future = future, Baseline = baseline, DiscountVisits = weights == "trajectory" }, 400);
        var (behavior, best) = SampledMdp.Earned();
        Assert.True(best - behavior > 0.5);
        Assert.InRange(SampledMdp.ReturnOf(Policy(learner)), best - 0.1, best + 1e-9);
    }

    [Fact]
    public void Step_OverSeveralBlocksOfRows_FollowsTheGradientOfTheFormula()
    {
        using var columns = SampledMdp.Write(_data, "small", 2_500);
        // So large an epsilon makes Adam's first step the gradient itself, times a thousand over a thousand.
        var config = Config with { BatchEpisodes = 0, Baseline = "average", EntropyBonus = 0.3, ClipProduct = 1.2, LearningRate = 1e3, AdamEpsilon = 1e3, MaxGradientNorm = 0 };
        using var scope = NewDisposeScope();
        using var learner = Create(config, 10);
        using var replay = Replay(columns, config);
        var batch = replay.Next();
        Assert.True(batch.Rows > 2 * 2_048);
        var parameters = learner.PolicyNetwork.Parameters;
        var before = parameters.Values.clone();
        Loss(learner, batch, clip: 1.2, entropyBonus: 0.3).backward();
        var gradient = parameters.Gradients.clone();
        parameters.ZeroGrad();
        learner.Step(batch, measure: true);
        Golden.AssertClose(gradient, before.sub(parameters.Values), 5e-6);
        Assert.True(gradient.abs().max().ToDouble() > 0.01);
        // Another clip is another gradient.
        using var other = Create(config, 10);
        Loss(other, batch, clip: 1.3, entropyBonus: 0.3).backward();
        Assert.True(Golden.Distance(gradient, other.PolicyNetwork.Parameters.Gradients) > 1e-4);
    }

    // Row by row, in plain numbers: per-decision weights normalized at each step, the logged future, the batch's average as baseline.
    static Tensor Loss(ImportancePolicyGradient learner, EpisodeBatch batch, double clip, double entropyBonus)
    {
        var logs = learner.PolicyNetwork.Forward(batch.Observations).log_softmax(-1);
        var taken = logs.gather(-1, batch.Actions.unsqueeze(-1)).squeeze(-1);
        var (pi, b, rewards) = (taken.detach().data<float>().ToArray(), batch.BehaviorLogProbabilities.data<float>().ToArray(), batch.Rewards.data<float>().ToArray());
        var (weights, returns) = (new double[batch.Rows], new double[batch.Rows]);
        for (var e = 0; e < batch.Episodes; e++)
        {
            for (var t = batch.Starts[e]; t < batch.Starts[e + 1]; t++)
                weights[t] = Math.Exp(pi[t] - b[t]) * (t == batch.Starts[e] ? 1 : weights[t - 1]);
            for (var t = batch.Starts[e + 1] - 1; t >= batch.Starts[e]; t--)
                returns[t] = rewards[t] + (t == batch.Starts[e + 1] - 1 ? 0 : SampledMdp.Discount * returns[t + 1]);
        }

        weights = [.. weights.Select(w => Math.Min(w, clip))];
        var sums = Enumerable.Range(0, batch.LongestSteps).Select(t => Enumerable.Range(0, batch.Episodes).Sum(e => weights[Math.Min(batch.Starts[e] + t, batch.Starts[e + 1] - 1)])).ToArray();
        var average = returns.Average();
        var spread = Math.Sqrt(returns.Average(g => (g - average) * (g - average)));
        var steps = batch.StepIndex.data<long>().ToArray();
        var coefficients = tensor([.. Enumerable.Range(0, batch.Rows).Select(i => (float)(batch.Episodes * weights[i] / sums[steps[i]] * (returns[i] - average) / spread))]);
        return taken.mul(coefficients).mean().neg().add(logs.exp().mul(logs).sum(-1L).mean(), alpha: entropyBonus);
    }

    [Theory]
    [InlineData(0, 1.05)]
    [InlineData(0.8, 1.05)]
    public void Training_WithLimits_StillImproves(double clip, double truncate)
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        using var learner = Learn(columns, Config with { ClipProduct = clip, TruncateRatio = truncate, ValueTargets = "vtrace" }, 400);
        var (behavior, best) = SampledMdp.Earned();
        Assert.True(SampledMdp.ReturnOf(Policy(learner)) > behavior + (0.6 * (best - behavior)));
    }

    [Fact]
    public void Cloning_FitsTheBehavior()
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        using var learner = Learn(columns, Config with { CloningSteps = 400 }, 400);
        Assert.Equal(SampledMdp.Earned().Behavior, SampledMdp.ReturnOf(Policy(learner)), 0.08);
    }

    [Fact]
    public void ValueNetwork_FitsTheReturnsThatItsTargetsSay()
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        // The policy stays a clone, whose values are the behavior's either way.
        using var scope = NewDisposeScope();
        using var logged = Learn(columns, Config with { CloningSteps = 1_000, FinalLearningRate = 0 }, 600);
        using var vtrace = Learn(columns, Config with { CloningSteps = 1_000, FinalLearningRate = 0, ValueTargets = "vtrace" }, 600);
        var expected = SampledMdp.ValuesOf(SampledMdp.Behavior);
        foreach (var learner in new[] { logged, vtrace })
        {
            var values = Value(learner);
            for (var s = 0; s < SampledMdp.States; s++)
                Assert.Equal(expected[s], values[s], 0.15);
        }
    }

    [Fact]
    public void EntropyBonus_KeepsThePolicySpread()
    {
        using var columns = SampledMdp.Write(_data, "small", 500);
        using var learner = Learn(columns, Config with { EntropyBonus = 100 }, 200);
        Assert.All(Policy(learner).Take(SampledMdp.States * 2), p => Assert.Equal(0.5, p, 0.05));
    }

    [Fact]
    public void Metrics_OfTheBehaviorItself_SayThatAllIsSupported()
    {
        using var columns = SampledMdp.Write(_data, "small", 2_000);
        using var learner = Learn(columns, Config with { CloningSteps = 1_000, ClipProduct = 1e6, TruncateRatio = 1e6 }, 500, measureLast: 100);
        var means = Means(learner);
        Assert.Equal(SampledMdp.Earned().Behavior, means["estimated_return"], 0.1);
        Assert.InRange(means["effective_share"], 0.97, 1);
        Assert.InRange(means["effective_episodes"], 0.97 * 64, 64);
        Assert.Equal(1, means["weight_mean"], 0.02);
        Assert.Equal(1, means["product_mean"], 0.02);
        Assert.InRange(means["behavior_kl"], 0, 0.01);
        Assert.Equal((0, 0), (means["share_clipped"], means["share_truncated"]));
    }

    [Fact]
    public void HeldOutError_PrefersThePolicyThatEarnsMore()
    {
        using var columns = SampledMdp.Write(_data, "small", 3_000);
        using var other = SampledMdp.Write(_data, "other", 500, seed: 2);
        using var better = Learn(columns, Config, 200);
        using var clone = Learn(columns, Config with { CloningSteps = 200 }, 200);
        using var scope = NewDisposeScope();
        using var replay = Replay(other, Config with { BatchEpisodes = 0 });
        var batch = replay.Next();
        Assert.True(better.HeldOutError(batch).ToDouble() < clone.HeldOutError(batch).ToDouble() - 0.2);
    }

    [Fact]
    public void LowSupport_Stops_WithThePolicyOfTheLineBeforeAndTheStepThatItLeft()
    {
        using var columns = SampledMdp.Write(_data, "small", 500);
        var config = TrainData.Tiny("importance_pg") with
        {
            Name = "stopped",
            Steps = 400,
            LogPeriodSteps = 20,
            PolicyPeriodSteps = 400,
            ImportancePg = Config with { BatchEpisodes = 16, LearningRate = 0.03, LeastEffectiveShare = 0.75, OnLowSupport = "stop", CloningSteps = 60 },
        };
        var error = Assert.Throws<CheckFailedException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, default));
        Assert.Contains("the log supports the policy no longer: weights leave", error.Message, StringComparison.Ordinal);
        Assert.Matches("episode [0-9]+, step [0-2], with 0[.0-9E-]+ times the behavior's probability", error.Message);
        var seed = RunFolder.Open(_data.Workspace, "stopped").Seeds[0];
        Assert.Equal(error.Message, $"seed 0 of run stopped: {SeedStatus.TryRead(RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "stopped"), 0))!.Error}");
        // Of the step at which it ended, and still near the behavior.
        Assert.InRange(Assert.Single(seed.Policies).Step, 61, 399);
    }

    [Fact]
    public void LowSupport_StepsBack_ToWhatItWasWithHalfTheStep()
    {
        using var columns = SampledMdp.Write(_data, "small", 500);
        using var scope = NewDisposeScope();
        using var learner = (IEpisodeLearner)Learn(columns, Config with { LeastEffectiveShare = 0.5, OnLowSupport = "step_back" }, 3);
        double[] supported = [1, 0.9, 10, 1], lost = [1, 0.1, 10, 1], vanished = [1, 0.9, 10, 1e-5];
        Assert.Null(learner.EndsBecause(supported));
        var kept = Parameters(learner);
        using var replay = Replay(columns, Config);
        var whole = Distance(learner, replay, kept);
        Assert.True(whole > 0);
        Assert.Contains("10.00% of the steps", learner.Remark(lost), StringComparison.Ordinal);
        Assert.Contains("1/2 of the step size", learner.Remark(lost), StringComparison.Ordinal);
        Assert.Null(learner.EndsBecause(lost));
        Assert.Equal(kept, Parameters(learner));
        Assert.Equal([1L], learner.Counters);
        // The same batch again, with half the step.
        using var again = Replay(columns, Config);
        learner.Updates = 3;
        Assert.Equal(whole / 2, Distance(learner, again, kept), whole / 100);
        Assert.Null(learner.Remark(supported));
        Assert.Matches("the weights vanish: products of ratios have the mean 1E-05, where 1 is to be expected. .*episode [0-9]+, step [0-2]", learner.Remark(vanished));
    }

    [Fact]
    public void Datasets_ByShare_AreWeighedByTheirOwnPropensities()
    {
        using var all = SampledMdp.Write(_data, "small", 1_000);
        using var columns = SampledMdp.Write(_data, "again", 1_000, seed: 5);
        using var data = TrainingData.Open(_data.Workspace, "small=0.75,again=0.25", NullProgress.Instance);
        using var scope = NewDisposeScope();
        using var replay = new EpisodeReplay(data, Settings(Config), RandomStream.Create(1, "sampler"), CPU);
        using var learner = Create(Config, 300);
        for (var i = 0; i < 300; i++)
            learner.Step(replay.Next(), measure: true);
        var (behavior, best) = SampledMdp.Earned();
        Assert.InRange(SampledMdp.ReturnOf(Policy(learner)), best - 0.15, best + 1e-9);
        Assert.Contains(1, replay.Next().Sources);
    }

    [Fact]
    public void Policy_OfContinuousActions_MovesToWhatEarns()
    {
        using var columns = WriteTargets();
        using var scope = NewDisposeScope();
        var config = Config with { Discount = 1, EntropyBonus = 0.2 };
        var units = ActionUnits.OfBounds(columns.Info);
        var setup = new LearnerSetup(columns.Info.ObservationSpace, 2, 300, RandomStream.Create(0, "init"), CPU) { ActionUnits = units, ActionSpace = columns.Info.ActionSpace };
        using var learner = new ImportancePolicyGradient(config with { LeastEffectiveShare = 0 }, setup);
        using var replay = Replay(columns, config);
        for (var i = 0; i < 300; i++)
            learner.Step(replay.Next(), measure: false);
        using var quiet = no_grad();
        using var head = ActionHead.Create(columns.Info.ActionSpace, units, config.Policy);
        var modes = head.Of(learner.PolicyNetwork.Forward(tensor(new[] { -1f, 1 }).reshape(2, 1))).Mode().data<float>().ToArray();
        Assert.Equal(-0.5, modes[0], 0.25);
        Assert.Equal(0.5, modes[1], 0.25);
    }

    // One step: an observation of -1 or 1, an action uniform in [-1, 1], reward minus its square distance from half the observation.
    TrainingColumns WriteTargets()
    {
        var random = RandomStream.Create(6, "targets");
        var description = new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(1),
            ActionSpace = new BoxSpace([1], [-1], [1], ElementType.Float32),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Density,
        };
        using (var writer = DatasetWriter.Create(_data.Workspace, "targets", description))
        {
            for (var e = 0; e < 1_000; e++)
            {
                var (observation, action) = (random.NextInt(2) == 0 ? -1 : 1, (float)random.Uniform(-1, 1));
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"targets/{e}",
                    BehaviorPolicy = "uniform",
                    Observations = [observation],
                    ContinuousActions = [action],
                    Rewards = [-Math.Pow(action - (0.5 * observation), 2)],
                    BehaviorLogProbabilities = [Math.Log(0.5)],
                    Terminated = true,
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "targets").Compile(NullProgress.Instance);
    }

    [Fact]
    public void Config_OutOfRange_NamesEveryFault()
    {
        var faults = (Config with { Weights = "per_step", Future = "logged", Baseline = "x", ClipProduct = -1, TruncateRatio = double.NaN, LeastEffectiveShare = 1, OnLowSupport = "halt", CloningSteps = -1, EntropyBonus = -1, ValueTargets = "td" }).Validate().ToList();
        Assert.Equal(9, faults.Count);
        Assert.Contains("weights is 'per_step'", faults[0], StringComparison.Ordinal);
    }

    static ImportancePolicyGradient Create(ImportancePgConfig config, int steps) => new(config, new LearnerSetup(
        new DiscreteSpace(SampledMdp.States + 1), SampledMdp.Actions, steps, RandomStream.Create(0, "init"), CPU) { ActionSpace = new DiscreteSpace(SampledMdp.Actions) });

    static ImportancePolicyGradient Learn(TrainingColumns columns, ImportancePgConfig config, int steps, int measureLast = 0)
    {
        var learner = Create(config, steps);
        using var replay = Replay(columns, config);
        for (var i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            learner.Step(replay.Next(), measure: i >= steps - measureLast);
        }

        return learner;
    }

    static EpisodeReplay Replay(TrainingColumns columns, ImportancePgConfig config) => new(TrainingData.Of(columns), Settings(config), RandomStream.Create(1, "sampler"), CPU);

    static ReplaySettings Settings(ImportancePgConfig config) => new() { Needs = config.Needs, BatchSize = 1 };

    static double[] Policy(ImportancePolicyGradient learner)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return learner.PolicyNetwork.Forward(eye(SampledMdp.States + 1)).softmax(-1).to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
    }

    static double[] Value(ImportancePolicyGradient learner)
    {
        using var quiet = no_grad();
        return learner.ValueNetwork.Forward(eye(SampledMdp.States + 1)).to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
    }

    static Dictionary<string, double> Means(ImportancePolicyGradient learner)
    {
        var sums = learner.MetricSums.data<double>().ToArray();
        return learner.MetricNames.Select((name, i) => (name, sums[i] / sums[^1])).ToDictionary();
    }

    static float[] Parameters(ILearner learner) => learner.PolicyNetwork.Parameters.Values.data<float>().ToArray();

    static double Distance(IEpisodeLearner learner, EpisodeReplay replay, float[] from)
    {
        learner.Step(replay.Next(), measure: true);
        return Math.Sqrt(Parameters(learner).Zip(from, (a, b) => Math.Pow(a - b, 2)).Sum());
    }
}
