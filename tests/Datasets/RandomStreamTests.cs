using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class RandomStreamTests
{
    [Fact]
    public void Create_SameSeedAndName_GivesSameNumbersAndOthersDiffer()
    {
        var first = Draw(RandomStream.Create(1, "sampling"));
        Assert.Equal(first, Draw(RandomStream.Create(1, "sampling")));
        Assert.NotEqual(first, Draw(RandomStream.Create(2, "sampling")));
        Assert.NotEqual(first, Draw(RandomStream.Create(1, "init")));
    }

    [Fact]
    public void Derive_AfterDrawing_GivesTheSameChild()
    {
        var stream = RandomStream.Create(3, "a");
        var before = (Draw(stream.Derive("x")), Draw(stream.Derive(5)));
        Draw(stream);
        Assert.Equal(before.Item1, Draw(stream.Derive("x")));
        Assert.Equal(before.Item2, Draw(stream.Derive(5)));
        Assert.NotEqual(Draw(stream.Derive(5)), Draw(stream.Derive(6)));
    }

    [Fact]
    public void SetState_GoesOnWhereItWasTaken()
    {
        var stream = RandomStream.Create(4, "a");
        Draw(stream);
        var state = stream.GetState();
        var expected = Draw(stream);
        var other = RandomStream.Create(9, "b");
        other.SetState(state);
        Assert.Equal(expected, Draw(other));
        Assert.Equal(Draw(stream.Derive(1)), Draw(other.Derive(1)));
        Assert.Throws<ArgumentException>(() => other.SetState(default));
    }

    // Published test vector: xoshiro256++ from the state {1, 2, 3, 4}.
    [Fact]
    public void NextUInt64_FromKnownState_GivesThePublishedNumbers()
    {
        var stream = RandomStream.Create(0, "");
        stream.SetState(new RandomState(0, 0, 1, 2, 3, 4));
        Assert.Equal(
            [41943041UL, 58720359UL, 3588806011781223UL, 3591011842654386UL, 9228616714210784205UL],
            Enumerable.Range(0, 5).Select(_ => stream.NextUInt64()));
    }

    [Fact]
    public void NextInt_IsUniformByChiSquare()
    {
        var stream = RandomStream.Create(5, "a");
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[stream.NextInt(7)]++;
        // 99.9 % quantile of chi-square with 6 degrees of freedom.
        Assert.InRange(counts.Sum(c => (c - 10_000.0) * (c - 10_000.0) / 10_000.0), 0.01, 22.46);
    }

    [Fact]
    public void NextGaussian_HasMeanZeroAndVarianceOne()
    {
        var stream = RandomStream.Create(6, "a");
        var values = Enumerable.Range(0, 200_000).Select(_ => stream.NextGaussian()).ToArray();
        Assert.InRange(values.Average(), -0.01, 0.01);
        Assert.InRange(values.Average(v => v * v), 0.985, 1.015);
    }

    [Fact]
    public void NextCategorical_FollowsProbabilitiesAndNeverDrawsZero()
    {
        var stream = RandomStream.Create(7, "a");
        var counts = new int[3];
        for (var i = 0; i < 10_000; i++)
            counts[stream.NextCategorical([0.25, 0, 0.75])]++;
        Assert.Equal(0, counts[1]);
        Assert.InRange(counts[0], 2_300, 2_700);
        Assert.Throws<ArgumentException>(() => stream.NextCategorical([0.0, 0.0]));
    }

    [Fact]
    public void Shuffle_KeepsTheItems()
    {
        var items = Enumerable.Range(0, 50).ToArray();
        RandomStream.Create(8, "a").Shuffle<int>(items);
        Assert.NotEqual(Enumerable.Range(0, 50), items);
        Assert.Equal(Enumerable.Range(0, 50), items.Order());
    }

    static ulong[] Draw(RandomStream stream) => Enumerable.Range(0, 8).Select(_ => stream.NextUInt64()).ToArray();
}
