using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class PictureTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-pictures-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FillRectangle_BetweenPixels_CoversTheShareOfEach()
    {
        var canvas = new Canvas(4, 3);
        canvas.FillRectangle(0.5, 1, 2, 1.2, new Color(200, 100, 50));
        Assert.Equal([Color.Black, Color.Black, Color.Black, Color.Black], Row(canvas, 0));
        Assert.Equal([new Color(100, 50, 25), new Color(200, 100, 50), new Color(100, 50, 25), Color.Black], Row(canvas, 1));
        // A fifth of the row below, half of that at the ends.
        Assert.Equal([new Color(20, 10, 5), new Color(40, 20, 10), new Color(20, 10, 5), Color.Black], Row(canvas, 2));
    }

    [Fact]
    public void FillCircle_AnywhereOnTheCanvas_HasTheAreaOfACircle()
    {
        foreach (var (x, y, r) in new[] { (20.0, 20.0, 8.0), (20.3, 19.6, 3.3), (18.5, 22.25, 15.1) })
        {
            var canvas = new Canvas(40, 40);
            canvas.FillCircle(x, y, r, Color.White);
            var area = canvas.Rgb.ToArray().Sum(v => v / 255.0) / 3;
            Assert.Equal(Math.PI * r * r, area, Math.PI * r * r * 0.01);
        }
    }

    [Fact]
    public void Line_InAnyDirection_HasItsLengthTimesItsThickness()
    {
        foreach (var (x, y) in new[] { (35.0, 20.0), (20.0, 35.0), (31.0, 27.0), (9.5, 30.5) })
        {
            var canvas = new Canvas(40, 40);
            canvas.Line(20, 20, x, y, 3, Color.White);
            var length = Math.Sqrt(((x - 20) * (x - 20)) + ((y - 20) * (y - 20)));
            Assert.Equal(3 * length, canvas.Rgb.ToArray().Sum(v => v / 255.0) / 3, 3 * length * 0.03);
        }
    }

    [Fact]
    public void Shapes_OutsideThePictureOrNotANumber_LeaveNothingAndThrowNothing()
    {
        var canvas = new Canvas(10, 10);
        canvas.FillCircle(-50, 5, 10, Color.White);
        canvas.FillCircle(1e300, 5, 10, Color.White);
        canvas.Line(0, double.NaN, 5, 5, 2, Color.White);
        canvas.Line(3, 3, 3, 3, 2, Color.White);
        canvas.FillPolygon([], Color.White);
        canvas.FillRectangle(-1e9, 20, 1e12, 5, Color.White);
        canvas.Draw(new Canvas(3, 3), -5, -5);
        Assert.All(canvas.Rgb.ToArray(), v => Assert.Equal(0, v));
        canvas.FillRectangle(-1e9, -1e9, 1e12, 1e12, Color.White);
        Assert.All(canvas.Rgb.ToArray(), v => Assert.Equal(255, v));
    }

    [Fact]
    public void FillPolygon_ThatCrossesItself_LeavesItsMiddleEmpty()
    {
        var canvas = new Canvas(10, 10);
        canvas.FillPolygon([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0), (3, 3), (7, 3), (7, 7), (3, 7), (3, 3)], Color.White);
        Assert.Equal(Color.Black, canvas[5, 5]);
        Assert.Equal(Color.White, canvas[1, 8]);
    }

    [Fact]
    public void Draw_OfASmallPicture_MakesEveryPixelASquare()
    {
        var small = new Canvas(2, 1) { [0, 0] = new Color(1, 2, 3), [1, 0] = new Color(4, 5, 6) };
        var canvas = new Canvas(7, 4);
        canvas.Draw(small.Rgb, 2, 1, 1, -1, 3);
        Assert.Equal([Color.Black, new(1, 2, 3), new(1, 2, 3), new(1, 2, 3), new(4, 5, 6), new(4, 5, 6), new(4, 5, 6)], Row(canvas, 1));
        Assert.Equal(Enumerable.Repeat(Color.Black, 7), Row(canvas, 2));
    }

    [Fact]
    public void Text_OfEveryLetter_HasItsOwnShape()
    {
        var shapes = Enumerable.Range(' ', '~' - ' ' + 1).Select(c =>
        {
            var canvas = new Canvas(5, 9);
            canvas.Text(((char)c).ToString(), 0, 0, Color.White);
            return Convert.ToHexString(canvas.Rgb);
        }).ToList();
        Assert.Equal(95, shapes.Distinct().Count());
        var two = new Canvas(Canvas.TextWidth("Tl", 2), 14);
        two.Text("Tl", 0, 0, Color.White, 2);
        Assert.Equal(22, two.Width);
        Assert.Equal("WWWWWWWWWW....WWWW....", string.Concat(Row(two, 0).Select(c => c == Color.White ? 'W' : '.')));
        Assert.Equal(Color.White, two[4, 13]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(64, 48)]
    public void Png_OfAnyPicture_ReadsBackPixelByPixel(int width, int height)
    {
        foreach (var picture in new[] { Noise(width, height, 1), Scene(width, height, 3), new Canvas(width, height) })
        {
            var path = Path.Combine(_folder, "a.png");
            PngFile.Write(path, picture, replace: true);
            var (w, h, frames) = PngReader.Read(path);
            Assert.Equal((width, height), (w, h));
            Assert.Equal(picture.Rgb.ToArray(), Assert.Single(frames).Rgb);
        }

        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("a.apng")]
    [InlineData("a.gif")]
    public void Animation_OfSmoothFrames_ReadsBackFrameByFrame(string name)
    {
        // The same frame twice, and one that differs in one corner pixel.
        var corner = Scene(50, 40, 4);
        corner[49, 39] = new Color(9, 8, 7);
        Canvas[] pictures = [Scene(50, 40, 0), Scene(50, 40, 1), Scene(50, 40, 1), Scene(50, 40, 4), corner, new Canvas(50, 40)];
        var path = Path.Combine(_folder, name);
        Write(path, pictures, 1.0 / 30);
        var (width, height, frames) = Read(path);
        Assert.Equal((50, 40), (width, height));
        Assert.Equal(pictures.Select(p => Convert.ToHexString(p.Rgb)), frames.Select(f => Convert.ToHexString(f.Rgb)));
        Assert.Equal(6.0 / 30, frames.Sum(f => f.Seconds), 0.005);
        Assert.All(frames, f => Assert.InRange(f.Seconds, 0.03, 0.04));
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(255)]
    [InlineData(256)]
    public void Gif_OfManyPixels_SurvivesEveryWidthOfItsCodes(int colors)
    {
        // Noise fills the table of codes several times; the lengths end it in different states.
        foreach (var width in new[] { 1, 2, 300, 301, 302, 303 })
        {
            var picture = new Canvas(width, 60);
            var random = RandomStream.Create((ulong)(colors + width), "gif");
            for (var i = 0; i < width * 60; i++)
                picture[i % width, i / width] = Color.Of(random.NextInt(colors) * 0x010203);
            var path = Path.Combine(_folder, "noise.gif");
            Write(path, [picture], 0.1);
            Assert.Equal(picture.Rgb.ToArray(), GifReader.Read(path).Frames[0].Rgb);
            File.Delete(path);
        }
    }

    [Fact]
    public void Gif_OfMoreColorsThanItHolds_StaysNear()
    {
        var picture = Noise(60, 60, 2);
        var smooth = new Canvas(64, 64);
        for (var i = 0; i < 64 * 64; i++)
            smooth[i % 64, i / 64] = new Color((byte)(4 * (i % 64)), (byte)(4 * (i / 64)), 128);
        foreach (var (p, worst) in new[] { (picture, 64), (smooth, 16) })
        {
            var path = Path.Combine(_folder, "many.gif");
            Write(path, [p], 0.1);
            var read = GifReader.Read(path).Frames[0].Rgb;
            Assert.All(p.Rgb.ToArray().Zip(read), v => Assert.InRange(Math.Abs(v.First - v.Second), 0, worst));
            File.Delete(path);
        }
    }

    [Fact]
    public void Write_WhereAFileExists_RefusesUnlessItIsToBeReplaced()
    {
        var path = Path.Combine(_folder, "a.png");
        PngFile.Write(path, Scene(5, 5, 0));
        var before = File.ReadAllBytes(path);
        Assert.Contains("--force", Assert.Throws<UserErrorException>(() => PngFile.Write(path, Scene(5, 5, 1))).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));
        PngFile.Write(path, Scene(5, 5, 1), replace: true);
        Assert.NotEqual(before, File.ReadAllBytes(path));
        Assert.Contains("there is no folder", Assert.Throws<UserErrorException>(() => PngFile.Write(Path.Combine(_folder, "no/a.png"), Scene(5, 5, 1))).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<UserErrorException>(() => PngFile.Write(_folder, Scene(5, 5, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Animation_ThatIsNotCommitted_LeavesNothing()
    {
        using (var writer = AnimationWriter.Create(Path.Combine(_folder, "a.apng")))
            writer.Add(Scene(5, 5, 0), 0.1);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        using var other = AnimationWriter.Create(Path.Combine(_folder, "b.gif"));
        other.Add(new Canvas(5, 5), 0.1);
        Assert.Throws<ArgumentOutOfRangeException>(() => other.Add(new Canvas(5, 6), 0.1));
    }

    [Fact]
    public void Commit_WhereSomeoneElseMadeTheFileMeanwhile_DoesNotReplaceIt()
    {
        var path = Path.Combine(_folder, "a.gif");
        using (var writer = AnimationWriter.Create(path))
        {
            writer.Add(Scene(5, 5, 0), 0.1);
            File.WriteAllText(path, "theirs");
            Assert.Throws<UserErrorException>(writer.Commit);
        }

        Assert.Equal("theirs", File.ReadAllText(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    static (int Width, int Height, List<(byte[] Rgb, double Seconds)> Frames) Read(string path) =>
        path.EndsWith(".gif", StringComparison.Ordinal) ? GifReader.Read(path) : PngReader.Read(path);

    static void Write(string path, Canvas[] pictures, double seconds)
    {
        using var writer = AnimationWriter.Create(path);
        foreach (var picture in pictures)
            writer.Add(picture, seconds);
        writer.Commit();
    }

    static Color[] Row(Canvas canvas, int y) => Enumerable.Range(0, canvas.Width).Select(x => canvas[x, y]).ToArray();

    static Canvas Noise(int width, int height, ulong seed)
    {
        var canvas = new Canvas(width, height);
        var random = RandomStream.Create(seed, "noise");
        foreach (ref var value in canvas.Rgb)
            value = (byte)random.NextInt(256);
        return canvas;
    }

    static Canvas Scene(int width, int height, int step)
    {
        var canvas = new Canvas(width, height);
        canvas.Clear(new Color(240, 240, 235));
        canvas.Line(0, height, step * 7, 0, 2.5, new Color(30, 60, 90));
        canvas.FillCircle(10 + (step * 6), 10 + step, 4.5, new Color(200, 30, 40));
        return canvas;
    }
}
