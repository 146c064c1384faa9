using OfflineRL.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Convolutions with kernels of their own in float32 against plain operators in float64, which are what the same calls do with doubles.</summary>
public sealed class ConvolutionExtrasTests
{
    static void Close(Tensor expected, Tensor actual, double within = 1e-4)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.to(ScalarType.Float32).allclose(actual, rtol: within, atol: within), $"largest difference {(expected - actual).abs().max().ToDouble()}");
    }

    static void AssertSame(Func<Tensor, Tensor, Tensor, Tensor> function, Tensor input, Tensor weight, Tensor bias)
    {
        Tensor[] given = [input, weight, bias], kernel = [.. given.Select(t => t.clone().requires_grad_())], plain = [.. given.Select(t => t.to(ScalarType.Float64).requires_grad_())];
        var (found, expected) = (function(kernel[0], kernel[1], kernel[2]), function(plain[0], plain[1], plain[2]));
        Close(expected, found);
        using var generator = new Generator(77);
        var weights = randn(found.shape, generator: generator);
        found.mul(weights).sum().backward();
        expected.mul(weights.to(ScalarType.Float64)).sum().backward();
        for (var k = 0; k < given.Length; k++)
        {
            Assert.True(plain[k].grad!.abs().max().ToDouble() > 1e-2);
            Close(plain[k].grad!, kernel[k].grad!);
        }
    }

    // One image and several blocks of them; strides that leave rows and columns over; filters that are not square; many channels.
    [Theory]
    [InlineData(64, 4, 10, 10, 16, 3, 3, 1)]
    [InlineData(1, 1, 3, 5, 2, 3, 2, 1)]
    [InlineData(5, 3, 11, 8, 7, 4, 3, 2)]
    [InlineData(40, 2, 20, 21, 5, 8, 5, 4)]
    [InlineData(6, 16, 9, 9, 8, 3, 3, 2)]
    public void Convolution_ForwardAndBackward_EqualDoublePrecision(int images, int channels, int rows, int columns, int filters, int height, int width, int stride)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var input = randn([images, channels, rows, columns], generator: generator);
        Tensor weight = randn([filters, channels, height, width], generator: generator).mul(0.3), bias = randn([filters], generator: generator);
        foreach (var rectify in new[] { true, false })
            AssertSame((x, w, b) => TorchExtras.Convolution(x, w, b, stride, rectify), input, weight, bias);
        // An image of which rows and channels lie elsewhere.
        AssertSame((x, w, b) => TorchExtras.Convolution(x.permute(0, 3, 1, 2), w, b, stride, rectify: true), input.permute(0, 2, 3, 1).contiguous(), weight, bias);
    }

    [Theory]
    [InlineData(64, 16, 8, 8, 4, 3, 3, 1, 0, 0)]
    [InlineData(1, 1, 1, 2, 3, 3, 2, 1, 0, 0)]
    [InlineData(9, 5, 4, 3, 2, 4, 3, 3, 2, 1)]
    [InlineData(40, 5, 4, 4, 2, 8, 5, 4, 0, 3)]
    public void TransposedConvolution_ForwardAndBackward_EqualDoublePrecision(int images, int filters, int rows, int columns, int channels, int height, int width, int stride, int moreRows, int moreColumns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var input = randn([images, filters, rows, columns], generator: generator);
        Tensor weight = randn([filters, channels, height, width], generator: generator).mul(0.3), bias = randn([channels], generator: generator);
        foreach (var rectify in new[] { true, false })
            AssertSame((x, w, b) => TorchExtras.TransposedConvolution(x, w, b, stride, (moreRows, moreColumns), rectify), input, weight, bias);
    }

    [Fact]
    public void Convolution_OfParameters_AddsToTheirGradients()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var (weight, bias) = (new Parameter(randn([2, 3, 2, 2], generator: generator)), new Parameter(zeros(2)));
        using var flat = new FlatParameters([weight, bias]);
        var x = randn([4, 3, 5, 5], generator: generator);
        TorchExtras.Convolution(x, weight, bias, 1, rectify: true).sum().backward();
        var once = flat.Gradients.clone();
        Assert.True(once.narrow(0, 0, 24).abs().max().ToDouble() > 1e-2);
        TorchExtras.Convolution(x, weight, bias, 1, rectify: true).sum().backward();
        Close(once.mul(2), flat.Gradients);
    }

    [Fact]
    public void Convolutions_UnderCreateGraph_HaveSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        Tensor image = randn([2, 2, 4, 4], generator: generator), weight = randn([3, 2, 2, 2], generator: generator), small = randn([2, 3, 3, 3], generator: generator);
        Same((x, w) => TorchExtras.Convolution(x, w, zeros(3, dtype: x.dtype), 1, rectify: true), image);
        Same((x, w) => TorchExtras.TransposedConvolution(x, w, zeros(2, dtype: x.dtype), 2, (1, 1), rectify: true), small);

        void Same(Func<Tensor, Tensor, Tensor> function, Tensor input) => Close(Second(function, input, ScalarType.Float64), Second(function, input, ScalarType.Float32));

        // By the weight, of the squared length of the gradient by the input.
        Tensor Second(Func<Tensor, Tensor, Tensor> function, Tensor input, ScalarType type)
        {
            var (x, w) = (input.to(type).clone().requires_grad_(), weight.to(type).clone().requires_grad_());
            var first = autograd.grad([function(x, w).square().sum()], [x], create_graph: true)[0];
            var second = autograd.grad([first.square().sum()], [w])[0];
            Assert.True(second.abs().max().ToDouble() > 1e-2);
            return second;
        }
    }

    [Fact]
    public void Convolution_OfOtherShapes_SaysSo()
    {
        using var scope = NewDisposeScope();
        if (!TorchExtras.IsSupported)
            return;
        Assert.Contains("do not fit filters", Assert.ThrowsAny<Exception>(() => TorchExtras.Convolution(zeros([1, 2, 5, 5]), zeros([3, 1, 3, 3]), zeros(3), 1, rectify: false)).Message, StringComparison.Ordinal);
        Assert.Contains("smaller than filters", Assert.ThrowsAny<Exception>(() => TorchExtras.Convolution(zeros([1, 1, 2, 5]), zeros([3, 1, 3, 3]), zeros(3), 1, rectify: false)).Message, StringComparison.Ordinal);
    }
}
