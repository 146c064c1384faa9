using OfflineRL.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

public sealed class ExtrasTests
{
    static readonly long[] Widths = [4, 16, 8, 2];

    static (Parameter[] Weights, Parameter[] Biases) Layers(ulong seed)
    {
        using var generator = new Generator(seed);
        var weights = new Parameter[Widths.Length - 1];
        var biases = new Parameter[Widths.Length - 1];
        for (var k = 0; k < weights.Length; k++)
        {
            weights[k] = new Parameter(randn(Widths[k + 1], Widths[k], generator: generator));
            biases[k] = new Parameter(randn(Widths[k + 1], generator: generator));
        }
        return (weights, biases);
    }

    static Parameter[] Interleaved(Parameter[] weights, Parameter[] biases) => weights.Zip(biases).SelectMany(pair => new[] { pair.First, pair.Second }).ToArray();

    internal static Tensor Plain(Tensor input, IReadOnlyList<Tensor> weights, IReadOnlyList<Tensor> biases, MlpActivation activation, MlpActivation last)
    {
        for (var k = 0; k < weights.Count; k++)
        {
            input = nn.functional.linear(input, weights[k], biases[k]);
            var kind = k == weights.Count - 1 ? last : activation;
            if (kind == MlpActivation.ReLU) input = input.relu();
            if (kind == MlpActivation.Tanh) input = input.tanh();
        }
        return input;
    }

    // Sums whose parts cancel are as exact as their parts.
    static void Close(Tensor expected, Tensor actual) => Assert.True(
        expected.allclose(actual, rtol: 1e-4, atol: 1e-5 * Math.Max(1, expected.abs().max().ToDouble())), $"largest difference {(expected - actual).abs().max().ToDouble()} between {expected} and {actual}");

    [Theory]
    [InlineData(MlpActivation.ReLU, MlpActivation.None, false)]
    [InlineData(MlpActivation.ReLU, MlpActivation.None, true)]
    [InlineData(MlpActivation.Tanh, MlpActivation.Tanh, true)]
    [InlineData(MlpActivation.ReLU, MlpActivation.ReLU, true)]
    public void Mlp_ForwardAndBackward_EqualPlainOperators(MlpActivation activation, MlpActivation last, bool flat)
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(1);
        var (plainWeights, plainBiases) = Layers(1);
        using var generator = new Generator(2);
        var x = randn([3, 5, 4], generator: generator);
        var input = x.clone().requires_grad_();
        var plainInput = x.clone().requires_grad_();
        using var buffer = flat ? new FlatParameters(Interleaved(weights, biases)) : null;
        // Twice, so that gradients add up where they exist already.
        for (var pass = 0; pass < 2; pass++)
        {
            var fused = TorchExtras.Mlp(input, weights, biases, activation, last);
            var plain = Plain(plainInput, plainWeights, plainBiases, activation, last);
            Close(plain, fused);
            fused.square().sum().backward();
            plain.square().sum().backward();
        }
        Close(plainInput.grad!, input.grad!);
        for (var k = 0; k < weights.Length; k++)
        {
            Assert.True(plainWeights[k].grad!.abs().max().ToDouble() > 0.1);
            Close(plainWeights[k].grad!, weights[k].grad!);
            Close(plainBiases[k].grad!, biases[k].grad!);
        }
        if (buffer is not null) Close(cat(Interleaved(plainWeights, plainBiases).Select(p => p.grad!.flatten()).ToArray()), buffer.Gradients);
    }

    // Few rows of many inputs are multiplied in another order; below, at and above its bounds, and beside whole tiles.
    [Theory]
    [InlineData(32, 1024, 128)]
    [InlineData(3, 513, 17)]
    [InlineData(64, 512, 1)]
    [InlineData(65, 512, 40)]
    [InlineData(1, 600, 33)]
    [InlineData(7, 511, 16)]
    public void Mlp_OfManyInputs_EqualsTheProductInDoublePrecision(int rows, int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var (x, weight, bias) = (randn([rows, inputs], generator: generator), randn([outputs, inputs], generator: generator).mul_(0.05), randn([outputs], generator: generator));
        var exact = x.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t()).add(bias.to(ScalarType.Float64));
        Close(exact.to(ScalarType.Float32), TorchExtras.Mlp(x, [weight], [bias], MlpActivation.ReLU));
        Close(exact.relu().to(ScalarType.Float32), TorchExtras.Mlp(x, [weight], [bias], MlpActivation.ReLU, MlpActivation.ReLU));
        // A view whose rows lie apart.
        Close(exact.to(ScalarType.Float32), TorchExtras.Mlp(cat([x, x], 1).narrow(1, inputs, inputs), [weight], [bias], MlpActivation.ReLU));
    }

    [Fact]
    public void Mlp_UnderAutogradGrad_LeavesGradientsAlone()
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(3);
        using var flat = new FlatParameters(Interleaved(weights, biases));
        var input = ones(2, 4);
        var found = autograd.grad([TorchExtras.Mlp(input, weights, biases, MlpActivation.ReLU).sum()], [weights[0], biases[2]]);
        var expected = autograd.grad([Plain(input, weights, biases, MlpActivation.ReLU, MlpActivation.None).sum()], [weights[0], biases[2]]);
        Close(expected[0], found[0]);
        Close(expected[1], found[1]);
        Assert.Equal(0.0, flat.Gradients.abs().max().ToDouble());
    }

    [Fact]
    public void Mlp_BackwardWithInputs_FillsThoseAlone()
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(4);
        using var flat = new FlatParameters(Interleaved(weights, biases));
        TorchExtras.Mlp(ones(2, 4), weights, biases, MlpActivation.Tanh).sum().backward(inputs: [biases[2]]);
        Close(full([2], 2.0, float32), biases[2].grad!);
        Assert.Equal(4.0, flat.Gradients.abs().sum().ToDouble(), 6);
    }

    [Fact]
    public void Mlp_GradientOfGradient_EqualsPlainOperators()
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(5);
        Tensor Penalty(Func<Tensor, Tensor> network)
        {
            using var generator = new Generator(6);
            var input = randn(7, 4, generator: generator).requires_grad_();
            var slope = autograd.grad([network(input).sum()], [input], create_graph: true)[0];
            return autograd.grad([slope.square().sum()], [weights[1]])[0];
        }
        var plain = Penalty(x => Plain(x, weights, biases, MlpActivation.Tanh, MlpActivation.None));
        Assert.True(plain.abs().max().ToDouble() > 0.01);
        Close(plain, Penalty(x => TorchExtras.Mlp(x, weights, biases, MlpActivation.Tanh)));
    }

    [Fact]
    public void Mlp_UnderNoGrad_RecordsNothing()
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(7);
        using var quiet = no_grad();
        Assert.False(TorchExtras.Mlp(ones(2, 4), weights, biases, MlpActivation.ReLU).requires_grad);
    }

    [Fact]
    public void Mlp_WrongWidth_SaysWhichLayer()
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(8);
        var error = Assert.ThrowsAny<Exception>(() => TorchExtras.Mlp(ones(2, 5), weights, biases, MlpActivation.ReLU));
        if (TorchExtras.IsSupported) Assert.Contains("Mlp: weight 0 has shape [16, 4], expected [*, 5]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0, false, 0.0)]
    [InlineData(0.0, false, 0.5)]
    [InlineData(0.1, false, 0.0)]
    [InlineData(0.1, true, 0.7)]
    public void FlatAdam_TwentySteps_EqualsTorchOptim(double decay, bool decoupled, double maxNorm)
    {
        using var scope = NewDisposeScope();
        var (weights, biases) = Layers(9);
        var (plainWeights, plainBiases) = Layers(9);
        using var flat = new FlatParameters(Interleaved(weights, biases));
        using var fused = new FlatAdam(flat, 0.01, weightDecay: decay, decoupled: decoupled, maxGradientNorm: maxNorm);
        using optim.Optimizer plain = decoupled
            ? optim.AdamW(Interleaved(plainWeights, plainBiases), 0.01, weight_decay: decay)
            : optim.Adam(Interleaved(plainWeights, plainBiases), 0.01, weight_decay: decay);
        var before = flat.Values.clone();
        for (var step = 0; step < 20; step++)
        {
            using var generator = new Generator((ulong)step);
            var x = randn(16, 4, generator: generator);
            plain.zero_grad();
            TorchExtras.Mlp(x, weights, biases, MlpActivation.Tanh).square().mean().backward();
            Plain(x, plainWeights, plainBiases, MlpActivation.Tanh, MlpActivation.None).square().mean().backward();
            if (maxNorm > 0) nn.utils.clip_grad_norm_(Interleaved(plainWeights, plainBiases), maxNorm);
            fused.Step(zeroGrad: true);
            plain.step();
        }
        Assert.True((flat.Values - before).abs().max().ToDouble() > 0.05);
        Close(cat(Interleaved(plainWeights, plainBiases).Select(p => p.flatten()).ToArray()), flat.Values);
        Assert.Equal(0.0, flat.Gradients.abs().max().ToDouble());
    }

    [Fact]
    public void FlatAdam_GradientSetToNull_Refuses()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(3, 2);
        using var flat = new FlatParameters(layer);
        using var adam = new FlatAdam(flat);
        adam.Step();
        layer.zero_grad(set_to_none: true);
        Assert.Contains("left the flat tensors", Assert.Throws<InvalidOperationException>(() => adam.Step()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FlatParameters_OfModule_ShareStorageBothWays()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(3, 2);
        var weight = layer.weight.detach().clone();
        using var flat = new FlatParameters(layer);
        Assert.Equal(8, flat.Values.numel());
        Close(weight, layer.weight);
        flat.Values.fill_(2);
        Assert.Equal(2.0, layer.weight.min().ToDouble());
        layer.forward(ones(1, 3)).sum().backward();
        Assert.Equal(8.0, flat.Gradients.sum().ToDouble());
        Assert.Equal(Math.Sqrt(8), flat.GradientNorm().ToDouble(), 6);
        flat.ZeroGrad();
        Assert.Equal(0.0, layer.weight.grad!.abs().max().ToDouble());
    }

    [Fact]
    public void FlatParameters_SoftAndHardUpdate_GiveTheWeightedMean()
    {
        using var scope = NewDisposeScope();
        using var online = nn.Linear(3, 2);
        using var target = nn.Linear(3, 2);
        using var onlineFlat = new FlatParameters(online);
        using var targetFlat = new FlatParameters(target);
        onlineFlat.Values.fill_(1);
        targetFlat.Values.fill_(0);
        targetFlat.SoftUpdateFrom(onlineFlat, 0.25);
        Assert.Equal(0.25, target.bias!.max().ToDouble(), 6);
        targetFlat.CopyFrom(onlineFlat);
        Assert.Equal(1.0, target.weight.min().ToDouble());
    }
}
