using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Pictures of environments under wrappers: the newest observation, by the environment's painter where that still can.</summary>
public sealed class WrapperPictureTests
{
    [Theory]
    [InlineData("CartPole-v1", "frame_stack=3", 0)]
    [InlineData("CartPole-v1", "observation_delay=2", 2)]
    [InlineData("CartPole-v1", "frame_stack=3&observation_delay=2", 2)]
    [InlineData("Breakout-MinAtar-v1", "frame_stack=3", 0)]
    [InlineData("Seaquest-MinAtar-v1", "frame_stack=2&observation_noise=0.01", 0)]
    public void Picture_OfWrappedObservations_IsThatOfTheNewest(string id, string query, int late)
    {
        const int Steps = 5;
        using var wrapped = new Batch($"{id}?{query}", 1).Reset(5);
        using var bare = new Batch(id, 1).Reset(5);
        for (var t = 0; t < Steps + late; t++)
        {
            wrapped.Step(t % 2);
            if (t < Steps)
                bare.Step(t % 2);
        }

        Assert.Equal(Picture(id, bare.Row(0)), Picture($"{id}?{query}", wrapped.Row(0)));
        // An older one looks otherwise.
        bare.Step(Steps % 2);
        Assert.NotEqual(Picture(id, bare.Row(0)), Picture($"{id}?{query}", wrapped.Row(0)));
    }

    [Fact]
    public void Picture_OfGreyFrames_ShowsTheNewestAsItIs()
    {
        const string Id = "Breakout-MinAtar-v1?frame_stack=4&grey=1&resize=84";
        using var batch = new Batch(Id, 1).Reset(5);
        for (var t = 0; t < 4; t++)
            batch.Step(0);
        var definition = EnvironmentRegistry.Definition(Id);
        var painter = EnvironmentPictures.Painter(definition, EnvironmentRegistry.Resolve(Id), definition.ObservationSpace)!;
        var scale = painter.Size.Width / 84;
        var canvas = new Canvas(painter.Size.Width, painter.Size.Height);
        painter.Paint(canvas, new PaintedStep { Observation = batch.Row(0) });
        var newest = batch.Row(0)[(3 * 7056)..];
        Assert.True(newest.Distinct().Count() > 3);
        for (var i = 0; i < newest.Length; i++)
        {
            var level = (byte)newest[i];
            Assert.Equal(new Color(level, level, level), canvas[i % 84 * scale, i / 84 * scale]);
        }
    }

    [Fact]
    public void Picture_OfLargerPlanes_HasTheColorsOfTheGame()
    {
        const string Id = "Breakout-MinAtar-v1?frame_stack=2&resize=20";
        using var batch = new Batch(Id, 1).Reset(5);
        using var plain = new Batch("Breakout-MinAtar-v1", 1).Reset(5);
        for (var t = 0; t < 5; t++)
        {
            batch.Step(1);
            plain.Step(1);
        }

        var (large, largeSize) = Draw(Id, batch.Row(0));
        var (small, smallSize) = Draw("Breakout-MinAtar-v1", plain.Row(0));
        for (var cell = 0; cell < 100; cell++)
        {
            // The middle of each cell.
            var (x, y) = ((cell % 10) + 0.5, (cell / 10) + 0.5);
            Assert.Equal(
                small[(int)(x * smallSize / 10), (int)(y * smallSize / 10)],
                large[(int)(x * largeSize / 10), (int)(y * largeSize / 10)]);
        }
    }

    [Theory]
    [MemberData(nameof(PixelGameTests.Ids), MemberType = typeof(PixelGameTests))]
    public void Planes_OfEveryGame_HaveColorsApartFromEachOtherAndFromBlack(string id)
    {
        var space = (BoxSpace)EnvironmentRegistry.Definition(id).ObservationSpace;
        var colors = new List<Color>();
        for (var plane = 0; plane < space.Shape[0]; plane++)
        {
            var row = new float[space.FlatSize];
            row[plane * 100] = 1;
            var (canvas, _) = Draw(id, row);
            colors.Add(canvas[0, 0]);
            Assert.Equal(new Color(0, 0, 0), canvas[canvas.Width - 1, 0]);
        }

        Assert.All(colors, c => Assert.True((0.3 * c.Red) + (0.59 * c.Green) + (0.11 * c.Blue) > 60, $"{c} is too dark"));
        for (var i = 0; i < colors.Count; i++)
        {
            for (var j = 0; j < i; j++)
                Assert.True(Math.Abs(colors[i].Red - colors[j].Red) + Math.Abs(colors[i].Green - colors[j].Green) + Math.Abs(colors[i].Blue - colors[j].Blue) > 25, $"planes {j} and {i} look alike: {colors[j]}, {colors[i]}");
        }
    }

    static byte[] Picture(string id, float[] row) => Draw(id, row).Canvas.Rgb.ToArray();

    static (Canvas Canvas, int Size) Draw(string id, float[] row)
    {
        var definition = EnvironmentRegistry.Definition(id);
        var painter = EnvironmentPictures.Painter(definition, EnvironmentRegistry.Resolve(id), definition.ObservationSpace)!;
        var canvas = new Canvas(painter.Size.Width, painter.Size.Height);
        painter.Paint(canvas, new PaintedStep { Observation = row, Discrete = -1 });
        return (canvas, painter.Size.Width);
    }
}
