using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class TdLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    // Two transitions, three actions; the second one terminates.
    readonly Tensor _qTm1 = tensor(new float[] { 1, 2, 3, 4, 5, 6 }).reshape(2, 3);
    readonly Tensor _aTm1 = tensor(new long[] { 1, 2 });
    readonly Tensor _rT = tensor(new float[] { 0.5f, -1 });
    readonly Tensor _discountT = tensor(new float[] { 0.9f, 0 });
    readonly Tensor _qTargetT = tensor(new float[] { 10, 20, 30, 7, 8, 9 }).reshape(2, 3);
    readonly Tensor _qSelectorT = tensor(new float[] { 5, 4, 3, 1, 2, 3 }).reshape(2, 3);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void QLearning_ByHand_IsRewardPlusDiscountedMaximumMinusEstimate() =>
        // 0.5 + 0.9 * 30 - 2 and -1 + 0 - 6.
        AssertClose([25.5f, -7], TdLosses.QLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT));

    [Fact]
    public void DoubleQLearning_ByHand_ValuesTheSelectorsActionByTheTarget() =>
        // The selector takes action 0, which the target values at 10: 0.5 + 0.9 * 10 - 2.
        AssertClose([7.5f, -7], TdLosses.DoubleQLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, _qSelectorT));

    [Fact]
    public void DoubleQLearning_WithTheTargetAsSelector_EqualsQLearning() => AssertClose(
        Values(TdLosses.QLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT)),
        TdLosses.DoubleQLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, _qTargetT.clone()));

    [Fact]
    public void DoubleQLearning_WithAMask_TakesNoForbiddenAction()
    {
        var mask = tensor(new[] { false, true, true, true, true, true }).reshape(2, 3);
        // Action 0 is forbidden, so the selector takes action 1, valued at 20.
        AssertClose([16.5f, -7], TdLosses.DoubleQLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, _qSelectorT, mask));
        var onlyFirst = tensor(new[] { true, false, false, true, true, true }).reshape(2, 3);
        AssertClose([7.5f, -7], TdLosses.QLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, onlyFirst));
    }

    [Fact]
    public void QLearning_WithDiscountZero_IsRegressionOnTheReward() =>
        AssertClose([-1.5f, -7], TdLosses.QLearning(_qTm1, _aTm1, _rT, zeros(2), _qTargetT));

    [Fact]
    public void QLearning_OfTwoLeadingAxes_EqualsEachRowAlone()
    {
        var flat = Values(TdLosses.DoubleQLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, _qSelectorT));
        var boxed = TdLosses.DoubleQLearning(
            _qTm1.reshape(2, 1, 3), _aTm1.reshape(2, 1), _rT.reshape(2, 1), _discountT.reshape(2, 1), _qTargetT.reshape(2, 1, 3), _qSelectorT.reshape(2, 1, 3));
        Assert.Equal([2L, 1L], boxed.shape);
        AssertClose(flat, boxed.reshape(2));
    }

    [Fact]
    public void QLearning_ByDefault_SendsNoGradientIntoTheTarget()
    {
        var (estimate, target) = (_qTm1.clone().requires_grad_(), _qTargetT.clone().requires_grad_());
        TdLosses.QLearning(estimate, _aTm1, _rT, _discountT, target).sum().backward();
        Assert.True(target.grad is null);
        AssertClose([0, -1, 0, 0, 0, -1], estimate.grad!.reshape(6));

        TdLosses.QLearning(estimate, _aTm1, _rT, _discountT, target, stopTargetGradients: false).sum().backward();
        AssertClose([0, 0, 0.9f, 0, 0, 0], target.grad!.reshape(6));
    }

    [Theory]
    [InlineData(0.5, 1.0, 0.125)]
    [InlineData(-0.5, 1.0, 0.125)]
    [InlineData(1.0, 1.0, 0.5)]
    [InlineData(3.0, 1.0, 2.5)]
    [InlineData(-3.0, 1.0, 2.5)]
    [InlineData(3.0, 2.0, 4.0)]
    [InlineData(0.0, 1.0, 0.0)]
    public void Huber_ByHand_IsASquareThenALine(double error, double delta, double expected) =>
        AssertClose([(float)expected], TdLosses.Huber(tensor(new[] { (float)error }), delta));

    [Fact]
    public void Huber_Gradient_IsTheClippedError()
    {
        var errors = tensor(new float[] { -5, -1, -0.25f, 0, 0.25f, 1, 5 }).requires_grad_();
        TdLosses.Huber(errors).sum().backward();
        AssertClose([-1, -1, -0.25f, 0, 0.25f, 1, 1], errors.grad!);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(10.0)]
    public void MeanHuberGradient_EqualsAutogradsOfTheMeanLoss(double delta)
    {
        var estimate = _qTm1.clone().requires_grad_();
        var target = tensor(new float[] { 25, -1 });
        TdLosses.Huber(TdLosses.TdErrors(estimate, _aTm1, target), delta).mean().backward();
        var expected = Values(estimate.grad!.reshape(6));
        Assert.Contains(expected, slope => slope != 0);
        AssertClose(expected, TdLosses.MeanHuberGradient(TdLosses.TdErrors(_qTm1, _aTm1, target), _aTm1, 3, delta).reshape(6));
    }

    [Fact]
    public void Huber_OfADeltaThatIsNotPositive_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TdLosses.Huber(_rT, 0));

    [Fact]
    public void QLearning_OfAColumnForAVector_IsNoSilentBroadcast()
    {
        var error = Assert.Throws<ArgumentException>(() => TdLosses.QLearning(_qTm1, _aTm1, _rT.unsqueeze(-1), _discountT, _qTargetT));
        Assert.Contains("rT is [2, 1]; expected [2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void QLearning_OfOtherShapesOrTypes_NamesTheArgument()
    {
        Assert.Contains("qSelectorT", Assert.Throws<ArgumentException>(() => TdLosses.DoubleQLearning(_qTm1, _aTm1, _rT, _discountT, _qTargetT, zeros(2, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("aTm1", Assert.Throws<ArgumentException>(() => TdLosses.QLearning(_qTm1, _aTm1.to(ScalarType.Float32), _rT, _discountT, _qTargetT)).Message, StringComparison.Ordinal);
        Assert.Contains("target", Assert.Throws<ArgumentException>(() => TdLosses.TdErrors(_qTm1, _aTm1, zeros(3))).Message, StringComparison.Ordinal);
    }

    static float[] Values(Tensor tensor) => tensor.detach().to(ScalarType.Float32).data<float>().ToArray();

    static void AssertClose(float[] expected, Tensor actual)
    {
        var values = Values(actual);
        Assert.Equal(expected.Length, values.Length);
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }
}
