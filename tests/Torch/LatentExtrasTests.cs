using OfflineRL.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>The kernels of latent models in float32 against plain operators in float64, which are what the same calls do with doubles.</summary>
public sealed class LatentExtrasTests
{
    static void Close(Tensor expected, Tensor actual, double within = 2e-6)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.to(ScalarType.Float32).allclose(actual, rtol: within, atol: within), $"largest difference {(expected - actual).abs().max().ToDouble()} between {expected} and {actual}");
    }

    // Values and all gradients, with uneven weights for the rows; returns the largest gradient.
    static void AssertSame(Func<Tensor[], Tensor> function, Tensor[] inputs, double within = 2e-6)
    {
        Tensor[] kernel = [.. inputs.Select(t => t.clone().requires_grad_())], plain = [.. inputs.Select(t => t.to(ScalarType.Float64).requires_grad_())];
        var (found, expected) = (function(kernel), function(plain));
        Close(expected, found, within);
        using var generator = new Generator(77);
        var weights = randn(found.shape, generator: generator);
        found.mul(weights).sum().backward();
        expected.mul(weights.to(ScalarType.Float64)).sum().backward();
        for (var k = 0; k < inputs.Length; k++)
        {
            Assert.True(plain[k].grad!.abs().max().ToDouble() > 1e-3, $"input {k} has no gradient to compare");
            Close(plain[k].grad!, kernel[k].grad!, 10 * within);
        }
    }

    // Widths below, at and beside the width of the vectors.
    [Theory]
    [InlineData(1, 3)]
    [InlineData(5, 16)]
    [InlineData(9, 37)]
    public void Gates_ForwardAndBackward_EqualDoublePrecision(int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor sums = randn([rows, 3 * width], generator: generator).mul(3), memory = randn([rows, width], generator: generator);
        Tensor scale = randn([3 * width], generator: generator), shift = randn([3 * width], generator: generator);
        AssertSame(t => TorchExtras.Gates(t[0], t[1]), [sums, memory]);
        AssertSame(t => TorchExtras.Gates(t[0], t[1], t[2], t[3]), [sums, memory, scale, shift], 1e-5);
        // Views whose rows lie apart.
        AssertSame(t => TorchExtras.Gates(t[0].narrow(-1, width, 3 * width), t[0].narrow(-1, 0, width)), [cat([memory, sums], -1)]);
    }

    [Fact]
    public void Gates_FarFromZero_Saturate()
    {
        using var scope = NewDisposeScope();
        foreach (var size in new[] { 0.1f, 20, 90, 1e4f, float.PositiveInfinity })
        {
            float[] sums = [size, 1, size, size, -1, -size];
            Close(TorchExtras.Gates(tensor(sums).to(ScalarType.Float64).view(2, 3), full([2, 1], 0.5, dtype: ScalarType.Float64)), TorchExtras.Gates(tensor(sums).view(2, 3), full([2, 1], 0.5f)));
        }

        Assert.True(TorchExtras.Gates(tensor(new[] { 0, float.NaN, 0 }).view(1, 3), zeros(1, 1)).isnan().all().ToBoolean());
    }

    [Fact]
    public void Gates_OfParameters_AddToTheirGradients()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var (scale, shift) = (new Parameter(ones(12)), new Parameter(zeros(12)));
        using var flat = new FlatParameters([scale, shift]);
        var (sums, memory) = (randn([3, 12], generator: generator), randn([3, 4], generator: generator));
        TorchExtras.Gates(sums, memory, scale, shift).sum().backward();
        var once = flat.Gradients.clone();
        Assert.True(once.abs().max().ToDouble() > 1e-2);
        TorchExtras.Gates(sums, memory, scale, shift).sum().backward();
        Close(once.mul(2), flat.Gradients);
        // What autograd.grad asks for is returned, and nothing added.
        Close(once.narrow(0, 0, 12), autograd.grad([TorchExtras.Gates(sums, memory, scale, shift).sum()], [scale])[0]);
        Close(once.mul(2), flat.Gradients);
    }

    [Theory]
    [InlineData(4, 8, 0.01)]
    [InlineData(3, 5, 0)]
    [InlineData(1, 32, 0.5)]
    public void Draw_ForwardAndBackward_EqualDoublePrecision(int groups, int classes, double share)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var heads = randn([6, groups * classes], generator: generator).mul(4);
        var clocks = empty([6, groups, classes], dtype: ScalarType.Float32).exponential_(1, generator);
        AssertSame(t => TorchExtras.Draw(t[0], clocks.to(t[0].dtype), classes, share), [heads]);
        AssertSame(t => TorchExtras.Draw(t[0], null, classes, share), [heads]);
        AssertSame(t => TorchExtras.Draw(t[0].narrow(-1, 1, groups * classes), null, classes, share), [cat([heads, heads], -1)]);
        Assert.Equal(6.0 * groups, TorchExtras.Draw(heads, clocks, classes, share).sum().ToDouble());
    }

    [Fact]
    public void Draw_OfManyRows_HasTheProbabilitiesOfItsHeads()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        const int Rows = 40_000;
        var heads = tensor(new[] { 0f, 1, 2, -40, 5, 0 });
        var clocks = empty([Rows, 6], dtype: ScalarType.Float32).exponential_(1, generator);
        var found = TorchExtras.Draw(heads.expand(Rows, 6), clocks, classes: 3, share: 0.1).mean([0]);
        var expected = heads.view(2, 3).softmax(-1).mul(0.9).add(0.1 / 3).flatten();
        // Five standard errors of a half.
        Assert.True(expected.sub(found).abs().max().ToDouble() < 5 * 0.5 / Math.Sqrt(Rows), $"{expected} and {found}");
    }

    [Fact]
    public void Draw_OfWhatIsNotANumber_IsNone()
    {
        using var scope = NewDisposeScope();
        var drawn = TorchExtras.Draw(tensor(new[] { 0, float.NaN, 3, 4 }), null, classes: 2);
        Assert.True(drawn.narrow(0, 0, 2).isnan().all().ToBoolean());
        Close(tensor(new[] { 0f, 1 }), drawn.narrow(0, 2, 2));
    }

    // A generator's 64 bits make one uniform number of either distribution.
    [Fact]
    public void Clocks_OfASeed_AreMinusTheLogarithmsOfItsUniformNumbers()
    {
        using var scope = NewDisposeScope();
        using Generator first = new(7), second = new(7);
        var clocks = TorchExtras.Clocks([5, 401], first, CPU);
        var expected = rand([5, 401], dtype: ScalarType.Float64, generator: second).neg().add(1).log().neg();
        Close(expected, clocks, 1e-6);
        Assert.True(clocks.ge(0).all().ToBoolean());
        // What comes next is the same too.
        Close(rand([3], generator: second), rand([3], generator: first));
        Assert.Equal(0, TorchExtras.Clocks([0, 4], first, CPU).numel());
    }

    [Theory]
    [InlineData(63)]
    [InlineData(2)]
    [InlineData(16)]
    public void TwoHot_MeanAndLoss_EqualDoublePrecision(int atoms)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var logits = randn([2, 3, atoms], generator: generator).mul(3);
        // In the range, at its ends, on an atom, and far outside.
        var targets = tensor(new[] { 0.3f, -2, 0, 1e6f, -1e6f, (float)Math.Exp(3) - 1 }).view(2, 3);
        AssertSame(t => TorchExtras.TwoHotMean(t[0], -3, 3), [logits], 1e-5);
        AssertSame(t => TorchExtras.TwoHotLoss(t[0], targets.to(t[0].dtype), -3, 3), [logits], 1e-5);
        Assert.True(TorchExtras.TwoHotLoss(logits, full_like(targets, float.NaN), -3, 3).isnan().all().ToBoolean());
    }

    [Fact]
    public void Kernels_UnderCreateGraph_HaveSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var (wide, narrow, logits) = (randn([2, 12], generator: generator), randn([2, 4], generator: generator), randn([2, 7], generator: generator));
        Same(t => TorchExtras.Gates(t.narrow(-1, 0, 12), t.narrow(-1, 12, 4)), cat([wide, narrow], -1));
        Same(t => TorchExtras.Draw(t, null, 4, 0.1), wide);
        Same(t => TorchExtras.TwoHotMean(t, -2, 2), logits);
        Same(t => TorchExtras.TwoHotLoss(t, ones(2, dtype: t.dtype), -2, 2), logits);

        static void Same(Func<Tensor, Tensor> function, Tensor at) => Close(Second(function, at.to(ScalarType.Float64)), Second(function, at), 1e-4);

        // The gradient of a weighted sum of the gradient.
        static Tensor Second(Func<Tensor, Tensor> function, Tensor at)
        {
            var x = at.clone().requires_grad_();
            var powers = arange(1, function(x).numel() + 1, dtype: at.dtype);
            var first = autograd.grad([function(x).flatten().mul(powers).sum()], [x], create_graph: true)[0];
            var second = autograd.grad([first.mul(arange(1, first.numel() + 1, dtype: at.dtype).view(first.shape)).sum()], [x])[0];
            Assert.True(second.abs().max().ToDouble() > 1e-3);
            return second;
        }
    }

    [Fact]
    public void Kernels_OfOtherShapes_SayWhatTheyExpected()
    {
        using var scope = NewDisposeScope();
        if (!TorchExtras.IsSupported)
            return;
        Assert.Contains("three numbers for each", Assert.ThrowsAny<Exception>(() => TorchExtras.Gates(zeros(2, 5), zeros(2, 2))).Message, StringComparison.Ordinal);
        Assert.Contains("groups of 4 classes", Assert.ThrowsAny<Exception>(() => TorchExtras.Draw(zeros(2, 6), null, 4)).Message, StringComparison.Ordinal);
        Assert.Contains("two atoms", Assert.ThrowsAny<Exception>(() => TorchExtras.TwoHotMean(zeros(2, 1), -1, 1)).Message, StringComparison.Ordinal);
    }
}
