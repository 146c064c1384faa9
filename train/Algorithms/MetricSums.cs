using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Metrics added up on the training device, so that a step never waits to read one.</summary>
sealed class MetricSums : IDisposable
{
    public MetricSums(IReadOnlyList<string> names, Device device)
    {
        Names = names;
        Values = zeros(names.Count, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
    }

    /// <summary>In the order of <see cref="Values"/>.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>[K] float64.</summary>
    public Tensor Values { get; }

    /// <summary>Adds one step's scalars, in the order of the names.</summary>
    public void Add(params Tensor[] scalars) => Values.add_(stack(scalars));

    public void Dispose() => Values.Dispose();
}
