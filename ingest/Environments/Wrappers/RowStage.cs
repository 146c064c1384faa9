using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>One change of observations on their way out, row by row; what it remembers it keeps apart for each instance.</summary>
abstract class RowStage
{
    /// <summary>Numbers of a row that comes out.</summary>
    public abstract int Width { get; }

    /// <summary>Takes an episode's first row.</summary>
    public abstract void Start(int instance, ReadOnlySpan<float> input, Span<float> output);

    /// <summary>Takes an episode's next row, its final one included.</summary>
    public abstract void Next(int instance, ReadOnlySpan<float> input, Span<float> output);

    /// <summary>Writes again what the last row became; nothing moves on.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="input">The last row that was taken.</param>
    /// <param name="output">Written.</param>
    public abstract void Again(int instance, ReadOnlySpan<float> input, Span<float> output);

    /// <summary>Begins an instance's random stream anew.</summary>
    public virtual void Seed(int instance, ulong seed)
    {
    }

    /// <summary>Adds what is remembered of an instance.</summary>
    public virtual void Save(int instance, List<float> numbers, List<RandomState> streams)
    {
    }

    /// <summary>Takes back what <see cref="Save"/> added.</summary>
    public virtual void Restore(int instance, WrapperMemory memory)
    {
    }
}

/// <summary>A change of each row by itself.</summary>
abstract class PlainStage : RowStage
{
    public sealed override void Start(int instance, ReadOnlySpan<float> input, Span<float> output) => Change(input, output);

    public sealed override void Next(int instance, ReadOnlySpan<float> input, Span<float> output) => Change(input, output);

    public sealed override void Again(int instance, ReadOnlySpan<float> input, Span<float> output) => Change(input, output);

    protected abstract void Change(ReadOnlySpan<float> input, Span<float> output);
}

/// <summary>Reads a <see cref="WrapperSnapshot"/> in the order that it was written in.</summary>
sealed class WrapperMemory(WrapperSnapshot snapshot)
{
    readonly float[] _numbers = [.. snapshot.Numbers];
    int _number, _stream;

    /// <exception cref="ArgumentException">The snapshot is of other wrappers.</exception>
    public ReadOnlySpan<float> Numbers(int count)
    {
        if (_numbers.Length - _number < count)
            throw Throw.SnapshotOfOthers();
        _number += count;
        return _numbers.AsSpan(_number - count, count);
    }

    /// <exception cref="ArgumentException">The snapshot is of other wrappers.</exception>
    public RandomState Stream() => _stream < snapshot.Random.Count ? snapshot.Random[_stream++] : throw Throw.SnapshotOfOthers();

    /// <exception cref="ArgumentException">The snapshot is of other wrappers.</exception>
    public void End()
    {
        if (_number < _numbers.Length || _stream < snapshot.Random.Count)
            throw Throw.SnapshotOfOthers();
    }
}
