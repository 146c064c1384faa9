using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>The rows of a batch in random order, in parts that differ by one row at most.</summary>
static class Minibatches
{
    /// <summary>Parts of at most <paramref name="size"/> rows; each row is in one of them.</summary>
    /// <param name="rows">N.</param>
    /// <param name="size">At least 1.</param>
    /// <param name="generator">On the device.</param>
    /// <param name="device">Where the indices lie.</param>
    /// <returns>[n] int64 each; of the dispose scope in which they were made.</returns>
    public static IEnumerable<Tensor> Shuffled(int rows, int size, Generator generator, Device device)
    {
        var order = randperm(rows, ScalarType.Int64, device, generator: generator);
        var parts = (rows + size - 1) / size;
        for (var part = 0L; part < parts; part++)
        {
            var (first, end) = (part * rows / parts, (part + 1) * rows / parts);
            yield return order.narrow(0, first, end - first);
        }
    }
}
