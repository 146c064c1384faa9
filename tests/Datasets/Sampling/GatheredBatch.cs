using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

/// <summary>Memory for a batch that nothing moves, of the parts that tests look at.</summary>
sealed unsafe class GatheredBatch(int size, int features, int bytes = 0)
{
    public float[] Observations { get; } = GC.AllocateArray<float>(size * features, pinned: true);

    public float[] NextObservations { get; } = GC.AllocateArray<float>(size * features, pinned: true);

    public byte[] ObservationBytes { get; } = GC.AllocateArray<byte>(size * bytes, pinned: true);

    public byte[] NextObservationBytes { get; } = GC.AllocateArray<byte>(size * bytes, pinned: true);

    public float[] Rewards { get; } = GC.AllocateArray<float>(size, pinned: true);

    public long[] Actions { get; } = GC.AllocateArray<long>(size, pinned: true);

    public byte[] Resets { get; } = GC.AllocateArray<byte>(size, pinned: true);

    public float[] LossMask { get; } = GC.AllocateArray<float>(size, pinned: true);

    public TransitionTarget Target => new()
    {
        Size = size,
        Observations = bytes == 0 ? Pointer(Observations) : null,
        NextObservations = bytes == 0 ? Pointer(NextObservations) : null,
        ObservationBytes = bytes > 0 ? Pointer(ObservationBytes) : null,
        NextObservationBytes = bytes > 0 ? Pointer(NextObservationBytes) : null,
        Rewards = Pointer(Rewards),
        Actions = Pointer(Actions),
        Resets = Pointer(Resets),
        LossMask = Pointer(LossMask),
    };

    static T* Pointer<T>(T[] pinned)
        where T : unmanaged
    {
        fixed (T* pointer = pinned)
            return pointer;
    }
}
