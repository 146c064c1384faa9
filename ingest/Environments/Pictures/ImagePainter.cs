using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Observations that are images, as they are: [H, W], [C, H, W] with one channel (grey) or three (red, green, blue), and stacks of such
/// images along the channels, of which the newest, the last, is shown.
/// </summary>
sealed class ImagePainter : IPainter
{
    const int Least = 160;

    readonly int _channels, _height, _width, _scale;

    ImagePainter(int channels, int height, int width)
    {
        (_channels, _height, _width) = (channels, height, width);
        _scale = Math.Max(1, Least / Math.Max(height, width));
    }

    public (int Width, int Height) Size => (_width * _scale, _height * _scale);

    /// <summary>Null where the space holds no images of unsigned bytes.</summary>
    public static ImagePainter? For(Space space) => space is not BoxSpace { ElementType: ElementType.UInt8 } box ? null : box.Shape switch
    {
        [var height, var width] => new ImagePainter(1, height, width),
        [var channels, var height, var width] => new ImagePainter(channels, height, width),
        _ => null,
    };

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new byte[_width * _height * 3];
        var plane = _width * _height;
        var colored = _channels % 3 == 0;
        for (var i = 0; i < plane; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var channel = colored ? _channels - 3 + c : _channels - 1;
                small[(i * 3) + c] = (byte)Math.Clamp(step.Observation[(channel * plane) + i], 0, 255);
            }
        }

        canvas.Draw(small, _width, _height, 0, 0, _scale);
    }
}
