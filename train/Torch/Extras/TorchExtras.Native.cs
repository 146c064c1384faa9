using System.Text;
using TorchSharp.Interop;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>The extras on this library's own binding.</content>
public static unsafe partial class TorchExtras
{
    public static partial bool IsSupported => true;

    public static partial string Describe()
    {
        var buffer = stackalloc byte[512];
        var length = NativeMethods.ofl_describe(buffer, 512);
        NativeMethods.Check(length, nameof(Describe));
        return Encoding.UTF8.GetString(buffer, length);
    }

    public static partial void EnsureAvailable() => _ = NativeMethods.ofl_threads();

    public static partial MemoryStatistics Memory => new(Tensor.TotalCount, Tensor.PeakCount, NativeMemory.LiveBytes);

    public static partial long HostReads => TorchSharp.Interop.HostReads.Count;

    private static partial void SetThreads(int count) => set_num_threads(count);

    internal static partial bool SharesStorage(Tensor a, Tensor b) => NativeMethods.ofl_tensor_shares_storage(a.Handle, b.Handle) == 1;

    private static partial Tensor FusedMlp(Tensor input, ReadOnlySpan<Tensor> weights, ReadOnlySpan<Tensor> biases, MlpActivation activation, MlpActivation outputActivation)
    {
        const int MaxLayers = 32;
        if (weights.Length > MaxLayers) return PlainMlp(input, weights, biases, activation, outputActivation);
        var handles = stackalloc IntPtr[2 * MaxLayers];
        for (var k = 0; k < weights.Length; k++)
        {
            handles[2 * k] = weights[k].Handle;
            handles[2 * k + 1] = biases[k].Handle;
        }
        var result = NativeMethods.ofl_mlp(input.Handle, handles, weights.Length, (int)activation, (int)outputActivation, out var bytes);
        foreach (var weight in weights) GC.KeepAlive(weight);
        foreach (var bias in biases) GC.KeepAlive(bias);
        GC.KeepAlive(input);
        return new Tensor(NativeMethods.Check(result, "Mlp"), bytes);
    }

    private static partial Tensor FusedGates(Tensor sums, Tensor memory, Tensor? scale, Tensor? shift)
    {
        var result = NativeMethods.ofl_gates(sums.Handle, memory.Handle, HandleOf(scale), HandleOf(shift), out var bytes);
        KeepAlive(sums, memory, scale, shift);
        return new Tensor(NativeMethods.Check(result, nameof(Gates)), bytes);
    }

    private static partial Tensor FusedDraw(Tensor heads, Tensor? clocks, int classes, double share)
    {
        var result = NativeMethods.ofl_draw(heads.Handle, HandleOf(clocks), classes, share, out var bytes);
        KeepAlive(heads, clocks);
        return new Tensor(NativeMethods.Check(result, nameof(Draw)), bytes);
    }

    internal static partial Tensor FusedClocks(long[] shape, Generator generator)
    {
        fixed (long* sizes = shape)
        {
            var result = NativeMethods.ofl_clocks(sizes, shape.Length, generator.Handle, out var bytes);
            GC.KeepAlive(generator);
            return new Tensor(NativeMethods.Check(result, nameof(Clocks)), bytes);
        }
    }

    private static partial Tensor FusedTwoHotMean(Tensor logits, double low, double high)
    {
        var result = NativeMethods.ofl_two_hot_mean(logits.Handle, low, high, out var bytes);
        KeepAlive(logits);
        return new Tensor(NativeMethods.Check(result, nameof(TwoHotMean)), bytes);
    }

    private static partial Tensor FusedTwoHotLoss(Tensor logits, Tensor targets, double low, double high)
    {
        var result = NativeMethods.ofl_two_hot_loss(logits.Handle, targets.Handle, low, high, out var bytes);
        KeepAlive(logits, targets);
        return new Tensor(NativeMethods.Check(result, nameof(TwoHotLoss)), bytes);
    }

    private static partial Tensor FusedConvolution(Tensor input, Tensor weight, Tensor bias, int stride, (int Rows, int Columns)? more, bool rectify)
    {
        var result = NativeMethods.ofl_convolution(input.Handle, weight.Handle, bias.Handle, stride, more is null ? 0 : 1, more?.Rows ?? 0, more?.Columns ?? 0, rectify ? 1 : 0, out var bytes);
        KeepAlive(input, weight, bias);
        return new Tensor(NativeMethods.Check(result, nameof(Convolution)), bytes);
    }

    private static partial Tensor FusedRows(RowKind kind, ReadOnlySpan<Tensor> inputs, double low, double high)
    {
        var handles = stackalloc IntPtr[inputs.Length];
        for (var k = 0; k < inputs.Length; k++)
            handles[k] = inputs[k].Handle;
        var result = NativeMethods.ofl_rows((int)kind, handles, low, high, out var bytes);
        KeepAlive(inputs!);
        return new Tensor(NativeMethods.Check(result, kind.ToString()), bytes);
    }

    static IntPtr HandleOf(Tensor? tensor) => tensor is null ? IntPtr.Zero : tensor.Handle;

    static void KeepAlive(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var tensor in tensors)
            GC.KeepAlive(tensor);
    }

    internal static bool TryFusedAdam(FlatAdam adam, Tensor values, Tensor gradients, bool zeroGrad)
    {
        if (!values.is_cpu() || values.dtype != ScalarType.Float32) return false;
        var (rate, beta1, beta2, eps, decay, decoupled, maxNorm) = adam.Settings;
        NativeMethods.Check(
            NativeMethods.ofl_adam_step(
                values.Handle, gradients.Handle, adam.FirstMoment.Handle, adam.SecondMoment.Handle, adam.StepCount,
                rate, beta1, beta2, eps, decay, decoupled ? 1 : 0, maxNorm, zeroGrad ? 1 : 0),
            "FlatAdam.Step");
        GC.KeepAlive(adam);
        return true;
    }
}
