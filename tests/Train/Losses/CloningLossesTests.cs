using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class CloningLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void CrossEntropy_ByHand_IsMinusTheLogOfTheSoftmax()
    {
        // Logits log 1, log 3: probabilities 1/4 and 3/4.
        var logits = tensor(new[] { 0, MathF.Log(3), 0, MathF.Log(3) }).reshape(2, 2);
        var loss = Values(CloningLosses.CrossEntropy(logits, tensor(new long[] { 0, 1 })));
        Assert.Equal(Math.Log(4), loss[0], 1e-6);
        Assert.Equal(Math.Log(4.0 / 3), loss[1], 1e-6);
    }

    [Fact]
    public void CrossEntropy_OfEqualLogits_IsTheLogOfTheNumberOfActions() =>
        Assert.All(Values(CloningLosses.CrossEntropy(zeros(3, 5), tensor(new long[] { 0, 2, 4 }))), loss => Assert.Equal(Math.Log(5), loss, 1e-6));

    [Fact]
    public void CrossEntropy_WithAMask_SharesProbabilityAmongAllowedActions()
    {
        var mask = tensor(new[] { true, false, true }).reshape(1, 3);
        var logits = tensor(new float[] { 1, 50, 1 }).reshape(1, 3);
        Assert.Equal(Math.Log(2), Values(CloningLosses.CrossEntropy(logits, tensor(new long[] { 2 }), mask))[0], 1e-6);
        Assert.Equal(float.PositiveInfinity, Values(CloningLosses.CrossEntropy(logits, tensor(new long[] { 1 }), mask))[0]);
    }

    [Fact]
    public void CrossEntropy_Gradient_IsSoftmaxMinusOneHot()
    {
        var logits = tensor(new[] { 0, MathF.Log(3) }).reshape(1, 2).requires_grad_();
        CloningLosses.CrossEntropy(logits, tensor(new long[] { 0 })).sum().backward();
        var gradient = Values(logits.grad!);
        Assert.Equal(-0.75, gradient[0], 1e-6);
        Assert.Equal(0.75, gradient[1], 1e-6);
    }

    [Fact]
    public void LogitPenalty_ByHand_IsTheMeanSquareOverActions()
    {
        var logits = tensor(new float[] { 1, -2, 3, 0 }).reshape(2, 2);
        Assert.Equal([2.5f, 4.5f], Values(CloningLosses.LogitPenalty(logits)));
        var mask = tensor(new[] { true, false, true, true }).reshape(2, 2);
        Assert.Equal([0.5f, 4.5f], Values(CloningLosses.LogitPenalty(logits, mask)));
    }

    [Fact]
    public void CrossEntropy_OfActionsAsAColumn_IsNoSilentBroadcast() =>
        Assert.Contains("aTm1 is [2, 1]", Assert.Throws<ArgumentException>(() =>
            CloningLosses.CrossEntropy(zeros(2, 3), zeros([2, 1], dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);

    static float[] Values(Tensor tensor) => tensor.detach().data<float>().ToArray();
}
