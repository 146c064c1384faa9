using OfflineRL.Datasets;
using OfflineRL.Tests.Train.WorldModels.Planning;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Pictures;

public sealed class DreamPicturesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-pictures-").FullName;

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // x' = x + u by the model, while the recorded world moved by 2 u.
    [Fact]
    public void Imagine_DecodesWhatWas_AndDreamsOnFromTheFirst()
    {
        var pictures = DreamPictures.Imagine(KnownWorlds.Line(), BoxSpace.Unbounded(1), tensor(new float[,] { { 1 }, { 3 }, { 2 } }), tensor(new float[,] { { 1 }, { -0.5f } }));
        Assert.Equal([1f, 3, 2], pictures.Real.Select(row => row[0]));
        Assert.Equal([1f, 3, 2], pictures.Decoded.Select(row => row[0]));
        Assert.Equal([1f, 2, 1.5f], pictures.Dreamed.Select(row => row[0]));
        Assert.Contains("[3, D] for 2 actions", Assert.Throws<ArgumentException>(() => DreamPictures.Imagine(KnownWorlds.Line(), BoxSpace.Unbounded(1), ones(2, 1), ones(2, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Paint_OfImages_ShowsTheNewestFrameInItsColors()
    {
        // Two frames of 5 x 5 with 3 channels first; the newest has red at (1, 0) and half of blue at (4, 4).
        var row = new float[2 * 3 * 25];
        row[75 + 1] = 1;
        row[75 + 50 + 24] = 0.5f;
        var painter = new FeaturePainter(Bytes(2, 3, 5, 5), [row]);
        var canvas = painter.Paint(row);
        Assert.Equal((60, 60), (canvas.Width, canvas.Height));
        Assert.Equal(Color.Of(0xFF0000), canvas[(1 * 12) + 5, 5]);
        Assert.Equal(new Color(0, 0, 128), canvas[59, 59]);
        Assert.Equal(Color.Black, canvas[0, 0]);
    }

    [Fact]
    public void Paint_OfManyChannels_GivesEachAColor()
    {
        // [H, W, C] of 4 channels: nothing is black, each channel alone has its own color, half of one is half as bright.
        var row = new float[6 * 6 * 4];
        for (var c = 0; c < 4; c++)
            row[(c * 4) + c] = 1;
        row[(4 * 4) + 0] = 0.5f;
        var canvas = new FeaturePainter(Bytes(6, 6, 4), [row]).Paint(row);
        var colors = Enumerable.Range(0, 4).Select(x => canvas[(x * 10) + 5, 5]).ToList();
        Assert.Equal(4, colors.Distinct().Count());
        Assert.Equal(Color.Black.Mix(colors[0], 0.5), canvas[45, 5]);
        Assert.Equal(Color.Black, canvas[55, 55]);
    }

    [Fact]
    public void Paint_OfVectors_DrawsABarForEachNumber()
    {
        float[] low = [-1, 0], high = [1, 4];
        var painter = new FeaturePainter(BoxSpace.Unbounded(2), [low, high]);
        var (right, left) = (painter.Paint(high), painter.Paint(low));
        // The bar of number 0 is in the upper half: to the right at its highest, to the left at its lowest.
        Assert.NotEqual(right[45, 15], left[45, 15]);
        Assert.Equal(right[45, 15], left[15, 15]);
        Assert.Equal(right[45, 15], right[45, 45]);
        Assert.NotEqual(right[45, 15], painter.Paint([0, 2])[45, 15]);
    }

    [Fact]
    public void Write_LeavesAStripAndAnAnimation()
    {
        var pictures = DreamPictures.Imagine(KnownWorlds.Line(), BoxSpace.Unbounded(1), arange(6, dtype: ScalarType.Float32).reshape(6, 1), ones(5, 1));
        pictures.Write(_folder);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Path.Combine(_folder, "dream.png"))[..4]);
        Assert.Equal("GIF89a"u8.ToArray(), File.ReadAllBytes(Path.Combine(_folder, "dream.gif"))[..6]);
        Assert.Equal(6, pictures.Frames().Count());
        // Three rows of six columns; what the model dreams right looks like what was.
        var strip = pictures.Strip();
        var column = (strip.Width - 50) / 6;
        Assert.InRange(strip.Height, 3 * 60, 3 * 70);
        for (var x = strip.Width - column; x < strip.Width - 4; x++)
            Assert.Equal(strip[x, 12 + 30], strip[x, 12 + 30 + (2 * 64)]);
    }

    static BoxSpace Bytes(params int[] shape) => new(shape, new double[shape.Aggregate((a, b) => a * b)], [.. Enumerable.Repeat(255.0, shape.Aggregate((a, b) => a * b))], ElementType.UInt8);
}
