using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class DreamLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("dream_losses.json", "losses", "dream");

    public void Dispose() => _scope.Dispose();

    static double[] Values(Tensor tensor) => [.. tensor.detach().to(ScalarType.Float64).data<double>().ToArray()];

    static Tensor Column(params float[] values) => tensor(values).reshape(values.Length, 1);

    [Fact]
    public void LambdaReturns_ByHand_MixValuesAndRewards()
    {
        // Backwards with lambda 1/2: 4 + 1/2 * 8 = 8; 2 + (4 / 2 + 8 / 2) = 8; 1 + 1/2 (6 / 2 + 8 / 2) = 4.5.
        var found = DreamLosses.LambdaReturns(Column(1, 2, 4), Column(0.5f, 1, 0.5f), Column(6, 4, 8), 0.5);
        Assert.Equal([4.5, 8, 8], Values(found));
    }

    [Fact]
    public void LambdaReturns_AtTheEnds_AreOneStepAndWholeDream()
    {
        var (r, d, v) = (_golden.Floats("rewards"), _golden.Floats("discounts"), _golden.Floats("values"));
        Golden.AssertClose(r.addcmul(d, v, 1), DreamLosses.LambdaReturns(r, d, v, 0));
        var last = r[4].addcmul(d[4], v[4], 1);
        for (var t = 3; t >= 0; t--)
            last = r[t].addcmul(d[t], last, 1);
        Golden.AssertClose(last, DreamLosses.LambdaReturns(r, d, v, 1)[0]);
    }

    [Fact]
    public void LambdaReturns_BeforeAStepThatIsNotTrusted_EndAtItsValue()
    {
        var (d, v) = (Column(1, 1, 1), Column(10, 20, 30));
        var found = Values(DreamLosses.LambdaReturns(Column(1, 1, 1000), d, v, 1, Column(1, 1, 0)));
        Assert.Equal([22, 21], found[..2]);
        Assert.NotEqual(22, Values(DreamLosses.LambdaReturns(Column(1, 1, 1000), d, v, 1))[0]);
    }

    [Fact]
    public void Returns_Weights_AndTheirGradients_AreThoseOfPyTorch()
    {
        var (r, d, v) = (_golden.Floats("rewards"), _golden.Floats("discounts"), _golden.Floats("values").requires_grad_());
        var returns = DreamLosses.LambdaReturns(r, d, v, 0.8);
        Golden.AssertClose(_golden.Doubles("returns"), returns);
        Golden.AssertClose(_golden.Doubles("weights"), DreamLosses.StepWeights(d));
        var loss = DreamLosses.Pathwise(returns, DreamLosses.StepWeights(d));
        Assert.Equal(_golden.Number("pathwise"), loss.ToDouble(), 1e-6);
        loss.backward();
        Golden.AssertClose(_golden.Doubles("value_grad"), v.grad!);
    }

    [Fact]
    public void Symlog_ByHand_AndBack()
    {
        var x = tensor(new[] { -(float)(Math.E - 1), 0, 1, 1000 });
        Assert.Equal([-1, 0, Math.Log(2), Math.Log(1001)], Values(DreamLosses.Symlog(x)), Near);
        Golden.AssertClose(x, DreamLosses.Symexp(DreamLosses.Symlog(x)), 1e-3);
    }

    [Fact]
    public void TwoHot_ByHand_SplitsBetweenNeighbors_AndKeepsTheMean()
    {
        // Atoms -1, 0, 1: a quarter of the way from 0 to 1; beyond the end; on an atom.
        Assert.Equal([0, 0.75, 0.25, 0, 0, 1, 1, 0, 0], Values(TorchExtras.TwoHot(tensor(new[] { 0.25f, 7, -1 }), -1, 1, 3)), Near);
        Assert.Contains("at least 2 atoms", Assert.Throws<ArgumentException>(() => TorchExtras.TwoHot(zeros(1), 0, 1, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoHot_CrossEntropyAndMean_AreThoseOfPyTorch()
    {
        var (x, logits) = (_golden.Floats("x"), _golden.Floats("logits").requires_grad_());
        Golden.AssertClose(_golden.Doubles("symlog"), DreamLosses.Symlog(x), 1e-5);
        Golden.AssertClose(_golden.Doubles("two_hot"), TorchExtras.TwoHot(DreamLosses.Symlog(x), -5, 5, 11), 1e-5);
        var loss = DreamLosses.TwoHotCrossEntropy(logits, x, -5, 5);
        Golden.AssertClose(_golden.Doubles("cross_entropy"), loss, 1e-5);
        loss.sum().backward();
        Golden.AssertClose(_golden.Doubles("logits_grad"), logits.grad!, 1e-5);
        Golden.AssertClose(_golden.Doubles("two_hot_mean"), DreamLosses.TwoHotMean(logits, -5, 5), 1e-4);
    }

    [Fact]
    public void CategoricalKl_ByHand_AddsUpOverGroups()
    {
        // (1/2, 1/2) against (1/4, 3/4): ln 2 / 2 + ln(2/3) / 2 = ln(4/3) / 2, twice.
        var p = tensor(new[] { 0.5f, 0.5f, 0.5f, 0.5f }).reshape(1, 2, 2).log();
        var q = tensor(new[] { 0.25f, 0.75f, 0.75f, 0.25f }).reshape(1, 2, 2).log();
        Assert.Equal(Math.Log(4 / 3.0), Values(DreamLosses.CategoricalKl(p, q))[0], 1e-6);
    }

    [Fact]
    public void GaussianKl_ByHand_AndOfPyTorch()
    {
        // N(1, 1) against N(0, 2): ln 2 + (1 + 1) / 8 - 1/2.
        Assert.Equal(Math.Log(2) - 0.25, Values(DreamLosses.GaussianKl(ones(1, 1), ones(1, 1), zeros(1, 1), full([1, 1], 2.0f)))[0], 1e-6);
        Golden.AssertClose(_golden.Doubles("gaussian_kl"), DreamLosses.GaussianKl(_golden.Floats("mean_p"), _golden.Floats("deviation_p"), _golden.Floats("mean_q"), _golden.Floats("deviation_q")), 1e-5);
    }

    [Fact]
    public void BalancedKl_AndItsGradients_AreThoseOfPyTorch()
    {
        var (p, q) = (_golden.Floats("p").requires_grad_(), _golden.Floats("q").requires_grad_());
        var (logP, logQ) = (DreamLosses.UniformMix(p, 0.01), DreamLosses.UniformMix(q, 0.01));
        Golden.AssertClose(_golden.Doubles("categorical_kl"), DreamLosses.CategoricalKl(logP, logQ), 1e-5);
        var loss = DreamLosses.BalancedKl(DreamLosses.CategoricalKl(logP.detach(), logQ), DreamLosses.CategoricalKl(logP, logQ.detach()), 0.8, 0.2, _golden.Number("free"));
        Assert.Equal(_golden.Number("balanced"), loss.ToDouble(), 1e-6);
        loss.backward();
        Golden.AssertClose(_golden.Doubles("p_grad"), p.grad!);
        Golden.AssertClose(_golden.Doubles("q_grad"), q.grad!);
    }

    [Fact]
    public void BalancedKl_FreeNats_AreOfRowsOrOfTheMean()
    {
        var kl = tensor(new[] { 0f, 4, 100 });
        var counts = tensor(new[] { 1f, 1, 0 });
        // max(3, 0) and max(3, 4) make 3.5; the mean 2 makes 3. The third row does not count.
        Assert.Equal(3.5, DreamLosses.BalancedKl(kl, kl, 0.75, 0.25, 3, counts).ToDouble(), 1e-6);
        Assert.Equal(3, DreamLosses.BalancedKl(kl, kl, 0.75, 0.25, 3, counts, ofMean: true).ToDouble(), 1e-6);
    }

    [Fact]
    public void UniformMix_LeavesNoClassImpossible()
    {
        var found = Values(DreamLosses.UniformMix(tensor(new[] { 0f, -1000 }), 0.01).exp());
        Assert.Equal([0.995, 0.005], found, Near);
        Assert.Equal(0, Values(DreamLosses.UniformMix(tensor(new[] { 0f, -1000 }), 0).exp())[1]);
    }

    [Fact]
    public void PercentileRange_ByHand_AndOfPyTorch()
    {
        Assert.Equal(90, DreamLosses.PercentileRange(arange(0, 101, ScalarType.Float32)).ToDouble(), 1e-4);
        Assert.Equal(_golden.Number("percentile_range"), DreamLosses.PercentileRange(_golden.Floats("many")).ToDouble(), 1e-5);
    }

    [Fact]
    public void ScoreFunction_ByHand_WeighsStepsAndHoldsAdvantagesConstant()
    {
        var (logs, advantages) = (Column(-1, -2).requires_grad_(), Column(3, 5).requires_grad_());
        var loss = DreamLosses.ScoreFunction(logs, advantages, Column(1, 0.5f));
        // -(-3 - 5) / 2.
        Assert.Equal(4, loss.ToDouble(), 1e-6);
        loss.backward();
        Assert.Equal([-1.5, -1.25], Values(logs.grad!));
        Assert.Null(advantages.grad);
    }

    [Fact]
    public void Shapes_ThatWouldBroadcast_AreRefused() =>
        Assert.Contains("discounts", Assert.Throws<ArgumentException>(() => DreamLosses.LambdaReturns(zeros(3, 2), zeros(3, 1), zeros(3, 2), 0.5)).Message, StringComparison.Ordinal);

    static bool Near(double a, double b) => Math.Abs(a - b) < 1e-5;
}
