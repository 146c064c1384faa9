namespace OfflineRL.Datasets;

/// <summary>
/// A picture in memory: [Height, Width, 3] bytes of red, green and blue, from the top left. Shapes have smooth edges: a
/// pixel takes the share of the color that the shape covers of it. What lies outside is cut off.
/// </summary>
/// <remarks>
/// Coordinates are in pixels, (0, 0) is the top left corner of the top left pixel, y points down. Written here because the
/// package feed holds no imaging library that needs no native code, and this is all that drawing environments takes.
/// </remarks>
public sealed class Canvas
{
    // Rows of samples in a pixel; along a row coverage is exact.
    const int SampleRows = 5;

    readonly byte[] _rgb;
    float[] _coverage = [];

    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    public Canvas(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        (Width, Height) = (width, height);
        _rgb = new byte[checked(width * height * 3)];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[Height, Width, 3].</summary>
    public Span<byte> Rgb => _rgb;

    /// <summary>The color of a pixel.</summary>
    public Color this[int x, int y]
    {
        get
        {
            var at = At(x, y);
            return new Color(_rgb[at], _rgb[at + 1], _rgb[at + 2]);
        }
        set
        {
            var at = At(x, y);
            (_rgb[at], _rgb[at + 1], _rgb[at + 2]) = (value.Red, value.Green, value.Blue);
        }
    }

    /// <summary>Paints every pixel.</summary>
    public void Clear(Color color)
    {
        for (var x = 0; x < Width; x++)
            this[x, 0] = color;
        for (var y = 1; y < Height; y++)
            _rgb.AsSpan(0, Width * 3).CopyTo(_rgb.AsSpan(y * Width * 3));
    }

    /// <summary>Fills a rectangle; its edges may lie between pixels.</summary>
    public void FillRectangle(double left, double top, double width, double height, Color color) =>
        FillPolygon([(left, top), (left + width, top), (left + width, top + height), (left, top + height)], color);

    /// <summary>Fills a circle.</summary>
    /// <param name="x">Of the center.</param>
    /// <param name="y">Of the center.</param>
    /// <param name="radius">Pixels.</param>
    /// <param name="color">Of the disc.</param>
    public void FillCircle(double x, double y, double radius, Color color)
    {
        // A regular polygon that is nowhere farther than a two-hundredth of a pixel from the circle.
        var corners = Math.Clamp((int)Math.Ceiling(Math.PI * Math.Sqrt(100 * Math.Abs(radius))), 12, 400);
        Span<(double X, double Y)> points = stackalloc (double, double)[corners];
        for (var i = 0; i < corners; i++)
        {
            var (sin, cos) = Math.SinCos(2 * Math.PI * i / corners);
            points[i] = (x + (radius * cos), y + (radius * sin));
        }

        FillPolygon(points, color);
    }

    /// <summary>Draws a straight line with square ends.</summary>
    /// <param name="x0">Of the start.</param>
    /// <param name="y0">Of the start.</param>
    /// <param name="x1">Of the end.</param>
    /// <param name="y1">Of the end.</param>
    /// <param name="thickness">Pixels.</param>
    /// <param name="color">Of the line.</param>
    public void Line(double x0, double y0, double x1, double y1, double thickness, Color color)
    {
        var length = Math.Sqrt(((x1 - x0) * (x1 - x0)) + ((y1 - y0) * (y1 - y0)));
        if (length == 0)
            return;
        var (dx, dy) = ((y0 - y1) / length * thickness / 2, (x1 - x0) / length * thickness / 2);
        FillPolygon([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)], color);
    }

    /// <summary>Fills a polygon; where it crosses itself, what lies inside an even number of times stays empty.</summary>
    public void FillPolygon(ReadOnlySpan<(double X, double Y)> points, Color color)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var (x, y) in points)
        {
            // A state that ran away must not take the picture with it.
            if (!double.IsFinite(x) || !double.IsFinite(y))
                return;
            (low, high) = (Math.Min(low, y), Math.Max(high, y));
        }

        if (points.IsEmpty)
            return;
        if (_coverage.Length == 0)
            _coverage = new float[Width];
        var crossings = points.Length <= 256 ? stackalloc double[points.Length] : new double[points.Length];
        var (first, last) = (Math.Clamp(Math.Floor(low), 0, Height), Math.Clamp(Math.Ceiling(high), 0, Height));
        for (var y = (int)first; y < (int)last; y++)
        {
            var (from, to) = (Width, 0);
            for (var row = 0; row < SampleRows; row++)
            {
                var count = Crossings(points, y + ((row + 0.5) / SampleRows), crossings);
                for (var i = 0; i + 1 < count; i += 2)
                    Cover(crossings[i], crossings[i + 1], ref from, ref to);
            }

            for (var x = from; x < to; x++)
            {
                this[x, y] = this[x, y].Mix(color, Math.Min(1, _coverage[x]));
                _coverage[x] = 0;
            }
        }
    }

    /// <summary>Puts a small picture on the canvas, every pixel of it as a square.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Of the small picture.</param>
    /// <param name="height">Of the small picture.</param>
    /// <param name="left">Where its left edge goes.</param>
    /// <param name="top">Where its top edge goes.</param>
    /// <param name="scale">Side of a square, at least 1.</param>
    public void Draw(ReadOnlySpan<byte> rgb, int width, int height, int left, int top, int scale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rgb.Length, width * height * 3);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        for (var y = Math.Max(top, 0); y < Math.Min(Height, top + (height * scale)); y++)
        {
            for (var x = Math.Max(left, 0); x < Math.Min(Width, left + (width * scale)); x++)
                rgb.Slice(((((y - top) / scale) * width) + ((x - left) / scale)) * 3, 3).CopyTo(_rgb.AsSpan(At(x, y)));
        }
    }

    /// <summary>Puts another canvas on this one.</summary>
    public void Draw(Canvas other, int left, int top)
    {
        var (from, to) = (Math.Max(left, 0), Math.Min(Width, left + other.Width));
        for (var y = Math.Max(top, 0); y < Math.Min(Height, top + other.Height) && from < to; y++)
            other._rgb.AsSpan(other.At(from - left, y - top), (to - from) * 3).CopyTo(_rgb.AsSpan(At(from, y)));
    }

    /// <summary>Writes a line of text; what is not printable ASCII becomes a question mark.</summary>
    /// <param name="text">The line.</param>
    /// <param name="left">Where the first letter begins.</param>
    /// <param name="top">Upper edge; letters are 7 times <paramref name="scale"/> pixels high, and 2 times it hang below.</param>
    /// <param name="color">Of the letters.</param>
    /// <param name="scale">Pixels a dot.</param>
    public void Text(string text, int left, int top, Color color, int scale = 1)
    {
        for (var i = 0; i < text.Length; i++)
        {
            for (var y = 0; y < BitmapFont.Height; y++)
            {
                for (var x = 0; x < BitmapFont.Width; x++)
                {
                    if (BitmapFont.IsSet(text[i], x, y))
                        FillRectangle(left + (((i * BitmapFont.Advance) + x) * scale), top + (y * scale), scale, scale, color);
                }
            }
        }
    }

    /// <summary>Pixels that <see cref="Text"/> takes from the left to the right.</summary>
    public static int TextWidth(string text, int scale = 1) => Math.Max(0, (text.Length * BitmapFont.Advance) - 1) * scale;

    int At(int x, int y)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height)
            throw new ArgumentOutOfRangeException(nameof(x), $"Pixel ({x}, {y}) was named; the picture is {Width} x {Height}.");
        return ((y * Width) + x) * 3;
    }

    // Where the polygon's edges meet a horizontal line, from left to right.
    static int Crossings(ReadOnlySpan<(double X, double Y)> points, double y, Span<double> crossings)
    {
        var count = 0;
        for (var i = 0; i < points.Length; i++)
        {
            var (a, b) = (points[i], points[i + 1 == points.Length ? 0 : i + 1]);
            if (a.Y <= y != b.Y <= y)
                crossings[count++] = a.X + ((y - a.Y) / (b.Y - a.Y) * (b.X - a.X));
        }

        crossings[..count].Sort();
        return count;
    }

    // Adds a stretch of one row of samples to the pixels that it touches.
    void Cover(double left, double right, ref int from, ref int to)
    {
        (left, right) = (Math.Clamp(left, 0, Width), Math.Clamp(right, 0, Width));
        if (!(left < right))
            return;
        var (first, last) = ((int)left, Math.Min((int)right, Width - 1));
        for (var x = first; x <= last; x++)
            _coverage[x] += (float)((Math.Min(right, x + 1) - Math.Max(left, x)) / SampleRows);
        (from, to) = (Math.Min(from, first), Math.Max(to, last + 1));
    }
}
