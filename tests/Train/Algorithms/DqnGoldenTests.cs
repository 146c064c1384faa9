using System.Text.Json;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>Whole updates against tests/golden/dqn.py, which computes them in plain Python.</summary>
public sealed class DqnGoldenTests
{
    readonly JsonElement _golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "dqn.json"))).RootElement;

    [Fact]
    public void Step_OfTheStoredBatches_GivesTheStoredParametersAndMetrics()
    {
        var updates = Run(changeReward: 0);
        Assert.Equal(5, updates.Count);
        Assert.All(updates, update => Assert.True(update.Error < 2e-6, $"parameters differ by {update.Error}"));
        Assert.All(updates, update => Assert.True(update.MetricError < 1e-5, $"metrics differ by {update.MetricError}"));
    }

    [Fact]
    public void Step_OfABatchWithAnotherReward_GivesOtherParameters() =>
        Assert.True(Run(changeReward: 0.01f)[^1].Error > 1e-5);

    List<(double Error, double MetricError)> Run(float changeReward)
    {
        using var scope = NewDisposeScope();
        var sizes = Floats(_golden, "sizes");
        using var dqn = new Dqn(
            new DqnConfig
            {
                Hidden = [(int)sizes[1]],
                LearningRate = _golden.GetProperty("learning_rate").GetDouble(),
                FinalLearningRate = _golden.GetProperty("final_learning_rate").GetDouble(),
                MaxGradientNorm = _golden.GetProperty("max_gradient_norm").GetDouble(),
                TargetRate = _golden.GetProperty("target_rate").GetDouble(),
                TargetPeriodSteps = _golden.GetProperty("target_period_steps").GetInt32(),
            },
            TrainData.Setup((int)sizes[0], (int)sizes[2], _golden.GetProperty("steps").GetInt32()));
        var state = ((ILearner)dqn).State;
        Set(state, "online.", Floats(_golden, "initial"));
        Set(state, "target.", Floats(_golden, "initial"));

        var results = new List<(double, double)>();
        foreach (var update in _golden.GetProperty("updates").EnumerateArray())
        {
            using var batch = Batch(update.GetProperty("batch"), (int)sizes[0], changeReward);
            dqn.MetricSums.zero_();
            dqn.Step(batch);
            var sums = dqn.MetricSums.data<double>().ToArray();
            var metricError = dqn.MetricNames.Select((name, i) => Math.Abs(sums[i] - update.GetProperty(name).GetDouble())).Max();
            results.Add((Math.Max(Distance(state, "online.", Floats(update, "online")), Distance(state, "target.", Floats(update, "target"))), metricError));
        }

        return results;
    }

    static TransitionBatch Batch(JsonElement batch, int features, float changeReward) => new()
    {
        Observations = tensor(Rows(batch, "observations")).reshape(-1, features),
        NextObservations = tensor(Rows(batch, "next_observations")).reshape(-1, features),
        Actions = tensor(Floats(batch, "actions").Select(action => (long)action).ToArray()),
        Rewards = tensor(Floats(batch, "rewards")) + changeReward,
        Discounts = tensor(Floats(batch, "discounts")),
    };

    static void Set(IReadOnlyList<NamedTensor> state, string prefix, float[] values)
    {
        using var quiet = no_grad();
        var offset = 0;
        foreach (var (_, tensor) in state.Where(named => named.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var count = (int)tensor.numel();
            tensor.copy_(torch.tensor(values[offset..(offset + count)]).reshape(tensor.shape));
            offset += count;
        }

        Assert.Equal(values.Length, offset);
    }

    static double Distance(IReadOnlyList<NamedTensor> state, string prefix, float[] expected)
    {
        var actual = state.Where(named => named.Name.StartsWith(prefix, StringComparison.Ordinal)).SelectMany(named => named.Tensor.detach().data<float>().ToArray()).ToArray();
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual, (e, a) => Math.Abs((double)e - a)).Max();
    }

    static float[] Floats(JsonElement element, string name) => element.GetProperty(name).Deserialize<float[]>()!;

    static float[] Rows(JsonElement element, string name) => element.GetProperty(name).Deserialize<float[][]>()!.SelectMany(row => row).ToArray();
}
