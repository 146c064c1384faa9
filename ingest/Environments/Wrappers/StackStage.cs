using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Shows the last rows at once, oldest first; an episode's first one stands in for those before it.</summary>
sealed class StackStage(Space input, int length, int count) : RowStage
{
    readonly int _width = input.FlatSize;
    readonly ImageLayout? _layout = ImageLayout.Of(input);
    readonly RecentRows _recent = new(input.FlatSize, length, count);

    public override int Width => _width * length;

    /// <exception cref="UserErrorException">The observations are discrete.</exception>
    public static BoxSpace Result(EnvironmentIdentity identity, Space input, int length)
    {
        if (input is not BoxSpace box)
            throw Throw.WrapperNeedsNumbers(identity, WrapperParameters.FrameStack, input);
        if (ImageLayout.Of(box) is not { } layout)
            return new BoxSpace([box.FlatSize * length], Repeat(box.Low), Repeat(box.High), box.ElementType);
        return new BoxSpace([layout.Channels * length, layout.Height, layout.Width], Repeat(ChannelFirst(box.Low)), Repeat(ChannelFirst(box.High)), box.ElementType);

        double[] Repeat(IReadOnlyList<double> bounds) => [.. Enumerable.Repeat(bounds, length).SelectMany(b => b)];

        double[] ChannelFirst(IReadOnlyList<double> bounds) =>
        [
            .. Enumerable.Range(0, layout.Channels).SelectMany(c => Enumerable.Range(0, layout.Cells)
                .Select(i => bounds[(c * layout.ChannelStride) + (i * layout.CellStride)])),
        ];
    }

    public override void Start(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        Take(instance, input);
        _recent.Fill(instance, _recent.Row(instance, 0));
        Again(instance, input, output);
    }

    public override void Next(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        Take(instance, input);
        Again(instance, input, output);
    }

    public override void Again(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        for (var age = 0; age < length; age++)
            _recent.Row(instance, age).CopyTo(output[((length - 1 - age) * _width)..]);
    }

    public override void Save(int instance, List<float> numbers, List<RandomState> streams) => _recent.Save(instance, numbers);

    public override void Restore(int instance, WrapperMemory memory) => _recent.Restore(instance, memory);

    void Take(int instance, ReadOnlySpan<float> input)
    {
        if (_layout is { } layout)
            layout.ToChannelFirst(input, _recent.Push(instance));
        else
            input.CopyTo(_recent.Push(instance));
    }
}
