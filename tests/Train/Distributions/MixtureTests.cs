using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

public sealed class MixtureTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void LogProbability_AndGradients_EqualPyTorchs()
    {
        Golden golden = new("distributions.json", "mixture", "policies");
        var (logits, mean, log) = (golden.Doubles("logits").requires_grad_(), golden.Doubles("mean").requires_grad_(), golden.Doubles("log_deviation").requires_grad_());
        var value = new Mixture(logits, new DiagonalGaussian(mean, log)).LogProbability(golden.Doubles("actions"));
        Golden.AssertClose(golden.Doubles("log"), value, 1e-11);
        var gradients = autograd.grad([value.sum()], [logits, mean, log]);
        foreach (var (name, gradient) in new[] { "logits_gradient", "mean_gradient", "log_deviation_gradient" }.Zip(gradients))
            Golden.AssertClose(golden.Doubles(name), gradient, 1e-11);
    }

    [Fact]
    public void LogProbability_OutsideTheBounds_IsNegativeInfinity_WithoutAGradient()
    {
        var mean = tensor(new[] { 0.0, 0.5 }).reshape(1, 2, 1).expand(2, 2, 1).clone().requires_grad_();
        Mixture p = new(zeros([2, 2], ScalarType.Float64), new DiagonalGaussian(mean, zeros([2, 2, 1], ScalarType.Float64), tensor(new[] { -1.0 }), tensor(new[] { 1.0 })));
        var values = p.LogProbability(tensor(new[] { 0.2, 1.5 }).unsqueeze(-1));
        Assert.Equal(double.NegativeInfinity, values[1].ToDouble());
        var gradient = autograd.grad([values.sum()], [mean])[0];
        Assert.True(gradient.isfinite().all().ToBoolean());
        Assert.NotEqual(0, gradient[0].abs().sum().ToDouble());
        Assert.Equal(0, gradient[1].abs().sum().ToDouble());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EntropyAndKl_AreUpperBounds_ExactWhereComponentsCoincideOrLieFarApart(bool tanh)
    {
        var (p, q) = (Make(tanh, [0.3, -0.9, 0.5], [-0.6, 0.1, 0.9], -1), Make(tanh, [0.1, 0.2, 0.0], [-0.4, 0.3, 0.7], -0.8));
        const int Cells = 100_000;
        var actions = linspace(-1 + (1.0 / Cells), 1 - (1.0 / Cells), Cells, ScalarType.Float64).reshape(Cells, 1, 1);
        var (log, other) = (p.LogProbability(actions), q.LogProbability(actions));
        var entropy = -log.exp().mul(log).sum().ToDouble() * 2 / Cells;
        var divergence = log.exp().mul(log.sub(other)).sum().ToDouble() * 2 / Cells;
        Assert.Equal(1, log.exp().sum().ToDouble() * 2 / Cells, 1e-3);
        Assert.InRange(p.Entropy().ToDouble() - entropy, 1e-3, 0.3);
        Assert.InRange(p.KlTo(q).ToDouble() - divergence, 1e-3, 0.3);
        Assert.Equal(0, p.KlTo(p).ToDouble(), 1e-12);

        var same = Make(tanh, [0.3, -0.9, 0.5], [0.2, 0.2, 0.2], -1);
        Assert.Equal(Make(tanh, [0], [0.2], -1).Entropy().ToDouble(), same.Entropy().ToDouble(), 1e-9);
        var apart = Make(tanh, [0, 0], [-0.8, 0.8], -5);
        Assert.Equal(Math.Log(2) + ((Make(tanh, [0], [-0.8], -5).Entropy().ToDouble() + Make(tanh, [0], [0.8], -5).Entropy().ToDouble()) / 2), apart.Entropy().ToDouble(), 1e-9);
    }

    [Fact]
    public void Samples_AreOfTheComponentsByTheirWeights()
    {
        const int Draws = 40_000;
        using Generator generator = new(2, CPU);
        var weights = new[] { 0.2, 0.7, 0.1 };
        Mixture p = new(
            tensor(weights).log().expand(Draws, 3),
            new DiagonalGaussian(tensor(new[] { -10.0, 0, 10 }).reshape(1, 3, 1).expand(Draws, 3, 1), zeros([Draws, 3, 1], ScalarType.Float64)));
        var drawn = p.Sample(generator).squeeze(-1);
        var shares = new[] { drawn.lt(-5), drawn.abs().le(5), drawn.gt(5) }.Select(part => part.to(ScalarType.Float64).mean().ToDouble()).ToArray();
        Assert.All(weights.Zip(shares), pair => Assert.Equal(pair.First, pair.Second, 4 * Math.Sqrt(pair.First * (1 - pair.First) / Draws)));
        Assert.Equal(0, p.Mode()[0, 0].ToDouble());
        Assert.Null(p.RSample(generator));
    }

    // One row of K components over [-1, 1].
    static Mixture Make(bool tanh, double[] logits, double[] means, double log)
    {
        var (mean, logs) = (tensor(means).reshape(1, means.Length, 1), full([1, means.Length, 1], log, ScalarType.Float64));
        var (low, high) = (tensor(new[] { -1.0 }), tensor(new[] { 1.0 }));
        return new Mixture(tensor(logits).unsqueeze(0), tanh ? new TanhGaussian(mean, logs, low, high) : new DiagonalGaussian(mean, logs, low, high));
    }
}
