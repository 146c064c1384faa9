using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Images to N x N by exact area averages; <see cref="WrapperParameters"/> says how.</summary>
/// <remarks>
/// With lengths in units of 1/N input cells the parts that rectangles cut off are whole numbers, so that sums over bytes
/// are exact, and only the division by the area of H W rounds.
/// </remarks>
sealed class ResizeStage : RowStage
{
    readonly ImageLayout _layout;
    readonly bool _isBytes;
    readonly int _side;
    readonly Part[] _rows, _columns;
    readonly double[] _narrowed, _sums;

    public ResizeStage(Space input, int side)
    {
        _layout = ImageLayout.Of(input)!.Value;
        _isBytes = ((BoxSpace)input).ElementType == ElementType.UInt8;
        _side = side;
        _rows = Parts(_layout.Height, side);
        _columns = Parts(_layout.Width, side);
        _narrowed = new double[_layout.Height * side];
        _sums = new double[side];
    }

    public override int Width => _layout.Channels * _side * _side;

    /// <exception cref="UserErrorException">The observations are no images.</exception>
    public static BoxSpace Result(EnvironmentIdentity identity, Space input, int side)
    {
        var layout = ImageLayout.Of(input) ?? throw Throw.WrapperNeedsImage(identity, WrapperParameters.Resize, "it takes images", input);
        var box = (BoxSpace)input;
        // An average lies between the bounds of all cells of its channel.
        return new BoxSpace(
            [layout.Channels, side, side],
            Bounds(box.Low, Enumerable.Min),
            Bounds(box.High, Enumerable.Max),
            box.ElementType);

        double[] Bounds(IReadOnlyList<double> bounds, Func<IEnumerable<double>, double> widest) =>
        [
            .. Enumerable.Range(0, layout.Channels).SelectMany(c => Enumerable.Repeat(
                widest(Enumerable.Range(0, layout.Cells).Select(i => bounds[(c * layout.ChannelStride) + (i * layout.CellStride)])), side * side)),
        ];
    }

    public override void Start(int instance, ReadOnlySpan<float> input, Span<float> output) => Next(instance, input, output);

    public override void Again(int instance, ReadOnlySpan<float> input, Span<float> output) => Next(instance, input, output);

    public override void Next(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        var area = _side * _side;
        for (var c = 0; c < _layout.Channels; c++)
        {
            Narrow(input[(c * _layout.ChannelStride)..]);
            Widen(output.Slice(c * area, area));
        }
    }

    // Along the rows: [H, W] to [H, N].
    void Narrow(ReadOnlySpan<float> channel)
    {
        var step = _layout.CellStride;
        for (var y = 0; y < _layout.Height; y++)
        {
            var row = channel[(y * _layout.Width * step)..];
            var narrowed = _narrowed.AsSpan(y * _side, _side);
            for (var x = 0; x < narrowed.Length; x++)
            {
                ref readonly var part = ref _columns[x];
                var sum = part.FirstWeight * row[part.First * step];
                if (part.Last > part.First)
                {
                    for (var i = part.First + 1; i < part.Last; i++)
                        sum += _side * (double)row[i * step];
                    sum += part.LastWeight * row[part.Last * step];
                }

                narrowed[x] = sum;
            }
        }
    }

    // Along the columns: [H, N] to [N, N].
    void Widen(Span<float> output)
    {
        double area = _layout.Cells;
        for (var y = 0; y < _side; y++)
        {
            var row = output.Slice(y * _side, _side);
            // Where one input row makes several output rows, most of them are alike.
            if (y > 0 && _rows[y] == _rows[y - 1])
            {
                output.Slice((y - 1) * _side, _side).CopyTo(row);
                continue;
            }

            var part = _rows[y];
            Add(part.First, part.FirstWeight, isFirst: true);
            if (part.Last > part.First)
            {
                for (var i = part.First + 1; i < part.Last; i++)
                    Add(i, _side, isFirst: false);
                Add(part.Last, part.LastWeight, isFirst: false);
            }

            for (var x = 0; x < row.Length; x++)
                row[x] = (float)(_isBytes ? Math.Floor((_sums[x] / area) + 0.5) : _sums[x] / area);
        }
    }

    void Add(int y, double weight, bool isFirst)
    {
        var narrowed = _narrowed.AsSpan(y * _side, _side);
        var sums = _sums.AsSpan(0, narrowed.Length);
        for (var x = 0; x < sums.Length; x++)
            sums[x] = (isFirst ? 0 : sums[x]) + (weight * narrowed[x]);
    }

    // Output cell o covers [o size, (o+1) size), input cell i [i side, (i+1) side).
    static Part[] Parts(int size, int side)
    {
        var parts = new Part[side];
        for (var o = 0; o < side; o++)
        {
            var (low, high) = ((long)o * size, (long)(o + 1) * size);
            var (first, last) = ((int)(low / side), (int)((high - 1) / side));
            parts[o] = new Part(first, last, Math.Min(high, (first + 1L) * side) - low, high - Math.Max(low, (long)last * side));
        }

        return parts;
    }

    /// <summary>The input cells that one output cell covers, and how much of the outer ones; the inner ones count whole.</summary>
    readonly record struct Part(int First, int Last, double FirstWeight, double LastWeight);
}
