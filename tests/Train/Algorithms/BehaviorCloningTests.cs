using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class BehaviorCloningTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Training_OnKnownFrequencies_FindsTheBehaviorPolicy()
    {
        // In state 0 action 0 was taken in 3 of 4 steps, in state 1 in 1 of 2.
        using var columns = _data.WriteSteps("counts", 2, 2, [new(0, 0, 0, 0, false), new(0, 0, 0, 0, false), new(0, 0, 0, 0, false), new(0, 1, 0, 0, false), new(1, 0, 0, 1, false), new(1, 1, 0, 1, false)]);
        var probabilities = Learn(columns, new BcConfig { Hidden = [], LearningRate = 0.003, FinalLearningRate = 0.003, LogitPenalty = 0 });
        Assert.Equal(0.75, probabilities[0], 0.03);
        Assert.Equal(0.5, probabilities[2], 0.03);
        Assert.Equal(1, probabilities[0] + probabilities[1], 1e-6);
    }

    [Fact]
    public void Training_WithAHeavyLogitPenalty_StaysNearUniform()
    {
        using var columns = _data.WriteSteps("sure", 1, 2, [new(0, 0, 0, 0, false)]);
        Assert.True(Learn(columns, new BcConfig { Hidden = [], LearningRate = 0.02, FinalLearningRate = 0.02, LogitPenalty = 0 })[0] > 0.99);
        Assert.InRange(Learn(columns, new BcConfig { Hidden = [], LearningRate = 0.02, FinalLearningRate = 0.02, LogitPenalty = 10 })[0], 0.5, 0.6);
    }

    [Fact]
    public void Sampler_ForCloning_KeepsStepsWithoutANextObservation()
    {
        using (var writer = DatasetWriter.Create(_data.Workspace, "cut", new DatasetDescription { ObservationSpace = new DiscreteSpace(2), ActionSpace = new DiscreteSpace(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "x", Observations = [0, 1], DiscreteActions = [0, 1], Rewards = [0, 0], Truncated = true });
            writer.Commit();
        }

        using var columns = Dataset.Open(_data.Workspace, "cut").Compile(NullProgress.Instance);
        using var cloning = TrainData.Replay(columns, 4, new BcConfig().Needs);
        using var bootstrapping = TrainData.Replay(columns, 4, ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.9));
        Assert.Equal(2, cloning.Count);
        Assert.Equal(1, bootstrapping.Count);
    }

    static double[] Learn(TrainingColumns columns, BcConfig config)
    {
        using var scope = NewDisposeScope();
        using var sampler = TrainData.Replay(columns, 60, new BcConfig().Needs);
        var states = ((DiscreteSpace)columns.Info.ObservationSpace).Count;
        using var cloning = new BehaviorCloning(config, TrainData.Setup(states, 2, 1500, seed: 1));
        for (var step = 0; step < 1500; step++)
            cloning.Step(sampler.Next(), measure: false);
        using var quiet = no_grad();
        return [.. cloning.PolicyNetwork.Forward(eye(states)).softmax(-1).data<float>().ToArray().Select(p => (double)p)];
    }
}
