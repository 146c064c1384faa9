using OfflineRL.Datasets;
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

        var deviation = stored.Model.TransitionVariance!.sqrt().data<float>().ToArray();
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
}
