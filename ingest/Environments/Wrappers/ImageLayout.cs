using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>How the numbers of a box are an image.</summary>
readonly record struct ImageLayout(int Channels, int Height, int Width, bool IsChannelLast)
{
    public int Cells => Height * Width;

    /// <summary>Numbers from a cell to the next one of the same channel.</summary>
    public int CellStride => IsChannelLast ? Channels : 1;

    /// <summary>Numbers from a channel of a cell to the next channel.</summary>
    public int ChannelStride => IsChannelLast ? 1 : Cells;

    /// <summary>Null where the space is no image: discrete, or not of two or three dimensions.</summary>
    public static ImageLayout? Of(Space space) => space is not BoxSpace box ? null : box.Shape switch
    {
        [var height, var width] => new(1, height, width, false),
        [> 4 and var height, var width, 1 or 3 or 4] => new(box.Shape[2], height, width, true),
        [var channels, var height, var width] => new(channels, height, width, false),
        _ => null,
    };

    /// <summary>Writes a row with channels first.</summary>
    /// <param name="row">As this layout says.</param>
    /// <param name="planes">[C, H, W].</param>
    public void ToChannelFirst(ReadOnlySpan<float> row, Span<float> planes)
    {
        if (!IsChannelLast)
        {
            row.CopyTo(planes);
            return;
        }

        for (var c = 0; c < Channels; c++)
        {
            for (var i = 0; i < Cells; i++)
                planes[(c * Cells) + i] = row[(i * Channels) + c];
        }
    }
}
