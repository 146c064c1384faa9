using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Uniform items drawn on the training device: the same digits as <see cref="UniformOrder"/> gives, many batches at a time.</summary>
sealed class DeviceDraws : IDisposable
{
    // Drawing takes some twenty operations, whatever the number: shared by so many batches they are nothing.
    const int BatchesAtOnce = 256;

    readonly CounterStream _random;
    readonly int _size;
    readonly Tensor _numbers;
    readonly long _count;
    Tensor? _items;
    long _first = -1;

    public DeviceDraws(CounterStream random, int batchSize, int count, Device device)
    {
        (_random, _size, _count) = (random, batchSize, count);
        _numbers = arange(0, (long)batchSize * BatchesAtOnce, dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
    }

    /// <summary>[B] int64: the items of a batch; in the current scope.</summary>
    public Tensor Items(long batch)
    {
        var first = batch - (batch % BatchesAtOnce);
        if (first != _first)
        {
            _items?.Dispose();
            _items = Draw(first);
            _first = first;
        }

        return _items!.narrow(0, (batch - first) * _size, _size);
    }

    public void Dispose()
    {
        _numbers.Dispose();
        _items?.Dispose();
    }

    // Whole numbers of 64 bits wrap around on every device as they do here.
    Tensor Draw(long batch)
    {
        using var scope = NewDisposeScope();
        var start = unchecked((long)(_random.Key + (((ulong)(batch * _size) + 1) * CounterStream.Increment)));
        var z = (_numbers * unchecked((long)CounterStream.Increment)) + start;
        z = (z ^ ShiftRight(z, 30)) * unchecked((long)CounterStream.FirstFactor);
        z = (z ^ ShiftRight(z, 27)) * unchecked((long)CounterStream.SecondFactor);
        z ^= ShiftRight(z, 31);
        var u = ShiftRight(z, 11).to(ScalarType.Float64) * (1.0 / (1UL << 53));
        return (u * (double)_count).to(ScalarType.Int64).DetachFromDisposeScope();
    }

    // Division rounds down, which copies the sign bit in; the mask takes the copies off.
    static Tensor ShiftRight(Tensor z, int bits)
    {
        using var mask = tensor((1L << (64 - bits)) - 1, device: z.device);
        return z.div(1L << bits, RoundingMode.floor) & mask;
    }
}
