using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Networks;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Networks;

public sealed class NetworkTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Generator _noise = new(5);

    public void Dispose()
    {
        _scope.Dispose();
        _noise.Dispose();
    }

    static Network Make(NetworkDescription description) => new(description, RandomStream.Create(1, "init"), CPU);

    static NetworkDescription Dense(params int[] hidden) => new() { Inputs = 5, Hidden = hidden, Outputs = 3 };

    [Fact]
    public void Forward_Plain_EqualsTheLayersOneByOne()
    {
        using var network = Make(Dense(7, 6));
        var x = randn([4, 5], generator: _noise);
        var named = network.NamedTensors().ToDictionary(n => n.Name, n => n.Tensor);
        Tensor Layer(Tensor h, int i) => nn.functional.linear(h, named[$"layers.{i}.weight"], named[$"layers.{i}.bias"]);
        AssertClose(Layer(Layer(Layer(x, 0).relu(), 1).relu(), 2), network.Forward(x));
        Assert.Equal([7L, 5L], named["layers.0.weight"].shape);
        // Two leading axes are rows like any others.
        AssertClose(network.Forward(x).reshape(2, 2, 3), network.Forward(x.reshape(2, 2, 5)));
    }

    [Fact]
    public void Forward_Dueling_IsTheValuePlusCenteredAdvantages()
    {
        using var network = Make(Dense(8, 6) with { Dueling = true });
        var x = randn([4, 5], generator: _noise);
        var n = network.NamedTensors().ToDictionary(t => t.Name, t => t.Tensor);
        var shared = nn.functional.linear(x, n["shared.0.weight"], n["shared.0.bias"]).relu();
        Tensor Stream(string name) => nn.functional.linear(nn.functional.linear(shared, n[$"{name}.0.weight"], n[$"{name}.0.bias"]).relu(), n[$"{name}.1.weight"], n[$"{name}.1.bias"]);
        var advantage = Stream("advantage");
        var q = network.Forward(x);
        AssertClose(Stream("value") + advantage - advantage.mean([-1], keepdim: true), q);
        // The mean over actions is the value.
        AssertClose(Stream("value").squeeze(-1), q.mean([-1]));
    }

    [Fact]
    public void Forward_DuelingOverAtoms_CentersEachAtom()
    {
        using var network = Make(Dense(8, 6) with { Dueling = true, Distribution = NetworkDescription.Categorical, Atoms = 4, Low = 0, High = 1 });
        var x = randn([2, 5], generator: _noise);
        var logits = network.Forward(x);
        Assert.Equal([2L, 3L, 4L], logits.shape);
        var n = network.NamedTensors().ToDictionary(t => t.Name, t => t.Tensor);
        var shared = nn.functional.linear(x, n["shared.0.weight"], n["shared.0.bias"]).relu();
        var value = nn.functional.linear(nn.functional.linear(shared, n["value.0.weight"], n["value.0.bias"]).relu(), n["value.1.weight"], n["value.1.bias"]);
        AssertClose(value, logits.mean([1]));
    }

    [Fact]
    public void Forward_OfMembers_EqualsEachMemberAlone()
    {
        using var network = Make(Dense(7, 6) with { Members = 3 });
        var x = randn([4, 5], generator: _noise);
        var all = network.Forward(x);
        Assert.Equal([3L, 4L, 3L], all.shape);
        var named = network.NamedTensors().ToDictionary(n => n.Name, n => n.Tensor);
        for (var k = 0; k < 3; k++)
        {
            Tensor Layer(Tensor h, int i) => nn.functional.linear(h, named[$"layers.{i}.weight"].select(0, k), named[$"layers.{i}.bias"].select(0, k));
            AssertClose(Layer(Layer(Layer(x, 0).relu(), 1).relu(), 2), all.select(0, k));
        }

        Assert.True(Distance(all.select(0, 0), all.select(0, 1)) > 1e-3);
        // Without a graph, of the same rows and of each member's own.
        using (no_grad())
        {
            AssertClose(all, network.Forward(x));
            AssertClose(all.select(0, 2), network.Forward(stack([zeros_like(x), zeros_like(x), x])).select(0, 2));
        }

        all.sum().backward();
        Assert.True(network.Parameters.GradientNorm().ToSingle() > 0);
    }

    [Fact]
    public void Forward_WithNoise_MovesTheLastTwoLayersAlone()
    {
        using var network = Make(Dense(7, 6) with { Noisy = true });
        var named = network.NamedTensors().ToDictionary(n => n.Name, n => n.Tensor);
        Assert.False(named.ContainsKey("layers.0.weight_sigma"));
        // sigma_0 / sqrt(inputs) everywhere.
        AssertClose(full([3, 6], 0.5 / Math.Sqrt(6), dtype: ScalarType.Float32), named["layers.2.weight_sigma"]);
        AssertClose(full([6], 0.5 / Math.Sqrt(7), dtype: ScalarType.Float32), named["layers.1.bias_sigma"]);
        Assert.DoesNotContain(network.NamedTensors(withNoise: false), n => n.Name.Contains("sigma", StringComparison.Ordinal));

        var x = randn([4, 5], generator: _noise);
        var noise = network.DrawNoise(_noise)!;
        var (into1, out1, into2, out2) = (noise.narrow(0, 0, 7), noise.narrow(0, 7, 6), noise.narrow(0, 13, 6), noise.narrow(0, 19, 3));
        var h0 = nn.functional.linear(x, named["layers.0.weight"], named["layers.0.bias"]).relu();
        var h1 = nn.functional.linear(h0, named["layers.1.weight"] + (named["layers.1.weight_sigma"] * out1.outer(into1)), named["layers.1.bias"] + (named["layers.1.bias_sigma"] * out1)).relu();
        var expected = nn.functional.linear(h1, named["layers.2.weight"] + (named["layers.2.weight_sigma"] * out2.outer(into2)), named["layers.2.bias"] + (named["layers.2.bias_sigma"] * out2));
        AssertClose(expected, network.Forward(x, noise));
        AssertClose(network.Forward(x), network.Forward(x), 0);
        Assert.True(Distance(network.Forward(x), network.Forward(x, noise)) > 1e-3);
    }

    [Fact]
    public void DrawNoise_IsTheSignedRootOfAGaussian()
    {
        using var network = Make(Dense(200, 200) with { Noisy = true });
        var noise = network.DrawNoise(_noise)!;
        // E[f(x)^2] = E|x| = sqrt(2 / pi), and the mean is 0; 603 draws, four standard errors.
        Assert.Equal(603, noise.numel());
        Assert.Equal(Math.Sqrt(2 / Math.PI), noise.square().mean().ToSingle(), 0.1);
        Assert.Equal(0, noise.mean().ToSingle(), 0.15);
    }

    [Fact]
    public void Forward_Noisy_LearnsMeansAndScales()
    {
        using var network = Make(Dense(7, 6) with { Noisy = true });
        network.Forward(randn([4, 5], generator: _noise), network.DrawNoise(_noise)).sum().backward();
        foreach (var parameter in network.Parameters.Parameters)
            Assert.True(parameter.grad!.abs().max().ToSingle() > 0);
    }

    [Fact]
    public void Forward_Implicit_MultipliesFeaturesByTheEmbeddingOfEachFraction()
    {
        using var network = Make(Dense(8, 6) with { Distribution = NetworkDescription.Implicit, Cosines = 5, Fractions = 4 });
        var (x, taus) = (randn([2, 5], generator: _noise), rand([2, 7], generator: _noise));
        var n = network.NamedTensors().ToDictionary(t => t.Name, t => t.Tensor);
        var psi = nn.functional.linear(x, n["shared.0.weight"], n["shared.0.bias"]).relu();
        var quantiles = network.Forward(x, taus: taus);
        Assert.Equal([2L, 3L, 7L], quantiles.shape);
        for (var t = 0; t < 7; t++)
        {
            var cosines = cat([.. Enumerable.Range(0, 5).Select(i => taus.narrow(1, t, 1).mul(Math.PI * i).cos())], 1);
            var phi = nn.functional.linear(cosines, n["embedding.0.weight"], n["embedding.0.bias"]).relu();
            var hidden = nn.functional.linear(psi * phi, n["layers.0.weight"], n["layers.0.bias"]).relu();
            AssertClose(nn.functional.linear(hidden, n["layers.1.weight"], n["layers.1.bias"]), quantiles.select(-1, t), 2e-6);
        }
    }

    [Theory]
    [InlineData("nature", 4, 84, 84, 3136)]
    [InlineData("nature", 84, 84, 4, 3136)]
    [InlineData("minatar", 4, 10, 10, 1024)]
    public void Torsos_OfImages_AreThosePublished(string torso, int a, int b, int c, int features)
    {
        var space = new BoxSpace([a, b, c], [.. Enumerable.Repeat(0.0, a * b * c)], [.. Enumerable.Repeat(torso == "nature" ? 255.0 : 1, a * b * c)], ElementType.UInt8);
        Assert.Equal(torso, Torsos.Resolve("auto", space));
        var description = Torsos.Describe(space, 6, "auto", null);
        Assert.Equal(features, description.Image!.Features);
        Assert.Equal(torso == "nature" ? [512] : [128], description.Hidden);
        using var network = Make(description);
        // Bytes, flat or as images.
        var bytes = randint(0, 2, [2, a * b * c], dtype: ScalarType.Byte, generator: _noise);
        var q = network.Forward(bytes);
        Assert.Equal([2L, 6L], q.shape);
        AssertClose(q, network.Forward(bytes.to(ScalarType.Float32).reshape(2, a, b, c)), 0);
    }

    [Theory]
    [InlineData(new[] { 84, 84 }, 4, false)]
    [InlineData(new[] { 84, 84, 3 }, 12, true)]
    [InlineData(new[] { 3, 84, 84 }, 12, false)]
    [InlineData(new[] { 10, 10 }, 4, false)]
    [InlineData(new[] { 10, 10, 5 }, 20, true)]
    public void Torsos_OfStackedFrames_ReadThemAsChannels(int[] frame, int channels, bool last)
    {
        var size = frame.Aggregate(1, (product, side) => product * side);
        BoxSpace space = new(frame, new double[size], [.. Enumerable.Repeat(255.0, size)], ElementType.UInt8);
        var description = Torsos.Describe(ObservationEncoder.Of(space, 4).FeatureSpace, 6, "auto", null);
        var image = description.Image!;
        Assert.Equal((channels, 4, last), (image.Channels, image.Frames, image.ChannelsLast));
        Assert.Equal(4 * size, description.Inputs);
        Assert.Equal(frame.Max(), image.Height);
        using var network = Make(description);
        Assert.Equal([2L, 6L], network.Forward(rand([2, 4 * size], generator: _noise)).shape);
    }

    [Fact]
    public void Torsos_OfStackedVectors_AreDense()
    {
        BoxSpace bytes = new([50], new double[50], [.. Enumerable.Repeat(255.0, 50)], ElementType.UInt8);
        Assert.Equal("mlp", Torsos.Resolve("auto", ObservationEncoder.Of(bytes, 40).FeatureSpace));
        Assert.Equal("mlp", Torsos.Resolve("auto", ObservationEncoder.Of(BoxSpace.Unbounded(40), 40).FeatureSpace));
    }

    [Fact]
    public void Forward_OfSeveralFramesWithChannelsLast_EqualsChannelsFirst()
    {
        ImageDescription image = new() { Channels = 6, Height = 10, Width = 9, Frames = 3, Layers = [new(7, 3, 1)] };
        var description = new NetworkDescription { Type = "convolutional", Image = image, Inputs = 540, Hidden = [11], Outputs = 3 };
        using var first = Make(description);
        using var last = Make(description with { Image = image with { ChannelsLast = true } });
        var rows = rand([4, 3, 2, 10, 9], generator: _noise);
        AssertClose(first.Forward(rows.flatten(1)), last.Forward(rows.permute(0, 1, 3, 4, 2).flatten(1)), 2e-6);
    }

    [Fact]
    public void Torsos_OfOtherSpaces_AreDense()
    {
        Assert.Equal("mlp", Torsos.Resolve("auto", BoxSpace.Unbounded(4)));
        Assert.Equal("mlp", Torsos.Resolve("auto", new DiscreteSpace(4)));
        Assert.Equal([256, 256], Torsos.Describe(BoxSpace.Unbounded(4), 2, "auto", null).Hidden);
        Assert.Contains("expected an image", Assert.Throws<UserErrorException>(() => Torsos.Describe(BoxSpace.Unbounded(4), 2, "nature", null)).Message, StringComparison.Ordinal);
        var small = new BoxSpace([20, 20], [.. Enumerable.Repeat(0.0, 400)], [.. Enumerable.Repeat(255.0, 400)], ElementType.UInt8);
        Assert.Equal("minatar", Torsos.Resolve("auto", small));
        Assert.Contains("at least 36 x 36", Assert.Throws<UserErrorException>(() => Torsos.Describe(small, 2, "nature", null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_ChannelsLast_EqualsChannelsFirst()
    {
        var image = new ImageDescription { Channels = 3, Height = 6, Width = 5, Layers = [new(4, 3, 1)] };
        var first = new NetworkDescription { Type = "convolutional", Inputs = 90, Hidden = [8], Outputs = 2, Image = image };
        using var network = Make(first);
        using var last = Make(first with { Image = image with { ChannelsLast = true } });
        var x = randn([2, 3, 6, 5], generator: _noise);
        AssertClose(network.Forward(x.reshape(2, 90)), last.Forward(x.permute(0, 2, 3, 1).reshape(2, 90)), 2e-6);
    }
}
