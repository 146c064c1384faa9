using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>What captures functions: CUDA, or in tests something that only runs them again.</summary>
public interface IGraphEngine : IDisposable
{
    /// <summary>Runs a function as it is, where captures take place, so that everything it makes at its first runs is there when it is captured.</summary>
    T Aside<T>(Func<T> function);

    /// <summary>Captures what a function launches, without doing it.</summary>
    /// <param name="function">What it returns is detached from every scope, and is the graph's from then on.</param>
    /// <exception cref="Exception">What the function threw, or a <see cref="TorchException"/>; nothing is left of the capture.</exception>
    ICapturedGraph Capture(Func<IReadOnlyList<Tensor>> function);
}

/// <summary>A captured function.</summary>
public interface ICapturedGraph : IDisposable
{
    /// <summary>What the function returned: the same tensors at each replay, with other numbers.</summary>
    IReadOnlyList<Tensor> Outputs { get; }

    /// <summary>Does what was captured, and waits for nothing.</summary>
    void Replay();
}

/// <summary>Where functions can be captured.</summary>
public static partial class CudaGraphs
{
    /// <summary>Whether the shim was built with CUDA graphs; a GPU they need besides.</summary>
    public static partial bool IsSupported { get; }

    /// <summary>What captures on a device, the caller's; null: nothing does there.</summary>
    public static partial IGraphEngine? EngineFor(Device device);
}
