using System.Runtime.Intrinsics.X86;
using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Dense layers of many sizes: beside blocks of rows, panels of columns and the narrow ones, which have kernels of their own.</summary>
public sealed class DenseLayersTests
{
    [Theory]
    [InlineData(MlpActivation.ReLU, MlpActivation.None)]
    [InlineData(MlpActivation.ReLU, MlpActivation.ReLU)]
    [InlineData(MlpActivation.Tanh, MlpActivation.Tanh)]
    public void OfEverySize_EqualDoublePrecision(MlpActivation activation, MlpActivation last)
    {
        var sizes = new Random(11);
        using var generator = new Generator(12);
        for (var trial = 0; trial < 60; trial++)
        {
            using var scope = NewDisposeScope();
            long rows = sizes.Next(1, 150);
            long[] widths = [sizes.Next(1, 70), sizes.Next(1, 120), sizes.Next(1, 60), sizes.Next(1, 7)];
            var x = randn([rows, widths[0]], generator: generator);
            var layers = Enumerable.Range(0, 3).Select(k => (Weight: randn([widths[k + 1], widths[k]], generator: generator).div_(Math.Sqrt(widths[k])), Bias: randn([widths[k + 1]], generator: generator))).ToArray();
            var upstream = randn([rows, widths[3]], generator: generator);
            var (exact, exactGradients) = Gradients(ScalarType.Float64, (input, weights, biases) => ExtrasTests.Plain(input, weights, biases, activation, last));
            var (found, gradients) = Gradients(ScalarType.Float32, (input, weights, biases) => TorchExtras.Mlp(input, weights, biases, activation, last));
            Close(exact, found, $"{rows} rows through {string.Join(", ", widths)}");
            for (var k = 0; k < gradients.Length; k++)
                Close(exactGradients[k], gradients[k], $"gradient {k} of {rows} rows through {string.Join(", ", widths)}");
            using (no_grad())
                Close(exact, TorchExtras.Mlp(x, [.. layers.Select(l => l.Weight)], [.. layers.Select(l => l.Bias)], activation, last), "without a graph");

            (Tensor Output, Tensor[] Gradients) Gradients(ScalarType type, Func<Tensor, Tensor[], Tensor[], Tensor> network)
            {
                Tensor Leaf(Tensor t) => t.detach().to(type).clone().requires_grad_();
                var (input, weights, biases) = (Leaf(x), layers.Select(l => Leaf(l.Weight)).ToArray(), layers.Select(l => Leaf(l.Bias)).ToArray());
                var output = network(input, weights, biases);
                output.mul(upstream.to(type)).sum().backward();
                return (output.detach(), [input.grad!, .. weights.Select(w => w.grad!), .. biases.Select(b => b.grad!)]);
            }
        }
    }

    // A kink of relu that rounding falls on either side of would differ: none does with these seeds.
    static void Close(Tensor exact, Tensor found, string what)
    {
        Assert.Equal(exact.shape, found.shape);
        var error = exact.sub(found.to(ScalarType.Float64)).abs().max().ToDouble();
        var size = exact.abs().max().ToDouble();
        Assert.True(error <= 2e-5 * Math.Max(1, size), $"{what}: off by {error} at a size of {size}");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void NumbersThatAreNotFinite_ReachTheirRowsAndNoOthers(float value)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        foreach (var outputs in new[] { 2, 50 })
        {
            var x = randn([20, 9], generator: generator);
            x[4, 7] = tensor(value);
            var y = TorchExtras.Mlp(x, [randn([16, 9], generator: generator), randn([outputs, 16], generator: generator)], [zeros(16), zeros(outputs)], MlpActivation.ReLU);
            Assert.Equal([4L], y.isfinite().all(1).logical_not().nonzero().flatten().data<long>().ToArray());
        }
    }

    [Fact]
    public void ARow_IsTheSameWhateverIsBesideIt_OnAnyNumberOfThreads()
    {
        Assert.SkipUnless(TorchExtras.IsSupported && Avx512F.IsSupported, "This processor has no AVX-512: OpenBLAS multiplies, which sums by the size of the product.");
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var threads = TorchExtras.Threads;
        try
        {
            Tensor[] weights = [randn([70, 33], generator: generator), randn([3, 70], generator: generator)], biases = [randn([70], generator: generator), randn([3], generator: generator)];
            var x = randn([300, 33], generator: generator);
            TorchExtras.Threads = 1;
            var all = TorchExtras.Mlp(x, weights, biases, MlpActivation.Tanh);
            TorchExtras.Threads = 2;
            Assert.True(Same(all, TorchExtras.Mlp(x, weights, biases, MlpActivation.Tanh)), "two threads");
            foreach (var (first, count) in new[] { (0, 8), (5, 13), (64, 100), (288, 12) })
                Assert.True(Same(all.narrow(0, first, count), TorchExtras.Mlp(x.narrow(0, first, count), weights, biases, MlpActivation.Tanh)), $"rows {first} to {first + count}");
        }
        finally
        {
            TorchExtras.Threads = threads;
        }

        static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();
    }
}
