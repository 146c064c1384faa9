using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

public sealed class PrioritizedOrderTests
{
    static readonly CounterStream Random = CounterStream.From(RandomStream.Create(7, "priorities"));

    // Errors of 1, 2, 3, 4 have the sizes to the power alpha, for an epsilon that float32 does not see.
    static PrioritizedOrder Four(PriorityOptions options)
    {
        PrioritizedOrder order = new(4, options);
        order.Update([0, 1, 2, 3], [1, -2, 3, -4]);
        return order;
    }

    static long[] Frequencies(DrawOrder order, int batches, int size = 64)
    {
        var (counts, items) = (new long[order.Count], new int[size]);
        for (var batch = 0; batch < batches; batch++)
        {
            order.Draw(Random, (ulong)(batch * size), items);
            foreach (var item in items)
                counts[item]++;
        }

        return counts;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.6)]
    [InlineData(1)]
    [InlineData(2)]
    public void Draw_GoesByTheSizesOfErrorsToThePowerAlpha(double alpha)
    {
        double[] shares = [.. new double[] { 1, 2, 3, 4 }.Select(size => Math.Pow(size, alpha))];
        // One at a time, so that draws are independent and the statistic has its distribution: 16.3 at 3 degrees of freedom is exceeded once in a thousand.
        var counts = Frequencies(Four(new() { Exponent = alpha, Epsilon = 1e-9 }), 40_000, size: 1);
        Assert.True(ChiSquare.Of(counts, shares) < 16.3, string.Join(", ", counts));
        // The test can fail: another alpha is seen at once.
        Assert.True(ChiSquare.Of(counts, [.. new double[] { 1, 2, 3, 4 }.Select(size => Math.Pow(size, alpha + 0.3))]) > 100);
    }

    [Fact]
    public void Draw_OfABatch_IsStratified()
    {
        // A batch of 10 from 1 : 2 : 3 : 4 takes each item its exact share of times, whatever the numbers are.
        var order = Four(new() { Exponent = 1, Epsilon = 1e-9 });
        var items = new int[10];
        for (var batch = 0UL; batch < 50; batch++)
        {
            order.Draw(Random, batch * 10, items);
            Assert.Equal([0, 1, 1, 2, 2, 2, 3, 3, 3, 3], items);
        }
    }

    [Fact]
    public void Draw_OfManyItems_FollowsUpdates()
    {
        PrioritizedOrder order = new(5000, new() { Exponent = 1, Epsilon = 1e-9 });
        var random = RandomStream.Create(1, "errors");
        var sizes = new float[5000];
        for (var round = 0; round < 4; round++)
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                sizes[i] = 1 + random.NextInt(4);
                order.Update([i], [sizes[i]]);
            }
        }

        var counts = Frequencies(order, 5000, size: 50);
        // Stratified draws vary less than independent ones, so the bound of independent ones (5,326 once in a thousand at 4,999 degrees) holds with ease.
        Assert.True(ChiSquare.Of(counts, [.. sizes.Select(size => (double)size)]) < 5326);
        Assert.True(ChiSquare.Of(counts, [.. sizes.Select(size => size + 1.0)]) > 5326);
    }

    [Fact]
    public void Weigh_IsTheInverseOfTheShareToThePowerBeta()
    {
        // alpha 1: P = 0.1, 0.2, 0.3, 0.4; N P = 0.4, 0.8, 1.2, 1.6; beta 0.5.
        var order = Four(new() { Exponent = 1, Correction = 0.5, FinalCorrection = 1, AnnealSteps = 100, Epsilon = 1e-9 });
        var weights = new float[4];
        order.Weigh([0, 1, 2, 3], 0, weights);
        AssertClose([1.5811388, 1.1180340, 0.9128709, 0.7905694], weights);
        // Half way beta is 0.75, and at the end and behind it 1.
        order.Weigh([0, 3], 50, weights.AsSpan(0, 2));
        AssertClose([Math.Pow(0.4, -0.75), Math.Pow(1.6, -0.75)], weights[..2]);
        order.Weigh([0, 3], 100, weights.AsSpan(0, 2));
        AssertClose([2.5, 0.625], weights[..2]);
        order.Weigh([0, 3], 1_000_000, weights.AsSpan(0, 2));
        AssertClose([2.5, 0.625], weights[..2]);
    }

    [Fact]
    public void Weigh_OverAll_DividesByTheLargestThatAnyItemWouldHave()
    {
        var order = Four(new() { Exponent = 1, Correction = 0.5, AnnealSteps = 100, WeightsOverAll = true, Epsilon = 1e-9 });
        Assert.True(order.WeighsOverAll);
        var weights = new float[2];
        order.Weigh([0, 3], 0, weights);
        AssertClose([1, 0.5], weights);
        // The least priority is no longer item 0's.
        order.Update([0], [16]);
        order.Weigh([0, 3], 0, weights);
        AssertClose([Math.Sqrt(2 / 16.0), Math.Sqrt(2 / 4.0)], weights);
    }

    [Fact]
    public void Weights_MakeTheWeightedMeanThatOfUniformDraws()
    {
        // With beta 1, the sum over items of P(i) w(i) x(i) is the plain mean of x, whatever the priorities are.
        var order = Four(new() { Exponent = 0.7, Correction = 1, Epsilon = 1e-9 });
        var weights = new float[4];
        order.Weigh([0, 1, 2, 3], 0, weights);
        double[] values = [3, -1, 4, 10];
        var total = order.Weights.ToArray().Sum(weight => (double)weight);
        Assert.Equal(4, Enumerable.Range(0, 4).Sum(i => order.Weights[i] / total * weights[i] * values[i]), 1e-6);
    }

    [Fact]
    public void NewItems_HaveTheLargestPrioritySeen()
    {
        PrioritizedOrder order = new(4, new() { Exponent = 0.5, Epsilon = 1e-9 });
        Assert.Equal([1, 1, 1, 1], order.Weights.ToArray());
        order.Update([0, 1], [9, 0.25f]);
        Assert.Equal(3, order.Largest, 1e-6);
        // Two items more, as when a dataset has grown: they come in at 3, although nothing has that error any more.
        order.Update([0], [1]);
        PrioritizedOrder grown = new(6, new() { Exponent = 0.5, Epsilon = 1e-9 });
        grown.Restore(order.Weights, order.Largest);
        AssertClose([1, 0.5, 1, 1, 3, 3], grown.Weights.ToArray());
    }

    [Fact]
    public void Restore_GoesOnBitForBit()
    {
        PriorityOptions options = new() { WeightsOverAll = true };
        var random = RandomStream.Create(4, "errors");
        PrioritizedOrder whole = new(1000, options);
        var (items, errors) = (new int[32], new float[32]);
        for (var batch = 0UL; batch < 200; batch++)
            Step(whole, batch, random);
        PrioritizedOrder restored = new(1000, options);
        restored.Restore(whole.Weights.ToArray(), whole.Largest);
        Assert.Equal(Later(whole), Later(restored));

        List<(int, float)> Later(PrioritizedOrder order)
        {
            var later = RandomStream.Create(5, "errors");
            return [.. Enumerable.Range(200, 100).SelectMany(batch => Step(order, (ulong)batch, later))];
        }

        (int Item, float Weight)[] Step(PrioritizedOrder order, ulong batch, RandomStream random)
        {
            order.Draw(Random, batch * 32, items);
            order.Weigh(items, (long)batch, errors);
            var drawn = items.Zip(errors).ToArray();
            foreach (ref var error in errors.AsSpan())
                error = (float)random.NextGaussian();
            order.Update(items, errors);
            return drawn;
        }
    }

    [Fact]
    public void Update_OfErrorsThatAreNoNumbers_KeepsTheTreeWhole()
    {
        var order = Four(new() { Exponent = 0.6 });
        order.Update([0, 1, 2], [float.NaN, float.PositiveInfinity, 0]);
        Assert.All(order.Weights.ToArray(), weight => Assert.True(float.IsFinite(weight) && weight > 0));
        var items = new int[64];
        order.Draw(Random, 0, items);
        Assert.All(items, item => Assert.InRange(item, 0, 3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(257)]
    [InlineData(70_000)]
    public void SumTree_FindsEachItemByItsShare(int count)
    {
        SumTree tree = new(count);
        var random = RandomStream.Create((ulong)count, "tree");
        var weights = Enumerable.Range(0, count).Select(i => i % 3 == 1 ? 0f : random.NextInt(5)).ToArray();
        weights[^1] = 2;
        for (var i = 0; i < count; i++)
            tree.Set(i, weights[i]);
        // Small whole numbers add up without rounding.
        Assert.Equal(weights.Sum(weight => (double)weight), tree.Total);
        var before = 0.0;
        for (var i = 0; i < count; i++)
        {
            if (weights[i] > 0)
            {
                Assert.Equal(i, tree.Find(before));
                Assert.Equal(i, tree.Find(before + weights[i] - 0.25));
            }

            before += weights[i];
        }

        // Beyond the end by rounding: the last that can be drawn.
        Assert.Equal(count - 1, tree.Find(before));
        SumTree all = new(count);
        all.SetAll(weights);
        Assert.Equal(tree.Total, all.Total);
    }

    static void AssertClose(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach (var (e, f) in expected.Zip(found))
            Assert.Equal(e, f, 1e-6);
    }
}
