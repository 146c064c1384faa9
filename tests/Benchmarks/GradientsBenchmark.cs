using System.Globalization;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Train.Estimators;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>Bias and variance of every estimate of a gradient, on cases whose gradient is known: nothing is timed.</summary>
sealed class GradientsBenchmark : IBenchmark
{
    const int Batches = 4_000;
    const int Episodes = 16;
    const int Draws = 16;
    const int Resamples = 2_000;

    public string Name => "gradients";

    public string Work => $"bias and variance of policy-gradient estimates over {Batches:N0} batches of {Episodes} episodes or {Draws} draws, 95 % intervals by bootstrap over batches";

    public void Run(BenchmarkReport report)
    {
        var random = RandomStream.Create(1, "walks");
        Compare(report, "walk", [.. WalkCase.Unbiased, .. WalkCase.Biased], "reward to go", WalkCase.ExactGradient(), () => WalkCase.Estimates(Episodes, random));
        using Generator continuous = new(2, CPU), discrete = new(3, CPU);
        Compare(report, "normal", DrawCases.Continuous, "score function", DrawCases.ContinuousGradient, () => DrawCases.ContinuousEstimates(Draws, continuous));
        Compare(report, "discrete", [.. DrawCases.UnbiasedDiscrete, .. DrawCases.BiasedDiscrete], "score function", DrawCases.DiscreteGradient, () => DrawCases.DiscreteEstimates(Draws, discrete));
    }

    // The total variance beside that of the named one over the same batches, and how far the mean is from the gradient, over the gradient's length.
    static void Compare(BenchmarkReport report, string where, string[] names, string reference, double[] exact, Func<Dictionary<string, double[]>> estimate)
    {
        var batches = Enumerable.Range(0, Batches).Select(_ => estimate()).ToArray();
        double[][] units = [[.. Enumerable.Range(0, Batches).Select(i => (double)i)]];
        foreach (var name in names)
        {
            var (own, other) = (Of(name), Of(reference));
            var ratio = Ratio(units);
            var ratios = Bootstrap.Stratified(units, Ratio, Resamples, RandomStream.Create(4, name)).Order().ToArray();
            var (low, high) = (ratios[(int)(0.025 * Resamples)], ratios[(int)(0.975 * Resamples)]);
            var (bias, error) = Bias(own, exact);
            report.Add(
                string.Create(CultureInfo.InvariantCulture, $"{where}: {name}; bias {100 * bias:0.0} % of the gradient (noise {100 * error:0.0} %)"),
                ratio, string.Create(CultureInfo.InvariantCulture, $"x the variance of {reference} [{low:0.000}, {high:0.000}]"));

            double Ratio(IReadOnlyList<double[]> sample) => Variance(own, sample[0]) / Variance(other, sample[0]);
        }

        double[][] Of(string name) => [.. batches.Select(batch => batch[name])];
    }

    static double Variance(double[][] estimates, double[] batches)
    {
        var total = 0.0;
        for (var i = 0; i < estimates[0].Length; i++)
        {
            var (sum, squares) = (0.0, 0.0);
            foreach (var batch in batches)
            {
                var x = estimates[(int)batch][i];
                (sum, squares) = (sum + x, squares + (x * x));
            }

            total += (squares - (sum * sum / batches.Length)) / (batches.Length - 1);
        }

        return total;
    }

    // The distance of the mean from the gradient, and what of it an unbiased estimate would have.
    static (double Bias, double Noise) Bias(double[][] estimates, double[] exact)
    {
        var length = Math.Sqrt(exact.Sum(g => g * g));
        var distance = Math.Sqrt(exact.Select((g, i) => Math.Pow(estimates.Average(e => e[i]) - g, 2)).Sum());
        var noise = Math.Sqrt(Variance(estimates, [.. Enumerable.Range(0, estimates.Length).Select(i => (double)i)]) / estimates.Length);
        return (distance / length, noise / length);
    }
}
