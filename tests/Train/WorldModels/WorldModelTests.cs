using OfflineRL.Datasets;
using OfflineRL.Tests.Cli;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>The model of the lectures, from stored data to what it says of a system that is known.</summary>
public sealed class WorldModelTests : IDisposable
{
    readonly TrainData _data = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    static TrainConfig Config(WorldModelConfig model, int steps) => new()
    {
        Dataset = "any",
        Name = "model",
        Algorithm = "world_model",
        Steps = steps,
        BatchSize = 128,
        Device = "cpu",
        PolicyPeriodSteps = steps,
        CheckpointPeriodSteps = steps,
        LogPeriodSteps = Math.Max(1, steps / 5),
        WorldModel = model,
    };

    // A code of a short vector loses more of it than it tidies.
    [Fact]
    public void Encoder_IsTheIdentityForVectors_UnlessACodeIsAskedFor()
    {
        string Of(WorldModelConfig config, Space observations) => ((WorldModelConfig)config.Resolve(observations, default)).Encoder;
        var (vector, image) = (BoxSpace.Unbounded(3), new BoxSpace([2, 3, 3], new double[18], [.. Enumerable.Repeat(1.0, 18)], ElementType.UInt8));
        Assert.Equal("identity", Of(new(), vector));
        Assert.Equal(3, ((WorldModelConfig)new WorldModelConfig().Resolve(vector, default)).Latent);
        Assert.All([new() { Latent = 2 }, new() { KlWeight = 1 }, new() { Order = "joint" }, new() { Encoder = "vae" }], (WorldModelConfig config) => Assert.Equal("vae", Of(config, vector)));
        Assert.Equal("vae", Of(new(), image));
        Assert.Equal("vae", Of(new(), new DiscreteSpace(16)));
    }

    StoredWorldModel Train(TrainConfig config, TrainingColumns columns, IJobProgress? progress = null)
    {
        TrainJob.Run(config, _data.Workspace, columns, progress ?? NullProgress.Instance, default);
        return StoredWorldModel.Open(_data.Workspace, config.Name, 0, CPU);
    }

    static readonly WorldModelConfig Linear = new() { Encoder = "identity", DynamicsHidden = [], Deviation = "free", LearningRate = 0.02, ErrorHorizons = [1, 5], ErrorStarts = 300 };

    // What the model says of states and actions in the data's units.
    static double[] Next(StoredWorldModel stored, double[] s, double[] a)
    {
        var features = new float[s.Length];
        stored.Encoder.Encode([.. s.Select(x => (float)x)], features);
        using var quiet = no_grad();
        var latent = stored.Model.Encode(new(tensor(features).reshape(1, 1, -1), zeros(1, 1, a.Length)), null).select(0, 0);
        var decoded = stored.Model.Decode(stored.Model.Step(latent, tensor([.. a.Select(x => (float)x)]).reshape(1, -1), null).Latent).data<float>().ToArray();
        return [.. decoded.Select((x, d) => (x / stored.Encoder.Scale[d]) + stored.Encoder.Shift[d])];
    }

    [Fact]
    public void OfALinearSystem_TheTransitionIsTheTrueOne_WithItsNoise()
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 150, 40);
        using var stored = Train(Config(Linear, 1500), columns);
        var origin = Next(stored, [0, 0, 0], [0, 0]);
        Assert.All(origin, x => Assert.InRange(x, -0.03, 0.03));
        for (var j = 0; j < LinearSystem.States; j++)
        {
            var s = new double[LinearSystem.States];
            s[j] = 1;
            var moved = Next(stored, s, [0, 0]);
            for (var i = 0; i < LinearSystem.States; i++)
                Assert.Equal(LinearSystem.A[i, j], moved[i] - origin[i], 0.03);
        }

        for (var j = 0; j < LinearSystem.Actions; j++)
        {
            var a = new double[LinearSystem.Actions];
            a[j] = 1;
            var moved = Next(stored, [0, 0, 0], a);
            for (var i = 0; i < LinearSystem.States; i++)
                Assert.Equal(LinearSystem.B[i, j], moved[i] - origin[i], 0.03);
        }

        var deviation = ((VaeWorldModel)stored.Model).TransitionVariance!.sqrt().data<float>().ToArray();
        for (var i = 0; i < LinearSystem.States; i++)
            Assert.Equal(1, deviation[i] / stored.Encoder.Scale[i] / LinearSystem.Noise[i], 0.1);

        // The tables: one step ahead nothing but the noise is left, and the spread is right.
        Assert.All(stored.Description.Errors.Where(row => row is { Horizon: 1, Target: "observation", Dimension: not null }), row =>
        {
            Assert.Equal(LinearSystem.Noise[row.Dimension!.Value], row.Error, 0.1 * LinearSystem.Noise[row.Dimension.Value]);
            Assert.True(row.ErrorOverPersistence < 0.5, $"{row}");
        });
        var reward = stored.Description.Errors.Single(row => row is { Horizon: 1, Target: "reward" });
        // A reward is of the next state, whose noise is not known.
        var noise = Math.Sqrt(Enumerable.Range(0, LinearSystem.States).Sum(i => Math.Pow(LinearSystem.Weights[i] * LinearSystem.Noise[i], 2)) + (LinearSystem.RewardNoise * LinearSystem.RewardNoise));
        Assert.Equal(noise, reward.Error, 0.15 * noise);
        Assert.Equal([1, 5], stored.Description.Calibration.Select(row => row.Horizon).Distinct());
        Assert.All(stored.Description.Calibration, row =>
        {
            Assert.InRange(row.ZVariance, 0.8, 1.3);
            Assert.InRange(row.Within50, 0.42, 0.58);
            Assert.InRange(row.Within80, 0.72, 0.87);
            Assert.InRange(row.Within95, 0.91, 0.98);
        });
        var files = RunFolder.SeedFolder(Path.Combine(_data.Workspace.RunsFolder, "model"), 0);
        Assert.Equal(stored.Description.Errors.Count + 1, File.ReadAllLines(Path.Combine(files, "model_error.csv")).Length);
        Assert.Equal(stored.Description.Calibration.Count + 1, File.ReadAllLines(Path.Combine(files, "calibration.csv")).Length);
    }

    [Theory]
    [InlineData("staged")]
    [InlineData("joint")]
    public void TheVae_InEitherOrder_PredictsNearlyAsWellAsTheNoiseAllows(string order)
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 150, 40);
        var model = new WorldModelConfig { Order = order, Latent = 4, Hidden = [32], DynamicsHidden = [32], LearningRate = 0.01, EncoderShare = 0.5, ErrorHorizons = [1, 5], ErrorStarts = 300 };
        using var stored = Train(Config(model, order == "staged" ? 2400 : 1200), columns);
        var error = stored.Description.Errors.Single(row => row is { Horizon: 1, Target: "observation", Dimension: null });
        var features = Math.Sqrt(Enumerable.Range(0, 3).Average(i => Math.Pow(LinearSystem.Noise[i] * stored.Encoder.Scale[i], 2)));
        Assert.True(error.Error < (order == "staged" ? 2.2 : 1.6) * features, $"{error.Error} where the noise is {features}");
        Assert.True(error.ErrorOverPersistence < 0.5, $"{error}");
        Assert.All(stored.Description.Errors.Where(row => row is { Horizon: 5, Target: "observation" }), row => Assert.True(row.ErrorOverPersistence < 0.85, $"{row}"));
    }

    [Fact]
    public void OfBreakoutsFrames_TheReconstructionIsNearerThanTheMeanFrame()
    {
        Tool.Run(_data.Root, "ingest", "record", "--environment", "Breakout-MinAtar-v1", "--name", "breakout", "--steps", "3000").Expect(0);
        Tool.Run(_data.Root, "datasets", "split", "breakout", "--parts", "train=0.8,validation=0.2").Expect(0);
        using var columns = Dataset.Open(_data.Workspace, "breakout").Compile(NullProgress.Instance);
        var config = Config(new() { Hidden = [128], DynamicsHidden = [32], EncoderShare = 0.95, LearningRate = 0.004, ErrorHorizons = [1, 3], ErrorStarts = 50, ErrorSamples = 2 }, 900) with { BatchSize = 48 };
        using var stored = Train(config, columns);
        Assert.Equal(("bernoulli", "minatar", 32), (stored.Description.Config.Likelihood, stored.Description.Config.Torso, stored.Model.LatentWidth));
        var selection = EpisodeSelection.Of(columns, "validation");
        var frames = new List<float>();
        foreach (var episode in selection.Episodes)
        {
            var rows = columns.EpisodeFirstRow.Slice(episode, 2);
            foreach (var pixel in columns.ObservationBytes!.Slice(rows[0], (int)(rows[1] - rows[0])))
                frames.Add(pixel);
        }

        using var quiet = no_grad();
        var x = tensor(frames.ToArray()).reshape(1, -1, 400);
        var again = stored.Model.Decode(stored.Model.Encode(new(x, zeros(1, x.size(1), stored.Model.ActionWidth)), null));
        Assert.Equal(x.shape, again.shape);
        var (error, baseline) = (again.sub(x).square().mean().ToDouble(), x.sub(x.mean([1], keepdim: true)).square().mean().ToDouble());
        Assert.True(error < 0.6 * baseline, $"{error} where the mean frame has {baseline}");
    }

    [Fact]
    public void Dreams_AreReproducible_AndTheirGradientReachesTheAction()
    {
        var model = (WorldModelConfig)new WorldModelConfig { Hidden = [16], DynamicsHidden = [16], Members = 3, Latent = 5 }.Resolve(BoxSpace.Unbounded(3), default);
        using var world = new VaeWorldModel(model, new(BoxSpace.Unbounded(3), 2, null, 1, 2), RandomStream.Create(1, "init"), CPU);
        using Generator first = new(3), second = new(3), other = new(4);
        var (latent, action) = (randn([7, 5], generator: new Generator(1)), randn([7, 2], generator: new Generator(2)).requires_grad_());
        DreamStep Step(Generator? generator) => world.Step(latent, action, generator);
        var step = Step(first);
        Assert.Equal([7L, 5L], step.Latent.shape);
        Assert.All([step.Reward, step.Continue, step.Disagreement!, step.RewardDeviation!], x => Assert.Equal([7L], x.shape));
        Assert.True(step.Latent.allclose(Step(second).Latent, 0, 0));
        Assert.False(step.Latent.allclose(Step(other).Latent, 0, 0));
        step.Reward.sum().backward();
        Assert.True(action.grad!.abs().max().ToDouble() > 0);

        // By hand: the mean is that of the members, the disagreement the root mean square of their deviations.
        var (means, _) = world.Transition(latent, action);
        Assert.Equal([3L, 7L, 5L], means.shape);
        Golden.AssertClose(means.mean([0]), Step(null).Latent, 1e-6);
        Golden.AssertClose(means.sub(means.mean([0])).square().mean([0]).mean([1]).sqrt(), step.Disagreement!, 1e-5);
    }

    [Fact]
    public void UnknownNextObservations_TeachTheHeadsAlone()
    {
        var model = (WorldModelConfig)new WorldModelConfig { Hidden = [16], DynamicsHidden = [16], Latent = 4, Deviation = "free" }.Resolve(BoxSpace.Unbounded(3), default);
        Tensor[] Learn(float unknown)
        {
            var setup = TrainData.Setup(3, 2, 10) with { ActionSpace = new DiscreteSpace(2) };
            using var world = new VaeWorldModel(model, new(BoxSpace.Unbounded(3), 2, null, 0, 1), RandomStream.Create(1, "init"), CPU);
            using var fit = new WorldModelFit(world, model, 10, setup);
            using Generator random = new(1);
            var next = randn([8, 3], generator: random);
            next.select(0, 3).fill_(unknown);
            var known = ones(8);
            known.select(0, 3).fill_(0);
            var batch = new ModelBatch(randn([8, 3], generator: random), randn([8, 2], generator: random), randn([8], generator: random), next, known, known);
            for (var done = 0; done < 10; done++)
                fit.Learn(batch, done, measure: false);
            return [world.StateParameters!.Values.clone(), world.DynamicsParameters.Values.clone()];
        }

        var (zero, huge) = (Learn(0), Learn(50));
        Assert.True(zero[0].isfinite().all().ToBoolean());
        Assert.True(zero[0].allclose(huge[0], 0, 0));
        Assert.True(zero[1].allclose(huge[1], 0, 0));
    }

    [Theory]
    [InlineData("staged", 0, new[] { 0, 1, 2 }, new[] { 3, 4, 9 })]
    [InlineData("staged", 5, new[] { 0, 1, 5, 6 }, new[] { 2, 4, 7, 9 })]
    [InlineData("joint", 0, new int[0], new[] { 0, 5, 9 })]
    public void EncoderAndDynamics_TakeTurns(string order, int phase, int[] encoder, int[] dynamics)
    {
        var model = (WorldModelConfig)new WorldModelConfig { Encoder = "vae", Hidden = [4], DynamicsHidden = [4], Order = order, PhaseSteps = phase, EncoderShare = phase == 0 ? 0.3 : 0.4 }.Resolve(BoxSpace.Unbounded(3), default);
        using var world = new VaeWorldModel(model, new(BoxSpace.Unbounded(3), 2, null, 0, 1), RandomStream.Create(1, "init"), CPU);
        using var fit = new WorldModelFit(world, model, 10, TrainData.Setup(3, 2, 10));
        Assert.All(encoder, done => Assert.True(fit.IsEncoderTurn(done)));
        Assert.All(dynamics, done => Assert.False(fit.IsEncoderTurn(done)));
    }
}
