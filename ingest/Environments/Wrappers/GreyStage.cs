using System.Numerics;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Colors, or planes of 0 and 1, to one channel of 0 to 255; <see cref="WrapperParameters"/> says how.</summary>
sealed class GreyStage : PlainStage
{
    readonly ImageLayout _layout;
    readonly bool _isColor;

    public GreyStage(Space input)
    {
        _layout = ImageLayout.Of(input)!.Value;
        _isColor = IsColor((BoxSpace)input, _layout);
    }

    public override int Width => _layout.Cells;

    /// <exception cref="UserErrorException">The observations are neither colors nor planes.</exception>
    public static BoxSpace Result(EnvironmentIdentity identity, Space input) =>
        ImageLayout.Of(input) is { Channels: > 1 } layout && input is BoxSpace box && (IsColor(box, layout) || IsPlanes(box))
            ? new BoxSpace([1, layout.Height, layout.Width], new double[layout.Cells], Enumerable.Repeat(255.0, layout.Cells).ToArray(), ElementType.UInt8)
            : throw Throw.WrapperNeedsImage(identity, WrapperParameters.Grey, "it takes bytes in 3 channels of 0 to 255, or in two or more planes of 0 and 1", input);

    protected override void Change(ReadOnlySpan<float> input, Span<float> output)
    {
        if (_isColor)
            FromColors(input, output);
        else
            FromPlanes(input, output);
    }

    static bool IsColor(BoxSpace box, ImageLayout layout) => layout.Channels == 3 && IsWithin(box, 255);

    static bool IsPlanes(BoxSpace box) => IsWithin(box, 1);

    static bool IsWithin(BoxSpace box, double high) =>
        box.ElementType == ElementType.UInt8 && box.Low.All(v => v == 0) && box.High.All(v => v == high);

    void FromColors(ReadOnlySpan<float> input, Span<float> output)
    {
        var (next, channel) = (_layout.CellStride, _layout.ChannelStride);
        for (var i = 0; i < output.Length; i++)
        {
            var at = i * next;
            output[i] = ((4899 * (int)input[at]) + (9617 * (int)input[at + channel]) + (1868 * (int)input[at + (2 * channel)]) + 8192) >> 14;
        }
    }

    void FromPlanes(ReadOnlySpan<float> input, Span<float> output)
    {
        output.Clear();
        var (cells, channels) = (_layout.Cells, _layout.Channels);
        for (var k = 0; k < channels; k++)
        {
            // Levels rise with k: the largest is the last plane's that is on.
            var level = (float)Math.Floor((255.0 * (k + 1) / channels) + 0.5);
            if (_layout.IsChannelLast)
            {
                for (var i = 0; i < cells; i++)
                    output[i] = Math.Max(output[i], input[(i * channels) + k] * level);
                continue;
            }

            var plane = input.Slice(k * cells, cells);
            var whole = MemoryMarshal.Cast<float, Vector<float>>(plane);
            var wholeOut = MemoryMarshal.Cast<float, Vector<float>>(output);
            for (var i = 0; i < whole.Length; i++)
                wholeOut[i] = Vector.Max(wholeOut[i], whole[i] * level);
            for (var i = whole.Length * Vector<float>.Count; i < cells; i++)
                output[i] = Math.Max(output[i], plane[i] * level);
        }
    }
}
