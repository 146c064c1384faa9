using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.Estimators;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Estimators;

/// <summary>Estimates of gradients that are known, over many batches: unbiased ones mean the gradient, biased ones what theory says.</summary>
public sealed class EstimatorsTests : IDisposable
{
    const int Episodes = 4;

    static readonly Lazy<List<Dictionary<string, double[]>>> Walks = new(() =>
    {
        var random = RandomStream.Create(31, "walks");
        return [.. Enumerable.Range(0, 2_500).Select(_ => WalkCase.Estimates(Episodes, random))];
    });

    static readonly Lazy<List<Dictionary<string, double[]>>> DiscreteDraws = new(() =>
    {
        using Generator generator = new(32, CPU);
        return [.. Enumerable.Range(0, 2_000).Select(_ => DrawCases.DiscreteEstimates(40, generator))];
    });

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void ByHand()
    {
        // Episodes of two steps and one: returns to go 3, 1 | 5.
        var (toGo, steps, last) = (tensor(new[] { 3.0, 1, 5 }), tensor(new[] { 0L, 1, 0 }), tensor(new[] { 1L, 2 }));
        Golden.AssertClose(tensor(new[] { 3.0, 5 }), ScoreFunction.EpisodeReturns(toGo, steps, last));
        Golden.AssertClose(tensor(new[] { 1, 0.9f, 1 }), ScoreFunction.StepDiscounts(0.9, steps));
        Golden.AssertClose(tensor(new[] { 1, 0f, 1 }), ScoreFunction.StepDiscounts(0, steps));
        var logs = tensor(new[] { -1.0, -2, -3 }).requires_grad_();
        Golden.AssertClose(tensor(new[] { -1.5, -0.5, -2.5 }), autograd.grad([ScoreFunction.Surrogate(logs, toGo, 2)], [logs])[0]);
    }

    [Fact]
    public void Average_OfWholeReturns_IsLeaveOneOutShrunk()
    {
        foreach (var batch in Walks.Value.Take(20))
            Assert.All(batch["whole return, average"].Zip(batch["whole return, leave-one-out"]), pair => Assert.Equal(pair.Second * (Episodes - 1) / Episodes, pair.First, 1e-9));
    }

    public static TheoryData<string> UnbiasedOfWalks => [.. WalkCase.Unbiased];

    [Theory]
    [MemberData(nameof(UnbiasedOfWalks))]
    public void OverManyBatches_UnbiasedEstimates_MeanTheExactGradient(string name) =>
        Assert.InRange(LargestZ(Walks.Value, name, WalkCase.ExactGradient()), 0.01, 4);

    [Theory]
    [InlineData("whole return, average")]
    [InlineData("reward to go, average")]
    public void OverManyBatches_TheAverageBaseline_ShrinksTheGradientByItsShareInIt(string name)
    {
        var expected = name.StartsWith("whole", StringComparison.Ordinal) ? [.. WalkCase.ExactGradient().Select(g => g * (Episodes - 1) / Episodes)] : WalkCase.AverageToGoGradient(Episodes);
        Assert.InRange(LargestZ(Walks.Value, name, expected), 0.01, 4);
        Assert.True(LargestZ(Walks.Value, name, WalkCase.ExactGradient()) > 5);
    }

    [Fact]
    public void Variances_FallFromWholeReturnToRewardToGoToTheValueBaseline()
    {
        var variances = new[] { "whole return", "reward to go", "reward to go, leave-one-out", "reward to go, value" }.Select(name => Variance(Walks.Value, name)).ToArray();
        Assert.True(variances[0] > 1.2 * variances[1], string.Join(", ", variances));
        Assert.True(variances[1] > 1.2 * variances[3], string.Join(", ", variances));
    }

    [Theory]
    [InlineData("score function")]
    [InlineData("score function, leave-one-out")]
    [InlineData("pathwise")]
    public void OfANormalsMeanAndDeviation_EstimatesMeanTheExactGradient(string name)
    {
        using Generator generator = new(33, CPU);
        List<Dictionary<string, double[]>> draws = [.. Enumerable.Range(0, 2_000).Select(_ => DrawCases.ContinuousEstimates(8, generator))];
        Assert.InRange(LargestZ(draws, name, DrawCases.ContinuousGradient), 0.001, 4);
        if (name != "pathwise")
            Assert.True(Variance(draws, name) > 3 * Variance(draws, "pathwise"));
    }

    [Theory]
    [InlineData("score function")]
    [InlineData("score function, leave-one-out")]
    public void OfDiscreteDraws_UnbiasedEstimates_MeanTheExactGradient(string name) =>
        Assert.InRange(LargestZ(DiscreteDraws.Value, name, DrawCases.DiscreteGradient), 0.001, 4);

    public static TheoryData<string> BiasedOfDraws => [.. DrawCases.BiasedDiscrete];

    [Theory]
    [MemberData(nameof(BiasedOfDraws))]
    public void OfDiscreteDraws_Relaxations_HaveTheBiasOfTheirExpectation(string name)
    {
        var expected = DrawCases.Expectation(name);
        Assert.InRange(LargestZ(DiscreteDraws.Value, name, [expected, -expected]), 0.001, 4);
        Assert.True(LargestZ(DiscreteDraws.Value, name, DrawCases.DiscreteGradient) > 5);
    }

    [Fact]
    public void GumbelSoftmax_AtLowTemperatures_LosesItsBias()
    {
        var biases = new[] { "0.5", "0.1", "0.02" }.Select(t => Math.Abs(DrawCases.Expectation("Gumbel-softmax, temperature " + t) - DrawCases.DiscreteGradient[0])).ToArray();
        Assert.True(biases[0] > biases[1] && biases[1] > 4 * biases[2], string.Join(", ", biases));
    }

    [Fact]
    public void Relaxations_AreOnTheSimplex_AndLeaveForbiddenActionsAlone()
    {
        using Generator generator = new(34, CPU);
        var logits = tensor(new[] { 0.3f, 2, -1 }).expand(50, 3).clone().requires_grad_();
        Categorical policy = new(logits, tensor(new[] { true, false, true }).expand(50, 3));
        foreach (var x in new[] { Relaxations.GumbelSoftmax(policy, 0.7, generator), Relaxations.StraightThrough(policy, generator), Relaxations.StraightThroughGumbel(policy, 0.7, generator) })
        {
            Golden.AssertClose(ones(50), x.sum(-1), 1e-5);
            Assert.Equal(0, x.select(-1, 1).abs().max().ToDouble());
            var gradient = autograd.grad([x.select(-1, 0).sum()], [logits], retain_graph: true)[0];
            Assert.True(gradient.isfinite().all().ToBoolean());
            Assert.Equal(0, gradient.select(-1, 1).abs().max().ToDouble());
            Assert.True(gradient.select(-1, 0).abs().max().ToDouble() > 0);
        }
    }

    [Fact]
    public void Pathwise_OfDrawsWithoutADerivative_IsRefused()
    {
        using Generator generator = new(35, CPU);
        Assert.Contains("Categorical", Assert.Throws<ArgumentException>(() => Pathwise.Surrogate(new Categorical(zeros([2, 3])), a => a, generator)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Relaxations.GumbelSoftmax(new Categorical(zeros([2, 3])), 0, generator));
    }

    static double LargestZ(List<Dictionary<string, double[]>> batches, string name, double[] expected)
    {
        var largest = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            var (mean, variance) = Moments(batches, name, i);
            Assert.True(variance > 0);
            largest = Math.Max(largest, Math.Abs(mean - expected[i]) / Math.Sqrt(variance / batches.Count));
        }

        return largest;
    }

    static double Variance(List<Dictionary<string, double[]>> batches, string name) => Enumerable.Range(0, batches[0][name].Length).Sum(i => Moments(batches, name, i).Variance);

    static (double Mean, double Variance) Moments(List<Dictionary<string, double[]>> batches, string name, int component)
    {
        var mean = batches.Average(batch => batch[name][component]);
        return (mean, batches.Sum(batch => Math.Pow(batch[name][component] - mean, 2)) / (batches.Count - 1));
    }
}
