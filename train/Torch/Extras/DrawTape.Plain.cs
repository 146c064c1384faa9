using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>There is none on TorchSharp, and nothing that would ask for one.</content>
public sealed partial class DrawTape
{
    const string Missing = "TorchSharp does not show its draws: nothing is taped there.";

    internal static DrawTape? Current => null;

    public partial int Count => 0;

    public partial string? Fault => Missing;

    public partial T Record<T>(Generator generator, Func<T> function) => throw new NotSupportedException(Missing);

    public partial T Play<T>(Func<T> function) => throw new NotSupportedException(Missing);

    public partial void Refill(Generator generator) => throw new NotSupportedException(Missing);

    public partial void Dispose()
    {
    }

    internal Tensor Clocks(long[] shape, Generator generator, Device device) => throw new NotSupportedException(Missing);
}
