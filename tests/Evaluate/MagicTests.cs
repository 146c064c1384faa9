using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class MagicTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Blend_OnGoldenLogs_EqualsAnIndependentImplementation(int index)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "ope", "magic.json")));
        var golden = document.RootElement.GetProperty("cases")[index];
        var (episodes, values, discount) = Log(golden);
        Assert.Equal(golden.GetProperty("dm").GetDouble(), DoublyRobustEstimators.DirectMethod(episodes, values).Value, 1e-9);
        Assert.Equal(golden.GetProperty("wdr").GetDouble(), DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, discount).Value, 1e-9);
        var magic = Magic.Blend(episodes, values, discount, new Interval(golden.GetProperty("low").GetDouble(), golden.GetProperty("high").GetDouble()));
        // The other solver stops a little before the optimum.
        Assert.Equal(golden.GetProperty("magic").GetDouble(), magic.Value, 1e-4);

        var form = Matrix<double>.Build.DenseOfRowArrays(golden.GetProperty("form").EnumerateArray().Select(Numbers).ToArray());
        var blend = Vector<double>.Build.Dense(Simplex.Minimize(form));
        Assert.Equal(1, blend.Sum(), 12);
        Assert.True(blend.Minimum() >= 0);
        Assert.True(blend * form * blend <= golden.GetProperty("objective").GetDouble() * (1 + 1e-9));
    }

    [Fact]
    public void Minimize_OfTwoCoordinates_EqualsTheHandComputedPoint()
    {
        // x' diag(1, 3) x over x + y = 1: x = 3/4. With a covariance of 2 the smaller variance takes all.
        Assert.Equal(0.75, Simplex.Minimize(Matrix<double>.Build.DenseOfArray(new double[,] { { 1, 0 }, { 0, 3 } }))[0], 9);
        Assert.Equal(1, Simplex.Minimize(Matrix<double>.Build.DenseOfArray(new double[,] { { 1, 1.5 }, { 1.5, 3 } }))[0], 9);
        Assert.Equal([0, 0, 1.0], Simplex.Minimize(Matrix<double>.Build.Dense(3, 3)));
    }

    [Fact]
    public void Estimate_WithGoodAndWithBadValues_LeansToTheOneThatIsRight()
    {
        // Every reward is 1 for certain, three steps: with the exact values all corrections vanish.
        var stream = RandomStream.Create(1, "magic-test");
        var episodes = LoggedEpisodes.Create(
            Enumerable.Range(0, 301).Select(i => 3 * i).ToArray(),
            Enumerable.Repeat(1.0, 900).ToArray(),
            Enumerable.Range(0, 900).Select(_ => Math.Log(stream.Uniform(0.2, 0.8))).ToArray(),
            Enumerable.Repeat(Math.Log(0.5), 900).ToArray());
        ValueColumns Values(double error) => new(
            Enumerable.Range(0, 900).Select(i => 3 - (i % 3) + error).ToArray(),
            Enumerable.Range(0, 900).Select(i => 3 - (i % 3) + error).ToArray());
        Assert.Equal(3, Magic.Estimate(episodes, Values(0), 1, stream).Value, 9);
        var bad = Values(5);
        Assert.Equal(8, DoublyRobustEstimators.DirectMethod(episodes, bad).Value, 9);
        Assert.Equal(3, Magic.Estimate(episodes, bad, 1, stream).Value, 0.05);
    }

    [Theory]
    [InlineData(3, new[] { -1, 0, 1, 2 })]
    [InlineData(1, new[] { -1, 0 })]
    public void Steps_OfShortEpisodes_AreAll(int length, int[] expected) => Assert.Equal(expected, Magic.Steps(length));

    [Fact]
    public void Steps_OfLongEpisodes_AreSpreadWithBothEnds()
    {
        var steps = Magic.Steps(5000);
        Assert.Equal((Magic.MostReturns, -1, 4999), (steps.Length, steps[0], steps[^1]));
        Assert.Equal(steps.Length, steps.Distinct().Count());
    }

    static (LoggedEpisodes Episodes, ValueColumns Values, double Discount) Log(JsonElement golden)
    {
        var first = new List<int> { 0 };
        foreach (var length in golden.GetProperty("lengths").EnumerateArray())
            first.Add(first[^1] + length.GetInt32());
        var ratios = Numbers(golden.GetProperty("log_ratio"));
        return (
            LoggedEpisodes.Create(first.ToArray(), Numbers(golden.GetProperty("reward")), ratios, new double[ratios.Length]),
            new ValueColumns(Numbers(golden.GetProperty("q")), Numbers(golden.GetProperty("v"))),
            golden.GetProperty("discount").GetDouble());
    }

    static double[] Numbers(JsonElement array) => array.EnumerateArray().Select(n => n.GetDouble()).ToArray();
}
