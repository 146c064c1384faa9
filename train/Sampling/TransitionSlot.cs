using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Memory of one batch of transitions on the host. On the CPU it is the batch that the learner reads.</summary>
sealed unsafe class TransitionSlot : IDisposable
{
    readonly float* _weights;

    /// <param name="layout">The parts of a batch.</param>
    /// <param name="size">B.</param>
    /// <param name="steps">T, 1 where there are no sequences.</param>
    /// <param name="sources">Datasets that it is drawn from.</param>
    /// <param name="isBatch">Whether the learner reads this memory.</param>
    /// <param name="priorities">Where it writes priorities; null: nobody asks.</param>
    public TransitionSlot(BatchLayout layout, int size, int steps, int sources, bool isBatch, Tensor? priorities)
    {
        Drawn = new(size, sources);
        Memory = new(layout, CPU);
        Batch = isBatch ? NewBatch(Memory, priorities) : null;
        _weights = (float*)Memory.Pointer(Part.Weights);
        Target = new()
        {
            Size = checked(size * steps),
            Observations = (float*)Memory.Pointer(Part.Observations),
            NextObservations = (float*)Memory.Pointer(Part.NextObservations),
            ObservationBytes = (byte*)Memory.Pointer(Part.ObservationBytes),
            NextObservationBytes = (byte*)Memory.Pointer(Part.NextObservationBytes),
            Rewards = (float*)Memory.Pointer(Part.Rewards),
            Discounts = (float*)Memory.Pointer(Part.Discounts),
            Actions = (long*)Memory.Pointer(Part.Actions),
            NextActions = (long*)Memory.Pointer(Part.NextActions),
            ContinuousActions = (float*)Memory.Pointer(Part.ContinuousActions),
            NextContinuousActions = (float*)Memory.Pointer(Part.NextContinuousActions),
            ActionMasks = (byte*)Memory.Pointer(Part.ActionMasks),
            NextActionMasks = (byte*)Memory.Pointer(Part.NextActionMasks),
            BehaviorLogProbabilities = (float*)Memory.Pointer(Part.BehaviorLogProbabilities),
            Resets = (byte*)Memory.Pointer(Part.Resets),
            LossMask = (float*)Memory.Pointer(Part.LossMask),
        };
    }

    /// <summary>What the batch consists of.</summary>
    public DrawnBatch Drawn { get; }

    public BatchMemory Memory { get; }

    /// <summary>Where to write it.</summary>
    public TransitionTarget Target { get; }

    /// <summary>The batch over this memory, where the learner reads it here.</summary>
    public TransitionBatch? Batch { get; }

    /// <summary>Puts the importance weights where the learner reads them.</summary>
    public void CopyWeights()
    {
        if (_weights is not null)
            Drawn.Weights.CopyTo(new Span<float>(_weights, Drawn.Weights.Length));
    }

    /// <summary>A batch over some memory. Priorities have memory of their own: writing them must not count as a change of what the gradient goes through.</summary>
    public static TransitionBatch NewBatch(BatchMemory memory, Tensor? priorities) => new()
    {
        Observations = memory.View(Part.Observations)!,
        NextObservations = memory.View(Part.NextObservations)!,
        Actions = memory.View(Part.Actions) ?? memory.View(Part.ContinuousActions)!,
        NextActions = memory.View(Part.NextActions) ?? memory.View(Part.NextContinuousActions)!,
        Rewards = memory.View(Part.Rewards)!,
        Discounts = memory.View(Part.Discounts)!,
        BehaviorLogProbabilities = memory.View(Part.BehaviorLogProbabilities)!,
        ActionMasks = memory.View(Part.ActionMasks),
        NextActionMasks = memory.View(Part.NextActionMasks),
        Weights = memory.View(Part.Weights),
        Priorities = priorities,
        Resets = memory.View(Part.Resets),
        LossMask = memory.View(Part.LossMask),
    };

    public void Dispose()
    {
        Batch?.Dispose();
        Memory.Dispose();
    }
}
