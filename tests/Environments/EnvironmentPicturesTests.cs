using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>What is drawn under wrappers, and of images that no painter knows.</summary>
public sealed class EnvironmentPicturesTests
{
    [Theory]
    [InlineData("CartPole-v1", 3)]
    [InlineData("Breakout-MinAtar-v1", 4)]
    [InlineData("Pendulum-v1", 2)]
    public void Painter_OfAStack_DrawsItsNewestObservation(string id, int stack)
    {
        var (plain, stacked) = (Painter(id), Painter($"{id}?frame_stack={stack}"));
        Assert.Equal(plain!.Size, stacked!.Size);
        var width = EnvironmentRegistry.Definition(id).ObservationSpace.FlatSize;
        using var environment = EnvironmentRegistry.Make($"{id}?frame_stack={stack}", 1);
        var rows = Rows(environment, 12);
        // Somewhere the oldest shows something else, or this would prove nothing.
        Assert.Contains(rows, row => Picture(plain, row[..width]) != Picture(plain, row[^width..]));
        Assert.All(rows, row => Assert.Equal(Picture(plain, row[^width..]), Picture(stacked, row)));
    }

    [Fact]
    public void Painter_OfStackedPlanesInAnotherSize_DrawsTheNewestInTheSameColors()
    {
        var (plain, resized) = (Painter("Freeway-MinAtar-v1"), Painter("Freeway-MinAtar-v1?resize=20&frame_stack=3"));
        Assert.Equal(plain!.Size, resized!.Size);
        using var one = EnvironmentRegistry.Make("Freeway-MinAtar-v1", 1);
        using var other = EnvironmentRegistry.Make("Freeway-MinAtar-v1?resize=20&frame_stack=3", 1);
        // Twice the size is twice the dots, each half as large.
        Assert.Equal(Rows(one, 8).Select(row => Picture(plain, row)), Rows(other, 8).Select(row => Picture(resized, row)));
    }

    [Fact]
    public void Painter_OfAStackOfThreeGreyFrames_IsGrey()
    {
        var painter = Painter("Breakout-MinAtar-v1?grey=1&frame_stack=3");
        var row = new float[300];
        // The oldest, the middle one and the newest.
        (row[0], row[101], row[202]) = (255, 255, 128);
        var canvas = new Canvas(painter!.Size.Width, painter.Size.Height);
        painter.Paint(canvas, new PaintedStep { Observation = row });
        var dot = painter.Size.Width / 10;
        Assert.Equal((new Color(0, 0, 0), new Color(0, 0, 0), new Color(128, 128, 128)), (canvas[1, 1], canvas[dot + 1, 1], canvas[(2 * dot) + 1, 1]));
    }

    [Theory]
    [InlineData(new[] { 5, 6, 3 }, 3, 4, 5)]
    [InlineData(new[] { 5, 6, 4 }, 4, 5, 6)]
    [InlineData(new[] { 5, 6, 1 }, 1, 1, 1)]
    [InlineData(new[] { 3, 5, 6 }, 1, 31, 61)]
    [InlineData(new[] { 6, 5, 6 }, 91, 121, 151)]
    [InlineData(new[] { 5, 6 }, 1, 1, 1)]
    [InlineData(new[] { 2, 5, 6 }, 31, 31, 31)]
    public void Painter_OfImagesOfAnEnvironmentThatIsNotKnown_ShowsTheirPixels(int[] shape, int red, int green, int blue)
    {
        var size = shape.Aggregate((a, b) => a * b);
        var space = new BoxSpace(shape, new double[size], Enumerable.Repeat(255.0, size).ToArray(), ElementType.UInt8);
        var painter = EnvironmentPictures.Painter(null, null, space)!;
        Assert.Equal((6 * painter.Size.Height, 5 * painter.Size.Width), (5 * painter.Size.Width, 6 * painter.Size.Height));
        var canvas = new Canvas(painter.Size.Width, painter.Size.Height);
        painter.Paint(canvas, new PaintedStep { Observation = Enumerable.Range(0, size).Select(i => (float)i).ToArray() });
        // The second pixel of the first row.
        Assert.Equal(new Color((byte)red, (byte)green, (byte)blue), canvas[(painter.Size.Width / 6) + 1, 1]);
    }

    [Theory]
    [InlineData("Breakout-MinAtar-v1?resize=84&observation_noise=0.1")]
    [InlineData("Breakout-MinAtar-v1?grey=1&observation_noise=1")]
    public void Painter_OfNumbersThatAreNoLongerImages_IsNone(string id) => Assert.Null(Painter(id));

    static IPainter? Painter(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        return EnvironmentPictures.Painter(definition, EnvironmentRegistry.Resolve(id), definition.ObservationSpace);
    }

    static List<float[]> Rows(IVectorEnvironment environment, int steps)
    {
        using var batch = new Batch(environment).Reset(5);
        var rows = new List<float[]>();
        for (var step = 0; step < steps; step++)
        {
            rows.Add(batch.Row(0));
            if (environment.ActionSpace is DiscreteSpace actions)
                batch.Step(step % actions.Count);
            else
                batch.Push(new float[environment.ActionSpace.FlatSize]);
        }

        return rows;
    }

    static string Picture(IPainter painter, float[] row)
    {
        var canvas = new Canvas(painter.Size.Width, painter.Size.Height);
        painter.Paint(canvas, new PaintedStep { Observation = row, Discrete = -1 });
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(canvas.Rgb));
    }
}
