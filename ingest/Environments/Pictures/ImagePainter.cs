using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Observations that are images, as they are: one channel is grey, three are red, green and blue, and of more, a stack, the newest is
/// shown, which comes last.
/// </summary>
sealed class ImagePainter : IPainter
{
    const int Least = 160;

    readonly int _channels, _height, _width, _cellStride, _channelStride, _scale;
    readonly bool _colored;

    readonly double _light;

    ImagePainter(BoxSpace space, int channels, int height, int width, bool channelLast, bool grey)
    {
        // Images of 0 and 1 are as bright as those of 0 to 255.
        _light = 255 / Math.Clamp(space.High.Max(), 1, 255);
        (_channels, _height, _width) = (channels, height, width);
        (_cellStride, _channelStride) = channelLast ? (channels, 1) : (1, height * width);
        _colored = !grey && channels % 3 == 0;
        _scale = Math.Max(1, Least / Math.Max(height, width));
    }

    public (int Width, int Height) Size => (_width * _scale, _height * _scale);

    /// <summary>Null where the space holds no images of unsigned bytes.</summary>
    /// <param name="space">[H, W], [C, H, W], or [H, W, C] with C of 1 or 3.</param>
    /// <param name="grey">Whether every channel is an image of its own.</param>
    public static ImagePainter? For(Space space, bool grey) => space is not BoxSpace { ElementType: ElementType.UInt8 } box ? null : box.Shape switch
    {
        [var height, var width] => new ImagePainter(box, 1, height, width, false, true),
        [> 4 and var height, var width, 1 or 3] => new ImagePainter(box, box.Shape[2], height, width, true, grey),
        [var channels, var height, var width] => new ImagePainter(box, channels, height, width, false, grey),
        _ => null,
    };

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new byte[_width * _height * 3];
        for (var i = 0; i < _width * _height; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var channel = _colored ? _channels - 3 + c : _channels - 1;
                small[(i * 3) + c] = (byte)Math.Clamp(_light * step.Observation[(channel * _channelStride) + (i * _cellStride)], 0, 255);
            }
        }

        canvas.Draw(small, _width, _height, 0, 0, _scale);
    }
}
