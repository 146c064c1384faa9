using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>TorchSharp has no CUDA graphs.</content>
public static partial class CudaGraphs
{
    public static partial bool IsSupported => false;

    public static partial IGraphEngine? EngineFor(Device device) => null;
}
