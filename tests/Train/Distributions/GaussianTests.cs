using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

/// <summary>Normal distributions: whole, cut off, and sent through tanh, against PyTorch's distributions and numerical integrals.</summary>
public sealed class GaussianTests : IDisposable
{
    const int Draws = 60_000;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly Generator _generator = new(11, CPU);

    public void Dispose()
    {
        _generator.Dispose();
        _scope.Dispose();
    }

    static Golden Numbers(string section) => new("distributions.json", section, "policies");

    static Tensor Vector(params double[] values) => tensor(values);

    [Fact]
    public void Normal_IsThatWrittenByHand()
    {
        var p = new DiagonalGaussian(Vector(1, 0).unsqueeze(0), Vector(Math.Log(2), 0).unsqueeze(0));
        // ((3 - 1) / 2)^2 / 2 + (0.5)^2 / 2, ln 2, ln 2 pi.
        Assert.Equal(-0.5 - 0.125 - Math.Log(2) - Math.Log(2 * Math.PI), p.LogProbability(Vector(3, 0.5).unsqueeze(0)).ToDouble(), 1e-12);
        Assert.Equal(1 + Math.Log(2 * Math.PI) + Math.Log(2), p.Entropy().ToDouble(), 1e-12);
        // ln(1 / 2) + (4 + 1) / 2 - 1 / 2 in the first dimension; 1 / 2 * 2^2 in the second.
        var q = new DiagonalGaussian(Vector(0, 2).unsqueeze(0), zeros([1, 2], ScalarType.Float64));
        Assert.Equal(-Math.Log(2) + 2.5 - 0.5 + 2, p.KlTo(q).ToDouble(), 1e-12);
    }

    [Fact]
    public void Normal_AndItsGradients_EqualPyTorchs()
    {
        var golden = Numbers("normal");
        var (mean, log) = (golden.Doubles("mean").requires_grad_(), golden.Doubles("log_deviation").requires_grad_());
        var p = new DiagonalGaussian(mean, log);
        var q = new DiagonalGaussian(golden.Doubles("mean_q"), golden.Doubles("log_deviation_q"));
        AssertEqual("log", p.LogProbability(golden.Doubles("actions")), mean, log);
        AssertEqual("entropy", p.Entropy(), log);
        AssertEqual("kl", p.KlTo(q), mean, log);

        void AssertEqual(string name, Tensor value, params Tensor[] parameters)
        {
            Golden.AssertClose(golden.Doubles(name), value, 1e-11);
            Golden.AssertClose(golden.Doubles(name + "_gradients"), stack(autograd.grad([value.sum()], parameters, retain_graph: true)), 1e-11);
        }
    }

    [Fact]
    public void Cut_DensityEntropyAndKl_EqualNumericalIntegrals()
    {
        var golden = Numbers("cut");
        var p = new DiagonalGaussian(golden.Doubles("mean"), golden.Doubles("log_deviation"), Vector(-1), Vector(2));
        var q = new DiagonalGaussian(golden.Doubles("mean_q"), golden.Doubles("log_deviation_q"), Vector(-1), Vector(2));
        Golden.AssertClose(golden.Doubles("log"), p.LogProbability(golden.Doubles("actions")), 1e-9);
        Golden.AssertClose(golden.Doubles("entropy"), p.Entropy(), 1e-9);
        Golden.AssertClose(golden.Doubles("kl"), p.KlTo(q), 1e-8);
        Golden.AssertClose(zeros(8, ScalarType.Float64), p.KlTo(p), 0);
    }

    [Fact]
    public void Cut_WithOneBoundOrNone_IsTheLimitOfTwo()
    {
        var (mean, log) = (Vector(0.3, -0.7).unsqueeze(-1).requires_grad_(), Vector(0.1, -0.4).unsqueeze(-1).requires_grad_());
        var actions = Vector(0.5, -0.9).unsqueeze(-1);
        var free = new DiagonalGaussian(mean, log);
        var wide = new DiagonalGaussian(mean, log, Vector(-1e30), Vector(1e30));
        foreach (var (expected, actual) in new[] { (free.LogProbability(actions), wide.LogProbability(actions)), (free.Entropy(), wide.Entropy()), (free.KlTo(free), wide.KlTo(wide)) })
        {
            Golden.AssertClose(expected, actual, 1e-12);
            Golden.AssertClose(autograd.grad([expected.sum()], [log], retain_graph: true)[0], autograd.grad([actual.sum()], [log], retain_graph: true)[0], 1e-12);
        }

        // The upper half of a normal at its mean has twice the density.
        var half = new DiagonalGaussian(zeros([1, 1]), zeros([1, 1]), zeros(1), full(1, 1e30f));
        Assert.Equal(Math.Log(2) - (0.5 * Math.Log(2 * Math.PI)), half.LogProbability(zeros([1, 1])).ToDouble(), 1e-6);
    }

    [Fact]
    public void Cut_Samples_HaveTheMomentsOfTheDistribution_AndLieWithin()
    {
        var golden = Numbers("cut");
        var (mean, log) = (golden.Floats("mean"), golden.Floats("log_deviation"));
        var p = new DiagonalGaussian(mean.unsqueeze(0).expand(Draws, 8, 1), log.unsqueeze(0).expand(Draws, 8, 1), tensor(new[] { -1f }), tensor(new[] { 2f }));
        var drawn = p.Sample(_generator).squeeze(-1).to(ScalarType.Float64);
        Assert.True(drawn.ge(-1).logical_and(drawn.le(2)).all().ToBoolean());
        var (expected, variance) = (golden.Doubles("mean_of_actions"), golden.Doubles("variance_of_actions"));
        var z = drawn.mean([0]).sub(expected).div(variance.div(Draws).sqrt()).abs().max().ToDouble();
        Assert.InRange(z, 1e-6, 4);
        Golden.AssertClose(ones(8, ScalarType.Float64), drawn.var(0).div(variance), 0.05);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RSample_MovesWithItsParameters_AsFiniteDifferencesDo(bool cut)
    {
        const double Step = 1e-5;
        var (mean, log) = (Vector(0.4, -0.8, 1.9).unsqueeze(-1), Vector(-0.3, 0.5, 1.2).unsqueeze(-1));
        Tensor Draw(Tensor m, Tensor l)
        {
            using Generator same = new(3, CPU);
            return (cut ? new DiagonalGaussian(m, l, Vector(-1), Vector(2)) : new DiagonalGaussian(m, l)).RSample(same);
        }

        var (m, l) = (mean.clone().requires_grad_(), log.clone().requires_grad_());
        var gradients = autograd.grad([Draw(m, l).sum()], [m, l]);
        Golden.AssertClose(Draw(mean.add(Step), log).sub(Draw(mean.sub(Step), log)).div(2 * Step), gradients[0], 1e-7);
        Golden.AssertClose(Draw(mean, log.add(Step)).sub(Draw(mean, log.sub(Step))).div(2 * Step), gradients[1], 1e-7);
    }

    [Fact]
    public void Tanh_LogProbabilityAndGradients_EqualPyTorchs_AndEntropyItsIntegral()
    {
        var golden = Numbers("squashed");
        var (mean, log) = (golden.Doubles("mean").requires_grad_(), golden.Doubles("log_deviation").requires_grad_());
        var p = new TanhGaussian(mean, log, Vector(-1, -0.5), Vector(2, 0.5));
        var value = p.LogProbability(golden.Doubles("actions"));
        Golden.AssertClose(golden.Doubles("log"), value, 1e-9);
        Golden.AssertClose(golden.Doubles("log_gradients"), stack(autograd.grad([value.sum()], [mean, log], retain_graph: true)), 1e-9);
        // Deviations up to e^0.75 = 2.1, in two dimensions.
        Golden.AssertClose(golden.Doubles("entropy"), p.Entropy(), 2e-6);
        Golden.AssertClose(p.Base.KlTo(new DiagonalGaussian(mean.neg(), log.neg())), p.KlTo(new TanhGaussian(mean.neg(), log.neg(), Vector(-1, -0.5), Vector(2, 0.5))), 0);
    }

    [Fact]
    public void Tanh_EntropyAtTheWidestScale_IsWithinAHundredth()
    {
        // Of u uniform over a grid finer than tanh bends: ln |da/du| averaged over 12 deviations.
        var sigma = Math.Exp(2);
        var p = new TanhGaussian(Vector(0.3).unsqueeze(0), Vector(2.0).unsqueeze(0), Vector(-1), Vector(1));
        var (sum, gap) = (0.0, 1e-4);
        for (var z = -12.0; z < 12; z += gap)
            sum += gap * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * -2 * LogCosh(0.3 + (sigma * z));
        Assert.Equal(0.5 + (0.5 * Math.Log(2 * Math.PI)) + 2 + sum, p.Entropy().ToDouble(), 0.01);

        static double LogCosh(double u) => Math.Abs(u) + Math.Log(1 + Math.Exp(-2 * Math.Abs(u))) - Math.Log(2);
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(1.5, -1.0)]
    [InlineData(-0.5, 0.7)]
    public void Tanh_Density_IntegratesToOne(double mean, double log)
    {
        const int Cells = 400_000;
        var actions = linspace(-1 + (1.5 / Cells), 2 - (1.5 / Cells), Cells, ScalarType.Float64).unsqueeze(-1);
        var p = new TanhGaussian(full([Cells, 1], mean, ScalarType.Float64), full([Cells, 1], log, ScalarType.Float64), Vector(-1), Vector(2));
        Assert.Equal(1, p.LogProbability(actions).exp().sum().ToDouble() * 3 / Cells, 2e-4);
    }

    [Fact]
    public void Tanh_AtAndBeyondTheBounds_IsFinite_AndNegativeInfinity()
    {
        var (mean, log) = (zeros([5, 1]).requires_grad_(), zeros([5, 1]).requires_grad_());
        var p = new TanhGaussian(mean, log, Vector(-1), Vector(1));
        var values = p.LogProbability(tensor(new[] { -1f, 1f, 0.99999994f, 1.0000001f, -2f }).unsqueeze(-1));
        // At a bound the action counts as 1 - 1e-6 of the way: u = 7.254, and the slope of tanh is 2e-6.
        var u = Math.Atanh(1 - 1e-6);
        var expected = (-u * u / 2) - (0.5 * Math.Log(2 * Math.PI)) - Math.Log(1 - Math.Pow(Math.Tanh(u), 2));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(expected, values[i].ToDouble(), 1e-4));
        Assert.All(Enumerable.Range(3, 2), i => Assert.Equal(double.NegativeInfinity, values[i].ToDouble()));
        Assert.All(autograd.grad([values.narrow(0, 0, 4).sum()], [mean, log]), gradient => Assert.True(gradient.isfinite().all().ToBoolean()));
    }

    [Fact]
    public void Tanh_Samples_FollowTheDensity()
    {
        var p = new TanhGaussian(full([Draws, 1], 0.4f), full([Draws, 1], 0.2f), Vector(-1), Vector(2));
        var drawn = p.Sample(_generator);
        // a < 1 means u < atanh(1 / 3).
        var expected = NormalDistribution((Math.Atanh(1.0 / 3) - 0.4) / Math.Exp(0.2));
        Assert.Equal(expected, drawn.lt(1).to(ScalarType.Float64).mean().ToDouble(), 4 * Math.Sqrt(expected * (1 - expected) / Draws));
        Assert.Equal(0.5 + (1.5 * Math.Tanh(0.4)), p.Mode()[0, 0].ToDouble(), 1e-6);

        static double NormalDistribution(double z) => tensor(z / Math.Sqrt(2), dtype: ScalarType.Float64).erf().add(1).mul(0.5).ToDouble();
    }
}
