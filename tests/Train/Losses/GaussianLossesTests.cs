using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class GaussianLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static double[] Values(Tensor tensor) => [.. tensor.detach().to(ScalarType.Float64).data<double>().ToArray()];

    [Fact]
    public void NegativeLogDensity_ByHand_IsThatOfTheNormalDistribution()
    {
        // Standard normal at 0, and mean 1, deviation 2 at 5, alone and together.
        var half = 0.5 * Math.Log(2 * Math.PI);
        Assert.Equal(half, Values(GaussianLosses.NegativeLogDensity(tensor(new float[] { 0, 0 }).reshape(1, 2), zeros(1, 1)))[0], 1e-6);
        var two = GaussianLosses.NegativeLogDensity(tensor(new[] { 0, 1, 0, MathF.Log(2) }).reshape(1, 4), tensor(new float[] { 0, 5 }).reshape(1, 2));
        Assert.Equal(half + half + 2 + Math.Log(2), Values(two)[0], 1e-5);
    }

    [Fact]
    public void Deviations_AreCutToTheirLimits()
    {
        var logs = Values(GaussianLosses.LogDeviation(tensor(new float[] { 0, 0, 0, -9, 1, 9 }).reshape(1, 6)));
        Assert.Equal([GaussianLosses.LowestLogDeviation, 1, GaussianLosses.HighestLogDeviation], logs);
    }

    [Fact]
    public void MeanGradient_EqualsThatOfAutograd()
    {
        var heads = tensor(new[] { 0.5f, -1, 0.3f, -0.7f, 2, 0, 1.5f, -2 }).reshape(2, 4);
        var actions = tensor(new[] { 1f, 0.2f, 1.9f, -0.4f }).reshape(2, 2);
        var leaf = heads.clone().requires_grad_();
        GaussianLosses.NegativeLogDensity(leaf, actions).mean().backward();
        var expected = Values(leaf.grad!);
        var found = Values(GaussianLosses.MeanGradient(heads, actions));
        Assert.Equal(8, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.Contains(expected, g => Math.Abs(g) > 0.1);
    }

    [Fact]
    public void MeanGradient_BeyondALimit_LeadsBackInsideOnly()
    {
        // Deviation below its limit: an action on the mean wants it smaller still, one far away larger.
        Assert.Equal(0, Values(GaussianLosses.MeanGradient(tensor(new float[] { 0, -6 }).reshape(1, 2), zeros(1, 1)))[1]);
        Assert.True(Values(GaussianLosses.MeanGradient(tensor(new float[] { 0, -6 }).reshape(1, 2), ones(1, 1)))[1] < 0);
        Assert.True(Values(GaussianLosses.MeanGradient(tensor(new float[] { 0, 3 }).reshape(1, 2), zeros(1, 1)))[1] > 0);
        Assert.Equal(0, Values(GaussianLosses.MeanGradient(tensor(new float[] { 0, 3 }).reshape(1, 2), tensor(new float[] { 1000 }).reshape(1, 1)))[1]);
    }

    [Fact]
    public void HeadsOfAnotherWidth_AreRefused() =>
        Assert.Contains("expected twice as many", Assert.Throws<ArgumentException>(() => GaussianLosses.NegativeLogDensity(zeros(1, 3), zeros(1, 2))).Message, StringComparison.Ordinal);
}
