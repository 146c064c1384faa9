using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Environments;

/// <summary>What becomes of observations, against sequences and images worked out by hand or by NumPy.</summary>
public sealed class WrapperObservationTests
{
    static BoxSpace Bytes(double high, params int[] shape)
    {
        var size = shape.Aggregate(1, (a, b) => a * b);
        return new BoxSpace(shape, new double[size], Enumerable.Repeat(high, size).ToArray(), ElementType.UInt8);
    }

    [Fact]
    public void FrameStack_OfVectors_PutsThemEndToEndOldestFirst()
    {
        using var batch = Countdown.Wrapped("frame_stack=3", new BoxSpace([2], [0, -1], [9, double.PositiveInfinity]), length: 3).Reset(1);
        Assert.Equal(new BoxSpace([6], [0, -1, 0, -1, 0, -1], [9, double.PositiveInfinity, 9, double.PositiveInfinity, 9, double.PositiveInfinity]), batch.Environment.ObservationSpace);
        Assert.Equal([0f, 1, 0, 1, 0, 1], batch.Row(0));
        batch.Step(0);
        Assert.Equal([0f, 1, 0, 1, 10, 11], batch.Row(0));
        batch.Step(0);
        Assert.Equal([0f, 1, 10, 11, 20, 21], batch.Row(0));
        batch.Step(0);
        Assert.True(batch.Terminated[0]);
        Assert.Equal([10f, 11, 20, 21, 30, 31], batch.FinalRow(0));
        Assert.Equal([0f, 1, 0, 1, 0, 1], batch.Row(0));
    }

    [Fact]
    public void FrameStack_OfImages_StacksChannels()
    {
        using var batch = Countdown.Wrapped("frame_stack=2", Bytes(255, 2, 1, 2)).Reset(1);
        Assert.Equal(Bytes(255, 4, 1, 2), batch.Environment.ObservationSpace);
        batch.Step(0);
        Assert.Equal([0f, 1, 2, 3, 10, 11, 12, 13], batch.Row(0));
    }

    [Fact]
    public void FrameStack_OfImagesWithChannelsLast_PutsThemFirst()
    {
        using var batch = Countdown.Wrapped("frame_stack=2", Bytes(255, 5, 1, 3)).Reset(1);
        Assert.Equal(Bytes(255, 6, 5, 1), batch.Environment.ObservationSpace);
        batch.Step(0);
        // Cell i has 3 i, 3 i + 1, 3 i + 2.
        Assert.Equal([0f, 3, 6, 9, 12, 1, 4, 7, 10, 13, 2, 5, 8, 11, 14], batch.Row(0)[..15]);
        Assert.Equal([10f, 13, 16, 19, 22], batch.Row(0)[15..20]);
    }

    [Fact]
    public void FrameStack_OfFlatImages_GivesThemAChannel()
    {
        using var batch = Countdown.Wrapped("frame_stack=4", Bytes(255, 2, 3)).Reset(1);
        Assert.Equal(Bytes(255, 4, 2, 3), batch.Environment.ObservationSpace);
    }

    [Fact]
    public void Delay_ShowsTheFirstObservationUntilALaterOneIsDue()
    {
        using var batch = Countdown.Wrapped("observation_delay=2", BoxSpace.Unbounded(1), length: 4).Reset(1);
        for (var episode = 0; episode < 2; episode++)
        {
            Assert.Equal([0f], batch.Row(0));
            batch.Step(0);
            Assert.Equal([0f], batch.Row(0));
            batch.Step(0);
            Assert.Equal([0f], batch.Row(0));
            batch.Step(0);
            Assert.Equal([10f], batch.Row(0));
            batch.Step(0);
            Assert.True(batch.Terminated[0]);
            Assert.Equal([20f], batch.FinalRow(0));
        }
    }

    [Fact]
    public void Delay_OfDiscreteObservations_KeepsTheirSpace()
    {
        using var batch = Countdown.Wrapped("observation_delay=1", new DiscreteSpace(100)).Reset(1);
        Assert.Equal(new DiscreteSpace(100), batch.Environment.ObservationSpace);
        batch.Step(0);
        batch.Step(0);
        Assert.Equal([10f], batch.Row(0));
    }

    [Fact]
    public void FrameStack_OverADelay_StacksWhatIsShown()
    {
        using var batch = Countdown.Wrapped("frame_stack=2&observation_delay=1", BoxSpace.Unbounded(1), length: 9).Reset(1);
        batch.Step(0);
        Assert.Equal([0f, 0f], batch.Row(0));
        batch.Step(0);
        Assert.Equal([0f, 10f], batch.Row(0));
        batch.Step(0);
        Assert.Equal([10f, 20f], batch.Row(0));
    }

    [Fact]
    public void Noise_HasItsDeviationAndRemovesBounds()
    {
        const int Count = 20_000;
        using var batch = Countdown.Wrapped("observation_noise=3", new BoxSpace([2], [0, 0], [50, 51]), length: 5, count: Count);
        Assert.Equal(BoxSpace.Unbounded(2), batch.Environment.ObservationSpace);
        batch.Reset([.. Enumerable.Range(0, Count).Select(i => (ulong)i)]);
        batch.Step(new int[Count]);
        for (var j = 0; j < 2; j++)
        {
            var errors = Enumerable.Range(0, Count).Select(i => batch.Observations[(2 * i) + j] - (10.0 + j)).ToArray();
            // Five standard errors.
            Assert.InRange(errors.Average(), -15 / Math.Sqrt(Count), 15 / Math.Sqrt(Count));
            Assert.InRange(Math.Sqrt(errors.Average(e => e * e)), 3 - (15 / Math.Sqrt(2.0 * Count)), 3 + (15 / Math.Sqrt(2.0 * Count)));
        }

        // Each number has a draw of its own; floats of a few digits meet by chance.
        Assert.True(batch.Observations.Distinct().Count() > 1.9 * Count);
    }

    [Fact]
    public void Noise_OnBytes_GivesFloats()
    {
        using var batch = Countdown.Wrapped("observation_noise=0.5", Bytes(255, 1, 2, 2));
        Assert.Equal(BoxSpace.Unbounded(4) with { Shape = [1, 2, 2] }, batch.Environment.ObservationSpace);
    }

    [Fact]
    public void Grey_OfColors_IsTheirLuma()
    {
        // Red, green, blue, white, black and one mixed, channels last: (4899 R + 9617 G + 1868 B + 8192) >> 14.
        float[] colors = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 10, 20, 30];
        using var last = Countdown.Wrapped("grey=1", Bytes(255, 6, 1, 3), look: (_, j) => colors[j]).Reset(1);
        Assert.Equal(Bytes(255, 1, 6, 1), last.Environment.ObservationSpace);
        Assert.Equal([76f, 150, 29, 255, 0, 18], last.Row(0));
        using var first = Countdown.Wrapped("grey=1", Bytes(255, 3, 6, 1), look: (_, j) => colors[(3 * (j % 6)) + (j / 6)]).Reset(1);
        Assert.Equal([76f, 150, 29, 255, 0, 18], first.Row(0));
    }

    [Fact]
    public void Grey_OfPlanes_IsTheLevelOfTheLastThatIsOn()
    {
        // 19 cells, so that a rest is left after whole vectors. Plane k is on in cells with bit k.
        using var batch = Countdown.Wrapped("grey=1", Bytes(1, 4, 1, 19), look: (_, j) => ((j % 19) >> (j / 19)) & 1).Reset(1);
        Assert.Equal(Bytes(255, 1, 1, 19), batch.Environment.ObservationSpace);
        // 255/4, 255/2, 3/4 255, 255: rounded, halves up.
        Assert.Equal([0f, 64, 128, 128, 191, 191, 191, 191, 255, 255, 255, 255, 255, 255, 255, 255, 0, 64, 128], batch.Row(0));
    }

    [Fact]
    public void Resize_OfASmallImage_AveragesAreas()
    {
        // 1 3   to 3 x 3: corners as they are, edges the mean of two, the middle that of four.
        // 5 8
        float[] image = [1, 3, 5, 8];
        using var bytes = Countdown.Wrapped("resize=3", Bytes(255, 2, 2), look: (_, j) => image[j]).Reset(1);
        Assert.Equal([1f, 2, 3, 3, 4, 6, 5, 7, 8], bytes.Row(0));
        using var floats = Countdown.Wrapped("resize=3", BoxSpace.Unbounded(4) with { Shape = [1, 2, 2] }, look: (_, j) => image[j]).Reset(1);
        Assert.Equal([1f, 2, 3, 3, 4.25f, 5.5f, 5, 6.5f, 8], floats.Row(0));
        using var one = Countdown.Wrapped("resize=1", Bytes(255, 2, 2), look: (_, j) => image[j]).Reset(1);
        Assert.Equal([4f], one.Row(0));
    }

    [Fact]
    public void Resize_OfImages_GivesNumPysBytesAndMeans()
    {
        var path = Path.Combine(Checkout.Root, "tests", "golden", "pixels", "resize.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal(7, document.RootElement.GetArrayLength());
        foreach (var @case in document.RootElement.EnumerateArray())
        {
            var (height, width, side) = (@case.GetProperty("height").GetInt32(), @case.GetProperty("width").GetInt32(), @case.GetProperty("side").GetInt32());
            var image = Numbers(@case, "image");
            // Two channels, the second upside down.
            using var batch = Countdown.Wrapped($"resize={side}", Bytes(255, 2, height, width), look: (_, j) => image[j < image.Length ? j : image.Length - 1 - (j - image.Length)]).Reset(1);
            Assert.Equal(Bytes(255, 2, side, side), batch.Environment.ObservationSpace);
            var area = side * side;
            var row = batch.Row(0);
            Assert.Equal(row[..area].Reverse(), row[area..]);
            if (@case.TryGetProperty("row_sums", out _))
            {
                Assert.Equal(Numbers(@case, "row_sums"), Enumerable.Range(0, side).Select(y => row.AsSpan(y * side, side).ToArray().Sum()));
                Assert.Equal(Numbers(@case, "column_sums"), Enumerable.Range(0, side).Select(x => Enumerable.Range(0, side).Sum(y => row[(y * side) + x])));
                continue;
            }

            Assert.Equal(Numbers(@case, "bytes"), row[..area]);
            using var floats = Countdown.Wrapped($"resize={side}", BoxSpace.Unbounded(image.Length) with { Shape = [1, height, width] }, look: (_, j) => image[j]).Reset(1);
            foreach (var (expected, found) in Numbers(@case, "means").Zip(floats.Row(0)))
                Assert.Equal(expected, found, 1e-4f);
        }
    }

    [Fact]
    public void Resize_WithChannelsLast_PutsThemFirst()
    {
        using var batch = Countdown.Wrapped("resize=1", Bytes(255, 6, 2, 3), look: (_, j) => 100 * (j % 3)).Reset(1);
        Assert.Equal(Bytes(255, 3, 1, 1), batch.Environment.ObservationSpace);
        Assert.Equal([0f, 100, 200], batch.Row(0));
    }

    [Fact]
    public void GreyResizeAndStack_OfAPixelGame_MakeWhatDqnTakes()
    {
        using var batch = new Batch("Breakout-MinAtar-v1?frame_stack=4&grey=1&resize=84", 1).Reset(1);
        Assert.Equal(Bytes(255, 4, 84, 84), batch.Environment.ObservationSpace);
        var first = batch.Row(0)[..7056];
        Assert.Equal(first, batch.Row(0)[(3 * 7056)..]);
        batch.Step(1);
        Assert.Equal(first, batch.Row(0)[..7056]);
        Assert.Equal(first, batch.Row(0)[(2 * 7056)..(3 * 7056)]);
        Assert.NotEqual(first, batch.Row(0)[(3 * 7056)..]);
        // Rows 8.4 to 16.8 are the first of bricks, plane 3 of 4: output row 8 has 0.6 of it, row 12 all.
        Assert.Equal(Math.Floor((0.6 * 255) + 0.5), first[(8 * 84) + 40]);
        Assert.Equal(255, first[(12 * 84) + 40]);
        Assert.Equal(0, first[(4 * 84) + 40]);
    }

    static float[] Numbers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(v => v.GetSingle())];
}
