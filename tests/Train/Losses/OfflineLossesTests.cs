using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class OfflineLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("losses.json", "offline");

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Conservative_ByHand_IsTheLogOfTheSumMinusTheTaken()
    {
        var q = tensor(new[] { MathF.Log(1), MathF.Log(2), MathF.Log(5) }).reshape(1, 3);
        AssertClose(tensor(new[] { MathF.Log(4) }), OfflineLosses.Conservative(q, tensor(new long[] { 1 })));
        // Without the last action the sum is 3.
        var mask = tensor(new[] { true, true, false }).reshape(1, 3);
        AssertClose(tensor(new[] { MathF.Log(1.5f) }), OfflineLosses.Conservative(q, tensor(new long[] { 1 }), mask));
    }

    [Fact]
    public void Conservative_EqualsTheGoldenNumbers()
    {
        var (q, actions, mask) = (_golden.Floats("q"), _golden.Longs("actions"), _golden.Bools("mask"));
        AssertClose(_golden.Floats("penalties"), OfflineLosses.Conservative(q, actions, mask), 2e-6);
        AssertClose(_golden.Floats("gradient"), OfflineLosses.MeanCrossEntropyGradient(q, actions, mask, _golden.Floats("weights")));
        Assert.True(Distance(_golden.Floats("penalties"), OfflineLosses.Conservative(q, actions)) > 1e-3);
    }

    [Fact]
    public void MeanCrossEntropyGradient_EqualsAutograds()
    {
        var (q, actions) = (_golden.Floats("q").requires_grad_(), _golden.Longs("actions"));
        OfflineLosses.Conservative(q, actions).mean().backward();
        AssertClose(q.grad!, OfflineLosses.MeanCrossEntropyGradient(q.detach(), actions));
    }

    [Fact]
    public void BatchConstraint_EqualsTheGoldenNumbers()
    {
        var allowed = OfflineLosses.BatchConstraint(_golden.Floats("logits"), _golden.Number("threshold"), _golden.Bools("mask"));
        Assert.Equal(_golden.Bools("constraint").data<bool>().ToArray(), allowed.data<bool>().ToArray());
        Assert.True(allowed.any(-1).all().ToBoolean());
        Assert.Contains(false, allowed.data<bool>().ToArray());
    }

    [Fact]
    public void BatchConstraint_AtItsEnds_AllowsAllOrTheLikeliest()
    {
        var logits = tensor(new[] { 0f, -50, 3, 1 }).reshape(1, 4);
        Assert.Equal([true, true, true, true], OfflineLosses.BatchConstraint(logits, 0).data<bool>().ToArray());
        Assert.Equal([true, false, true, true], OfflineLosses.BatchConstraint(logits, 0, tensor(new[] { true, false, true, true }).reshape(1, 4)).data<bool>().ToArray());
        Assert.Equal([false, false, true, false], OfflineLosses.BatchConstraint(logits, 0.999).data<bool>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => OfflineLosses.BatchConstraint(logits, 1));
    }

    [Fact]
    public void Expectile_EqualsTheGoldenNumbers()
    {
        var (errors, tau) = (_golden.Floats("errors"), _golden.Number("tau"));
        AssertClose(_golden.Floats("expectile"), OfflineLosses.Expectile(errors, tau), 2e-6);
        AssertClose(_golden.Floats("expectile_gradient"), OfflineLosses.MeanExpectileGradient(errors, tau));
        AssertClose(errors * errors / 2, OfflineLosses.Expectile(errors, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => OfflineLosses.Expectile(errors, 1));
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(0.9, 0.9)]
    public void Expectile_Descended_FindsTheExpectileOfTwoPoints(double tau, double expected)
    {
        // Of 0 and 1 the expectile tau is tau itself: tau (1 - v) = (1 - tau) v.
        var v = zeros(1);
        for (var i = 0; i < 500; i++)
            v.sub_(OfflineLosses.MeanExpectileGradient(tensor(new[] { 0f, 1 }) - v, tau).sum().reshape(1).mul(0.2));
        Assert.Equal(expected, v.ToSingle(), 1e-4);
    }

    [Fact]
    public void Weights_EqualTheGoldenNumbers()
    {
        var errors = _golden.Floats("errors");
        AssertClose(_golden.Floats("exponential"), OfflineLosses.ExponentialWeights(errors, _golden.Number("temperature"), _golden.Number("limit")), 2e-5);
        AssertClose(_golden.Floats("binary"), OfflineLosses.BinaryWeights(errors), 0);
        AssertClose(tensor(new[] { 20f }), OfflineLosses.ExponentialWeights(tensor(new[] { 1e30f }), 1, 20), 1e-5);
    }

    [Fact]
    public void ExpectedValue_EqualsTheGoldenNumbers() =>
        AssertClose(_golden.Floats("expected"), OfflineLosses.ExpectedValue(_golden.Floats("q"), _golden.Floats("logits"), _golden.Bools("mask")));

    [Fact]
    public void Mixture_EqualsTheGoldenNumbers()
    {
        var weights = OfflineLosses.MixtureWeights(_golden.Floats("uniform"));
        Assert.Equal(1, weights.sum().ToSingle(), 1e-6);
        AssertClose(_golden.Floats("mixture"), OfflineLosses.Mixture(_golden.Floats("heads"), weights));
        // All weight on one head is that head.
        AssertClose(_golden.Floats("heads").select(-1, 1), OfflineLosses.Mixture(_golden.Floats("heads"), tensor(new[] { 0f, 1, 0 })));
    }

    [Fact]
    public void Weighted_ScalesEachRow()
    {
        var values = tensor(new[] { 1f, 2, 3, 4 }).reshape(2, 2);
        AssertClose(tensor(new[] { 2f, 4, 1.5f, 2 }).reshape(2, 2), TdLosses.Weighted(values, tensor(new[] { 2f, 0.5f })));
        Assert.True(ReferenceEquals(values, TdLosses.Weighted(values, null)));
        Assert.Throws<ArgumentException>(() => TdLosses.Weighted(values, ones(3)));
        var (errors, actions) = (tensor(new[] { 0.5f, -3 }), tensor(new long[] { 0, 1 }));
        // -0.5 / 2 * 2 and 1 / 2 * 0.5.
        AssertClose(tensor(new[] { -0.5f, 0, 0, 0.25f }).reshape(2, 2), TdLosses.MeanHuberGradient(errors, actions, 2, 1, tensor(new[] { 2f, 0.5f })));
    }
}
