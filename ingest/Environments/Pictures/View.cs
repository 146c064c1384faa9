using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>World coordinates, y up, on a canvas.</summary>
/// <param name="canvas">Drawn on.</param>
/// <param name="scale">Pixels a unit.</param>
/// <param name="left">Pixel column of x = 0.</param>
/// <param name="bottom">Pixel row of y = 0.</param>
readonly struct View(Canvas canvas, double scale, double left, double bottom)
{
    public void Line((double X, double Y) from, (double X, double Y) to, double pixels, Color color) =>
        canvas.Line(X(from.X), Y(from.Y), X(to.X), Y(to.Y), pixels, color);

    /// <summary>A line with round ends.</summary>
    public void Rod((double X, double Y) from, (double X, double Y) to, double pixels, Color color)
    {
        Line(from, to, pixels, color);
        Dot(from, pixels / 2, color);
        Dot(to, pixels / 2, color);
    }

    /// <summary>A disc whose radius is in pixels.</summary>
    public void Dot((double X, double Y) center, double pixels, Color color) => canvas.FillCircle(X(center.X), Y(center.Y), pixels, color);

    public void Polygon(ReadOnlySpan<(double X, double Y)> points, Color color)
    {
        Span<(double X, double Y)> pixels = stackalloc (double, double)[points.Length];
        for (var i = 0; i < points.Length; i++)
            pixels[i] = (X(points[i].X), Y(points[i].Y));
        canvas.FillPolygon(pixels, color);
    }

    /// <summary>An arrow of a push; nothing where it is 0.</summary>
    /// <param name="from">Where it begins.</param>
    /// <param name="dx">Its length in pixels, to the right.</param>
    /// <param name="color">Of shaft and head.</param>
    public void Push((double X, double Y) from, double dx, Color color)
    {
        const double Head = 7;
        if (Math.Abs(dx) < 1)
            return;
        var (x, y, sign) = (X(from.X), Y(from.Y), Math.Sign(dx));
        canvas.Line(x, y, x + dx, y, 3, color);
        canvas.FillPolygon([(x + dx, y - Head), (x + dx + (sign * 1.4 * Head), y), (x + dx, y + Head)], color);
    }

    double X(double x) => left + (scale * x);

    double Y(double y) => bottom - (scale * y);
}

/// <summary>The colors that the painters share.</summary>
static class Ink
{
    public static readonly Color Paper = Color.Of(0xF7F5F0);
    public static readonly Color Line = Color.Of(0x6B7280);
    public static readonly Color Pale = Color.Of(0xD8D4CA);
    public static readonly Color Dark = Color.Of(0x27364B);
    public static readonly Color Wood = Color.Of(0xC98B4B);
    public static readonly Color Goal = Color.Of(0x2E8B57);
    public static readonly Color Action = Color.Of(0xC8443B);
    public static readonly Color Second = Color.Of(0x3A78B5);
}
