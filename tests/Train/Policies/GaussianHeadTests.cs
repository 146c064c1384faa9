using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Policies;

/// <summary>The distribution over continuous actions: what is drawn has the density that is said, and densities integrate to 1.</summary>
public sealed class GaussianHeadTests
{
    static GaussianHead Head(double low, double high, double temperature = 1) => new(new BoxSpace([1], [low], [high]), new ActionUnits([0.5], [2]), temperature);

    [Fact]
    public void LogDensity_WithoutBounds_IsTheNormalOnesInTheActionsUnits()
    {
        // Mean 0.5 + 2 * 0.25 = 1, deviation 2 * e^-0.5.
        var head = Head(double.NegativeInfinity, double.PositiveInfinity);
        var deviation = 2 * Math.Exp(-0.5);
        var expected = -0.5 * Math.Pow((3 - 1) / deviation, 2) - Math.Log(deviation) - (0.5 * Math.Log(2 * Math.PI));
        Assert.Equal(expected, head.LogDensity([0.25f, -0.5f], [3]), 1e-6);
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(5f, 0f)]
    [InlineData(-5f, 2f)]
    [InlineData(0.1f, -3f)]
    public void Density_WithinBounds_IntegratesToOne_AndIsThatOfTheDraws(float mean, float log)
    {
        var head = Head(-1, 2);
        const int Cells = 3000;
        var integral = Enumerable.Range(0, Cells).Sum(i => Math.Exp(head.LogDensity([mean, log], [(float)(-1 + ((i + 0.5) * 3 / Cells))])) * 3 / Cells);
        Assert.Equal(1, integral, 0.002);
        Assert.Equal(double.NegativeInfinity, head.LogDensity([mean, log], [2.001f]));

        // The share of draws in the lower half is that of the density there.
        var random = RandomStream.Create(1, "draws");
        var (below, count) = (0, 20_000);
        var action = new float[1];
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(head.LogDensity([mean, log], action = Drawn(head, mean, log, random, out var said)), said, 1e-12);
            Assert.InRange(action[0], -1, 2);
            below += action[0] < 0.5f ? 1 : 0;
        }

        var expected = Enumerable.Range(0, Cells / 2).Sum(i => Math.Exp(head.LogDensity([mean, log], [(float)(-1 + ((i + 0.5) * 3 / Cells))])) * 3 / Cells);
        Assert.Equal(expected, below / (double)count, 0.015);
    }

    static float[] Drawn(GaussianHead head, float mean, float log, RandomStream random, out double said)
    {
        var action = new float[1];
        said = head.Act([mean, log], [random], action);
        return action;
    }

    [Fact]
    public void WithoutTemperature_TheMeanIsTaken_AndHasNoDensity()
    {
        var head = Head(-1, 2, temperature: 0);
        var action = new float[1];
        Assert.Equal(double.PositiveInfinity, head.Act([0.25f, 0], [], action));
        Assert.Equal(1, action[0]);
        Assert.False(head.HasDensity);
        Assert.Equal(double.NegativeInfinity, head.LogDensity([0.25f, 0], [1.5f]));
        Assert.True(Head(-1, 2, temperature: 3).LogDensity([0.25f, 0], [-1]) > Head(-1, 2, temperature: 0.3).LogDensity([0.25f, 0], [-1]));
    }
}
