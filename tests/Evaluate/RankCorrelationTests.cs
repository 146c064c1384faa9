using System.Text.Json;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class RankCorrelationTests
{
    [Fact]
    public void Correlations_OfHandValues_AreThese()
    {
        // Ranks 1 2 3 4 against 1 3 2 4: differences 0 1 1 0; 1 - 6 x 2 / (4 x 15). One of six pairs is discordant.
        Assert.Equal(0.8, RankCorrelation.Spearman([1, 2, 3, 4], [10, 30, 20, 90]), 15);
        Assert.Equal(4 / 6.0, RankCorrelation.Kendall([1, 2, 3, 4], [10, 30, 20, 90]), 15);
        // One tie in x: five pairs are untied there, six in y; four of the five are concordant.
        Assert.Equal(3 / Math.Sqrt(5 * 6), RankCorrelation.Kendall([1, 1, 2, 3], [1, 2, 4, 3]), 15);
        Assert.Equal([1.5, 1.5, 3, 4], RankCorrelation.Ranks([5, 5, 7, 9]));
    }

    [Fact]
    public void Correlations_OfAnOrderWithItselfAndReversed_AreOneAndMinusOne()
    {
        double[] x = [3, 1, 4, 1.5, 9];
        var reversed = x.Select(v => -v).ToArray();
        Assert.Equal((1.0, 1.0), (RankCorrelation.Spearman(x, x), RankCorrelation.Kendall(x, x)));
        Assert.Equal((-1.0, -1.0), (RankCorrelation.Spearman(x, reversed), RankCorrelation.Kendall(x, reversed)));
        // Any rising function of either side leaves both as they are.
        var curved = x.Select(v => Math.Exp(v)).ToArray();
        Assert.Equal(1, RankCorrelation.Spearman(x, curved), 15);
    }

    [Fact]
    public void Correlations_WithNothingToCompare_AreUndefined()
    {
        Assert.Equal(double.NaN, RankCorrelation.Spearman([1, 1, 1], [1, 2, 3]));
        Assert.Equal(double.NaN, RankCorrelation.Kendall([1], [1]));
        // A pair without a value is left out.
        Assert.Equal(1, RankCorrelation.Spearman([1, double.NaN, 3], [1, -50, 3]));
    }

    [Fact]
    public void Correlations_OfRandomValuesWithTies_EqualSciPy()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests/golden/statistics/rank_correlation.json")));
        var cases = document.RootElement.GetProperty("cases").EnumerateArray().ToList();
        Assert.Equal(8, cases.Count);
        foreach (var expected in cases)
        {
            var (x, y) = (Numbers(expected, "x"), Numbers(expected, "y"));
            Assert.Equal(expected.GetProperty("spearman").GetDouble(), RankCorrelation.Spearman(x, y), 12);
            Assert.Equal(expected.GetProperty("kendall").GetDouble(), RankCorrelation.Kendall(x, y), 12);
            var upsideDown = y.Select(v => -v).ToArray();
            Assert.NotEqual(expected.GetProperty("kendall").GetDouble(), RankCorrelation.Kendall(x, upsideDown), 6);
            Assert.NotEqual(expected.GetProperty("spearman").GetDouble(), RankCorrelation.Spearman(x, upsideDown), 6);
        }

        static double[] Numbers(JsonElement element, string name) => element.GetProperty(name).EnumerateArray().Select(v => v.GetDouble()).ToArray();
    }
}
