using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class QuantileLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("losses.json", "quantile");

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void QuantileHuber_ByHand()
    {
        // One estimate 0 at tau 0.25, targets 2 and -0.5: (0.25 * 1.5 + 0.75 * 0.125) / 2.
        var loss = QuantileLosses.QuantileHuber(zeros(1, 1), tensor(new[] { 0.25f }), tensor(new[] { 2f, -0.5f }).reshape(1, 2));
        AssertClose(tensor(new[] { (0.375f + 0.09375f) / 2 }), loss);
        // Without Huber: (0.25 * 2 + 0.75 * 0.5) / 2.
        AssertClose(tensor(new[] { 0.4375f }), QuantileLosses.QuantileHuber(zeros(1, 1), tensor(new[] { 0.25f }), tensor(new[] { 2f, -0.5f }).reshape(1, 2), kappa: 0));
    }

    [Fact]
    public void QuantileHuber_AtTheMiddle_IsHalfOfHuber()
    {
        var (estimate, targets) = (tensor(new[] { 0.5f }).reshape(1, 1), tensor(new[] { -3f, 0.25f, 4 }).reshape(1, 3));
        AssertClose(TdLosses.Huber(targets - estimate).mean([-1]) / 2, QuantileLosses.QuantileHuber(estimate, tensor(new[] { 0.5f }), targets));
    }

    [Fact]
    public void Gradient_DescendedWithKappaNearZero_FindsTheMedianAndTheQuartiles()
    {
        // Targets 0, 1, ..., 99: the quartiles lie at 24.5, 49.5 and 74.5.
        var targets = arange(100, dtype: ScalarType.Float32).reshape(1, 100);
        var taus = tensor(new[] { 0.25f, 0.5f, 0.75f });
        var estimates = zeros(1, 3);
        for (var i = 0; i < 4000; i++)
            estimates.sub_(QuantileLosses.MeanQuantileHuberGradient(estimates, taus, targets, kappa: 0.5).mul(20.0 / (1 + (i / 100))));
        AssertClose(tensor(new[] { 24.5f, 49.5f, 74.5f }).reshape(1, 3), estimates, 0.6);
    }

    [Fact]
    public void QuantileHuber_EqualsTheGoldenNumbers()
    {
        var (estimates, taus, targets, kappa) = (_golden.Floats("estimates"), _golden.Floats("taus"), _golden.Floats("targets"), _golden.Number("kappa"));
        AssertClose(_golden.Floats("losses"), QuantileLosses.QuantileHuber(estimates, taus, targets, kappa), 2e-6);
        AssertClose(_golden.Floats("gradient"), QuantileLosses.MeanQuantileHuberGradient(estimates, taus, targets, _golden.Floats("weights"), kappa));
        Assert.True(Distance(_golden.Floats("losses"), QuantileLosses.QuantileHuber(estimates, 1 - taus, targets, kappa)) > 1e-2);
    }

    [Fact]
    public void MeanQuantileHuberGradient_EqualsAutograds()
    {
        var (estimates, targets) = (_golden.Floats("estimates").requires_grad_(), _golden.Floats("targets"));
        var taus = QuantileLosses.Midpoints(4, CPU);
        QuantileLosses.QuantileHuber(estimates, taus, targets, 0.3).mean().backward();
        AssertClose(estimates.grad!, QuantileLosses.MeanQuantileHuberGradient(estimates.detach(), taus, targets, kappa: 0.3));
    }

    [Fact]
    public void Midpoints_OfFour_AreEighths() => AssertClose(tensor(new[] { 0.125f, 0.375f, 0.625f, 0.875f }), QuantileLosses.Midpoints(4, CPU));

    [Fact]
    public void QuantileHuber_OfOtherShapes_NamesTheArgument()
    {
        Assert.Contains("taus", Assert.Throws<ArgumentException>(() => QuantileLosses.QuantileHuber(zeros(2, 3), zeros(4), zeros(2, 5))).Message, StringComparison.Ordinal);
        Assert.Contains("targets", Assert.Throws<ArgumentException>(() => QuantileLosses.QuantileHuber(zeros(2, 3), zeros(3), zeros(1, 5))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantileLosses.MeanQuantileHuberGradient(zeros(2, 3), zeros(3), zeros(2, 5), kappa: 0));
    }
}
