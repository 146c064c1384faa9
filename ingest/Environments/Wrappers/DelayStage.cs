using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Shows the row of some steps ago, an episode's first one until there is one.</summary>
sealed class DelayStage(int width, int delay, int count) : RowStage
{
    readonly RecentRows _recent = new(width, delay + 1, count);

    public override int Width => width;

    public override void Start(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        _recent.Fill(instance, input);
        input.CopyTo(output);
    }

    public override void Next(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        input.CopyTo(_recent.Push(instance));
        Again(instance, input, output);
    }

    public override void Again(int instance, ReadOnlySpan<float> input, Span<float> output) => _recent.Row(instance, delay).CopyTo(output);

    public override void Save(int instance, List<float> numbers, List<RandomState> streams) => _recent.Save(instance, numbers);

    public override void Restore(int instance, WrapperMemory memory) => _recent.Restore(instance, memory);
}
