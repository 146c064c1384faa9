using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Observations that are images, as they are: one channel is grey, three are red, green and blue; of several frames the last is shown, which is the newest.</summary>
sealed class ImagePainter : IPainter
{
    const int Least = 160;

    readonly ImageLayout _layout;
    readonly int _first, _scale;
    readonly bool _colored;
    readonly double _light;

    /// <param name="space">Of unsigned bytes.</param>
    /// <param name="layout">Its own.</param>
    /// <param name="frameChannels">Channels of a frame; null: not known, and colors where their number can be divided by 3, or is 4 and last.</param>
    public ImagePainter(BoxSpace space, ImageLayout layout, int? frameChannels)
    {
        // Images of 0 and 1 are as bright as those of 0 to 255.
        _light = 255 / Math.Clamp(space.High.Max(), 1, 255);
        _layout = layout;
        var channels = frameChannels ?? (layout.Channels % 3 == 0 ? 3 : layout is { Channels: 4, IsChannelLast: true } ? 4 : 1);
        _colored = channels is 3 or 4;
        _first = _colored ? layout.Channels - channels : layout.Channels - 1;
        var side = Math.Max(layout.Height, layout.Width);
        _scale = (Least + side - 1) / side;
    }

    public (int Width, int Height) Size => (_layout.Width * _scale, _layout.Height * _scale);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var small = new byte[_layout.Cells * 3];
        for (var i = 0; i < _layout.Cells; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var channel = _colored ? _first + c : _first;
                small[(i * 3) + c] = (byte)Math.Clamp(_light * step.Observation[(channel * _layout.ChannelStride) + (i * _layout.CellStride)], 0, 255);
            }
        }

        canvas.Draw(small, _layout.Width, _layout.Height, 0, 0, _scale);
    }
}
