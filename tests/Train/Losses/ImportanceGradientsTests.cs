using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.SampledMdp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

/// <summary>Estimates of the policy gradient from logs of another policy, against the exact gradient of a tabular MDP.</summary>
public sealed class ImportanceGradientsTests : IDisposable
{
    // Ten logits can move the return; the last two are of the state in which episodes have ended.
    const int Components = States * Actions;

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Coefficients_ByHand()
    {
        // Rewards 1 and 2 at half a discount, weights 2 and 3, baselines 1 and 1: 2 * 1 + 0.5 * 3 * 2 - 2, 3 * 2 - 3; 2 (2 - 1), 3 (2 - 1).
        var (weights, rewards) = (tensor(new[] { 2f, 3 }), tensor(new[] { 1f, 2 }));
        var (discounts, continues) = (tensor(new[] { 0.5f, 0 }), tensor(new[] { 1f, 0 }));
        Golden.AssertClose(tensor(new[] { 3f, 3 }), ImportanceGradients.PerReward(weights, rewards, discounts, continues, baselines: ones(2)));
        Golden.AssertClose(tensor(new[] { 2f, 3 }), ImportanceGradients.PerAction(weights, Returns.ToGo(rewards, discounts, continues), ones(2)));
    }

    [Fact]
    public void CutEpisodes_BootstrapByTheWeightOfTheirLastStep()
    {
        // As above, but cut off before a state worth 4: 3 * 0.5 * 4 more at the last row, half of it at the first.
        var (weights, rewards) = (tensor(new[] { 2f, 3 }), tensor(new[] { 1f, 2 }));
        var cut = ImportanceGradients.PerReward(weights, rewards, tensor(new[] { 0.5f, 0.5f }), tensor(new[] { 1f, 0 }), tensor(new[] { 9f, 4 }));
        Golden.AssertClose(tensor(new[] { 8f, 12 }), cut);
    }

    [Theory]
    [InlineData("per_decision", false)]
    [InlineData("per_decision", true)]
    [InlineData("trajectory", false)]
    [InlineData("trajectory", true)]
    public void UnbiasedEstimators_OverManyLogs_MeanTheExactGradient(string estimator, bool baseline)
    {
        var log = Draw(200_000, RandomStream.Create(7, "importance/" + estimator));
        Assert.True(LargestZ(log.Gradients(Coefficients(log, estimator, baseline)), ExactGradient()) < 4);
    }

    [Theory]
    [InlineData("per_decision", false)]
    [InlineData("per_decision", true)]
    [InlineData("trajectory", false)]
    [InlineData("trajectory", true)]
    public void UnbiasedEstimators_OverEveryEpisode_AreTheExactGradient(string estimator, bool baseline)
    {
        var (log, probabilities) = Every();
        Assert.Equal(1, probabilities.Sum(), 1e-12);
        Assert.True(Largest(Expected(log.Gradients(Coefficients(log, estimator, baseline)), probabilities), ExactGradient()) < 1e-12);
    }

    [Theory]
    [InlineData("unweighted")]
    [InlineData("late")]
    [InlineData("per_decision_past")]
    public void MutatedEstimators_OverManyLogs_MissTheExactGradient(string estimator)
    {
        var log = Draw(200_000, RandomStream.Create(8, "importance/" + estimator));
        Assert.True(LargestZ(log.Gradients(Coefficients(log, estimator, baseline: false)), ExactGradient()) > 8);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("clipped")]
    [InlineData("per_action")]
    public void BiasedEstimators_OverManyLogs_HaveTheBiasOfTheirExpectation(string estimator)
    {
        var log = Draw(200_000, RandomStream.Create(9, "importance/" + estimator));
        var gradients = log.Gradients(Coefficients(log, estimator, baseline: false));
        var (every, probabilities) = Every();
        var expected = Expected(every.Gradients(Coefficients(every, estimator, baseline: false)), probabilities);
        Assert.True(LargestZ(gradients, expected) < 4);
        Assert.True(LargestZ(gradients, ExactGradient()) > 8);
    }

    [Theory]
    [InlineData("per_decision_normalized")]
    [InlineData("trajectory_normalized")]
    public void SelfNormalizedEstimators_OfTwoEpisodes_HaveTheBiasOfTheirExpectation(string estimator)
    {
        // Every pair of episodes, by its probability, is the expectation.
        var (every, probabilities) = Every();
        var expected = new double[Components];
        foreach (var i in Enumerable.Range(0, probabilities.Length))
        {
            foreach (var j in Enumerable.Range(0, probabilities.Length))
                Add(expected, Scoped(() => Mean(every.Only(i, j), estimator)), probabilities[i] * probabilities[j]);
        }

        var random = RandomStream.Create(10, "importance/" + estimator);
        var logs = Enumerable.Range(0, 4_000).Select(_ => Scoped(() => Mean(Draw(2, random), estimator))).ToArray();
        Assert.True(LargestZ(logs, expected) < 4);
        Assert.True(LargestZ(logs, ExactGradient()) > 8);
    }

    [Fact]
    public void SelfNormalizedEstimators_OfManyEpisodes_HaveTheBiasOfTheFirstOrder()
    {
        const int Episodes = 24;
        var random = RandomStream.Create(11, "importance");
        var direction = FirstOrderBias();
        var length = Math.Sqrt(direction.Sum(d => d * d));
        var exact = ExactGradient();
        // Along that bias alone, where it stands out of the noise.
        var errors = Enumerable.Range(0, 6_000)
            .Select(_ => Scoped(() => Mean(Draw(Episodes, random), "trajectory_normalized")))
            .Select(log => Enumerable.Range(0, Components).Sum(i => direction[i] * (log[i] - exact[i])) / length).ToArray();
        var (mean, error) = (errors.Average(), Math.Sqrt(errors.Sum(e => e * e)) / errors.Length);
        Assert.InRange(mean, (0.75 * length / Episodes) - (4 * error), (1.25 * length / Episodes) + (4 * error));
        Assert.True(mean > 8 * error);
    }

    // E times the bias of a self-normalized mean for large E: -E[w^2 (x - mean)] of w x over w.
    static double[] FirstOrderBias()
    {
        var (log, probabilities) = Every();
        var weights = ImportanceWeights.Trajectory(ImportanceWeights.PerDecision(log.LogRatios, log.Steps), log.LastRows).exp().data<double>().ToArray();
        var gradients = log.Gradients(Returns.ToGo(log.Rewards, log.Discounts, log.Continues));
        var exact = ExactGradient();
        var bias = new double[Components];
        for (var e = 0; e < probabilities.Length; e++)
        {
            for (var i = 0; i < Components; i++)
                bias[i] -= probabilities[e] * weights[e] * weights[e] * (gradients[e][i] - exact[i]);
        }

        return bias;
    }

    static Tensor Coefficients(Log log, string estimator, bool baseline)
    {
        var perDecision = ImportanceWeights.PerDecision(log.LogRatios, log.Steps);
        var index = log.EpisodeIndex;
        var baselines = baseline ? log.Of(Values()) : null;
        var returns = Returns.ToGo(log.Rewards, log.Discounts, log.Continues);
        var trajectory = ImportanceWeights.Trajectory(perDecision, log.LastRows);
        return estimator switch
        {
            "per_decision" => PerReward(perDecision),
            "trajectory" => PerAction(trajectory.index_select(0, index)),
            "per_decision_normalized" => PerReward(ImportanceWeights.NormalizedPerDecision(perDecision, log.Steps, log.LastRows, log.Longest)),
            "trajectory_normalized" => PerAction(ImportanceWeights.Normalized(trajectory).index_select(0, index)),
            "truncated" => PerReward(ImportanceWeights.PerDecision(ImportanceWeights.Limited(log.LogRatios, 1.2), log.Steps)),
            "clipped" => PerReward(ImportanceWeights.Limited(perDecision, 1.2)),
            "per_action" => PerAction(perDecision),
            "unweighted" => returns,
            "late" => PerReward(Recurrences.Following(perDecision).mul(log.Continues)),
            "per_decision_past" => PerReward(perDecision.sub(log.LogRatios)),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, null),
        };

        Tensor PerReward(Tensor logs) => ImportanceGradients.PerReward(logs.exp(), log.Rewards, log.Discounts, log.Continues, baselines: baselines);
        Tensor PerAction(Tensor logs) => ImportanceGradients.PerAction(logs.exp(), returns, baselines);
    }

    static double[] Mean(Log log, string estimator)
    {
        var mean = new double[Components];
        foreach (var gradient in log.Gradients(Coefficients(log, estimator, baseline: false)))
            Add(mean, gradient, 1.0 / log.Episodes);
        return mean;
    }

    static double[] Expected(double[][] gradients, double[] probabilities)
    {
        var sum = new double[Components];
        for (var e = 0; e < gradients.Length; e++)
            Add(sum, gradients[e], probabilities[e]);
        return sum;
    }

    static void Add(double[] sum, double[] gradient, double weight)
    {
        for (var i = 0; i < sum.Length; i++)
            sum[i] += weight * gradient[i];
    }

    static double Largest(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    static double LargestZ(double[][] samples, double[] expected)
    {
        var largest = 0.0;
        for (var i = 0; i < Components; i++)
        {
            var mean = samples.Average(sample => sample[i]);
            var variance = samples.Sum(sample => (sample[i] - mean) * (sample[i] - mean)) / (samples.Length - 1);
            Assert.True(variance > 0);
            largest = Math.Max(largest, Math.Abs(mean - expected[i]) / Math.Sqrt(variance / samples.Length));
        }

        return largest;
    }

    static double[] Scoped(Func<double[]> draw)
    {
        using var scope = NewDisposeScope();
        return draw();
    }
}
