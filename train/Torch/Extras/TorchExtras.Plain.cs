using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>The extras on TorchSharp: plain operators, the same figures.</content>
public static partial class TorchExtras
{
    public static partial bool IsSupported => false;

    public static partial string Describe() => $"TorchSharp, libtorch {__version__}";

    public static partial void EnsureAvailable()
    {
        try
        {
            InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception e) when (e is not TorchUnavailableException)
        {
            throw new TorchUnavailableException(
                "TorchSharp found no libtorch: add the package TorchSharp-cpu or TorchSharp-cuda-linux, or build without -p:Torch=TorchSharp.", e);
        }
    }

    public static partial MemoryStatistics Memory => new(Tensor.TotalCount, Tensor.PeakCount, -1);

    public static partial long HostReads => 0;

    private static partial void SetThreads(int count) => set_num_threads(count);

    // TorchSharp shows no storage address; the offsets, which the caller compares too, must do.
    internal static partial bool SharesStorage(Tensor a, Tensor b) => true;

    private static partial Tensor FusedMlp(Tensor input, ReadOnlySpan<Tensor> weights, ReadOnlySpan<Tensor> biases, MlpActivation activation, MlpActivation outputActivation) =>
        PlainMlp(input, weights, biases, activation, outputActivation);

    private static partial Tensor FusedGates(Tensor sums, Tensor memory, Tensor? scale, Tensor? shift) => PlainGates(sums, memory, scale, shift);

    private static partial Tensor FusedDraw(Tensor heads, Tensor? clocks, int classes, double share) => PlainDraw(heads, clocks, classes, share);

    internal static partial Tensor FusedClocks(long[] shape, Generator generator) => empty(shape, dtype: ScalarType.Float32).exponential_(1, generator);

    private static partial Tensor FusedTwoHotMean(Tensor logits, double low, double high) => PlainTwoHotMean(logits, low, high);

    private static partial Tensor FusedTwoHotLoss(Tensor logits, Tensor targets, double low, double high) => PlainTwoHotLoss(logits, targets, low, high);

    private static partial Tensor FusedConvolution(Tensor input, Tensor weight, Tensor bias, int stride, (int Rows, int Columns)? more, bool rectify) =>
        PlainConvolution(input, weight, bias, stride, more, rectify);

    private static partial Tensor FusedRows(RowKind kind, ReadOnlySpan<Tensor> inputs, double low, double high) =>
        throw new NotSupportedException($"{kind} has no kernel on TorchSharp.");

    internal static bool TryFusedAdam(FlatAdam adam, Tensor values, Tensor gradients, bool zeroGrad) => false;
}
