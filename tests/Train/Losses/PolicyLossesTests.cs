using MathNet.Numerics.LinearAlgebra;
using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class PolicyLossesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static Tensor Floats(params float[] values) => tensor(values);

    static float[] Values(Tensor values) => values.contiguous().data<float>().ToArray();

    static void AssertClose(double[] expected, Tensor found, double tolerance = 1e-6)
    {
        Assert.Equal(expected.Length, found.numel());
        Assert.All(expected.Zip(Values(found)), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    // The gradient by the log-probabilities, at ratios against a behavior of log-probability 0.
    static Tensor Gradient(float[] ratios, Func<Tensor, Tensor> loss)
    {
        var logs = Floats([.. ratios.Select(r => MathF.Log(r))]).requires_grad_();
        return autograd.grad([loss(PolicyLosses.Ratios(logs, zeros(ratios.Length)))], [logs])[0];
    }

    [Fact]
    public void Score_ByHand_IsMinusTheMeanOfAdvantageTimesLogProbability() =>
        // -(2 * -1 + -3 * -0.5) / 2.
        Assert.Equal(0.25, PolicyLosses.Score(Floats(-1, -0.5f), Floats(2, -3)).ToDouble(), 6);

    [Fact]
    public void Clipped_ByHand_TakesTheWorseOfBoth()
    {
        // Ratios 1.5, 1.5, 0.5, 0.5, 1.1 with advantages 1, -1, 1, -1, 2: min(1.5, 1.2), min(-1.5, -1.2), min(0.5, 0.8), min(-0.5, -0.8), 2.2.
        var ratios = Floats(1.5f, 1.5f, 0.5f, 0.5f, 1.1f);
        Assert.Equal(-(1.2 - 1.5 + 0.5 - 0.8 + 2.2) / 5, PolicyLosses.Clipped(ratios, Floats(1, -1, 1, -1, 2), 0.2).ToDouble(), 6);
        Assert.Equal(-(1.5 - 1.5 + 0.5 - 0.5 + 2.2) / 5, PolicyLosses.Surrogate(ratios, Floats(1, -1, 1, -1, 2)).ToDouble(), 6);
    }

    [Fact]
    public void Clipped_HasNoGradientWhereTheClipBindsAndTheSurrogatesElsewhere()
    {
        float[] ratios = [1.5f, 1.5f, 0.5f, 0.5f, 1.1f, 0.9f];
        var advantages = Floats(1, -1, 1, -1, 2, -2);
        // d rho / d ln pi = rho. Too likely already with a good action, too unlikely with a bad one: nothing.
        AssertClose([0, 1.5 / 6, -0.5 / 6, 0, -2.2 / 6, 1.8 / 6], Gradient(ratios, r => PolicyLosses.Clipped(r, advantages, 0.2)));
        AssertClose([-1.5 / 6, 1.5 / 6, -0.5 / 6, 0.5 / 6, -2.2 / 6, 1.8 / 6], Gradient(ratios, r => PolicyLosses.Surrogate(r, advantages)));
    }

    [Fact]
    public void Clipped_AtRatioOne_HasTheGradientOfTheScoreFunction()
    {
        var advantages = Floats(1, -2, 3);
        var logs = Floats(-0.3f, -1, -2).requires_grad_();
        var score = autograd.grad([PolicyLosses.Score(logs, advantages)], [logs])[0];
        AssertClose([-1 / 3.0, 2 / 3.0, -1], score);
        AssertClose([-1 / 3.0, 2 / 3.0, -1], Gradient([1, 1, 1], r => PolicyLosses.Clipped(r, advantages, 0.2)));
        AssertClose([-1 / 3.0, 2 / 3.0, -1], Gradient([1, 1, 1], r => PolicyLosses.Surrogate(r, advantages)));
    }

    [Fact]
    public void Ratios_OfActionsThatWereNextToImpossible_StayFinite()
    {
        var ratios = PolicyLosses.Ratios(Floats(0, -1), Floats(-200, -1));
        Assert.All(Values(ratios), ratio => Assert.True(float.IsFinite(ratio)));
        Assert.Equal(1, Values(ratios)[1], 1e-6);
        AssertClose([199, 0, 1 - Math.Log(2)], PolicyLosses.Divergences(Floats(-200, -1, MathF.Log(2)), Floats(0, -1, 0)), 1e-4);
    }

    [Fact]
    public void Figures_ByHand()
    {
        // Mean 2, deviation sqrt(8 / 3).
        AssertClose([-2 / Math.Sqrt(8 / 3.0), 0, 2 / Math.Sqrt(8 / 3.0)], PolicyLosses.Standardized(Floats(0, 2, 4)));
        Assert.Equal(0.5, PolicyLosses.ShareOutside(Floats(0.75f, 1.1f, 1.25f, 0.9f), 0.2).ToDouble(), 6);
        Assert.Equal(1, PolicyLosses.ExplainedVariance(Floats(1, 2, 4), Floats(1, 2, 4)).ToDouble(), 6);
        Assert.Equal(0, PolicyLosses.ExplainedVariance(Floats(5, 5, 5), Floats(1, 2, 4)).ToDouble(), 6);
        // Errors 0, 0, 2 with variance 8 / 9; targets 1, 2, 6 with variance 14 / 3.
        Assert.Equal(1 - (8 / 9.0 / (14 / 3.0)), PolicyLosses.ExplainedVariance(Floats(1, 2, 4), Floats(1, 2, 6)).ToDouble(), 6);
    }

    [Fact]
    public void Baselines_ByHand_AreMeansOverTheEpisodesThatCameSoFar()
    {
        // Three episodes of 3, 1 and 2 steps.
        var returns = Floats(1, 2, 3, 4, 10, 20);
        var steps = tensor(new long[] { 0, 1, 2, 0, 0, 1 });
        AssertClose([5, 11, 3, 5, 5, 11], Baselines.Average(returns, steps, 3));
        // The others' alone; at the third step there is no other.
        AssertClose([7, 20, 0, 5.5, 2.5, 2], Baselines.LeaveOneOut(returns, steps, 3));
    }

    [Fact]
    public void ConjugateGradient_SolvesWhatADenseSolverDoesAndStopsThere()
    {
        var matrix = Matrix<double>.Build.DenseOfArray(new double[,] { { 4, 1, 0.5 }, { 1, 3, -1 }, { 0.5, -1, 5 } });
        var b = Vector<double>.Build.DenseOfArray([1, -2, 3]);
        var dense = tensor(matrix.ToRowMajorArray()).reshape(3, 3);
        // In three steps, and in thirty: what is done after the residual has gone changes nothing, and divides by nothing.
        foreach (var iterations in new[] { 3, 30 })
        {
            var x = ConjugateGradient.Solve(dense.mv, tensor(b.ToArray()), iterations);
            Assert.All(matrix.Solve(b).Zip(x.data<double>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        }

        var short_ = ConjugateGradient.Solve(dense.mv, tensor(b.ToArray()), 1).data<double>().ToArray();
        Assert.True(matrix.Solve(b).Zip(short_).Max(pair => Math.Abs(pair.First - pair.Second)) > 0.01);
        Assert.All(ConjugateGradient.Solve(dense.mv, zeros(3, dtype: ScalarType.Float64), 3).data<double>().ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void LowerEstimate_ByHand()
    {
        // Two episodes, of two steps and one, returns 1 + 0.5 * 2 = 2 and 4.
        var rewards = Floats(1, 2, 4);
        var (discounts, continues) = (Floats(0.5f, 0, 0), Floats(1, 0, 0));
        var (steps, last) = (tensor(new long[] { 0, 1, 0 }), tensor(new long[] { 1, 2 }));
        double Estimate(params double[] ratios) => HeldOutReturns.LowerEstimate(tensor(ratios.Select(ratio => Math.Log(ratio)).ToArray()), rewards, discounts, continues, steps, last, 2).ToDouble();

        // The behavior itself: the mean, 3, less the deviation, 1, over the root of 2.
        Assert.Equal(3 - (1 / Math.Sqrt(2)), Estimate(1, 1, 1), 5);
        // Weights of step 0: 3, 1, of step 1: 6, 1, where the ended episode keeps its own: (3 * 1 + 1 * 4) / 4 + 0.5 * 6 * 2 / 7; the effective size is 49 / 37.
        Assert.Equal((7 / 4.0) + (6 / 7.0) - Math.Sqrt(37 / 49.0), Estimate(3, 2, 1), 5);
    }
}
