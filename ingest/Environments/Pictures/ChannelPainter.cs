using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Games of few pixels whose channels say what is where: black where nothing is, a color for each channel, later channels over earlier ones.
/// </summary>
/// <param name="layout">Of the observations.</param>
/// <param name="channels">Of the newest frame, which comes last.</param>
sealed class ChannelPainter(ImageLayout layout, int channels) : IPainter
{
    const int Picture = 180;

    readonly int _scale = Math.Max(1, Picture / Math.Max(layout.Height, layout.Width));
    readonly Color[] _colors = [.. Enumerable.Range(0, channels).Select(c => CubeHelix(Light(c, channels)))];

    public (int Width, int Height) Size => (layout.Width * _scale, layout.Height * _scale);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new Canvas(layout.Width, layout.Height);
        for (var c = 0; c < channels; c++)
        {
            var at = (layout.Channels - channels + c) * layout.ChannelStride;
            for (var i = 0; i < layout.Cells; i++)
            {
                // Halfway: noise may have been added.
                if (step.Observation[at + (i * layout.CellStride)] > 0.5f)
                    small[i % layout.Width, i / layout.Width] = _colors[c];
            }
        }

        canvas.Draw(small.Rgb, layout.Width, layout.Height, 0, 0, _scale);
    }

    // From a level that is seen well on black: the first channel is mostly the player.
    static double Light(int channel, int channels) => 0.42 + (0.53 * channel / Math.Max(1, channels - 1));

    // Green 2011, "A colour scheme for the display of astronomical intensity images", with the start and hue of MinAtar's palette and as many turns.
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
