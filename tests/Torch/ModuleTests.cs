using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

public sealed class ModuleTests
{
    sealed class Network : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> trunk = nn.Sequential(("in", nn.Linear(3, 4)), ("act", nn.Tanh()));
        readonly Linear head = nn.Linear(4, 2, hasBias: false);
        readonly Parameter scale = new(ones(1));
        readonly Tensor mean = zeros(3).DetachFromDisposeScope();

        public Network() : base(nameof(Network))
        {
            scale.DetachFromDisposeScope();
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => head.call(trunk.call(input - mean)) * scale;

        public Parameter Scale => scale;

        public Tensor Mean => mean;
    }

    [Fact]
    public void RegisterComponents_OfFields_NamesThemInOrder()
    {
        using var network = new Network();
        Assert.Equal(["head.weight", "scale", "trunk.in.bias", "trunk.in.weight"], network.named_parameters().Select(p => p.name).Order());
        Assert.Equal(["mean"], network.named_buffers().Select(b => b.name));
        Assert.Equal(["head", "trunk", "trunk.act", "trunk.in"], network.named_modules().Select(m => m.name).Order());
        Assert.Equal(["head.weight", "mean", "scale", "trunk.in.bias", "trunk.in.weight"], network.state_dict().Keys.Order());
        Assert.Equal(2, network.children().Count());
        Assert.All(network.parameters(), p => Assert.True(p.requires_grad && p.is_leaf));
    }

    sealed class ByHand : nn.Module
    {
        public ByHand() : base(nameof(ByHand))
        {
            register_module("layer", nn.Linear(2, 3));
            register_buffer("saved", zeros(1).DetachFromDisposeScope());
            register_buffer("scratch", zeros(1).DetachFromDisposeScope(), persistent: false);
        }
    }

    [Fact]
    public void Register_ByHand_NamesOnceAndSavesPersistentBuffersOnly()
    {
        using var scope = NewDisposeScope();
        using var module = new ByHand();
        Assert.Equal(["layer.bias", "layer.weight", "saved"], module.state_dict().Keys.Order());
        Assert.Equal(["saved", "scratch"], module.named_buffers().Select(b => b.name));
        Assert.NotNull(module.get_buffer("scratch"));
        Assert.Null(module.get_parameter("layer.scale"));
        Assert.Throws<InvalidOperationException>(() => module.register_module("layer", nn.Identity()));
        Assert.Throws<ArgumentException>(() => module.register_module("a.b", nn.Identity()));
    }

    [Fact]
    public void StateDict_RoundTrip_CopiesInPlace()
    {
        using var scope = NewDisposeScope();
        using var source = new Network();
        using var target = new Network();
        var input = randn(5, 3, generator: new Generator(1));
        source.Mean.fill_(0.5);
        Assert.False(source.call(input).allclose(target.call(input)));
        var scale = target.Scale;
        target.load_state_dict(source.state_dict());
        Assert.Same(scale, target.Scale);
        Assert.True(source.call(input).allclose(target.call(input)));
        Assert.Same(source.state_dict()["scale"], source.Scale);
    }

    [Fact]
    public void LoadStateDict_OfOtherNames_ThrowsUnlessLenient()
    {
        using var scope = NewDisposeScope();
        using var network = new Network();
        var state = new Dictionary<string, Tensor> { ["scale"] = full(1, 3.0), ["other"] = ones(1) };
        Assert.Throws<InvalidOperationException>(() => network.load_state_dict(state));
        var (missing, unexpected) = network.load_state_dict(state, strict: false);
        Assert.Equal(["other"], unexpected);
        Assert.Equal(4, missing.Count);
        Assert.Equal(3f, network.Scale.item<float>());
    }

    [Fact]
    public void To_Float64_ReplacesParametersAndFields()
    {
        using var scope = NewDisposeScope();
        using var network = new Network();
        var before = network.Scale;
        Assert.Same(network, network.to(ScalarType.Float64));
        Assert.Equal(ScalarType.Float64, network.Scale.dtype);
        Assert.Equal(ScalarType.Float64, network.Mean.dtype);
        Assert.True(before.IsInvalid);
        Assert.Equal(ScalarType.Float64, network.call(ones(1, 3, float64)).dtype);
        Assert.All(network.parameters(), p => Assert.True(p.requires_grad && p.dtype == ScalarType.Float64));
    }

    [Fact]
    public void TrainAndEval_ReachEverySubmodule()
    {
        using var scope = NewDisposeScope();
        using var network = nn.Sequential(nn.Dropout(0.5), nn.Identity());
        var input = ones(1000);
        Assert.True(network.training);
        Assert.InRange((network.call(input) > 0).sum().item<long>(), 300, 700);
        network.eval();
        Assert.True(network.call(input).allclose(input));
        network.train();
        Assert.All(network.children(), c => Assert.True(c.training));
    }

    [Fact]
    public void Parameter_MadeFromATensor_TakesItOver()
    {
        using var scope = NewDisposeScope();
        var data = ones(2);
        var parameter = new Parameter(data);
        Assert.True(data.IsInvalid);
        Assert.True(parameter.requires_grad);
        Assert.True(scope.Contains(parameter));
        Assert.False(scope.Contains(data));
    }

    [Fact]
    public void ZeroGrad_OfModuleAndOptimizer_DropsOrZeroes()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(2, 1);
        using var optimizer = optim.SGD(layer.parameters(), 0.1);
        layer.call(ones(1, 2)).sum().backward();
        optimizer.zero_grad();
        Assert.Equal(0f, layer.weight.grad!.abs().sum().item<float>());
        layer.zero_grad();
        Assert.Null(layer.weight.grad);
        optimizer.step();
    }

    [Fact]
    public void Flatten_AndConv_GiveTheExpectedShape()
    {
        using var scope = NewDisposeScope();
        using var network = nn.Sequential(nn.Conv2d(2, 4, 3, stride: 2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 5));
        Assert.Equal([7L, 5], network.call(ones([7, 2, 8, 8])).shape);
    }

    [Fact]
    public void OptimizerState_SavedAndLoaded_ContinuesTheSamePath()
    {
        using var scope = NewDisposeScope();
        var first = new Parameter(ones(3));
        var second = new Parameter(ones(3));
        using var a = optim.Adam([first], 0.1);
        using var b = optim.Adam([second], 0.3);
        void Step(Parameter p, optim.Optimizer optimizer)
        {
            optimizer.zero_grad();
            (p * p).sum().backward();
            optimizer.step();
        }
        for (var k = 0; k < 5; k++) Step(first, a);
        using (no_grad()) second.copy_(first);
        b.load_state_dict(a.state_dict());
        for (var k = 0; k < 5; k++)
        {
            Step(first, a);
            Step(second, b);
        }
        Assert.Equal(first.data<float>().ToArray(), second.data<float>().ToArray());
        Assert.Equal(10, ((Adam.State)b.state_dict().State[0]).step);
    }

    [Fact]
    public void ParamGroups_OfOneOptimizer_HaveTheirOwnRates()
    {
        using var scope = NewDisposeScope();
        var (slow, fast) = (new Parameter(ones(1)), new Parameter(ones(1)));
        using var optimizer = new SGD([new SGD.ParamGroup { Parameters = [slow], Options = new SGD.Options { LearningRate = 0.01 } }, new SGD.ParamGroup { Parameters = [fast] }], 0.1);
        (slow + fast).backward();
        optimizer.step();
        Assert.Equal(0.99f, slow.item<float>(), 6);
        Assert.Equal(0.9f, fast.item<float>(), 6);
        foreach (var group in optimizer.ParamGroups) group.LearningRate = 0;
        optimizer.step();
        Assert.Equal(0.9f, fast.item<float>(), 6);
    }

    [Fact]
    public void ClipGradValue_ClampsEveryElement()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(3));
        parameter.grad = tensor(new[] { -3f, 0.2f, 5f });
        nn.utils.clip_grad_value_([parameter], 1);
        Assert.Equal([-1f, 0.2f, 1f], parameter.grad!.data<float>().ToArray());
    }
}
