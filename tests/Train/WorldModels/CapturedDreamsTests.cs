using OfflineRL.Datasets;
using OfflineRL.Tests.Torch;
using OfflineRL.Torch;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>Learning in dreams whose gradients are captured as one graph: every digit as without, by an engine that does all that CUDA does but the launching; and with CUDA, where it is.</summary>
public sealed class CapturedDreamsTests : IDisposable
{
    const int Features = 3, Updates = 7;

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static LearnerSetup Setup(bool isDiscrete, Device? device = null)
    {
        Space actions = isDiscrete ? new DiscreteSpace(2) : new BoxSpace([1], [-2], [2]);
        return new(BoxSpace.Unbounded(Features), 2, 100, RandomStream.Create(3, "init"), device ?? CPU) { ActionSpace = actions, ActionUnits = isDiscrete ? null : new ActionUnits([0], [2]) };
    }

    static IWorldModel Model(string kind, int members, LearnerSetup setup)
    {
        var shape = WorldModel.ShapeOf(setup);
        if (kind == "vae")
            return new VaeWorldModel((WorldModelConfig)new WorldModelConfig { Latent = 4, DynamicsHidden = [8], Hidden = [8], Members = members }.Resolve(setup.Observations, default), shape, setup.Random, setup.Device);
        var config = (DreamerConfig)new DreamerConfig { Model = new() { Deterministic = 6, Latent = kind, Groups = 2, Classes = 3, Units = 8, Members = members } }.Resolve(setup.Observations, default);
        return new Rssm(config.Model, new() { Inputs = Features, Hidden = [], Outputs = 8 }, shape, setup.Random, setup.Device);
    }

    static DreamingConfig Config(string gradient, string critic) => new TestDreams
    {
        Gradient = gradient, Critic = critic, Horizon = 4, Hidden = [8], EntropyBonus = 1e-2, BehaviorWeight = 0.1, ActorLearningRate = 1e-2, CriticLearningRate = 1e-2,
        SlowCritic = critic == DreamingConfig.TwoHotCritic ? DreamingConfig.SlowRegularizer : DreamingConfig.SlowTargets,
        ReturnNormalization = critic == DreamingConfig.TwoHotCritic ? DreamingConfig.Percentile : DreamingConfig.NoNormalization,
    };

    // Updates of one batch size, of others limits, and of another batch size: their scalars and all that was learned after each.
    static List<byte[]> Learn(DreamActorCritic learner, IWorldModel model, bool isDiscrete, Device device, Action? each = null)
    {
        using var generator = new Generator(0, device);
        var found = new List<byte[]>();
        for (var phase = 0; phase < 3; phase++)
        {
            learner.Limits = phase == 0 ? null : new(3, 0.3, 0.5);
            for (var i = 0; i < Updates; i++)
            {
                using var scope = NewDisposeScope();
                generator.manual_seed((100 * phase) + i);
                var starts = randn([phase == 2 ? 9 : 6, model.LatentWidth], device: device, generator: generator);
                var logged = isDiscrete ? randint(0, 2, [starts.size(0)], dtype: ScalarType.Int64, device: device, generator: generator) : rand([starts.size(0), 1], device: device, generator: generator);
                var scalars = learner.Update(model, starts, logged, found.Count, generator, measure: true);
                Assert.Equal(DreamActorCritic.MetricNames.Count, scalars.Count);
                found.Add([.. scalars.Concat(learner.State().Select(entry => entry.Tensor)).SelectMany(tensor => tensor.detach().cpu().to(ScalarType.Float64).contiguous().bytes.ToArray())]);
                each?.Invoke();
            }
        }

        return found;
    }

    static IEnumerable<(string Gradient, string Critic, string Model, int Members, bool IsDiscrete)> AllCases =>
        from gradient in new[] { DreamingConfig.ScoreFunction, DreamingConfig.Pathwise }
        from critic in new[] { DreamingConfig.NormalCritic, DreamingConfig.TwoHotCritic }
        from model in new[] { "vae", RssmConfig.Categorical, RssmConfig.Gaussian }
        from members in new[] { 1, 3 }
        from isDiscrete in new[] { true, false }
        select (gradient, critic, model, members, isDiscrete);

    public static TheoryData<string, string, string, int, bool> Cases => new(AllCases);

    [Theory]
    [MemberData(nameof(Cases))]
    public void UpdatesByReplay_AreTheUpdates_DigitForDigit(string gradient, string critic, string kind, int members, bool isDiscrete)
    {
        Assert.SkipUnless(TorchExtras.IsSupported, "TorchSharp's draws cannot be taped");
        var setup = Setup(isDiscrete);
        using var model = Model(kind, members, setup);
        using var engine = new RerunEngine();
        using var plain = new DreamActorCritic(Config(gradient, critic), setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth);
        using var captured = new DreamActorCritic(Config(gradient, critic), setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth, engine);
        var expected = Learn(plain, model, isDiscrete, CPU);
        Assert.Equal(expected.Count, expected.Distinct(new SameBytes()).Count());
        Assert.Equal(expected, Learn(captured, model, isDiscrete, CPU));
        Assert.Null(captured.TakeNotice());
        Assert.False(plain.IsCaptured);
        // Anew for other limits, and for another batch size.
        Assert.Equal((3, 1), (engine.Captures, engine.Live));
        Assert.Equal(3 * (1 + Updates - CapturedFunction.WarmUps), engine.Replays);
    }

    [Fact]
    public void ScalarsThatAreNotWanted_DoNotComeOutOfAGraph_AndUpdatesKeepNoTensors()
    {
        Assert.SkipUnless(TorchExtras.IsSupported, "TorchSharp's draws cannot be taped");
        var setup = Setup(isDiscrete: true);
        using var model = Model("vae", 1, setup);
        using var learner = new DreamActorCritic(Config(DreamingConfig.ScoreFunction, DreamingConfig.NormalCritic), setup, model.LatentWidth, new RerunEngine());
        using var generator = new Generator(1);
        var (live, reads) = (0L, 0L);
        for (var i = 0; i < 10; i++)
        {
            using (NewDisposeScope())
                Assert.Equal(i % 2 == 0, learner.Update(model, randn([6, model.LatentWidth], generator: generator), null, i, generator, measure: i % 2 == 0).Count > 0);
            if (i == CapturedFunction.WarmUps)
                (live, reads) = (DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, TorchExtras.HostReads);
        }

        Assert.Equal((live, reads), (DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, TorchExtras.HostReads));
    }

    [Fact]
    public void AModelThatReadsTheHost_IsLearnedInAllTheSame_AndTheRunSaysWhy()
    {
        Assert.SkipUnless(TorchExtras.IsSupported, "TorchSharp's draws cannot be taped");
        var setup = Setup(isDiscrete: true);
        using var inner = Model("vae", 1, setup);
        using var model = new ReadingModel(inner);
        using var plain = new DreamActorCritic(Config(DreamingConfig.Pathwise, DreamingConfig.NormalCritic), setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth);
        using var captured = new DreamActorCritic(Config(DreamingConfig.Pathwise, DreamingConfig.NormalCritic), setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth, new RerunEngine());
        Assert.Equal(Learn(plain, model, isDiscrete: true, CPU), Learn(captured, model, isDiscrete: true, CPU));
        Assert.False(captured.IsCaptured);
        Assert.Contains("Gradients in dreams are not captured as a CUDA graph, and go on operator by operator: What waits for the device", captured.TakeNotice(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public void GenerationsByReplay_AreTheGenerations_DigitForDigit(bool isDiscrete, int members)
    {
        Assert.SkipUnless(TorchExtras.IsSupported, "TorchSharp's draws cannot be taped");
        using var engine = new RerunEngine();
        var expected = Evolve(isDiscrete, members, CPU, null, out _);
        Assert.Equal(expected.Count, expected.Distinct(new SameBytes()).Count());
        Assert.Equal(expected, Evolve(isDiscrete, members, CPU, engine, out var notice));
        Assert.Null(notice);
        Assert.Equal((2, 2 * (1 + Updates - CapturedFunction.WarmUps)), (engine.Captures, engine.Replays));
        Assert.True(engine.IsDisposed);
    }

    // Generations under one model's limits, and under others.
    static List<byte[]> Evolve(bool isDiscrete, int members, Device device, IGraphEngine? engine, out string? notice)
    {
        var setup = Setup(isDiscrete, device);
        using var model = new MemoryWorldModel((WorldModelConfig)new WorldModelConfig { Latent = 3, Hidden = [8], Members = members }.Resolve(setup.Observations, default), new() { Units = 4, Components = 2, Hidden = [5] }, WorldModel.ShapeOf(setup), setup.Random, device);
        using var search = new ControllerSearch(new(model.ControllerWidth, [4], setup.ActionSpace!), 0.3, 6, RandomStream.Create(1, "init"), RandomStream.Create(2, "draws"), device, engine);
        using var generator = new Generator(0, device);
        var found = new List<byte[]>();
        foreach (var limits in new DreamLimits[] { new(5, 0, null), new(5, 0.2, members == 1 ? null : 0.05) })
        {
            var careful = new CautiousWorldModel(model, limits);
            for (var i = 0; i < Updates; i++)
            {
                using var scope = NewDisposeScope();
                generator.manual_seed(found.Count);
                var metrics = search.Advance(new(limits.Horizon, 0.9), careful, randn([4, model.LatentWidth], device: device, generator: generator), rand([], device: device, generator: generator), generator, found.Count);
                found.Add([.. metrics.Concat(search.State("").Select(entry => entry.Tensor)).SelectMany(tensor => tensor.detach().cpu().to(ScalarType.Float64).contiguous().bytes.ToArray())]);
            }
        }

        notice = search.TakeNotice();
        return found;
    }

    [Fact]
    public void Imagination_CanBeCapturedAlone()
    {
        Assert.SkipUnless(TorchExtras.IsSupported, "TorchSharp's draws cannot be taped");
        var setup = Setup(isDiscrete: true);
        using var model = Model(RssmConfig.Categorical, 1, setup);
        using var learner = new DreamActorCritic(Config(DreamingConfig.ScoreFunction, DreamingConfig.NormalCritic), setup, model.LatentWidth);
        using var function = new CapturedFunction("Dreams", new RerunEngine(), []);
        using var generator = new Generator(1);
        using var starts = randn([5, model.LatentWidth], generator: generator);
        for (var i = 0; i < 6; i++)
        {
            generator.manual_seed(i);
            var found = function.Run("dreams", [starts], generator, inputs => learner.Imagine(model, inputs[0], generator) is var dream ? [dream.Latents, dream.Rewards] : []);
            generator.manual_seed(i);
            var dreamed = learner.Imagine(model, starts, generator);
            Assert.Equal(dreamed.Latents.data<float>().ToArray(), found[0].data<float>().ToArray());
            Assert.Equal(dreamed.Rewards.data<float>().ToArray(), found[1].data<float>().ToArray());
        }

        Assert.True(function.IsCaptured);
    }

    [Fact]
    public void OnAGpu_UpdatesByReplay_AreTheUpdates_InAllCases()
    {
        Assert.SkipUnless(cuda.is_available() && CudaGraphs.IsSupported, "this machine has no GPU, or the shim was built without CUDA graphs");
        foreach (var (gradient, critic, kind, members, isDiscrete) in AllCases)
        {
            var setup = Setup(isDiscrete, CUDA);
            using var model = Model(kind, members, setup);
            using var plain = new DreamActorCritic(Config(gradient, critic) with { CudaGraph = DreamingConfig.Off }, setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth);
            using var captured = new DreamActorCritic(Config(gradient, critic), setup with { Random = RandomStream.Create(5, "actor") }, model.LatentWidth);
            var replayed = 0;
            var (expected, found) = (Learn(plain, model, isDiscrete, setup.Device), Learn(captured, model, isDiscrete, setup.Device, () => replayed += captured.IsCaptured ? 1 : 0));
            Assert.Null(captured.TakeNotice());
            Assert.Equal(3 * (1 + Updates - CapturedFunction.WarmUps), replayed);
            // Sums are added up in any order there, and one update builds on the other.
            var (a, b) = (Numbers(expected[^1]), Numbers(found[^1]));
            var far = a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
            Assert.True(far < 0.02 * a.Max(Math.Abs), $"{gradient}, {critic}, {kind}, {members} members, {(isDiscrete ? "discrete" : "continuous")}: {far}");
        }

        // CMA-ES goes by ranks, which rounding rarely changes: the first replays say it.
        foreach (var (isDiscrete, members) in new[] { (true, 1), (false, 3) })
        {
            var expected = Evolve(isDiscrete, members, CUDA, null, out _);
            var found = Evolve(isDiscrete, members, CUDA, CudaGraphs.EngineFor(CUDA), out var notice);
            Assert.Null(notice);
            Assert.Equal(Numbers(expected[CapturedFunction.WarmUps])[0], Numbers(found[CapturedFunction.WarmUps])[0], 1e-3);
        }

        static double[] Numbers(byte[] bytes) => [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(bytes).ToArray().Where(double.IsFinite)];
    }

    sealed class SameBytes : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => bytes.Length;
    }

    // Decides on the host what it does.
    sealed class ReadingModel(IWorldModel model) : IWorldModel
    {
        public int LatentWidth => model.LatentWidth;

        public int ActionWidth => model.ActionWidth;

        public Tensor Encode(ModelSequences sequences, Generator? generator) => model.Encode(sequences, generator);

        public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
        {
            var step = model.Step(latent, action, generator);
            return step.Reward.detach().mean().ToDouble() > 1e6 ? step with { Reward = step.Reward.mul(2) } : step;
        }

        public Tensor Decode(Tensor latent) => model.Decode(latent);

        public void Dispose()
        {
        }
    }
}
