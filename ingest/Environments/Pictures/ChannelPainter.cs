using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Games of few pixels whose channels say what is where: a color for each channel, later channels over earlier ones.</summary>
/// <param name="channels">C.</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
/// <param name="colors">One a channel.</param>
sealed class ChannelPainter(int channels, int height, int width, IReadOnlyList<Color> colors) : IPainter
{
    const int Scale = 18;

    static readonly Color Empty = Color.Of(0x14181F);

    public (int Width, int Height) Size => (width * Scale, height * Scale);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new Canvas(width, height);
        small.Clear(Empty);
        for (var c = 0; c < channels; c++)
        {
            for (var i = 0; i < width * height; i++)
            {
                if (step.Observation[(c * width * height) + i] > 0)
                    small[i % width, i / width] = colors[c];
            }
        }

        canvas.Draw(small.Rgb, width, height, 0, 0, Scale);
    }
}
