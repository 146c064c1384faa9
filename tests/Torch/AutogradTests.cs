using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

public sealed class AutogradTests
{
    static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = new()
    {
        ["polynomial"] = x => (x.pow(3) - 2 * x).sum(),
        ["softmax"] = x => (x.softmax(0) * x).sum(),
        ["norm"] = x => x.square().sum().sqrt(),
        ["matmul"] = x => x.view(2, 3).matmul(x.view(3, 2)).tanh().sum(),
        ["gather"] = x => x.gather(0, tensor(new[] { 1L, 1, 4 })).exp().sum(),
        ["huber"] = x => nn.functional.huber_loss(x, x.detach() - 0.3, 0.5),
        ["logaddexp"] = x => x.logaddexp(x.flip(0)).sum(),
        ["stack"] = x => stack([x, x * 2]).prod(),
        ["index"] = x => (x[TensorIndex.Slice(1, 4)] * x[0]).sum(),
    };

    public static TheoryData<string> FunctionNames => new(Functions.Keys);

    [Theory]
    [MemberData(nameof(FunctionNames))]
    public void Gradient_OfAFunction_EqualsFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        var function = name == "huber" ? x => nn.functional.huber_loss(x, full(6, 0.2, float64), 0.5) : Functions[name];
        double[] point = [0.3, -0.7, 1.1, 0.9, -0.2, 0.5];
        var x = tensor(point).requires_grad_();
        function(x).backward();
        var gradient = x.grad!.data<double>().ToArray();
        const double Step = 1e-6;
        for (var k = 0; k < point.Length; k++)
        {
            double At(double shift)
            {
                var moved = (double[])point.Clone();
                moved[k] += shift;
                return function(tensor(moved)).item<double>();
            }
            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), gradient[k], 1e-6);
        }
        Assert.Contains(gradient, g => Math.Abs(g) > 1e-3);
    }

    [Fact]
    public void Backward_Twice_AddsUpAndGradIsAFreshAlias()
    {
        using var scope = NewDisposeScope();
        var x = ones(2).requires_grad_();
        (x * 3).sum().backward();
        (x * 3).sum().backward();
        Assert.Equal(6f, x.grad![0].item<float>());
        Assert.NotSame(x.grad, x.grad);
        x.grad!.zero_();
        Assert.Equal(0f, x.grad![0].item<float>());
        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void Backward_WithInputs_FillsThoseAlone()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (ones(1).requires_grad_(), ones(1).requires_grad_());
        (x * y * 2).backward(inputs: [y]);
        Assert.Null(x.grad);
        Assert.Equal(2f, y.grad!.item<float>());
    }

    [Fact]
    public void Grad_OfUnusedInput_ThrowsOrGivesNull()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (ones(1).requires_grad_(), ones(1).requires_grad_());
        Assert.ThrowsAny<System.Runtime.InteropServices.ExternalException>(() => autograd.grad([x * 2], [y]));
        var found = autograd.grad([x * 2], [x, y], allow_unused: true);
        Assert.Equal(2f, found[0].item<float>());
        Assert.True(found[1] is null || found[1].IsInvalid);
    }

    [Fact]
    public void Grad_WithCreateGraph_CanBeDifferentiatedAgain()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.0).requires_grad_();
        var first = autograd.grad([x.pow(3)], [x], create_graph: true)[0];
        var second = autograd.grad([first], [x])[0];
        Assert.Equal(12.0, first.item<double>(), 9);
        Assert.Equal(12.0, second.item<double>(), 9);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Modes_Nested_AreRestored()
    {
        using var scope = NewDisposeScope();
        var x = ones(1).requires_grad_();
        Assert.True(is_grad_enabled());
        using (no_grad())
        {
            Assert.False((x * 2).requires_grad);
            using (enable_grad()) Assert.True((x * 2).requires_grad);
            Assert.False(is_grad_enabled());
        }
        using (set_grad_enabled(false)) Assert.False((x * 2).requires_grad);
        using (inference_mode())
        {
            Assert.True(is_inference_mode_enabled());
            Assert.False((x * 2).requires_grad);
        }
        Assert.False(is_inference_mode_enabled());
        Assert.True((x * 2).requires_grad);
        Assert.False((x * 2).detach().requires_grad);
    }
}
