using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public sealed class DqnTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    // A corridor of four states: right leads on, left leads back, right from the last state ends with reward 1; each
    // other step costs 0.1. Episodes of one step are cut, not terminated: their future counts.
    static TrainData.Transition Corridor(int state, int action)
    {
        var isEnd = state == 3 && action == 1;
        return new(state, action, isEnd ? 1 : -0.1, isEnd ? 0 : Math.Clamp(state + (action == 1 ? 1 : -1), 0, 3), isEnd);
    }

    static IEnumerable<TrainData.Transition> AllOfCorridor() =>
        Enumerable.Range(0, 8).Select(i => Corridor(i / 2, i % 2));

    static double[] ExactActionValues(double gamma)
    {
        var q = new double[8];
        for (var sweep = 0; sweep < 1000; sweep++)
        {
            q = AllOfCorridor().Select(row => row.Reward + (row.Terminated ? 0 : gamma * Math.Max(q[2 * row.Next], q[(2 * row.Next) + 1]))).ToArray();
        }

        return q;
    }

    [Theory]
    [InlineData(true, 1, 0.05)]
    [InlineData(false, 1, 0.05)]
    [InlineData(true, 50, 1.0)]
    public void Training_OnACorridor_FindsTheExactActionValues(bool isDouble, int period, double rate)
    {
        const double Gamma = 0.9;
        using var columns = _data.WriteSteps("corridor", 4, 2, AllOfCorridor());
        var config = new DqnConfig { Discount = Gamma, Double = isDouble, Hidden = [32], LearningRate = 0.01, TargetPeriodSteps = period, TargetRate = rate };
        var values = Learn(columns, config, steps: 3000);
        var exact = ExactActionValues(Gamma);
        Assert.Equal(0.458, exact[1], 1e-9);
        Assert.All(exact.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 0.02));
    }

    [Fact]
    public void Training_WithDiscountZero_FindsTheRewards()
    {
        using var columns = _data.WriteSteps("corridor", 4, 2, AllOfCorridor());
        var values = Learn(columns, new DqnConfig { Discount = 0, Hidden = [32], LearningRate = 0.01 }, steps: 1500);
        Assert.All(AllOfCorridor().Zip(values), pair => Assert.Equal(pair.First.Reward, pair.Second, 0.01));
    }

    [Fact]
    public void Training_OnOneStateThatNeverEnds_FindsTheGeometricSum()
    {
        using var columns = _data.WriteSteps("loop", 1, 1, [new(0, 0, 0.5, 0, false)]);
        var values = Learn(columns, new DqnConfig { Discount = 0.8, Hidden = [8], LearningRate = 0.01, TargetRate = 0.1 }, steps: 2000);
        Assert.Equal(0.5 / (1 - 0.8), values[0], 0.02);
    }

    [Fact]
    public void Step_BetweenTargetUpdates_LeavesTheTargetAlone()
    {
        using var columns = _data.WriteSigns();
        using var scope = NewDisposeScope();
        using var sampler = Sampler(columns, 8, 0.9);
        using var dqn = new Dqn(new DqnConfig { Hidden = [8], TargetPeriodSteps = 5, TargetRate = 1 }, TrainData.Setup(3, 2, 100));
        var probe = ones(1, 3);
        var first = Values(dqn.TargetActionValues(probe));
        for (var step = 1; step <= 4; step++)
        {
            dqn.Step(sampler.Next());
            Assert.Equal(first, Values(dqn.TargetActionValues(probe)));
            Assert.NotEqual(first, Values(dqn.ActionValues(probe)));
        }

        dqn.Step(sampler.Next());
        Assert.Equal(Values(dqn.ActionValues(probe)), Values(dqn.TargetActionValues(probe)));
    }

    [Fact]
    public void Step_Double_DiffersFromSingleOnceTheNetworksDisagree()
    {
        using var columns = _data.WriteSigns();
        double[] Train(bool isDouble) => Learn(columns, new DqnConfig { Hidden = [8], Double = isDouble, TargetPeriodSteps = 40, TargetRate = 1, LearningRate = 0.05 }, steps: 60, batch: 8);
        Assert.Equal(Train(true), Train(true));
        Assert.NotEqual(Train(true), Train(false));
    }

    [Fact]
    public void Step_WithAMask_NeverValuesAForbiddenAction()
    {
        // Action 1 is worth 100 and forbidden at s_t; the target is the reward plus the discounted value of action 0.
        using var scope = NewDisposeScope();
        double Error(bool allowed)
        {
            using var dqn = new Dqn(new DqnConfig { Hidden = [], Double = false }, TrainData.Setup(1, 2, 10));
            var state = ((ILearner)dqn).State;
            using (no_grad())
            {
                foreach (var (name, tensor) in state.Where(named => named.Name.EndsWith("weight", StringComparison.Ordinal) || named.Name.EndsWith("bias", StringComparison.Ordinal)))
                    tensor.copy_(name.EndsWith("bias", StringComparison.Ordinal) ? torch.tensor(new float[] { 2, 100 }) : zeros(2, 1));
            }

            using var batch = new TransitionBatch
            {
                Observations = ones(1, 1),
                NextObservations = ones(1, 1),
                Actions = zeros(1, dtype: ScalarType.Int64),
                Rewards = ones(1),
                Discounts = full([1], 0.5f, dtype: ScalarType.Float32),
                ActionMasks = torch.tensor(new[] { true, true }).reshape(1, 2),
                NextActionMasks = torch.tensor(new[] { true, allowed }).reshape(1, 2),
            };
            dqn.Step(batch);
            return dqn.MetricSums.data<double>().ToArray()[1];
        }

        // |1 + 0.5 * 2 - 2| and |1 + 0.5 * 100 - 2|.
        Assert.Equal(0, Error(allowed: false), 1e-6);
        Assert.Equal(49, Error(allowed: true), 1e-5);
    }

    [Fact]
    public void Step_AThousandTimes_LeavesNoTensorBehind()
    {
        using var columns = _data.WriteSigns();
        using var sampler = Sampler(columns, 8, 0.9);
        using var dqn = new Dqn(new DqnConfig { Hidden = [8] }, TrainData.Setup(3, 2, 2000));
        for (var step = 0; step < 10; step++)
            dqn.Step(sampler.Next());
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 1000; step++)
            dqn.Step(sampler.Next(), measure: step % 10 == 0);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        // What is left is the handles' wrappers: a few kilobytes a step, no buffers.
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - bytes < 1000 * 16_384);
    }

    static double[] Learn(TrainingColumns columns, DqnConfig config, int steps, int batch = 16)
    {
        using var scope = NewDisposeScope();
        using var sampler = Sampler(columns, batch, config.Discount);
        var features = columns.Info.ObservationSpace is DiscreteSpace discrete ? discrete.Count : columns.Info.ObservationSpace.FlatSize;
        using var dqn = new Dqn(config, TrainData.Setup(features, ((DiscreteSpace)columns.Info.ActionSpace).Count, steps, seed: 1));
        for (var step = 0; step < steps; step++)
            dqn.Step(sampler.Next(), measure: false);
        return [.. Values(dqn.ActionValues(eye(features)).reshape(-1)).Select(value => (double)value)];
    }

    static TransitionReplay Sampler(TrainingColumns columns, int batch, double discount) =>
        TrainData.Replay(columns, batch, new DqnConfig { Discount = discount }.Needs);

    static float[] Values(Tensor tensor) => tensor.data<float>().ToArray();
}
