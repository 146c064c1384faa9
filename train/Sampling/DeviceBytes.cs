using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Observations that went to a GPU as bytes become features there.</summary>
sealed class DeviceBytes(BatchMemory memory, float scale)
{
    readonly Tensor? _bytes = memory.View(Part.ObservationBytes), _nextBytes = memory.View(Part.NextObservationBytes);
    readonly Tensor? _features = memory.View(Part.Observations), _nextFeatures = memory.View(Part.NextObservations);

    public void Scale()
    {
        using var scope = NewDisposeScope();
        _features!.copy_(_bytes!).mul_(scale);
        _nextFeatures?.copy_(_nextBytes!).mul_(scale);
    }
}
