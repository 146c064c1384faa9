using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>The last frames of each instance, as features.</summary>
sealed class FrameStackState(ObservationEncoder encoder, int instances) : IPolicyState
{
    readonly float[] _features = new float[instances * encoder.Size];
    readonly bool[] _started = new bool[instances];

    public int Instances => instances;

    /// <summary>The state of a stacking policy.</summary>
    /// <exception cref="ArgumentException">None was given, or one for another number of rows.</exception>
    public static FrameStackState Require(IPolicyState? state, int count) =>
        state is FrameStackState stack && stack.Instances == count ? stack
        : throw new ArgumentException($"The policy reads several frames: expected the state that CreateState({count}) gave, for {count} rows.", nameof(state));

    /// <summary>The same frames once more.</summary>
    public FrameStackState Clone()
    {
        var clone = new FrameStackState(encoder, instances);
        _features.CopyTo(clone._features, 0);
        _started.CopyTo(clone._started, 0);
        return clone;
    }

    /// <summary>Takes a frame of each instance and gives the stacks.</summary>
    /// <param name="frames">[B, D].</param>
    /// <param name="starts">[B], or empty: the frames that begin an episode, which fill the whole stack.</param>
    /// <param name="stacks">[B, frames * features].</param>
    public void Push(ReadOnlySpan<float> frames, ReadOnlySpan<bool> starts, Span<float> stacks)
    {
        var (size, feature) = (encoder.Size, encoder.FrameFeatures);
        for (var i = 0; i < instances; i++)
        {
            var stack = _features.AsSpan(i * size, size);
            var newest = stack[^feature..];
            stack[feature..].CopyTo(stack);
            encoder.Encode(frames.Slice(i * encoder.FrameWidth, encoder.FrameWidth), newest);
            if (!_started[i] || (!starts.IsEmpty && starts[i]))
            {
                for (var at = 0; at < size - feature; at += feature)
                    newest.CopyTo(stack[at..]);
            }

            _started[i] = true;
            stack.CopyTo(stacks.Slice(i * size, size));
        }
    }
}
