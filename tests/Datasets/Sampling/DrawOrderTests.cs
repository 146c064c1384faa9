using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

public sealed class DrawOrderTests : IDisposable
{
    static readonly CounterStream Random = CounterStream.From(RandomStream.Create(2, "order"));

    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    static long[] Frequencies(DrawOrder order, int draws)
    {
        var (counts, items) = (new long[order.Count], new int[draws]);
        order.Draw(Random, 0, items);
        foreach (var item in items)
            counts[item]++;
        return counts;
    }

    [Fact]
    public void CounterStream_IsSplitMix64()
    {
        // The first outputs of the generator with the seed 1234567, as published with it.
        CounterStream stream = new(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821], Enumerable.Range(0, 5).Select(i => stream.Bits((ulong)i)));
        Assert.InRange(stream.Double(3), 0, 1);
        Assert.All(Enumerable.Range(0, 1000), i => Assert.InRange(stream.Below((ulong)i, 7), 0, 6));
    }

    [Fact]
    public void Uniform_DrawsEachAlike()
    {
        // 40.3 once in a thousand at 17 degrees of freedom.
        Assert.True(ChiSquare.Of(Frequencies(new UniformOrder(18), 90_000), [.. Enumerable.Repeat(1.0, 18)]) < 40.8);
    }

    [Fact]
    public void Grouped_DrawsItemsByTheWeightOfTheirGroup()
    {
        // Groups of 1, 3, 2, 4 items; each item of a group by the group's weight.
        GroupedOrder order = new([0, 1, 4, 6, 10], [5, 1, 0, 2]);
        double[] shares = [5, 1, 1, 1, 0, 0, 2, 2, 2, 2];
        var counts = Frequencies(order, 160_000);
        Assert.Equal([0, 0], counts[4..6]);
        int[] drawn = [0, 1, 2, 3, 6, 7, 8, 9];
        // 24.3 once in a thousand at 7 degrees of freedom.
        Assert.True(ChiSquare.Of([.. drawn.Select(i => counts[i])], [.. drawn.Select(i => shares[i])]) < 24.3);
        Assert.True(ChiSquare.Of([.. drawn.Select(i => counts[i])], [4.9, 1.1, 1, 1, 2, 2, 2, 2]) > 24.3);
        Assert.Throws<ArgumentException>(() => new GroupedOrder([0, 2], [0]));
        Assert.Throws<ArgumentException>(() => new GroupedOrder([0, 2], [double.NaN]));
    }

    [Fact]
    public void ReturnWeights_AreOfTheDistanceToTheBest()
    {
        using var columns = _data.Write("returns", [([0, 0], End.Cut), ([5], End.Cut), ([4, 6], End.Cut)]);
        // Returns 0, 5, 10; temperature 0.5: exp(-10 / 5), exp(-5 / 5), 1.
        var weights = ReturnWeights.Of(EpisodeData.All(columns), 0.5);
        Assert.Equal([Math.Exp(-2), Math.Exp(-1), 1], weights);
        TransitionIndex index = new(EpisodeData.All(columns), new());
        var counts = Frequencies(new GroupedOrder(index.EpisodeFirstItem, weights), 100_000);
        // Items 0, 1 of the first, 2 of the second, 3, 4 of the third; 18.5 once in a thousand at 4 degrees of freedom.
        Assert.True(ChiSquare.Of(counts, [weights[0], weights[0], weights[1], 1, 1]) < 18.5);
    }

    [Fact]
    public void ReturnWeights_OfEqualReturns_AreEqual()
    {
        using var columns = _data.Write("equal", [([1, 1], End.Cut), ([2], End.Cut)]);
        Assert.Equal([1, 1], ReturnWeights.Of(EpisodeData.All(columns), 0.1));
    }

    [Fact]
    public void TopShare_KeepsTheEpisodesOfTheHighestReturn()
    {
        using var columns = _data.Write("top", [([3], End.Cut), ([1, 1], End.Cut), ([9], End.Cut), ([3], End.Cut), ([0, 4], End.Terminated)]);
        Assert.Equal([0, 1, 2, 3, 4], EpisodeSelection.Of(columns, "train").Episodes.ToArray());
        Assert.Equal([2, 4], EpisodeSelection.Of(columns, "train", 0.4).Episodes.ToArray());
        // Of equal returns the earlier episode; 0.6 of 5 is 3.
        var three = EpisodeSelection.Of(columns, "train", 0.6);
        Assert.Equal([0, 2, 4], three.Episodes.ToArray());
        Assert.Equal([3, 9, 4], three.Returns.ToArray());
        Assert.Equal(4, three.Steps);
        // At least one stays.
        Assert.Equal([2], EpisodeSelection.Of(columns, "train", 0.01).Episodes.ToArray());
        Assert.Contains("top_share is 0", Assert.Throws<UserErrorException>(() => EpisodeSelection.Of(columns, "train", 0)).Message, StringComparison.Ordinal);
        Assert.Contains("top_share is 1.5", Assert.Throws<UserErrorException>(() => EpisodeSelection.Of(columns, "train", 1.5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mixed_TakesEachSlotBySharesOfTheSources()
    {
        MixedDraw draw = new([new UniformOrder(2), new UniformOrder(3)], [1, 3], RandomStream.Create(1, "mixed"));
        DrawnBatch batch = new(64, 2);
        var counts = new long[5];
        for (var n = 0; n < 1000; n++)
        {
            draw.Draw(n, batch);
            Assert.Equal((0, 64), (batch.FirstSlots[0], batch.FirstSlots[2]));
            for (var i = 0; i < 64; i++)
                counts[(i < batch.FirstSlots[1] ? 0 : 2) + batch.Items[i]]++;
        }

        // 18.5 once in a thousand at 4 degrees of freedom.
        Assert.True(ChiSquare.Of(counts, [0.125, 0.125, 0.25, 0.25, 0.25]) < 18.5);
        Assert.True(ChiSquare.Of(counts, [0.2, 0.2, 0.2, 0.2, 0.2]) > 18.5);
        Assert.All(batch.Weights, weight => Assert.Equal(1, weight));
    }

    [Fact]
    public void Mixed_OfLearningOrders_DividesByTheLargestOfTheBatchAndUpdatesEachSource()
    {
        PrioritizedOrder first = new(8, new() { Exponent = 1, Epsilon = 1e-9 }), second = new(8, new() { Exponent = 1, Epsilon = 1e-9 });
        MixedDraw draw = new([first, second], [1, 1], RandomStream.Create(1, "mixed"));
        DrawnBatch batch = new(32, 2);
        for (var n = 0; n < 20; n++)
        {
            draw.Draw(n, batch);
            Assert.Equal(1, batch.Weights.Max());
            // The error names source and item.
            draw.Update(batch, [.. Enumerable.Range(0, 32).Select(i => (i < batch.FirstSlots[1] ? 1f : 100f) + batch.Items[i])]);
        }

        Assert.Equal(Enumerable.Range(0, 8).Select(i => 1f + i), first.Weights.ToArray());
        Assert.Equal(Enumerable.Range(0, 8).Select(i => 100f + i), second.Weights.ToArray());
    }

    [Fact]
    public void Draws_AreAFunctionOfSeedAndNumber()
    {
        int[] Batch(ulong seed, long number)
        {
            MixedDraw draw = new([new UniformOrder(1000)], [1], RandomStream.Create(seed, "sampler"));
            DrawnBatch batch = new(16, 1);
            draw.Draw(number, batch);
            return batch.Items;
        }

        Assert.Equal(Batch(1, 5), Batch(1, 5));
        Assert.NotEqual(Batch(1, 5), Batch(1, 6));
        Assert.NotEqual(Batch(1, 5), Batch(2, 5));
    }
}
