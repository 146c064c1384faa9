using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Selection;

public class OnlineTrialsTests
{
    [Fact]
    public void ExpectedMaximum_OfHandValues_AveragesOverAllSubsets()
    {
        // Pairs of 1, 2, 6: maxima 2, 6, 6.
        var expected = OnlineTrials.ExpectedMaximum([6, 1, 2]);
        Assert.All(expected.Zip([3, 14 / 3.0, 6]), pair => Assert.Equal(pair.Second, pair.First, 12));
        // By counting all subsets of six values.
        double[] values = [3, -1, 4, 1, -5, 9];
        for (var k = 1; k <= 6; k++)
        {
            var subsets = Enumerable.Range(0, 64).Where(set => int.PopCount(set) == k);
            Assert.Equal(subsets.Average(set => Enumerable.Range(0, 6).Where(i => (set >> i & 1) == 1).Max(i => values[i])), OnlineTrials.ExpectedMaximum(values)[k - 1], 12);
        }
    }

    [Fact]
    public void InOrder_WithoutNoise_DeploysTheBestTriedSoFar()
    {
        double[][] returns = [[2], [5, 5], [1], [7]];
        var deployed = OnlineTrials.InOrder(returns, [0, 2, 1, 3], 6, 2, 10, RandomStream.Create(0, "t"));
        Assert.Equal([2, 2, 5, 7, 7, 7], deployed.Select(d => d.Distinct().Single()));
    }

    [Fact]
    public void InOrder_AtRandomWithoutNoise_IsTheExpectedMaximum()
    {
        double[][] returns = [[2], [5], [1], [7], [3]];
        var deployed = OnlineTrials.InOrder(returns, null, 5, 1, 20_000, RandomStream.Create(0, "t"));
        Assert.All(deployed.Zip(OnlineTrials.ExpectedMaximum([2, 5, 1, 7, 3])), pair => Assert.Equal(pair.Second, pair.First.Average(), 0.07));
        Assert.Equal([7], deployed[4].Distinct());
    }

    [Fact]
    public void Bandit_WithNoise_SpendsItsTrialsOnTheGoodOnes()
    {
        // Means 0.5, 0.6 and 0.1 of coins: one look at each misleads, many do not.
        double[][] returns = [[0, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]];
        var bandit = OnlineTrials.Bandit(returns, 1000, 1, 400, RandomStream.Create(0, "t"));
        var uniform = OnlineTrials.InOrder(returns, null, 1000, 1, 400, RandomStream.Create(0, "t"));
        Assert.InRange(bandit[0].Average(), 0.35, 0.45);
        Assert.True(bandit[999].Average() > 0.595, $"{bandit[999].Average()}");
        Assert.True(uniform[30].Average() < bandit[999].Average());
        Assert.Equal(bandit[99], OnlineTrials.Bandit(returns, 100, 1, 400, RandomStream.Create(0, "t"))[99]);
    }

    [Fact]
    public void InOrder_OfEqualScores_KeepsTheOneTriedFirst()
    {
        // The third is deployed though the first is as good on what is seen: it was tried before.
        double[][] returns = [[4, 4, 4, 0], [1], [4]];
        Assert.Equal([4], OnlineTrials.InOrder(returns, [2, 0, 1], 2, 1, 50, RandomStream.Create(0, "t"))[1].Distinct());
    }
}
