using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class MpoLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void ByHand()
    {
        // eta 0.5, values 1 and 0: 0.5 * (0.1 + ln((e^2 + 1) / 2)); weights e^2 and 1 over their sum.
        var (values, eta) = (tensor(new[] { 1.0, 0 }).unsqueeze(0), tensor(0.5, dtype: ScalarType.Float64));
        var sum = Math.Exp(2) + 1;
        Assert.Equal(0.5 * (0.1 + Math.Log(sum / 2)), MpoLosses.Dual(values, null, eta, 0.1).ToDouble(), 1e-12);
        Golden.AssertClose(tensor(new[] { Math.Exp(2) / sum, 1 / sum }).unsqueeze(0), MpoLosses.Weights(values, null, eta), 1e-12);
        // Priors 1/4 and 3/4: 0.5 * (0.1 + ln(e^2 / 4 + 3 / 4)).
        var priors = tensor(new[] { 0.25, 0.75 }).log().unsqueeze(0);
        Assert.Equal(0.5 * (0.1 + Math.Log((Math.Exp(2) / 4) + 0.75)), MpoLosses.Dual(values, priors, eta, 0.1).ToDouble(), 1e-12);
        Golden.AssertClose(tensor(new[] { Math.Exp(2) / (Math.Exp(2) + 3), 3 / (Math.Exp(2) + 3) }).unsqueeze(0), MpoLosses.Weights(values, priors, eta), 1e-12);
    }

    [Fact]
    public void Dual_AtItsLowestPoint_HoldsTheDivergenceAtEpsilon()
    {
        using Generator generator = new(3, CPU);
        var values = randn([5, 4], ScalarType.Float64, generator: generator);
        var priors = randn([5, 4], ScalarType.Float64, generator: generator).log_softmax(-1);
        // Bisection on the slope.
        var (low, high) = (0.01, 100.0);
        for (var i = 0; i < 80; i++)
        {
            var middle = (low + high) / 2;
            var leaf = tensor(middle, dtype: ScalarType.Float64).requires_grad_();
            (low, high) = autograd.grad([MpoLosses.Dual(values, priors, leaf, 0.2)], [leaf])[0].ToDouble() < 0 ? (middle, high) : (low, middle);
        }

        var weights = MpoLosses.Weights(values, priors, tensor(low, dtype: ScalarType.Float64));
        Assert.Equal(0.2, weights.mul(weights.log().sub(priors)).sum(-1).mean().ToDouble(), 1e-9);
    }

    [Fact]
    public void ForbiddenActions_WeighNothing()
    {
        var priors = tensor(new[] { 0, double.NegativeInfinity }).unsqueeze(0);
        var eta = tensor(0.1, dtype: ScalarType.Float64).requires_grad_();
        var values = tensor(new[] { 1.0, 100 }).unsqueeze(0);
        Golden.AssertClose(tensor(new[] { 1.0, 0 }).unsqueeze(0), MpoLosses.Weights(values, priors, eta));
        // eta (0.1 + 1 / eta): the slope is 0.1.
        Assert.Equal(0.1, autograd.grad([MpoLosses.Dual(values, priors, eta, 0.1)], [eta])[0].ToDouble(), 1e-12);
    }
}
