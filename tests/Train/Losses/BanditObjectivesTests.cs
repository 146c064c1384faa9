using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class BanditObjectivesTests : IDisposable
{
    // Two contexts, three actions: what is logged how often, what the policy would do, what it earns.
    static readonly float[] Behavior = [0.5f, 0.3f, 0.2f, 0.1f, 0.6f, 0.3f], Policy = [0.2f, 0.2f, 0.6f, 0.7f, 0.2f, 0.1f], Rewards = [1, 0.5f, 0.25f, 0, 0.75f, 1];

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Objectives_ByHand()
    {
        var (weights, rewards) = (tensor(new[] { 2f, 0.5f, 1 }), tensor(new[] { 1f, 0, 1 }));
        Assert.Equal(1, BanditObjectives.Ips(weights, rewards).ToSingle(), 1e-6);
        Assert.Equal(3 / 3.5, BanditObjectives.SelfNormalized(weights, rewards).ToSingle(), 1e-6);
        // u = 2, 0, 1: mean 1, variance 1.
        Assert.Equal(1 - (2 / Math.Sqrt(3)), BanditObjectives.Poem(weights, rewards, 2).ToSingle(), 1e-6);
        // One row: 0.25 * 1 + 0.75 * 2 + 2 (3 - 1).
        var robust = BanditObjectives.DoublyRobust(
            tensor(new[] { 2f }), tensor(new[] { 3f }), tensor(new[] { 0.25f, 0.75f }).reshape(1, 2), tensor(new[] { 1f, 2 }).reshape(1, 2), tensor(new[] { 0L }));
        Assert.Equal(5.75, robust.ToSingle(), 1e-6);
    }

    [Fact]
    public void Weights_AreRatios_WithoutAGradientWhereTheLimitBinds()
    {
        var logs = tensor(new[] { MathF.Log(0.5f), MathF.Log(0.9f) }).requires_grad_();
        var weights = BanditObjectives.Weights(logs, tensor(new[] { MathF.Log(0.25f), MathF.Log(0.1f) }), 4);
        AssertClose(tensor(new[] { 2f, 4 }), weights, 1e-5);
        weights.sum().backward();
        AssertClose(tensor(new[] { 2f, 0 }), logs.grad!, 1e-5);
        Assert.Throws<ArgumentOutOfRangeException>(() => BanditObjectives.Weights(logs, logs, 0));
    }

    [Fact]
    public void Ips_OverTheBehaviorsActions_IsWhatThePolicyEarns()
    {
        var (value, _) = Expected((weights, rewards, _, _) => weights.mul(rewards).mean());
        Assert.Equal(Value(), value, 1e-6);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.7, false)]
    [InlineData(-3, false)]
    [InlineData(0, true)]
    public void DoublyRobust_IsRightWhereWeightsOrModelAre(double offset, bool wrongWeights)
    {
        // A model with any offset, or weights of half their size with the true model.
        var (value, _) = Expected((weights, rewards, row, action) => BanditObjectives.DoublyRobust(
            wrongWeights ? weights.mul(0.5) : weights, rewards, tensor(Policy.AsSpan(3 * row, 3).ToArray()).reshape(1, 3),
            tensor(Rewards.AsSpan(3 * row, 3).ToArray()).reshape(1, 3).add(offset * (wrongWeights ? 0 : row + 1)), tensor(new[] { (long)action })));
        Assert.Equal(Value(), value, 1e-5);
        // Both wrong is wrong.
        var (wrong, _) = Expected((weights, rewards, row, action) => BanditObjectives.DoublyRobust(
            weights.mul(0.5), rewards, tensor(Policy.AsSpan(3 * row, 3).ToArray()).reshape(1, 3), full([1, 3], 0.7), tensor(new[] { (long)action })));
        Assert.True(Math.Abs(wrong - Value()) > 0.01);
    }

    [Fact]
    public void DoublyRobust_WithTheTrueModel_VariesLessThanIps()
    {
        var (_, ips) = Expected((weights, rewards, _, _) => weights.mul(rewards).mean());
        var (_, robust) = Expected((weights, rewards, row, action) => BanditObjectives.DoublyRobust(
            weights, rewards, tensor(Policy.AsSpan(3 * row, 3).ToArray()).reshape(1, 3), tensor(Rewards.AsSpan(3 * row, 3).ToArray()).reshape(1, 3), tensor(new[] { (long)action })));
        Assert.True(robust < 0.5 * ips);
    }

    [Fact]
    public void SelfNormalized_WithAConstantMore_IsThatConstantMore()
    {
        var (weights, rewards) = (tensor(new[] { 0.2f, 3, 1 }), tensor(new[] { 0f, 1, 1 }));
        Assert.Equal(BanditObjectives.SelfNormalized(weights, rewards).ToSingle() + 5, BanditObjectives.SelfNormalized(weights, rewards.add(5)).ToSingle(), 1e-5);
        // The plain estimate prefers to have more weight.
        Assert.NotEqual(BanditObjectives.Ips(weights, rewards).ToSingle() + 5, BanditObjectives.Ips(weights, rewards.add(5)).ToSingle(), 1e-2);
    }

    [Fact]
    public void Poem_WithoutPenalty_IsIps_AndItsGradientIsAutogradsOfTheFormula()
    {
        var (weights, rewards) = (tensor(new[] { 0.2f, 3, 1, 0.5f }).requires_grad_(), tensor(new[] { 0.5f, 1, 1, 0.25f }));
        Assert.Equal(BanditObjectives.Ips(weights, rewards).ToSingle(), BanditObjectives.Poem(weights, rewards, 0).ToSingle(), 1e-6);
        BanditObjectives.Poem(weights, rewards, 1.5).backward();
        // d/dw_i: r_i / N - lambda (u_i - mean) r_i / ((N - 1) sqrt(var N)).
        using var quiet = no_grad();
        var u = weights.mul(rewards);
        var expected = rewards.mul(0.25).sub(u.sub(u.mean()).mul(rewards).mul(1.5 / 3).div(u.var().mul(4).sqrt()));
        AssertClose(expected, weights.grad!, 1e-5);
        Assert.Equal(0.5, BanditObjectives.Poem(ones(4), full(4, 0.5), 1).ToSingle(), 1e-5);
    }

    static double Value() => Policy.Zip(Rewards, (p, r) => p * r / 2.0).Sum();

    // Expectation and variance over contexts and logged actions of an estimate from one row.
    static (double Mean, double Variance) Expected(Func<Tensor, Tensor, int, int, Tensor> estimate)
    {
        var (mean, square) = (0.0, 0.0);
        for (var i = 0; i < Policy.Length; i++)
        {
            var weights = BanditObjectives.Weights(tensor(new[] { MathF.Log(Policy[i]) }), tensor(new[] { MathF.Log(Behavior[i]) }), double.PositiveInfinity);
            var value = estimate(weights, tensor(new[] { Rewards[i] }), i / 3, i % 3).ToDouble();
            mean += Behavior[i] / 2 * value;
            square += Behavior[i] / 2 * value * value;
        }

        return (mean, square - (mean * mean));
    }
}
