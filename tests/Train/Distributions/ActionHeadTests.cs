using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

/// <summary>One density for learning and for acting, for every kind of head.</summary>
public sealed class ActionHeadTests : IDisposable
{
    static readonly BoxSpace Bounded = new([2], [-1, 10], [2, 11]);
    static readonly BoxSpace HalfBounded = new([2], [double.NegativeInfinity, 0], [double.PositiveInfinity, double.PositiveInfinity]);
    static readonly ActionUnits Units = new([0.5, 10.4], [1.5, 0.3]);

    readonly DisposeScope _scope = NewDisposeScope();
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-head-").FullName;

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public static TheoryData<string, string, string, int> Kinds()
    {
        TheoryData<string, string, string, int> rows = [];
        foreach (var scale in new[] { "state", "free" })
        {
            foreach (var (space, squash) in new[] { ("bounded", "none"), ("bounded", "tanh"), ("half", "none"), ("unbounded", "none") })
            {
                rows.Add(space, squash, scale, 1);
                rows.Add(space, squash, scale, 3);
            }
        }

        return rows;
    }

    static BoxSpace SpaceOf(string name) => name switch
    {
        "bounded" => Bounded,
        "half" => HalfBounded,
        _ => BoxSpace.Unbounded(2),
    };

    static PolicyConfig Config(string squash, string scale, int mixture) => new() { Squash = squash, Scale = scale, Mixture = mixture };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void LogProbability_OfActionsThatActingDrew_IsTheOneThatItLogged(string space, string squash, string scale, int mixture)
    {
        const int Count = 300;
        var config = Config(squash, scale, mixture);
        using var head = ActionHead.Create(SpaceOf(space), Units, config);
        using Network network = new(head.Describe(new NetworkDescription { Inputs = 3, Hidden = [16], Outputs = 1 }), RandomStream.Create(4, "init"), CPU);
        Assert.Equal(head.FreeOutputs, scale == "free" ? 2 * mixture : 0);
        using (no_grad())
        {
            // Far from its first parameters, so that limits are met.
            network.Parameters.Values.mul_(4);
            if (scale == "free")
                network.Parameters.Values.narrow(0, network.Parameters.Values.numel() - head.FreeOutputs, head.FreeOutputs).copy_(linspace(-1, 1, head.FreeOutputs));
        }

        TensorFile.Write(Path.Combine(_folder, "policy.safetensors"), [.. network.NamedTensors()]);
        JsonFiles.Write(Path.Combine(_folder, "policy.json"), Describe(SpaceOf(space), network.Description, config));
        using var policy = LearnedPolicy.Load(_folder);

        var random = RandomStream.Create(8, "rows");
        var rows = Enumerable.Range(0, Count * 3).Select(_ => (float)random.NextGaussian()).ToArray();
        var (actions, logged, scored) = (new float[Count * 2], new double[Count], new double[Count]);
        var streams = Enumerable.Range(0, Count).Select(i => RandomStream.Create(9, "act").Derive((ulong)i)).ToArray();
        policy.Act(new PolicyInput { Count = Count, Observations = rows, Random = streams }, new PolicyOutput { Continuous = actions, LogProbabilities = logged });
        policy.Score(new PolicyInput { Count = Count, Observations = rows }, new ActionBatch { Continuous = actions }, scored, []);
        Assert.Equal(logged, scored);

        using var quiet = no_grad();
        var heads = network.Forward(tensor(rows).reshape(Count, 3));
        var learned = head.Of(heads).LogProbability(tensor(actions).reshape(Count, 2)).data<float>().ToArray();
        Assert.True(logged.Distinct().Count() > Count / 2);
        // Both networks round in their own order, which small deviations magnify.
        Assert.All(logged.Zip(learned), pair => Assert.Equal(pair.First, pair.Second, 2e-3 * Math.Max(1, Math.Abs(pair.First))));
        // Of the same heads it is the same number.
        GaussianHead acting = new(SpaceOf(space), Units, 1, config);
        var values = heads.data<float>().ToArray();
        Assert.All(Enumerable.Range(0, Count), i =>
        {
            var expected = acting.LogDensity(values.AsSpan(i * head.Outputs, head.Outputs), actions.AsSpan(2 * i, 2));
            Assert.Equal(expected, learned[i], 1e-6 * Math.Max(1, Math.Abs(expected)));
        });

        var mode = head.Of(heads).Mode().data<float>().ToArray();
        using var greedy = LearnedPolicy.Load(_folder, temperature: 0);
        greedy.Act(new PolicyInput { Count = Count, Observations = rows }, new PolicyOutput { Continuous = actions });
        Assert.All(actions.Zip(mode), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Draws_OfBothSides_HaveTheSameMean(string space, string squash, string scale, int mixture)
    {
        const int Draws = 40_000;
        using var head = ActionHead.Create(SpaceOf(space), Units, Config(squash, scale, mixture));
        GaussianHead acting = new(SpaceOf(space), Units, 1, Config(squash, scale, mixture));
        Assert.Equal(acting.Outputs, head.Outputs);
        var random = RandomStream.Create(21, "heads");
        var heads = Enumerable.Range(0, head.Outputs).Select(_ => (float)(0.6 * random.NextGaussian())).ToArray();
        using Generator generator = new(6, CPU);
        var drawn = head.Of(tensor(heads).expand(Draws, heads.Length)).Sample(generator).to(ScalarType.Float64);
        var sums = new double[2];
        var action = new float[2];
        for (var i = 0; i < Draws; i++)
        {
            acting.Act(heads, [random], action);
            (sums[0], sums[1]) = (sums[0] + action[0], sums[1] + action[1]);
        }

        for (var d = 0; d < 2; d++)
        {
            var error = drawn.select(-1, d).std().ToDouble() * Math.Sqrt(2.0 / Draws);
            Assert.InRange((sums[d] / Draws) - drawn.select(-1, d).mean().ToDouble(), -4 * error, 4 * error);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_OfLogProbabilityEntropyAndKl_EqualFiniteDifferences(string space, string squash, string scale, int mixture)
    {
        const double Step = 1e-5;
        using var head = ActionHead.Create(SpaceOf(space), Units, Config(squash, scale, mixture));
        using Generator generator = new(12, CPU);
        // Within all limits.
        var heads = rand([4, head.Outputs], ScalarType.Float64, generator: generator).mul(0.8).sub(0.4);
        var others = head.Of(rand([4, head.Outputs], ScalarType.Float64, generator: generator).sub(0.5));
        var actions = head.Of(heads).Sample(generator).detach();
        foreach (var of in new Func<IActionDistribution, Tensor>[] { p => p.LogProbability(actions), p => p.Entropy(), p => p.KlTo(others) })
        {
            var leaf = heads.clone().requires_grad_();
            var gradient = autograd.grad([of(head.Of(leaf)).sum()], [leaf], allow_unused: true)[0];
            Assert.True(gradient.abs().max().ToDouble() > 1e-3);
            for (var i = 0; i < head.Outputs; i++)
            {
                var nudge = zeros_like(heads);
                nudge.narrow(-1, i, 1).fill_(Step);
                var difference = of(head.Of(heads.add(nudge))).sub(of(head.Of(heads.sub(nudge)))).div(2 * Step);
                Golden.AssertClose(difference, gradient.select(-1, i), 1e-5);
            }
        }
    }

    [Theory]
    [InlineData("bounded", -7.0)]
    [InlineData("half", -35.5)]
    public void Heads_FarBeyondTheirLimits_StayWithin_AndComeBack(string space, double second)
    {
        using var head = ActionHead.Create(SpaceOf(space), Units, new PolicyConfig());
        var heads = tensor(new[] { 2.0, second, 4.0, -9 }).unsqueeze(0).requires_grad_();
        var distribution = Assert.IsType<DiagonalGaussian>(head.Of(heads));
        var (low, high) = (SpaceOf(space).Low, SpaceOf(space).High);
        Assert.All(Enumerable.Range(0, 2), d => Assert.InRange(distribution.Mean[0, d].ToDouble(), low[d], high[d]));
        // In units of 1.5 and 0.3: within e^2 and e^-5 of them.
        Assert.InRange(distribution.LogDeviation[0, 0].ToDouble(), Math.Log(1.5), 2 + Math.Log(1.5));
        Assert.InRange(distribution.LogDeviation[0, 1].ToDouble(), -5 + Math.Log(0.3), -4 + Math.Log(0.3));
        var gradient = autograd.grad([head.Of(heads).LogProbability(tensor(new[] { 0.1, 10.5 }).unsqueeze(0)).sum()], [heads])[0];
        Assert.All(Enumerable.Range(0, 4), i => Assert.NotEqual(0, gradient[0, i].ToDouble()));
    }

    [Fact]
    public void Heads_InTheMiddle_AreTakenAsTheyAre()
    {
        using var head = ActionHead.Create(new BoxSpace([1], [-1], [1]), new ActionUnits([0], [1]), new PolicyConfig());
        var distribution = Assert.IsType<DiagonalGaussian>(head.Of(tensor(new[] { 0.02, -1.6 }).unsqueeze(0)));
        Assert.Equal(0.02, distribution.Mean.ToDouble(), 1e-5);
        Assert.Equal(-1.6, distribution.LogDeviation.ToDouble(), 1e-4);
        // tanh(1) of the way to the bound.
        distribution = Assert.IsType<DiagonalGaussian>(head.Of(tensor(new[] { 1.0, 2 }).unsqueeze(0)));
        Assert.Equal(Math.Tanh(1), distribution.Mean.ToDouble(), 1e-9);
        Assert.Equal(-1.5 + (3.5 * Math.Tanh(1)), distribution.LogDeviation.ToDouble(), 1e-9);
    }

    [Fact]
    public void Create_ForWhatDoesNotFit_SaysSo()
    {
        Assert.Contains("squash is tanh and dimension 1 of the actions goes from 0 to", Assert.Throws<UserErrorException>(() =>
            ActionHead.Create(new BoxSpace([2], [0, 0], [1, double.PositiveInfinity]), Units, Config("tanh", "state", 1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ActionHead.Create(new DiscreteSpace(3), Units, new PolicyConfig()));
        Assert.Throws<ArgumentException>(() => ActionHead.Create(Bounded, null, new PolicyConfig()));
        using var head = ActionHead.Create(new DiscreteSpace(3), null, new PolicyConfig { Mixture = 4, Scale = "free" });
        Assert.Equal((3, 0), (head.Outputs, head.FreeOutputs));
        Assert.IsType<Categorical>(head.Of(zeros([2, 3])));
        Assert.Contains("[", Assert.Throws<ArgumentException>(() => head.Of(zeros([2, 4]))).Message.Replace("heads", "[", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAHeadThatDoesNotFit_SaysSo()
    {
        var network = new NetworkDescription { Inputs = 3, Hidden = [4], Outputs = 4 };
        string Error(PolicyDescription description)
        {
            JsonFiles.Write(Path.Combine(_folder, "policy.json"), description);
            return Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(_folder)).Message;
        }

        Assert.Contains("a network of 3 inputs and 4 outputs", Error(Describe(Bounded, network, new PolicyConfig { Mixture = 2 })), StringComparison.Ordinal);
        Assert.Contains("mixture is 0", Error(Describe(Bounded, network, new PolicyConfig { Mixture = 0 })), StringComparison.Ordinal);
        Assert.Contains("squash is tanh", Error(Describe(HalfBounded, network, new PolicyConfig { Squash = "tanh" })), StringComparison.Ordinal);
        Assert.Contains("free_outputs is 4 of 4", Error(Describe(Bounded, network with { FreeOutputs = 4 }, new PolicyConfig())), StringComparison.Ordinal);
        Assert.Contains("an action_head for discrete(4)", Error(Describe(Bounded, network, new PolicyConfig()) with { ActionSpace = new DiscreteSpace(4) }), StringComparison.Ordinal);
    }

    [Fact]
    public void Config_OfWhatThereIsNot_NamesWhatThereIs()
    {
        Assert.Empty(new PolicyConfig().Validate());
        Assert.Equal(("state", "none", 1), (new PolicyConfig().Scale, new PolicyConfig().Squash, new PolicyConfig().Mixture));
        Assert.Collection(
            new PolicyConfig { Scale = "stat", Squash = "sigmoid", Mixture = 65 }.Validate(),
            fault => Assert.Contains("scale is 'stat'; expected state or free.", fault, StringComparison.Ordinal),
            fault => Assert.Contains("squash is 'sigmoid'", fault, StringComparison.Ordinal),
            fault => Assert.Contains("mixture is 65", fault, StringComparison.Ordinal));
    }

    static PolicyDescription Describe(Space actions, NetworkDescription network, PolicyConfig head) => new()
    {
        Name = "made/seed-0/step-1",
        Algorithm = "ppo",
        ObservationSpace = BoxSpace.Unbounded(3),
        ActionSpace = actions,
        Network = network,
        ActionUnits = Units,
        ActionHead = head,
        Temperature = 1,
        Dataset = "made-v1",
        ContentHash = "sha256:0",
        Run = "made",
        Seed = 0,
        Step = 1,
        ToolVersion = "0.1.0",
    };
}
