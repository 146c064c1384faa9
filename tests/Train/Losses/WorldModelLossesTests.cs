using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class WorldModelLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static Golden Section(string name) => new("losses.json", name, "world_models");

    // As float64, where the two agree to the last digits but one.
    static Tensor Leaf(Golden golden, string name) => golden.Doubles(name).requires_grad_();

    static void AssertGradients(Golden golden, Tensor value, string prefix, params (string Name, Tensor Leaf)[] leaves)
    {
        value.sum().backward();
        foreach (var (name, leaf) in leaves)
            AssertClose(golden.Doubles($"{prefix}gradient_{name}"), leaf.grad!, 1e-9);
    }

    [Fact]
    public void GaussianLogLikelihood_ByHand()
    {
        // -((3 - 1) / 2)^2 / 2 - ln 2 - ln(2 pi) / 2, and -ln(2 pi) / 2 of a second number at its mean.
        var value = WorldModelLosses.GaussianLogLikelihood(tensor(new float[,] { { 3, 5 } }), tensor(new float[,] { { 1, 5 } }), tensor(new float[,] { { MathF.Log(2), 0 } }));
        Assert.Equal([1L], value.shape);
        Assert.Equal(-0.5 - 0.6931472 - (2 * 0.9189385), value.ToDouble(), 1e-5);
    }

    [Fact]
    public void BernoulliLogLikelihood_ByHand()
    {
        // p = 3/4 of a one, and of a zero: ln(3/4) + ln(1/4). Half a one is half of either.
        var logits = tensor(new float[,] { { MathF.Log(3), MathF.Log(3) } });
        Assert.Equal(Math.Log(0.75) + Math.Log(0.25), WorldModelLosses.BernoulliLogLikelihood(tensor(new float[,] { { 1, 0 } }), logits).ToDouble(), 1e-6);
        Assert.Equal(Math.Log(0.75) + Math.Log(0.25), WorldModelLosses.BernoulliLogLikelihood(tensor(new float[,] { { 0.5f, 0.5f } }), logits).ToDouble(), 1e-6);
        // Where e^l overflows.
        Assert.Equal(-200, WorldModelLosses.BernoulliLogLikelihood(tensor(new float[,] { { 0, 1 } }), tensor(new float[,] { { 200, 200 } })).ToDouble(), 1e-6);
    }

    [Fact]
    public void Divergences_ByHand()
    {
        // (4 + 9 - 1) / 2 - ln 3.
        var (mean, log) = (tensor(new float[,] { { 2 } }), tensor(new float[,] { { MathF.Log(3) } }));
        Assert.Equal(6 - Math.Log(3), WorldModelLosses.KlToStandardNormal(mean, log).ToDouble(), 1e-5);
        // To N(5, 1/4): ln(1/2) - ln 3 + (9 + 9) / (1/2) - 1/2.
        Assert.Equal(Math.Log(0.5) - Math.Log(3) + 36 - 0.5, WorldModelLosses.KlBetween(mean, log, tensor(new float[,] { { 5 } }), tensor(new float[,] { { MathF.Log(0.5f) } })).ToDouble(), 1e-4);
        // The bound with beta 2 from a likelihood of -1 and a divergence of 3.
        Assert.Equal(7, WorldModelLosses.NegativeElbo(tensor(new float[] { -1 }), tensor(new float[] { 3 }), 2).ToDouble(), 1e-6);
    }

    [Fact]
    public void MixtureLogLikelihood_ByHand()
    {
        // Weights 1/4 and 3/4, both at a distance of one deviation of 1.
        var value = WorldModelLosses.MixtureLogLikelihood(
            tensor(new float[,] { { 1 } }), tensor(new float[,] { { 0, MathF.Log(3) } }), tensor(new float[] { 0, 2 }).reshape(1, 2, 1), zeros(1, 2, 1));
        Assert.Equal(-0.5 - 0.9189385, value.ToDouble(), 1e-5);
        // Of one at the point and one far away, the weight of the first is what counts.
        Assert.Equal(
            Math.Log(0.25) - 0.9189385,
            WorldModelLosses.MixtureLogLikelihood(tensor(new float[,] { { 0 } }), tensor(new float[,] { { 0, MathF.Log(3) } }), tensor(new float[] { 0, 100 }).reshape(1, 2, 1), zeros(1, 2, 1)).ToDouble(), 1e-5);
    }

    [Fact]
    public void Gaussian_EqualsTorchDistributions()
    {
        var golden = Section("gaussian");
        var (mean, log) = (Leaf(golden, "mean"), Leaf(golden, "log"));
        var value = WorldModelLosses.GaussianLogLikelihood(golden.Doubles("x"), mean, log);
        AssertClose(golden.Doubles("value"), value, 1e-9);
        AssertGradients(golden, value, "", ("mean", mean), ("log", log));
    }

    [Fact]
    public void Bernoulli_EqualsTorchDistributions()
    {
        var golden = Section("bernoulli");
        var logits = Leaf(golden, "logits");
        var value = WorldModelLosses.BernoulliLogLikelihood(golden.Doubles("x"), logits);
        AssertClose(golden.Doubles("value"), value, 1e-9);
        AssertGradients(golden, value, "", ("logits", logits));
    }

    [Fact]
    public void Divergences_EqualTorchDistributions()
    {
        var golden = Section("divergences");
        var (mean, log, other, otherLog) = (Leaf(golden, "mean"), Leaf(golden, "log"), Leaf(golden, "other"), Leaf(golden, "other_log"));
        var between = WorldModelLosses.KlBetween(mean, log, other, otherLog);
        AssertClose(golden.Doubles("between"), between, 1e-9);
        AssertGradients(golden, between, "", ("mean", mean), ("log", log), ("other", other), ("other_log", otherLog));
        (mean, log) = (Leaf(golden, "mean"), Leaf(golden, "log"));
        var standard = WorldModelLosses.KlToStandardNormal(mean, log);
        AssertClose(golden.Doubles("standard"), standard, 1e-9);
        AssertGradients(golden, standard, "standard_", ("mean", mean), ("log", log));
        // Against the standard normal distribution both are one.
        AssertClose(WorldModelLosses.KlBetween(mean, log, zeros_like(mean), zeros_like(log)), standard, 1e-9);
    }

    [Fact]
    public void Mixture_EqualsTorchDistributions()
    {
        var golden = Section("mixture");
        var (logits, means, logs) = (Leaf(golden, "logits"), Leaf(golden, "means"), Leaf(golden, "logs"));
        var value = WorldModelLosses.MixtureLogLikelihood(golden.Doubles("x"), logits, means, logs);
        AssertClose(golden.Doubles("value"), value, 1e-9);
        AssertGradients(golden, value, "", ("logits", logits), ("means", means), ("logs", logs));
        // A mixture of one is that one.
        AssertClose(
            WorldModelLosses.GaussianLogLikelihood(golden.Doubles("x"), means.select(1, 0), logs.select(1, 0)),
            WorldModelLosses.MixtureLogLikelihood(golden.Doubles("x"), logits.narrow(1, 0, 1), means.narrow(1, 0, 1), logs.narrow(1, 0, 1)), 1e-9);
    }

    [Fact]
    public void OtherShapes_AreRefused()
    {
        Assert.Contains("[3, 2]", Assert.Throws<ArgumentException>(() => WorldModelLosses.GaussianLogLikelihood(zeros(3, 2), zeros(3, 1), zeros(3, 1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => WorldModelLosses.NegativeElbo(zeros(3), zeros(3, 1)));
        Assert.Throws<ArgumentException>(() => WorldModelLosses.MixtureLogLikelihood(zeros(3, 2), zeros(3, 4), zeros(3, 5, 2), zeros(3, 5, 2)));
    }
}
