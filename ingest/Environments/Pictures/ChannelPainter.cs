using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Games of few pixels whose channels say what is where, as MinAtar shows them: black where nothing is, a color for each channel, later
/// channels over earlier ones.
/// </summary>
/// <param name="space">[C, H, W].</param>
sealed class ChannelPainter(BoxSpace space) : IPainter
{
    const int Scale = 18;

    readonly int _channels = space.Shape[0], _height = space.Shape[1], _width = space.Shape[2];
    readonly Color[] _colors = [.. Enumerable.Range(0, space.Shape[0]).Select(c => CubeHelix((c + 1.0) / (space.Shape[0] + 1)))];

    public (int Width, int Height) Size => (_width * Scale, _height * Scale);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new Canvas(_width, _height);
        for (var c = 0; c < _channels; c++)
        {
            for (var i = 0; i < _width * _height; i++)
            {
                // Halfway: noise may have been added.
                if (step.Observation[(c * _width * _height) + i] > 0.5f)
                    small[i % _width, i / _width] = _colors[c];
            }
        }

        canvas.Draw(small.Rgb, _width, _height, 0, 0, Scale);
    }

    // Green 2011, "A colour scheme for the display of astronomical intensity images", with the start, turns and hue that MinAtar's palette has.
    static Color CubeHelix(double light)
    {
        var (sin, cos) = Math.SinCos(2 * Math.PI * ((0.5 / 3) - (1.5 * light)));
        var amplitude = light * (1 - light) / 2;
        return new Color(
            Level(light + (amplitude * ((-0.14861 * cos) + (1.78277 * sin)))),
            Level(light + (amplitude * ((-0.29227 * cos) - (0.90649 * sin)))),
            Level(light + (amplitude * 1.97294 * cos)));
    }

    static byte Level(double share) => (byte)Math.Round(255 * Math.Clamp(share, 0, 1));
}
