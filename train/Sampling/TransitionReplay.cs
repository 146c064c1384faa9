using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// Batches of transitions or sequences for a learner, in the order and from the place that the config names. The same seed gives the same
/// batches whatever fetches ahead, and wherever the columns lie.
/// </summary>
public sealed class TransitionReplay : IReplay
{
    readonly ReplaySources _sources;
    readonly BatchLayout _layout;
    readonly TransitionReader[] _readers = [];
    readonly SequenceReader[] _sequences = [];
    readonly TransitionSlot[] _slots;
    readonly Prefetcher<TransitionSlot>? _prefetcher;
    readonly ResidentTransitions? _resident;
    readonly BatchMemory? _device;
    readonly DeviceBytes? _bytes;
    TransitionSlot? _current;

    /// <param name="data">Outlives the replay, or is held by it.</param>
    /// <param name="settings">What decides the batches.</param>
    /// <param name="random">Two keys are taken from it.</param>
    /// <param name="device">Where the batches lie.</param>
    /// <exception cref="UserErrorException">The dataset has other actions than the learner takes, or no transition to draw; or order and learner do not fit.</exception>
    public TransitionReplay(TrainingData data, ReplaySettings settings, RandomStream random, Device device)
    {
        _sources = new(data, settings, random);
        var onCpu = device.type == DeviceType.CPU;
        var bytesCross = !onCpu && Encoder.Encoding == ObservationEncoding.Bytes;
        var placement = Placement(settings.Replay, data, onCpu);
        var crossing = bytesCross && placement == "host";
        _layout = Layout(data.Info, settings, _sources, features: !crossing, bytes: crossing);
        var priorities = _sources.Draw.Learns ? zeros([settings.BatchSize], device: device).DetachFromDisposeScope() : null;
        if (placement == "device")
        {
            _slots = [new(new BatchLayout(), settings.BatchSize, 1, data.Sources.Count, isBatch: false, priorities: null)];
            _resident = new(_sources, settings, device);
            _device = new(_layout, device);
            Batch = TransitionSlot.NewBatch(_device, priorities);
            return;
        }

        if (settings.Needs.SequenceSteps > 0)
            _sequences = [.. _sources.Indices.Select(index => new SequenceReader(index, Encoder, settings.Needs.SequenceSteps, settings.Needs.BurnInSteps))];
        else
            _readers = [.. _sources.Indices.Select(index => new TransitionReader(index, Encoder))];
        var slots = 1 + (_sources.Draw.Learns ? 0 : settings.Replay.Prefetch ?? (BatchBytes(settings) >= LargeBatchBytes ? 4 : 0));
        _slots = [.. Enumerable.Range(0, slots).Select(_ => new TransitionSlot(_layout, settings.BatchSize, settings.Needs.BatchSteps, data.Sources.Count, onCpu, priorities))];
        _prefetcher = new(_slots, Fill);
        if (!onCpu)
        {
            _device = new(crossing ? Layout(data.Info, settings, _sources, features: true, bytes: true) : _layout, device);
            Batch = TransitionSlot.NewBatch(_device, priorities);
            _bytes = bytesCross ? new(_device, Encoder.Scale[0]) : null;
        }
    }

    // Below this a hand-over between threads costs more than the copying that it saves.
    const long LargeBatchBytes = 1 << 20;

    /// <inheritdoc/>
    public long Count => _sources.Indices.Sum(index => (long)index.Count);

    /// <inheritdoc/>
    public ObservationEncoder Encoder => _sources.Encoder;

    /// <inheritdoc/>
    public FittedNormalization Fitted => _sources.Fitted;

    /// <inheritdoc/>
    public RewardTransform Rewards => Fitted.Rewards;

    /// <summary>Where the newest draw lies.</summary>
    public TransitionBatch? Batch { get; private set; }

    /// <inheritdoc/>
    public ReplayState State => new()
    {
        Batch = Position,
        LargestPriorities = [.. _sources.Prioritized.Select(order => order.Largest)],
    };

    /// <summary>Draws the next batch.</summary>
    public TransitionBatch Next()
    {
        TellErrors();
        if (_resident is not null)
        {
            _resident.Draw(Position++, _slots[0].Drawn, _device!);
            _current = _slots[0];
        }
        else
        {
            _current = _prefetcher!.Next();
            if (_device is null)
                Batch = _current.Batch;
            else
                _current.Memory.Upload(_device);
            _bytes?.Scale();
        }

        return Batch!;
    }

    /// <summary>Takes in the episodes that were appended to the data since; they are drawn from the next batch on.</summary>
    /// <exception cref="NotSupportedException">The columns lie on the device, or the order depends on all episodes.</exception>
    public void Extend()
    {
        if (_resident is not null)
            throw new NotSupportedException("Columns that lie on the device do not grow.");
        TellErrors();
        // Ends what is being fetched ahead.
        _prefetcher!.Position = _prefetcher.Position;
        _sources.Extend();
    }

    /// <inheritdoc/>
    IReadOnlyList<NamedTensor> IReplay.SaveTensors()
    {
        // What the last step reported belongs to the state.
        TellErrors();
        return [.. _sources.Prioritized.Select((order, s) => new NamedTensor(Name(s), tensor(order.Weights.ToArray())))];
    }

    /// <inheritdoc/>
    IReadOnlyList<NamedTensor> IReplay.EmptyTensors() =>
        [.. _sources.Prioritized.Select((order, s) => new NamedTensor(Name(s), zeros(order.Count)))];

    /// <inheritdoc/>
    void IReplay.Restore(ReplayState state, IReadOnlyList<NamedTensor> tensors)
    {
        var orders = _sources.Prioritized;
        if (state.LargestPriorities.Count != orders.Count)
            Throw.User($"The checkpoint's replay has the priorities of {state.LargestPriorities.Count} datasets, expected {orders.Count}. It belongs to another config.");
        Position = state.Batch;
        _current = null;
        for (var s = 0; s < orders.Count; s++)
            orders[s].Restore(MemoryMarshal.Cast<byte, float>(tensors[s].Tensor.bytes), state.LargestPriorities[s]);
    }

    public void Dispose()
    {
        _prefetcher?.Dispose();
        foreach (var slot in _slots)
            slot.Dispose();
        foreach (var reader in _readers)
            reader.Dispose();
        foreach (var reader in _sequences)
            reader.Dispose();
        if (_device is not null)
            Batch!.Dispose();
        _resident?.Dispose();
        _device?.Dispose();
    }

    static string Name(int source) => $"replay.priorities.{source}";

    long Position
    {
        get => _prefetcher?.Position ?? field;
        set
        {
            if (_prefetcher is not null)
                _prefetcher.Position = value;
            else
                field = value;
        }
    }

    void Fill(long batch, TransitionSlot slot)
    {
        _sources.Draw.Draw(batch, slot.Drawn);
        for (var s = 0; s < _sources.Indices.Count; s++)
        {
            var (from, to) = (slot.Drawn.FirstSlots[s], slot.Drawn.FirstSlots[s + 1]);
            var items = slot.Drawn.Items.AsSpan(from, to - from);
            if (_sequences.Length > 0)
                _sequences[s].Read(items, slot.Target, from, slot.Drawn.Items.Length);
            else
                _readers[s].Read(items, slot.Target, from);
        }

        slot.CopyWeights();
    }

    // On a GPU this waits for the step that made the errors: the tree that they change is on the host.
    void TellErrors()
    {
        if (!_sources.Draw.Learns || _current is null)
            return;
        using var scope = NewDisposeScope();
        _sources.Draw.Update(_current.Drawn, MemoryMarshal.Cast<byte, float>(Batch!.Priorities!.cpu().bytes));
        _current = null;
    }

    long BatchBytes(ReplaySettings settings) => (long)settings.BatchSize * settings.Needs.BatchSteps * Encoder.Size * sizeof(float) * (settings.Needs.Bootstraps ? 2 : 1);

    static string Placement(ReplayConfig config, TrainingData data, bool onCpu) =>
        config.Placement != "auto" ? config.Placement
        : !onCpu && ResidentTransitions.BytesOf(data) <= config.DeviceGigabytes * 1e9 ? "device" : "host";

    // Features come last among the floats: where bytes cross instead, the host's memory is the beginning of the device's.
    static BatchLayout Layout(ColumnsInfo info, ReplaySettings settings, ReplaySources sources, bool features, bool bytes)
    {
        var (layout, needs) = (new BatchLayout(), settings.Needs);
        long[] size = needs.SequenceSteps == 0 ? [settings.BatchSize] : [needs.BatchSteps, settings.BatchSize];
        var discrete = info.ActionSpace as DiscreteSpace;
        long actions = discrete?.Count ?? info.ActionSpace.FlatSize;
        AddActions(Part.Actions, Part.ContinuousActions);
        if (info.HasActionMask)
            layout.Add(Part.ActionMasks, ScalarType.Bool, [.. size, actions]);
        if (needs.BehaviorLogProbabilities)
            layout.Add(Part.BehaviorLogProbabilities, ScalarType.Float32, size);
        if (sources.Draw.Learns)
            layout.Add(Part.Weights, ScalarType.Float32, settings.BatchSize);
        if (needs.SequenceSteps > 0)
        {
            layout.Add(Part.Resets, ScalarType.Bool, size);
            layout.Add(Part.LossMask, ScalarType.Float32, size);
        }

        if (needs.Bootstraps)
        {
            layout.Add(Part.Rewards, ScalarType.Float32, size);
            layout.Add(Part.Discounts, ScalarType.Float32, size);
            if (info.HasActionMask)
                layout.Add(Part.NextActionMasks, ScalarType.Bool, [.. size, actions]);
            if (needs.NextActions)
                AddActions(Part.NextActions, Part.NextContinuousActions);
        }

        AddObservations(Part.Observations, Part.ObservationBytes);
        if (needs.Bootstraps)
            AddObservations(Part.NextObservations, Part.NextObservationBytes);
        return layout;

        void AddActions(Part discreteOnes, Part continuousOnes)
        {
            if (discrete is not null)
                layout.Add(discreteOnes, ScalarType.Int64, size);
            else
                layout.Add(continuousOnes, ScalarType.Float32, [.. size, actions]);
        }

        void AddObservations(Part asFeatures, Part asBytes)
        {
            if (features)
                layout.Add(asFeatures, ScalarType.Float32, [.. size, sources.Encoder.Size]);
            if (bytes)
                layout.Add(asBytes, ScalarType.Byte, [.. size, sources.Encoder.Frames * sources.Encoder.FrameWidth]);
        }
    }
}
