using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Host memory of a batch of episodes, which grows to the largest one drawn and is filled again and again.</summary>
sealed unsafe class EpisodeMemory(ColumnsInfo info, int features, bool hasPropensities) : IDisposable
{
    readonly Dictionary<string, Tensor> _tensors = [];
    readonly int _actions = info.ActionSpace is DiscreteSpace discrete ? discrete.Count : info.ActionSpace.FlatSize;
    readonly bool _isDiscrete = info.ActionSpace is DiscreteSpace;
    long _rows = -1, _episodes = -1;

    /// <summary>Makes room.</summary>
    /// <returns>Where to write.</returns>
    public EpisodeTarget Reserve(int rows, int episodes)
    {
        if (rows > _rows || episodes > _episodes)
        {
            Release();
            (_rows, _episodes) = (Math.Max(_rows, rows + (rows / 4L)), Math.Max(_episodes, episodes));
        }

        return new()
        {
            Rows = rows,
            Episodes = episodes,
            States = (float*)Pointer(nameof(EpisodeBatch.States), ScalarType.Float32, (_rows + _episodes) * features),
            Actions = _isDiscrete ? (long*)Pointer(nameof(EpisodeBatch.Actions), ScalarType.Int64, _rows) : null,
            ContinuousActions = _isDiscrete ? null : (float*)Pointer(nameof(EpisodeBatch.Actions), ScalarType.Float32, _rows * _actions),
            ActionMasks = info.HasActionMask ? (byte*)Pointer(nameof(EpisodeBatch.ActionMasks), ScalarType.Bool, _rows * _actions) : null,
            Rewards = (float*)Pointer(nameof(EpisodeBatch.Rewards), ScalarType.Float32, _rows),
            Discounts = (float*)Pointer(nameof(EpisodeBatch.Discounts), ScalarType.Float32, _rows),
            Continues = (float*)Pointer(nameof(EpisodeBatch.Continues), ScalarType.Float32, _rows),
            BehaviorLogProbabilities = hasPropensities ? (float*)Pointer(nameof(EpisodeBatch.BehaviorLogProbabilities), ScalarType.Float32, _rows) : null,
            EpisodeIndex = (long*)Pointer(nameof(EpisodeBatch.EpisodeIndex), ScalarType.Int64, _rows),
            StepIndex = (long*)Pointer(nameof(EpisodeBatch.StepIndex), ScalarType.Int64, _rows),
            NextRows = (long*)Pointer(nameof(EpisodeBatch.NextRows), ScalarType.Int64, _rows),
            LastRows = (long*)Pointer(nameof(EpisodeBatch.LastRows), ScalarType.Int64, _episodes),
            Bootstraps = (float*)Pointer(nameof(EpisodeBatch.Bootstraps), ScalarType.Float32, _episodes),
        };
    }

    /// <summary>The batch over what was written: views of this memory on the CPU, copies on another device.</summary>
    public EpisodeBatch Batch(in EpisodeTarget target, Device device, IReadOnlyList<int> starts, IReadOnlyList<int> sources, IReadOnlyList<int> numbers)
    {
        using var scope = NewDisposeScope();
        var (rows, episodes) = (target.Rows, target.Episodes);
        var states = View(nameof(EpisodeBatch.States), device, rows + episodes, features);
        var longest = 0;
        for (var e = 0; e < episodes; e++)
            longest = Math.Max(longest, starts[e + 1] - starts[e]);
        return new()
        {
            States = states,
            Observations = states.narrow(0, 0, rows).DetachFromDisposeScope(),
            Actions = _isDiscrete ? View(nameof(EpisodeBatch.Actions), device, rows) : View(nameof(EpisodeBatch.Actions), device, rows, _actions),
            ActionMasks = info.HasActionMask ? View(nameof(EpisodeBatch.ActionMasks), device, rows, _actions) : null,
            Rewards = View(nameof(EpisodeBatch.Rewards), device, rows),
            Discounts = View(nameof(EpisodeBatch.Discounts), device, rows),
            Continues = View(nameof(EpisodeBatch.Continues), device, rows),
            BehaviorLogProbabilities = hasPropensities ? View(nameof(EpisodeBatch.BehaviorLogProbabilities), device, rows) : null!,
            EpisodeIndex = View(nameof(EpisodeBatch.EpisodeIndex), device, rows),
            StepIndex = View(nameof(EpisodeBatch.StepIndex), device, rows),
            NextRows = View(nameof(EpisodeBatch.NextRows), device, rows),
            LastRows = View(nameof(EpisodeBatch.LastRows), device, episodes),
            Bootstraps = View(nameof(EpisodeBatch.Bootstraps), device, episodes),
            Starts = starts,
            Sources = sources,
            Numbers = numbers,
            LongestSteps = longest,
        };
    }

    public void Dispose() => Release();

    // Through pinned memory that torch keeps until the copy is done: the host goes on at once.
    Tensor View(string name, Device device, params long[] shape)
    {
        var length = shape.Aggregate(1L, (product, axis) => product * axis);
        var view = _tensors[name].narrow(0, 0, length).view(shape);
        if (device.type != DeviceType.CPU)
            view = empty(shape, dtype: view.dtype, device: device).copy_(view.pin_memory(), nonBlocking: true);
        return view.DetachFromDisposeScope();
    }

    // Native memory does not move. It outlives the scope of the step that happens to be open.
    void* Pointer(string name, ScalarType type, long length)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
            _tensors[name] = tensor = zeros([length], dtype: type).DetachFromDisposeScope();
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    }

    void Release()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
    }
}
