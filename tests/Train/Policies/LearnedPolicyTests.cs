using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

public sealed class LearnedPolicyTests : IDisposable
{
    const int Width = 5, Actions = 3;

    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-policy-").FullName;
    readonly Network _network = new(Width, [70, 33], Actions, RandomStream.Create(1, "init"), CPU);

    public LearnedPolicyTests()
    {
        TensorFile.Write(Path.Combine(_folder, "policy.safetensors"), [.. _network.NamedTensors()]);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description);
    }

    public void Dispose()
    {
        _network.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Act_Greedily_TakesTheActionOfTheHighestScoreByLibtorch()
    {
        using var policy = LearnedPolicy.Load(_folder);
        var rows = Rows(200);
        var (actions, probabilities) = Act(policy, rows);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var expected = _network.Forward(tensor(rows).reshape(-1, Width)).argmax(-1).data<long>().ToArray();
        Assert.True(expected.Distinct().Count() > 1);
        Assert.Equal(expected, actions.Select(action => (long)action));
        Assert.All(actions.Select((action, i) => probabilities[(i * Actions) + action]), probability => Assert.Equal(1, probability));
    }

    [Fact]
    public void Score_BySoftmax_EqualsLibtorchs()
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 0.5);
        var rows = Rows(50);
        var (logProbabilities, probabilities) = (new double[50], new double[50 * Actions]);
        var actions = Enumerable.Range(0, 50).Select(i => i % Actions).ToArray();
        policy.Score(new PolicyInput { Count = 50, Observations = rows }, new ActionBatch { Discrete = actions }, logProbabilities, probabilities);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var expected = (_network.Forward(tensor(rows).reshape(-1, Width)) / 0.5).softmax(-1).data<float>().ToArray();
        Assert.All(expected.Zip(probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.All(Enumerable.Range(0, 50), i => Assert.Equal(Math.Log(probabilities[(i * Actions) + actions[i]]), logProbabilities[i], 1e-12));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(101)]
    public void Act_InBatchesOfAnySize_GivesTheSameDigits(int batch)
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 1, epsilon: 0.1);
        var rows = Rows(130);
        var (actions, probabilities) = Act(policy, rows);
        for (var start = 0; start < 130; start += batch)
        {
            var count = Math.Min(batch, 130 - start);
            var (someActions, someProbabilities) = Act(policy, rows[(start * Width)..((start + count) * Width)], start);
            Assert.Equal(actions[start..(start + count)], someActions);
            Assert.Equal(probabilities[(start * Actions)..((start + count) * Actions)], someProbabilities);
        }
    }

    [Fact]
    public void Act_WithEpsilon_SharesItAmongAllowedActions()
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 0, epsilon: 0.3);
        var (_, probabilities) = Act(policy, Rows(1));
        Assert.Equal([0.1, 0.1, 0.8], probabilities.Order().Select(p => Math.Round(p, 12)));
        var (actions, masked) = Act(policy, Rows(40), mask: [true, false, true]);
        Assert.DoesNotContain(1, actions);
        Assert.Equal(0, masked[1]);
        Assert.Equal(1, masked[0] + masked[2], 1e-12);
        Assert.Equal(0.15, Math.Min(masked[0], masked[2]), 1e-12);
    }

    [Fact]
    public void Act_WithAMaskThatAllowsNothing_SaysSo()
    {
        using var policy = LearnedPolicy.Load(_folder);
        Assert.Contains("the mask allows none", Assert.Throws<UserErrorException>(() => Act(policy, Rows(1), mask: [false, false, false])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Act_DrawnManyTimes_FollowsItsProbabilities()
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 1);
        const int Draws = 20_000;
        var row = Rows(1);
        var (actions, probabilities) = Act(policy, Enumerable.Repeat(row, Draws).SelectMany(r => r).ToArray());
        for (var a = 0; a < Actions; a++)
        {
            var p = probabilities[a];
            // Four standard errors; the seed is fixed.
            Assert.InRange(actions.Count(action => action == a) / (double)Draws, p - (4 * Math.Sqrt(p * (1 - p) / Draws)), p + (4 * Math.Sqrt(p * (1 - p) / Draws)));
        }
    }

    [Fact]
    public void Act_OnceItsBuffersFit_AllocatesNothing()
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 1);
        var rows = Rows(64);
        var (actions, streams) = (new int[64], Streams(64, 0));
        policy.Act(new PolicyInput { Count = 64, Observations = rows, Random = streams }, new PolicyOutput { Discrete = actions });
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            policy.Act(new PolicyInput { Count = 64, Observations = rows, Random = streams }, new PolicyOutput { Discrete = actions });
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Act_OnDiscreteObservations_ReadsThemAsOneHot()
    {
        WriteDescription(new DiscreteSpace(Width), _network.Description);
        using var policy = LearnedPolicy.Load(_folder, temperature: 1);
        var (_, probabilities) = Act(policy, [3], width: 1);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description);
        using var same = LearnedPolicy.Load(_folder, temperature: 1);
        Assert.Equal(Act(same, [0, 0, 0, 1, 0]).Probabilities, probabilities);
        Assert.Contains("is 5; the space has 0 to 4", Assert.Throws<UserErrorException>(() => Act(policy, [5], width: 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfFilesThatContradictEachOther_SaysWhatIsWrong()
    {
        Assert.Contains("does not exist", Error(Path.Combine(_folder, "absent")), StringComparison.Ordinal);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description with { Hidden = [70, 34] });
        Assert.Contains("'layers.1.weight' is F32 [33, 70]; expected F32 [34, 70]", Error(_folder), StringComparison.Ordinal);
        WriteDescription(BoxSpace.Unbounded(Width + 1), _network.Description);
        Assert.Contains("a network of 5 inputs", Error(_folder), StringComparison.Ordinal);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description with { Hidden = [70, 0] });
        Assert.Contains("widths of at least 1", Error(_folder), StringComparison.Ordinal);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description, temperature: -1);
        Assert.Contains("temperature is -1", Error(_folder), StringComparison.Ordinal);
        WriteDescription(BoxSpace.Unbounded(Width), _network.Description);
        Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(_folder, epsilon: 1.5));

        using (no_grad())
        using (NewDisposeScope())
            _network.Parameters.Values.narrow(0, 7, 1).fill_(float.NaN);
        File.Delete(Path.Combine(_folder, "policy.safetensors"));
        TensorFile.Write(Path.Combine(_folder, "policy.safetensors"), [.. _network.NamedTensors()]);
        Assert.Contains("holds NaN", Error(_folder), StringComparison.Ordinal);
    }

    static string Error(string folder) => Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(folder)).Message;

    static float[] Rows(int count)
    {
        var random = RandomStream.Create(2, "rows");
        return Enumerable.Range(0, count * Width).Select(_ => (float)(2 * random.NextGaussian())).ToArray();
    }

    static RandomStream[] Streams(int count, int first) => [.. Enumerable.Range(first, count).Select(i => RandomStream.Create(3, "act").Derive((ulong)i))];

    static (int[] Actions, double[] Probabilities) Act(LearnedPolicy policy, float[] rows, int first = 0, bool[]? mask = null, int width = Width)
    {
        var count = rows.Length / width;
        var (actions, probabilities) = (new int[count], new double[count * Actions]);
        policy.Act(
            new PolicyInput { Count = count, Observations = rows, Random = Streams(count, first), ActionMasks = mask is null ? [] : Enumerable.Repeat(mask, count).SelectMany(m => m).ToArray() },
            new PolicyOutput { Discrete = actions, Probabilities = probabilities, LogProbabilities = new double[count] });
        return (actions, probabilities);
    }

    void WriteDescription(Space observations, NetworkDescription network, double temperature = 0) => JsonFiles.Write(Path.Combine(_folder, "policy.json"), new PolicyDescription
    {
        Name = "made/seed-0/step-1",
        Algorithm = "dqn",
        ObservationSpace = observations,
        ActionSpace = new DiscreteSpace(Actions),
        Network = network,
        Temperature = temperature,
        Dataset = "made-v1",
        ContentHash = "sha256:0",
        Run = "made",
        Seed = 0,
        Step = 1,
        ToolVersion = "0.1.0",
    });
}
