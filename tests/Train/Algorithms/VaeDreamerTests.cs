using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Torch;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class VaeDreamerTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static LearnerSetup Setup(Space actions, int steps) => new(BoxSpace.Unbounded(3), 2, steps, RandomStream.Create(3, "init"), CPU)
    {
        ActionSpace = actions,
        ActionUnits = actions is BoxSpace ? new ActionUnits([0], [2]) : null,
    };

    static VaeDreamer Create(VaeDreamerConfig config, WorldModelConfig model, Space actions, int steps = 20) => new(
        (VaeDreamerConfig)config.Resolve(BoxSpace.Unbounded(3), default), (WorldModelConfig)model.Resolve(BoxSpace.Unbounded(3), default), Setup(actions, steps));

    static TransitionBatch Batch(Space actions, int rows = 12)
    {
        using var generator = new Generator(8);
        return new()
        {
            Observations = randn([rows, 3], generator: generator),
            NextObservations = randn([rows, 3], generator: generator),
            Actions = actions is DiscreteSpace ? randint(0, 2, [rows], dtype: ScalarType.Int64, generator: generator) : rand([rows, 1], generator: generator),
            Rewards = rand(rows, generator: generator),
            Discounts = ones(rows),
        };
    }

    [Theory]
    [InlineData(DreamingConfig.ScoreFunction, true, "vae")]
    [InlineData(DreamingConfig.Pathwise, true, "vae")]
    [InlineData(DreamingConfig.ScoreFunction, false, "vae")]
    [InlineData(DreamingConfig.Pathwise, false, "identity")]
    public void TheModelLearnsFirst_ThenActorAndCriticInItsDreams(string gradient, bool isDiscrete, string encoder)
    {
        using var scope = NewDisposeScope();
        Space actions = isDiscrete ? new DiscreteSpace(2) : new BoxSpace([1], [-2], [2]);
        var tiny = TrainData.Tiny();
        using var learner = Create(tiny.VaeDreamer with { Gradient = gradient, ModelShare = 0.6, Penalty = 0.1 }, tiny.WorldModel with { Encoder = encoder }, actions);
        var batch = Batch(actions);
        var (before, actor) = (Model(learner), Copy(learner.PolicyNetwork.Parameters.Values));
        for (var i = 0; i < 12; i++)
            learner.Step(batch, measure: i % 2 == 0);
        var learned = Model(learner);
        Assert.NotEqual(0, Golden.Distance(before, learned));
        Assert.Equal(0, Golden.Distance(actor, learner.PolicyNetwork.Parameters.Values));
        var reads = 0L;
        for (var i = 0; i < 8; i++)
        {
            learner.Step(batch, measure: i % 2 == 0);
            if (i == 0)
                reads = TorchExtras.HostReads;
        }

        // No step waits for the device, once its constants are there.
        Assert.Equal(reads, TorchExtras.HostReads);
        Assert.Equal(0, Golden.Distance(learned, Model(learner)));
        Assert.NotEqual(0, Golden.Distance(actor, learner.PolicyNetwork.Parameters.Values));
        Assert.All(learner.MetricSums.data<double>().ToArray(), sum => Assert.True(double.IsFinite(sum)));
        Assert.Equal(10, learner.MetricSums[-1].ToDouble());
        // No gradient of a dream is left in the model.
        Assert.Equal(0, ((VaeWorldModel)((IModelLearner)learner).Model).DynamicsParameters.Gradients.abs().sum().ToDouble());
        Assert.Equal(encoder == "identity", ((ILearner)learner).PolicyLatent is null);
    }

    [Fact]
    public void Cycles_TrainEncoderDynamicsAndPolicyInTurn_AndOneOverTheWholeRunIsTheDefault()
    {
        using var scope = NewDisposeScope();
        var (actions, tiny) = (new DiscreteSpace(2), TrainData.Tiny());
        var batch = Batch(actions);
        using var learner = Create(tiny.VaeDreamer with { ModelShare = 0.6, CycleSteps = 10 }, tiny.WorldModel with { PhaseSteps = 0, EncoderShare = 0.3 }, actions, steps: 30);
        var turns = "";
        for (var i = 0; i < 25; i++)
        {
            var model = (VaeWorldModel)((IModelLearner)learner).Model;
            var (encoder, dynamics, actor) = (Copy(model.StateParameters!.Values), Copy(model.DynamicsParameters.Values), Copy(learner.PolicyNetwork.Parameters.Values));
            learner.Step(batch, measure: i is 3 or 8);
            string[] moved = [Golden.Distance(encoder, model.StateParameters.Values) > 0 ? "e" : "", Golden.Distance(dynamics, model.DynamicsParameters.Values) > 0 ? "d" : "", Golden.Distance(actor, learner.PolicyNetwork.Parameters.Values) > 0 ? "p" : ""];
            turns += string.Concat(moved);
        }

        Assert.Equal("eeddddpppp" + "eeddddpppp" + "eeddd", turns);
        // A step of the model keeps what was measured of dreams, and the other way round.
        var names = ((ILearner)learner).MetricNames.ToList();
        var sums = learner.MetricSums.data<double>().ToArray();
        Assert.All(["model_loss", "actor_loss"], name => Assert.NotEqual(0, sums[names.IndexOf(name)]));
        Assert.Equal(2, sums[^1]);

        using var once = Create(tiny.VaeDreamer with { ModelShare = 0.6 }, tiny.WorldModel with { PhaseSteps = 0 }, actions, steps: 20);
        using var cycle = Create(tiny.VaeDreamer with { ModelShare = 0.6, CycleSteps = 20 }, tiny.WorldModel with { PhaseSteps = 0 }, actions, steps: 20);
        for (var i = 0; i < 20; i++)
        {
            once.Step(batch, measure: false);
            cycle.Step(batch, measure: false);
        }

        Assert.Equal(0, Golden.Distance(Model(once), Model(cycle)));
        Assert.Equal(0, Golden.Distance(once.PolicyNetwork.Parameters.Values, cycle.PolicyNetwork.Parameters.Values));
    }

    [Fact]
    public void StoredPolicy_ActsOnTheEncodersMean()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("vae_dreamer") with { Name = "stored" };
        TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "stored"), 0);
        using var policy = LearnedPolicy.Load(Path.Combine(RunFolder.PoliciesFolder(seed), "step-60"));
        using var stored = StoredWorldModel.Open(_data.Workspace, "stored", 0, CPU);
        Assert.Null(policy.CreateState(2));

        float[] rows = [0.5f, -1, 2, -0.3f, 0.1f, -2];
        var probabilities = new double[4];
        policy.Score(new PolicyInput { Count = 2, Observations = rows }, new ActionBatch { Discrete = [0, 1] }, new double[2], probabilities);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var features = new float[6];
        stored.Encoder.Encode(rows, features);
        var latents = stored.Model.Encode(new(tensor(features).reshape(1, 2, 3), zeros(1, 2, 2)), null).select(0, 0);
        // The actor's layers, as its file has them.
        using var file = SafetensorsFile.Open(Path.Combine(RunFolder.PoliciesFolder(seed), "step-60", "policy.safetensors"));
        var x = latents;
        for (var i = 0; i < 2; i++)
        {
            var (weight, bias) = (Read($"layers.{i}.weight"), Read($"layers.{i}.bias"));
            x = nn.functional.linear(x, weight, bias);
            x = i == 0 ? x.relu() : x;
        }

        Golden.AssertClose(x.softmax(-1), tensor(probabilities).reshape(2, 2), 1e-5);

        Tensor Read(string name)
        {
            var entry = file.Tensors[name];
            var values = new float[entry.Length / sizeof(float)];
            file.Read(entry, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            return tensor(values).reshape([.. entry.Shape]);
        }
    }

    [Fact]
    public void BadInput_IsNamedInOneMessage()
    {
        using var columns = _data.WriteSigns();
        var tiny = TrainData.Tiny("vae_dreamer") with { Name = "none" };
        Assert.Contains("model_share is 1", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { ModelShare = 1 } }), StringComparison.Ordinal);
        Assert.Contains("cycle_steps is 2", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { CycleSteps = 2 } }), StringComparison.Ordinal);
        Assert.Contains("a model of one member", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { Penalty = 1 }, WorldModel = tiny.WorldModel with { Members = 1 } }), StringComparison.Ordinal);
        Assert.Contains("truncation_quantile 0.5 with a model of one member", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { TruncationQuantile = 0.5 }, WorldModel = tiny.WorldModel with { Members = 1 } }), StringComparison.Ordinal);
        Assert.Contains("truncation_quantile is 0; expected a number above 0", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { TruncationQuantile = 0 } }), StringComparison.Ordinal);
        Assert.Contains("penalty is -1; expected a finite number", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { Penalty = -1 } }), StringComparison.Ordinal);
        Assert.Contains("no episode of more than 10 steps, and vae_dreamer dreams 11", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { Horizon = 11 } }), StringComparison.Ordinal);
        Assert.Contains("gradient is 'path'; expected", Message(tiny with { VaeDreamer = tiny.VaeDreamer with { Gradient = "path" } }), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));

        string Message(TrainConfig config) => Assert.Throws<UserErrorException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None)).Message;
    }

    [Fact]
    public void Limits_ThatAreGivenOrNotMeasured_AreThoseOfTheSettings()
    {
        using var columns = _data.WriteSigns();
        var tiny = TrainData.Tiny("vae_dreamer");
        // All given: nothing is measured for them. No measuring at all: 15 steps, no penalty, and the run says so.
        Assert.Equal((new DreamLimits(2, 0.5, null), 0), Run("given", tiny with { VaeDreamer = tiny.VaeDreamer with { Horizon = 2, Penalty = 0.5 } }));
        Assert.Equal((new DreamLimits(2, 0, null), 1), Run("none", tiny with { Guard = new() { HeldOutTransitions = 0 }, VaeDreamer = tiny.VaeDreamer with { Horizon = 2 } }));
        // One member, a horizon: nothing is open. Without a horizon, it is measured.
        Assert.Equal((new DreamLimits(2, 0, null), 0), Run("one", tiny with { VaeDreamer = tiny.VaeDreamer with { Horizon = 2 }, WorldModel = tiny.WorldModel with { Members = 1 } }));
        Assert.Equal((new DreamLimits(3, 0, null), 1), Run("open", tiny with { VaeDreamer = tiny.VaeDreamer with { Horizon = null }, WorldModel = tiny.WorldModel with { Members = 1, HorizonError = 9 } }));

        (DreamLimits Limits, int Said) Run(string name, TrainConfig config)
        {
            var progress = new CallbackProgress(_ => { });
            TrainJob.Run(config with { Name = name }, _data.Workspace, columns, progress, CancellationToken.None);
            using var stored = StoredWorldModel.Open(_data.Workspace, name, 0, CPU);
            return (stored.Description.Limits, progress.Lines.Count(line => line.Contains("dreams go ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void ADreamThatDiverges_EndsTheSeedInOneMessage_AndKeepsTheLastGoodCheckpoint()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("vae_dreamer") with { Name = "diverged", CheckpointPeriodSteps = 5, LogPeriodSteps = 5, PolicyPeriodSteps = 5 };
        // The model learns as ever; actor and critic, whose dreams begin at step 30, by steps beyond all numbers.
        config = config with { VaeDreamer = config.VaeDreamer with { CriticLearningRate = 1e30, ActorLearningRate = 1e30 } };
        var error = Assert.Throws<CheckFailedException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None));
        Assert.Contains("training diverged", error.Message, StringComparison.Ordinal);
        Assert.Contains("at step 35", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "diverged"), 0);
        Assert.True(File.Exists(Path.Combine(Checkpoints.FolderOf(seed), "step-30", "checkpoint.json")));
        using var policy = LearnedPolicy.Load(Path.Combine(RunFolder.PoliciesFolder(seed), "step-30"));
        Assert.Equal("vae_dreamer", policy.Description.Algorithm);
        Assert.Equal(RunState.Failed, RunFolder.Open(_data.Workspace, "diverged").Seeds[0].Status!.State);
    }

    static Tensor Model(VaeDreamer learner) => cat([.. ((IModelLearner)learner).Model.NamedTensors().Select(entry => entry.Tensor.detach().flatten().clone())]);

    static Tensor Copy(Tensor tensor) => tensor.detach().clone();
}
