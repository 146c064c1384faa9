using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Metrics added up on the training device, so that a step never waits to read one.</summary>
sealed class MetricSums : IDisposable
{
    readonly Tensor _one;

    public MetricSums(IReadOnlyList<string> names, Device device)
    {
        Names = names;
        Values = zeros(names.Count + 1, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
        _one = ones([], device: device).DetachFromDisposeScope();
    }

    /// <summary>K of them, in the order of <see cref="Values"/>.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>[K + 1] float64: the sums, and over how many steps they go.</summary>
    public Tensor Values { get; }

    /// <summary>Adds one step's scalars, in the order of the names; constants for the gradient, or the sums would keep the graph of every step there was.</summary>
    public void Add(params ReadOnlySpan<Tensor> scalars)
    {
        using var quiet = no_grad();
        Values.add_(stack([.. scalars, _one]));
    }

    /// <summary>Adds one step's metrics, [K] in the order of the names, as <see cref="Add"/> does.</summary>
    public void AddAll(Tensor metrics)
    {
        using var quiet = no_grad();
        Values.add_(cat([metrics, _one.unsqueeze(0)]));
    }

    public void Dispose()
    {
        Values.Dispose();
        _one.Dispose();
    }
}
