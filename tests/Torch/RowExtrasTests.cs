using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Operators on rows in float32 against plain operators in float64, which are what the same calls do with doubles.</summary>
public sealed class RowExtrasTests
{
    static void Close(Tensor expected, Tensor actual, double within)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.to(ScalarType.Float32).allclose(actual, rtol: within, atol: within, equal_nan: true), $"largest difference {(expected - actual).abs().max().ToDouble()} between {expected} and {actual}");
    }

    // Values, gradients, and gradients of gradients.
    static void AssertSame(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        Tensor[] kernel = [.. inputs.Select(t => t.clone().requires_grad_())], plain = [.. inputs.Select(t => t.to(ScalarType.Float64).requires_grad_())];
        var (found, expected) = (function(kernel), function(plain));
        Close(expected, found, 3e-6);
        using var generator = new Generator(77);
        var weights = randn(found.shape, generator: generator);
        IList<Tensor> first = autograd.grad([found.mul(weights).sum()], kernel), exact = autograd.grad([expected.mul(weights.to(ScalarType.Float64)).sum()], plain);
        for (var k = 0; k < inputs.Length; k++)
        {
            Assert.True(exact[k].abs().max().ToDouble() > 1e-3, $"input {k} has no gradient to compare");
            Close(exact[k], first[k], 1e-5);
        }

        var second = Second(function, plain);
        var size = second.abs().max();
        Close(second.div(size), Second(function, kernel).div(size.to(ScalarType.Float32)), 1e-5);
    }

    static Tensor Second(Func<Tensor[], Tensor> function, Tensor[] inputs)
    {
        var firsts = autograd.grad([function(inputs).square().sum()], inputs, create_graph: true);
        var total = firsts[0].sum();
        for (var k = 1; k < inputs.Length; k++)
            total = total.add(firsts[k].sum(), alpha: k + 1);
        return autograd.grad([total], [inputs[^1]])[0];
    }

    // Widths of one number, beside and beyond those of the vectors.
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(45)]
    public void Rows_ForwardAndBackward_EqualDoublePrecision(int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor a = randn([3, 2, width], generator: generator), b = randn([3, 2, width], generator: generator), c = randn([3, 2, width], generator: generator);
        AssertSame(t => TorchExtras.SoftlyBetween(t[0], -5, 2), a.mul(4));
        AssertSame(t => TorchExtras.Displace(t[0], t[1], t[2]), a, b, c);
        AssertSame(t => TorchExtras.NormalLogLikelihood(t[0], t[1], t[2]), a, b, c);
        AssertSame(t => TorchExtras.BernoulliLogLikelihood(t[0], t[1]), a.sigmoid(), b.mul(5));
        AssertSame(t => TorchExtras.DivergenceFromStandardNormal(t[0], t[1]), a, b);
        // Halves of rows, which lie apart.
        AssertSame(t => TorchExtras.DivergenceFromStandardNormal(t[0].narrow(-1, 0, width), t[0].narrow(-1, width, width)), cat([a, b], -1));
        // One deviation for all rows, by plain operators.
        AssertSame(t => TorchExtras.NormalLogLikelihood(t[0], t[1], t[2]), a, b, c[0][0]);
    }

    [Fact]
    public void Rows_AtTheEndsOfNumbers_EqualDoublePrecision()
    {
        using var scope = NewDisposeScope();
        var ends = tensor(new[] { 0, -0f, 1e-8f, 1e-3f, 19.9f, 20.1f, 80, -80, 87, -103, 1e4f, -1e4f, float.NaN }).unsqueeze(-1);
        Same(t => TorchExtras.BernoulliLogLikelihood(ones_like(t), t));
        Same(t => TorchExtras.BernoulliLogLikelihood(zeros_like(t), t));
        Same(t => TorchExtras.SoftlyBetween(t, -5, 2));
        var small = ends.clamp(-20, 20);
        Close(TorchExtras.Displace(zeros_like(small).to(ScalarType.Float64), small.to(ScalarType.Float64), ones_like(small).to(ScalarType.Float64)), TorchExtras.Displace(zeros_like(small), small, ones_like(small)), 1e-6);

        void Same(Func<Tensor, Tensor> function) => Close(function(ends.to(ScalarType.Float64)), function(ends), 1e-6);
    }
}
