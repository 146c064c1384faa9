using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>A part of a batch.</summary>
enum Part
{
    Observations,
    NextObservations,
    ObservationBytes,
    NextObservationBytes,
    Actions,
    NextActions,
    ContinuousActions,
    NextContinuousActions,
    Rewards,
    Discounts,
    BehaviorLogProbabilities,
    Weights,
    ActionMasks,
    NextActionMasks,
    Resets,
    LossMask,
}

/// <summary>Where each part of a batch lies: parts of one type together, so that a batch crosses to a GPU in one copy a type.</summary>
sealed class BatchLayout
{
    // Elements a part's start is a multiple of: a cache line of float32, and whole vectors of the other types.
    const int Alignment = 64;

    readonly Dictionary<Part, (ScalarType Type, long Start, long[] Shape)> _parts = [];

    /// <summary>The types that there are, with their elements in all.</summary>
    public Dictionary<ScalarType, long> Lengths { get; } = [];

    /// <summary>The parts that there are.</summary>
    public IEnumerable<Part> Parts => _parts.Keys;

    public bool Has(Part part) => _parts.ContainsKey(part);

    public (ScalarType Type, long Start, long[] Shape) this[Part part] => _parts[part];

    /// <summary>Adds a part of a shape.</summary>
    public void Add(Part part, ScalarType type, params long[] shape)
    {
        var start = Lengths.GetValueOrDefault(type);
        _parts.Add(part, (type, start, shape));
        Lengths[type] = start + ((LengthOf(shape) + Alignment - 1) / Alignment * Alignment);
    }

    /// <summary>Elements of a shape.</summary>
    public static long LengthOf(long[] shape) => shape.Aggregate(1L, (product, axis) => product * axis);
}

/// <summary>Memory of one batch, on the host or a device; filled again and again.</summary>
sealed unsafe class BatchMemory : IDisposable
{
    readonly BatchLayout _layout;
    readonly Dictionary<ScalarType, Tensor> _tensors = [];
    readonly Dictionary<Part, Tensor> _views = [];

    public BatchMemory(BatchLayout layout, Device device)
    {
        _layout = layout;
        foreach (var (type, length) in layout.Lengths)
        {
            // It outlives the scope of the step that happens to be open.
            _tensors[type] = zeros([length], dtype: type, device: device).DetachFromDisposeScope();
        }

        using var scope = NewDisposeScope();
        foreach (var part in layout.Parts)
        {
            var (type, start, shape) = layout[part];
            _views[part] = _tensors[type].narrow(0, start, BatchLayout.LengthOf(shape)).view(shape).DetachFromDisposeScope();
        }
    }

    /// <summary>A part; null where the batch has no such part. It is this memory's.</summary>
    public Tensor? View(Part part) => _views.GetValueOrDefault(part);

    /// <summary>Where a part begins, in host memory; null where the batch has no such part. Native memory does not move.</summary>
    public void* Pointer(Part part)
    {
        if (!_layout.Has(part))
            return null;
        var (type, start, _) = _layout[part];
        var tensor = _tensors[type];
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes)) + (start * tensor.ElementSize);
    }

    /// <summary>
    /// Copies all of it to the beginning of a GPU's without waiting: through pinned memory that torch keeps until the copy is done, so that this memory
    /// can be filled again at once.
    /// </summary>
    public void Upload(BatchMemory to)
    {
        using var scope = NewDisposeScope();
        foreach (var (type, tensor) in _tensors)
            to._tensors[type].narrow(0, 0, _layout.Lengths[type]).copy_(tensor.pin_memory(), nonBlocking: true);
    }

    public void Dispose()
    {
        foreach (var tensor in _views.Values.Concat(_tensors.Values))
            tensor.Dispose();
    }
}
