using System.Runtime.Intrinsics.X86;

namespace OfflineRL.Datasets;

/// <summary>Gathers transitions of one dataset into a batch.</summary>
/// <remarks>
/// Every line of memory that an item needs is asked for a few items before it is copied, so that the waits overlap. It holds
/// the columns: their files stay mapped until it is disposed.
/// </remarks>
public sealed unsafe class TransitionReader : IDisposable
{
    // Items between asking and copying: a dozen lines are under way at once on common processors, an item needs up to eight.
    const int Ahead = 8;

    readonly TransitionIndex _index;
    readonly FrameReader _frames;
    readonly IDisposable _hold;
    readonly int* _discrete;
    readonly float* _continuous;
    readonly byte* _masks;
    readonly double* _logProbabilities;
    readonly int _features, _frameBytes, _actions;

    /// <param name="index">Its columns must not be disposed yet.</param>
    /// <param name="encoder">Of the columns' observation space.</param>
    public TransitionReader(TransitionIndex index, ObservationEncoder encoder)
    {
        var columns = index.Columns;
        _index = index;
        _hold = columns.Hold();
        _frames = new(columns, encoder);
        _features = encoder.Size;
        _frameBytes = encoder.Frames * encoder.FrameWidth;
        _actions = columns.Info.ActionSpace is DiscreteSpace discrete ? discrete.Count : columns.Info.ActionSpace.FlatSize;
        _discrete = columns.DiscreteActions is { } a ? a.Pointer : null;
        _continuous = columns.ContinuousActions is { } c ? c.Pointer : null;
        _masks = columns.ActionMasks is { } m ? m.Pointer : null;
        _logProbabilities = columns.BehaviorLogProbabilities is { } p ? p.Pointer : null;
    }

    /// <summary>Whether observations come from the disk: memory does not hold them.</summary>
    public bool IsBeyondMemory => _frames.IsBeyondMemory;

    /// <summary>Writes items to the slots from <paramref name="slot"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An item that the index does not have, or more items than slots.</exception>
    public void Read(ReadOnlySpan<int> items, in TransitionTarget target, int slot)
    {
        // Checked once here; below are pointers.
        var count = (uint)_index.Count;
        foreach (var item in items)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)item, count, nameof(items));
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slot, target.Size - items.Length);
        var records = _index.Pointer;
        var bootstraps = target.NextObservations is not null || target.NextObservationBytes is not null;
        if (Sse.IsSupported)
        {
            foreach (var item in items)
                Sse.Prefetch0(records + item);
        }

        if (_frames.IsBeyondMemory)
        {
            // All at once: disks answer many questions in the time of one.
            foreach (var item in items)
                Expect(records[item], bootstraps);
        }

        for (var i = 0; i < Math.Min(Ahead, items.Length); i++)
            Prefetch(records[items[i]], bootstraps);
        for (var i = 0; i < items.Length; i++)
        {
            if (i + Ahead < items.Length)
                Prefetch(records[items[i + Ahead]], bootstraps);
            Copy(records[items[i]], target, slot + i);
        }
    }

    public void Dispose() => _hold.Dispose();

    void Expect(in TransitionRecord record, bool bootstraps)
    {
        _frames.Expect(record.Row);
        if (bootstraps && record.HasNext)
            _frames.Expect(record.Next);
    }

    void Prefetch(in TransitionRecord record, bool bootstraps)
    {
        _frames.Prefetch(record.Row);
        // The next row lies behind this one, so most of it is on its way.
        if (bootstraps && record.HasNext)
            _frames.Prefetch(record.Next);
        if (!Sse.IsSupported)
            return;
        if (_discrete is not null)
            Sse.Prefetch0(_discrete + record.Row);
        else
            Sse.Prefetch0(_continuous + ((long)record.Row * _actions));
        if (_masks is not null)
            Sse.Prefetch0(_masks + ((long)record.Row * _actions));
    }

    void Copy(TransitionRecord record, in TransitionTarget to, int i)
    {
        var (row, next) = (record.Row, record.Next);
        if (to.Observations is not null)
            _frames.Read(row, to.Observations + ((long)i * _features));
        else if (to.ObservationBytes is not null)
            _frames.Read(row, to.ObservationBytes + ((long)i * _frameBytes));
        if (to.NextObservations is not null)
            ReadNext(next, to.NextObservations + ((long)i * _features));
        else if (to.NextObservationBytes is not null)
            ReadNext(next, to.NextObservationBytes + ((long)i * _frameBytes));
        if (to.Rewards is not null)
            to.Rewards[i] = record.Reward;
        if (to.Discounts is not null)
            to.Discounts[i] = record.Discount;
        if (to.Actions is not null)
            to.Actions[i] = _discrete[row];
        if (to.ContinuousActions is not null)
            RowCopy.Copy(_continuous + ((long)row * _actions), to.ContinuousActions + ((long)i * _actions), _actions);
        if (to.NextActions is not null)
            to.NextActions[i] = next >= 0 ? _discrete[next] : 0;
        if (to.NextContinuousActions is not null)
            CopyOrClear(next, to.NextContinuousActions + ((long)i * _actions));
        if (to.ActionMasks is not null)
            RowCopy.Copy(_masks + ((long)row * _actions), to.ActionMasks + ((long)i * _actions), _actions);
        if (to.NextActionMasks is not null)
            CopyOrAllow(next, to.NextActionMasks + ((long)i * _actions));
        if (to.BehaviorLogProbabilities is not null)
            to.BehaviorLogProbabilities[i] = (float)_logProbabilities[row];
    }

    void ReadNext(int next, float* to)
    {
        if (next > TransitionRecord.Unusable)
            _frames.Read(next, to);
        else
            new Span<float>(to, _features).Clear();
    }

    void ReadNext(int next, byte* to)
    {
        if (next > TransitionRecord.Unusable)
            _frames.Read(next, to);
        else
            new Span<byte>(to, _frameBytes).Clear();
    }

    void CopyOrClear(int next, float* to)
    {
        if (next >= 0)
            RowCopy.Copy(_continuous + ((long)next * _actions), to, _actions);
        else
            new Span<float>(to, _actions).Clear();
    }

    // After a terminal step the discount is 0; a mask that allows all keeps a maximum over nothing out of the sums.
    void CopyOrAllow(int next, byte* to)
    {
        if (next >= 0)
            RowCopy.Copy(_masks + ((long)next * _actions), to, _actions);
        else
            new Span<byte>(to, _actions).Fill(1);
    }
}
