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

public sealed class DreamerTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static LearnerSetup Setup(Space observations, Space actions) => new(observations, 2, 100, RandomStream.Create(3, "init"), CPU)
    {
        ActionSpace = actions,
        ActionUnits = actions is BoxSpace ? new ActionUnits([0], [2]) : null,
    };

    static Dreamer Create(string preset, Space observations, Space actions) =>
        new((DreamerConfig)(TrainData.Tiny("dreamer").Dreamer with { Preset = preset }).Resolve(observations, default), new(), Setup(observations, actions));

    static TransitionBatch Batch(int features, Space actions, int steps = 6, int sequences = 4)
    {
        var resets = zeros([steps, sequences], dtype: ScalarType.Bool);
        resets[0].fill_(true);
        using var generator = new Generator(8);
        return new()
        {
            Observations = randn([steps, sequences, features], generator: generator),
            NextObservations = randn([steps, sequences, features], generator: generator),
            Actions = actions is DiscreteSpace ? randint(0, 2, [steps, sequences], dtype: ScalarType.Int64, generator: generator) : rand([steps, sequences, 1], generator: generator),
            Rewards = ones(steps, sequences),
            Discounts = full([steps, sequences], 0.99f),
            Resets = resets,
            LossMask = ones(steps, sequences),
        };
    }

    public static TheoryData<string, bool> Presets => new() { { "v1", true }, { "v1", false }, { "v2", true }, { "v2", false }, { "v3", true }, { "v3", false } };

    [Theory]
    [MemberData(nameof(Presets))]
    public void Steps_OfEveryPreset_LowerTheModelsError_AndKeepNoTensors(string preset, bool isDiscrete)
    {
        using var scope = NewDisposeScope();
        Space actions = isDiscrete ? new DiscreteSpace(2) : new BoxSpace([1], [-2], [2]);
        using var learner = Create(preset, BoxSpace.Unbounded(3), actions);
        var batch = Batch(3, actions);
        var before = Error();
        var (live, reads) = (0L, 0L);
        for (var i = 0; i < 60; i++)
        {
            learner.Step(batch, measure: i % 7 == 0);
            if (i == 3)
            {
                reads = TorchExtras.HostReads;
                live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            }
        }

        // No step waits for the device.
        Assert.Equal(reads, TorchExtras.HostReads);
        Assert.InRange(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, live - 1, live);
        Assert.True(Error() < 0.9 * before);
        Assert.True(double.IsFinite(learner.HeldOutError(batch).ToDouble()));
        Assert.Equal(60, learner.Updates);
        Assert.All(learner.MetricSums.data<double>().ToArray(), sum => Assert.True(double.IsFinite(sum)));
        Assert.Equal(9, learner.MetricSums[-1].ToDouble());

        double Error()
        {
            using var quiet = no_grad();
            var loss = learner.Model.Loss(batch, isDiscrete ? nn.functional.one_hot(batch.Actions, 2).to(ScalarType.Float32) : batch.Actions, generator: null);
            return loss.Reconstruction.ToDouble() + loss.Reward.ToDouble();
        }
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v3")]
    public void StoredPolicy_RemembersAsTheModelDoes(string preset)
    {
        using var scope = NewDisposeScope();
        Space observations = BoxSpace.Unbounded(3), actions = new DiscreteSpace(2);
        using var learner = Create(preset, observations, actions);
        var batch = Batch(3, actions);
        for (var i = 0; i < 20; i++)
            learner.Step(batch, measure: false);
        using var policy = LearnedPolicy.Of(LatentPolicies.Describe(learner, "dreamer", observations, actions), LatentPolicies.Tensors(learner));

        // 5 steps of 4 instances; the third instance begins anew at step 2. Actions are those that the policy takes.
        var state = policy.CreateState(4)!;
        var found = new List<double[]>();
        var taken = new List<Tensor>();
        for (var t = 0; t < 5; t++)
        {
            var (chosen, probabilities) = (new int[4], new double[8]);
            RandomStream[] random = [.. Enumerable.Range(0, 4).Select(i => RandomStream.Create((ulong)((10 * t) + i), "act"))];
            policy.Act(
                new PolicyInput { Count = 4, Observations = batch.Observations[t].data<float>().ToArray(), EpisodeStarts = new[] { t == 0, t == 0, t is 0 or 2, t == 0 }, State = state, Random = random },
                new PolicyOutput { Discrete = chosen, Probabilities = probabilities });
            found.Add(probabilities);
            taken.Add(tensor(chosen.Select(a => (long)a).ToArray()));
        }

        var resets = batch.Resets!.narrow(0, 0, 5).clone();
        resets[2, 2].fill_(true);
        var vectors = nn.functional.one_hot(stack(taken), 2).to(ScalarType.Float32);
        using var quiet = no_grad();
        var latents = learner.Model.Encode(new ModelSequences(batch.Observations.narrow(0, 0, 5), vectors, resets), generator: null);
        var expected = learner.PolicyNetwork.Forward(latents).softmax(-1);
        Golden.AssertClose(expected.reshape(5, 8), tensor(found.SelectMany(row => row).ToArray()).reshape(5, 8), 1e-5);
        Assert.True(expected.std().ToDouble() > 1e-3);
        Assert.Contains("has a memory", Assert.Throws<ArgumentException>(() => policy.Act(new PolicyInput { Count = 4, Observations = new float[12] }, new PolicyOutput { Discrete = new int[4] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_AreReadByConvolutions_AndPredictedWhole()
    {
        using var scope = NewDisposeScope();
        Space observations = new BoxSpace([5, 5, 2], Enumerable.Repeat(0.0, 50).ToArray(), Enumerable.Repeat(255.0, 50).ToArray(), ElementType.UInt8), actions = new DiscreteSpace(2);
        using var learner = Create("v2", observations, actions);
        Assert.Contains(((ILearner)learner).State, entry => entry.Name == "model.encoder.convolutions.0.weight");
        learner.Step(Batch(50, actions), measure: true);
        // The way back is transposed convolutions, of rows and of sequences alike.
        Assert.Contains(((ILearner)learner).State, entry => entry.Name == "model.decoder.0.weight" && entry.Tensor.shape.SequenceEqual([16, 2, 3, 3]));
        var latents = arange(6 * learner.Model.LatentWidth, dtype: ScalarType.Float32).sin().reshape(3, 2, learner.Model.LatentWidth);
        var decoded = learner.Model.Decode(latents);
        Assert.Equal([3, 2, 50], decoded.shape);
        Golden.AssertClose(decoded[1], learner.Model.Decode(latents[1]), 1e-6);
        Assert.True(decoded.std().ToDouble() > 1e-3);
        using var policy = LearnedPolicy.Of(LatentPolicies.Describe(learner, "dreamer", observations, actions), LatentPolicies.Tensors(learner));
        policy.Act(new PolicyInput { Count = 1, Observations = new float[50], State = policy.CreateState(1), Random = [RandomStream.Create(1, "act")] }, new PolicyOutput { Discrete = new int[1] });
        Assert.Contains("torso is nature", Assert.Throws<UserErrorException>(() => new Dreamer((DreamerConfig)(TrainData.Tiny("dreamer").Dreamer with { Torso = "nature" }).Resolve(observations, default), new(), Setup(observations, actions))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Presets_FillInWhatIsNotSet_AndNothingElse()
    {
        var (v1, v2, v3) = (Resolved("v1"), Resolved("v2"), Resolved("v3"));
        Assert.Equal((RssmConfig.Gaussian, false, 3.0, true), (v1.Model.Latent, v1.Model.LayerNorm!.Value, v1.Model.FreeNats!.Value, v1.Model.FreeNatsOfMean!.Value));
        Assert.Equal((RssmConfig.Categorical, 0.8, 0.2, 100), (v2.Model.Latent, v2.Model.DynamicsScale!.Value, v2.Model.RepresentationScale!.Value, v2.SlowCriticPeriodSteps!.Value));
        Assert.Equal((0.01, true, DreamingConfig.TwoHotCritic, DreamingConfig.Percentile, DreamingConfig.SlowRegularizer), (v3.Model.UniformShare!.Value, v3.Model.Symlog!.Value, v3.Critic, v3.ReturnNormalization, v3.SlowCritic));
        Assert.All([v1, v2, v3], preset => Assert.Equal((RssmConfig.Gaussian, 0.0), (preset.Model.Likelihood, preset.BehaviorWeight)));
        foreach (var (high, likelihood) in new[] { (1.0, RssmConfig.Bernoulli), (255.0, RssmConfig.Gaussian) })
            Assert.Equal(likelihood, ((DreamerConfig)new DreamerConfig().Resolve(new BoxSpace([2, 3, 3], new double[18], [.. Enumerable.Repeat(high, 18)], ElementType.UInt8), default)).Model.Likelihood);
        var own = (DreamerConfig)new DreamerConfig { Preset = "v3", EntropyBonus = 0.5, Model = new() { FreeNats = 7 } }.Resolve(BoxSpace.Unbounded(3), default);
        Assert.Equal((0.5, 7.0), (own.EntropyBonus!.Value, own.Model.FreeNats!.Value));

        static DreamerConfig Resolved(string preset) => (DreamerConfig)new DreamerConfig { Preset = preset }.Resolve(BoxSpace.Unbounded(3), default);
    }

    [Fact]
    public void StoredModel_IsTheModel_WithItsErrorsOnHeldOutEpisodes()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("dreamer") with { Name = "stored" };
        TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        using var stored = StoredWorldModel.Open(_data.Workspace, "stored", 0, CPU);
        Assert.Equal((WorldModelParts.RecurrentStateSpace, true, 1), (stored.Description.Parts.Kind, stored.Model.HasMemory, stored.Model.Members));
        Assert.Contains(stored.Description.Errors, row => row is { Horizon: 1, Target: "continuation" });
        var folder = StepFolders.List(RunFolder.ModelsFolder(RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "stored"), 0)))[^1].Folder;
        Assert.True(File.Exists(Path.Combine(folder, DreamPictures.StripFile)));

        // What a policy of the run remembers is what the stored model does.
        using var scope = NewDisposeScope();
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "stored"), 0);
        using var file = SafetensorsFile.Open(Path.Combine(RunFolder.PoliciesFolder(seed), "step-60", "policy.safetensors"));
        foreach (var (name, tensor) in stored.Model.NamedTensors().Where(entry => entry.Name.StartsWith("gru.", StringComparison.Ordinal)))
        {
            var entry = file.Tensors[LatentDescription.Prefix + name];
            var values = new float[entry.Length / sizeof(float)];
            file.Read(entry, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            Assert.Equal(tensor.detach().flatten().data<float>().ToArray(), values);
        }

        // A broken description is told before a model is made of it.
        var path = Path.Combine(folder, "world_model.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"rssm\",", "\"rssn\",", StringComparison.Ordinal));
        Assert.Contains("parts.kind is 'rssn'", Assert.Throws<UserErrorException>(() => StoredWorldModel.Load(folder, CPU).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BadInput_IsNamedInOneMessage()
    {
        using var columns = _data.WriteSigns(steps: 5);
        var tiny = TrainData.Tiny("dreamer") with { Name = "none" };
        Assert.Contains("no episode of more than 5 steps, and dreamer dreams 6", Message(tiny with { Dreamer = tiny.Dreamer with { Horizon = 6 } }), StringComparison.Ordinal);
        Assert.Contains("preset is 'v4'", Message(tiny with { Dreamer = tiny.Dreamer with { Preset = "v4" } }), StringComparison.Ordinal);
        Assert.Contains("dreamer.cuda_graph is 'of'; expected auto or off. Did you mean 'off'?", Message(tiny with { Dreamer = tiny.Dreamer with { CudaGraph = "of" } }), StringComparison.Ordinal);
        Assert.Contains("horizon is 0", Message(tiny with { Dreamer = tiny.Dreamer with { Horizon = 0 } }), StringComparison.Ordinal);
        Assert.Contains("dreamer.behavior_weight is -1; expected a finite number of at least 0", Message(tiny with { Dreamer = tiny.Dreamer with { BehaviorWeight = -1 } }), StringComparison.Ordinal);
        Assert.Contains("dreamer.model.likelihood is 'bernouli'; expected gaussian or bernoulli. Did you mean 'bernoulli'?", Message(tiny with { Dreamer = tiny.Dreamer with { Model = tiny.Dreamer.Model with { Likelihood = "bernouli" } } }), StringComparison.Ordinal);
        Assert.Contains("dreamer.model.likelihood is bernoulli, and the observations are", Message(tiny with { Dreamer = tiny.Dreamer with { Model = tiny.Dreamer.Model with { Likelihood = "bernoulli" } } }), StringComparison.Ordinal);
        Assert.Contains("dreamer.penalty is 1 and truncation_quantile 1 with a model of one member, which cannot say how unsure it is; expected 0 and 1. Set model.members", Message(tiny with { Dreamer = tiny.Dreamer with { Penalty = 1 } }), StringComparison.Ordinal);
        Assert.Contains("latent is 'gausian'; expected gaussian or categorical. Did you mean 'gaussian'?", Message(tiny with { Dreamer = tiny.Dreamer with { Model = tiny.Dreamer.Model with { Latent = "gausian" } } }), StringComparison.Ordinal);
        Assert.Contains("torso is nature", Message(tiny with { Dreamer = tiny.Dreamer with { Torso = "nature" } }), StringComparison.Ordinal);
        // 20 episodes of 5 steps.
        Assert.Contains("100", Message(tiny with { Dreamer = tiny.Dreamer with { SequenceSteps = 101 } }), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Workspace.RunsFolder));

        string Message(TrainConfig config) => Assert.Throws<UserErrorException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None)).Message;
    }

    [Fact]
    public void ADreamThatDiverges_EndsTheSeedInOneMessage_AndKeepsTheLastGoodCheckpoint()
    {
        using var columns = _data.WriteSigns();
        var config = TrainData.Tiny("dreamer") with { Name = "diverged", CheckpointPeriodSteps = 5, LogPeriodSteps = 5, PolicyPeriodSteps = 5 };
        // The actor's step size goes beyond all numbers once the dreams begin.
        config = config with { Dreamer = config.Dreamer with { WarmUpSteps = 20, CriticLearningRate = 1e30, ActorLearningRate = 1e30 } };
        var error = Assert.Throws<CheckFailedException>(() => TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None));
        Assert.Contains("training diverged", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        var seed = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "diverged"), 0);
        Assert.True(File.Exists(Path.Combine(Checkpoints.FolderOf(seed), "step-20", "checkpoint.json")));
        using var policy = LearnedPolicy.Load(Path.Combine(RunFolder.PoliciesFolder(seed), "step-20"));
        Assert.Equal("dreamer", policy.Description.Algorithm);
    }
}
