using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class ControllerEvolutionTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static readonly Space Vectors = BoxSpace.Unbounded(3), Choices = new DiscreteSpace(2), Numbers = new BoxSpace([1], [-2], [2]);

    static ControllerEvolution Create(ControllerEvolutionConfig config, WorldModelConfig model, Space actions, int steps = 20) => new(
        (ControllerEvolutionConfig)config.Resolve(Vectors, default),
        (WorldModelConfig)model.Resolve(Vectors, default),
        new(Vectors, 2, steps, RandomStream.Create(3, "init"), CPU) { ActionSpace = actions, ActionUnits = actions is BoxSpace ? new ActionUnits([0.5], [2]) : null });

    static TransitionBatch Batch(Space actions, int steps = 6, int sequences = 4)
    {
        var resets = zeros([steps, sequences], dtype: ScalarType.Bool);
        resets[0].fill_(true);
        using var generator = new Generator(8);
        return new()
        {
            Observations = randn([steps, sequences, 3], generator: generator),
            NextObservations = randn([steps, sequences, 3], generator: generator),
            Actions = actions is DiscreteSpace ? randint(0, 2, [steps, sequences], dtype: ScalarType.Int64, generator: generator) : rand([steps, sequences, 1], generator: generator),
            Rewards = rand([steps, sequences], generator: generator),
            Discounts = ones(steps, sequences),
            Resets = resets,
            LossMask = ones(steps, sequences),
        };
    }

    [Theory]
    [InlineData(true, "vae", 1)]
    [InlineData(true, "identity", 2)]
    [InlineData(false, "vae", 3)]
    [InlineData(false, "identity", 1)]
    public void VLearnsFirst_ThenM_ThenCInItsDreams(bool isDiscrete, string encoder, int members)
    {
        using var scope = NewDisposeScope();
        var actions = isDiscrete ? Choices : Numbers;
        var tiny = TrainData.Tiny();
        using var learner = Create(tiny.WorldModels with { EncoderShare = 0.25, ControllerShare = 0.25 }, tiny.WorldModel with { Encoder = encoder, Members = members }, actions);
        var batch = Batch(actions);
        // 5 steps of V, where there is one, the rest of 15 of M, 5 of C.
        var (v, m, c) = (Part(learner, "model.", IsState), Part(learner, "model.", IsMemory), Part(learner, "controller.", _ => true));
        Advance(5);
        Assert.Equal(encoder == "vae", Changed(ref v, "model.", IsState));
        Assert.Equal(encoder != "vae", Changed(ref m, "model.", IsMemory));
        Advance(10);
        Assert.False(Changed(ref v, "model.", IsState));
        Assert.True(Changed(ref m, "model.", IsMemory));
        Assert.False(Changed(ref c, "controller.", _ => true));
        Advance(5);
        Assert.False(Changed(ref v, "model.", IsState));
        Assert.False(Changed(ref m, "model.", IsMemory));
        Assert.True(Changed(ref c, "controller.", _ => true));
        Assert.All(learner.MetricSums.data<double>().ToArray(), sum => Assert.True(double.IsFinite(sum)));
        Assert.Equal(10, learner.MetricSums[-1].ToDouble());
        Assert.True(double.IsFinite(learner.HeldOutError(batch).ToDouble()));

        void Advance(int steps)
        {
            for (var i = 0; i < steps; i++)
                learner.Step(batch, measure: learner.Updates % 2 == 0);
        }

        bool Changed(ref Tensor before, string prefix, Func<string, bool> isOf)
        {
            var after = Part(learner, prefix, isOf);
            var changed = after.numel() > 0 && Golden.Distance(before, after) > 0;
            before = after;
            return changed;
        }
    }

    [Fact]
    public void Steps_LowerTheLossOfM_AndKeepNoTensors()
    {
        using var scope = NewDisposeScope();
        var tiny = TrainData.Tiny();
        using var learner = Create(tiny.WorldModels with { LearningRate = 0.01, ControllerShare = 0.2 }, tiny.WorldModel with { Encoder = "identity" }, Choices, steps: 100);
        var (batch, model) = (Batch(Choices), (MemoryWorldModel)((IModelLearner)learner).Model);
        var before = Loss();
        long live = 0;
        for (var i = 0; i < 100; i++)
        {
            learner.Step(batch, measure: i % 7 == 0);
            if (i is 3 or 83)
                live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            if (i is 79 or 99)
                Assert.InRange(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, live - 1, live);
        }

        Assert.True(Loss() < before - 1);

        double Loss()
        {
            using var quiet = no_grad();
            return model.Loss(batch, null).Total.ToDouble();
        }
    }

    [Theory]
    [InlineData(true, "vae")]
    [InlineData(true, "identity")]
    [InlineData(false, "vae")]
    [InlineData(false, "identity")]
    public void StoredPolicy_IsTheLearnersController_StepByStep(bool isDiscrete, string encoder)
    {
        using var scope = NewDisposeScope();
        var actions = isDiscrete ? Choices : Numbers;
        var tiny = TrainData.Tiny();
        using var learner = Create(tiny.WorldModels, tiny.WorldModel with { Encoder = encoder }, actions);
        var batch = Batch(actions);
        for (var i = 0; i < 20; i++)
            learner.Step(batch, measure: false);
        // A controller to which small codes matter.
        using (no_grad())
        using (var generator = new Generator(5))
        {
            foreach (var (name, layer) in learner.PolicyNetwork.NamedTensors().Where(entry => entry.Name != "free"))
                layer.copy_(name.EndsWith("bias", StringComparison.Ordinal) ? zeros(layer.shape) : randn(layer.shape, generator: generator));
        }

        var description = LatentPolicies.Describe(learner, "world_models", Vectors, actions) with
        {
            ActionUnits = actions is BoxSpace ? new ActionUnits([0.5], [2]) : null,
            ActionHead = actions is BoxSpace ? new ControllerEvolutionConfig().ActionDistribution : null,
        };
        using var policy = LearnedPolicy.Of(description, LatentPolicies.Tensors(learner));

        // 5 steps of 4 instances; the third instance begins anew at step 2. Actions are those that the policy takes.
        var state = policy.CreateState(4)!;
        var (taken, expected) = (new List<Tensor>(), new List<Tensor>());
        var model = ((IModelLearner)learner).Model;
        var latent = full([4, model.LatentWidth], float.NaN);
        for (var t = 0; t < 5; t++)
        {
            bool[] starts = [t == 0, t == 0, t is 0 or 2, t == 0];
            var (discrete, continuous) = (new int[isDiscrete ? 4 : 0], new float[isDiscrete ? 0 : 4]);
            var rows = batch.Observations[t].data<float>().ToArray();
            policy.Act(new PolicyInput { Count = 4, Observations = rows, EpisodeStarts = starts, State = state }, new PolicyOutput { Discrete = discrete, Continuous = continuous });
            latent = model.Observe(latent, t == 0 ? zeros(4, model.ActionWidth) : taken[^1], tensor(starts), batch.Observations[t], null);
            using var quiet = no_grad();
            var scores = learner.PolicyNetwork.Forward(latent.narrow(1, 0, learner.PolicyNetwork.Description.Inputs));
            expected.Add(ControllerShape.Act(isDiscrete ? scores : scores.narrow(1, 0, 1), isDiscrete ? null : (tensor(new[] { 0f }), tensor(new[] { 2f }))));
            taken.Add(isDiscrete ? nn.functional.one_hot(tensor(discrete.Select(a => (long)a).ToArray()), 2).to(ScalarType.Float32) : tensor(continuous).reshape(4, 1));
        }

        Golden.AssertClose(stack(expected), stack(taken), 1e-5);
        Assert.True(stack(taken).select(-1, 0).std().ToDouble() > 1e-3);
        Assert.Contains("has a memory", Assert.Throws<ArgumentException>(() => policy.Act(new PolicyInput { Count = 4, Observations = new float[12] }, new PolicyOutput { Discrete = new int[4], Continuous = new float[4] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StoredModel_DreamsAsTheLearners_AndStoredPolicyActs()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("world_models") with { Name = "stored" };
        TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        using var scope = NewDisposeScope();
        using var stored = StoredWorldModel.Open(_data.Workspace, "stored", 0, CPU);
        Assert.Equal(("world_models", "memory", 2, true), (stored.Description.Algorithm, stored.Description.Parts.Kind, stored.Model.Members, stored.Model.HasMemory));
        Assert.NotEmpty(stored.Description.Errors);
        var step = stored.Model.Step(zeros(5, stored.Model.LatentWidth), ones(5, 2), null);
        Assert.Equal([5], step.Disagreement!.shape);
        Assert.True(step.Latent.isfinite().all().ToBoolean());
        using var policy = LearnedPolicy.Load(Path.Combine(RunFolder.PoliciesFolder(RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "stored"), 0)), "step-60"));
        Assert.Equal((0.0, 16), (policy.Description.Temperature, policy.Description.Latent!.Width - policy.Description.Latent.Lstm!.Codes));
        policy.Act(new PolicyInput { Count = 1, Observations = new float[3], State = policy.CreateState(1) }, new PolicyOutput { Discrete = new int[1] });
    }

    [Fact]
    public void BadInput_IsNamedInOneMessage()
    {
        using var columns = _data.WriteSigns();
        var tiny = TrainData.Tiny("world_models") with { Name = "none" };
        Assert.Contains("no episode of more than 10 steps, and world_models dreams 11", Message(tiny with { WorldModels = tiny.WorldModels with { Horizon = 11 } }), StringComparison.Ordinal);
        Assert.Contains("encoder_share is 0.5 and controller_share 0.5", Message(tiny with { WorldModels = tiny.WorldModels with { EncoderShare = 0.5, ControllerShare = 0.5 } }), StringComparison.Ordinal);
        Assert.Contains("temperature is 0", Message(tiny with { WorldModels = tiny.WorldModels with { Temperature = 0 } }), StringComparison.Ordinal);
        Assert.Contains("population is 3; expected 4", Message(tiny with { WorldModels = tiny.WorldModels with { Population = 3 } }), StringComparison.Ordinal);
        Assert.Contains("units is 0", Message(tiny with { WorldModels = tiny.WorldModels with { Memory = new() { Units = 0 } } }), StringComparison.Ordinal);
        Assert.Contains("world_models learns its parts one after the other", Message(tiny with { WorldModel = tiny.WorldModel with { Order = "joint" } }), StringComparison.Ordinal);
        Assert.Contains("with a model of one member", Message(tiny with { WorldModels = tiny.WorldModels with { Penalty = 1 }, WorldModel = tiny.WorldModel with { Members = 1 } }), StringComparison.Ordinal);
        // 20 episodes of 10 steps.
        Assert.Contains("200", Message(tiny with { WorldModels = tiny.WorldModels with { SequenceSteps = 201 } }), StringComparison.Ordinal);
        using var unbounded = LinearData(_data);
        Assert.Contains("expected finite bounds", Message(tiny, unbounded), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));

        string Message(TrainConfig config, TrainingColumns? other = null) =>
            Assert.Throws<UserErrorException>(() => TrainJob.Run(config, _data.Workspace, other ?? columns, NullProgress.Instance, CancellationToken.None)).Message;
    }

    [Fact]
    public void ADreamThatDiverges_EndsTheSeedInOneMessage_AndKeepsTheLastGoodCheckpoint()
    {
        using var columns = _data.WriteSigns();
        // M makes two steps, 18 and 19, of which the second is of a size that no number survives; C dreams from step 20 on.
        var config = TrainData.Tiny("world_models") with { Name = "diverged", CheckpointPeriodSteps = 5, LogPeriodSteps = 5, PolicyPeriodSteps = 60 };
        config = config with { WorldModels = config.WorldModels with { EncoderShare = 0.3, ControllerShare = 40 / 60.0, FinalLearningRate = 1e36, MaxGradientNorm = 0, Penalty = 0 } };
        var error = Assert.Throws<CheckFailedException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None));
        Assert.Contains("training diverged: dream_return is", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "diverged"), 0);
        Assert.Equal(RunState.Failed, SeedStatus.TryRead(seed)!.State);
        Assert.True(File.Exists(Path.Combine(Checkpoints.FolderOf(seed), "step-15", "checkpoint.json")));
    }

    static TrainingColumns LinearData(TrainData data) => WorldModels.LinearSystem.Write(data.Workspace, "linear", 12, 10);

    static bool IsState(string name) => name.Split('.')[1] is "encoder" or "decoder" or "observation_variance";

    static bool IsMemory(string name) => name.Split('.')[1] is "lstm" or "mixture" or "heads";

    static Tensor Part(ControllerEvolution learner, string prefix, Func<string, bool> isOf)
    {
        Tensor[] parts = [.. ((ILearner)learner).State.Where(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal) && isOf(entry.Name)).Select(entry => entry.Tensor.detach().to(ScalarType.Float64).flatten().clone())];
        return parts.Length == 0 ? zeros(0, dtype: ScalarType.Float64) : cat(parts);
    }
}
