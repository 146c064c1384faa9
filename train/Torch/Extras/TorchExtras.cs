using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// What TorchSharp lacks and training uses: fused kernels, threads, memory figures. In the TorchSharp build
/// <see cref="IsSupported"/> is false and the same calls run on plain operators, so callers do not ask.
/// </summary>
public static partial class TorchExtras
{
    /// <summary>Whether fused kernels are there. Nothing but speed depends on it.</summary>
    public static partial bool IsSupported { get; }

    /// <summary>The engine and its versions, for logs and reports: "libtorch 1.13.1; OpenBLAS 0.3.21 ...".</summary>
    public static partial string Describe();

    /// <summary>Loads libtorch now, so that its absence is said before any work starts.</summary>
    /// <exception cref="TorchUnavailableException">It is not there; the message says what to do.</exception>
    public static partial void EnsureAvailable();

    /// <summary>
    /// Turns "auto", "cpu", "cuda" or "cuda:N" into a device. "auto" is the first GPU where there is one, else the CPU.
    /// </summary>
    /// <exception cref="TorchUnavailableException">The device is not there, or the text names none.</exception>
    public static Device SelectDevice(string description)
    {
        EnsureAvailable();
        var devices = cuda.is_available() ? cuda.device_count() : 0;
        if (description is "auto") return devices > 0 ? new Device(DeviceType.CUDA, 0) : CPU;
        if (description is "cpu") return CPU;
        var index = 0;
        var known = description is "cuda"
            || (description.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(description.AsSpan(5), out index) && index >= 0);
        if (known && index < devices) return new Device(DeviceType.CUDA, index);
        var found = known ? $"this libtorch sees {devices} CUDA device(s)" : "it is no device";
        throw new TorchUnavailableException(
            $"device '{description}' cannot be used: {found}. Use auto, cpu, cuda or cuda:N; for a GPU, run 'make setup' with LIBTORCH naming a libtorch with CUDA.");
    }

    /// <summary>
    /// Threads inside one operator, OpenBLAS's own pool included. The default of the product is 1: on two cores two were
    /// slower for the networks of this library.
    /// </summary>
    public static int Threads
    {
        get => get_num_threads();
        set => SetThreads(value);
    }

    /// <summary>Live tensor objects and the native bytes behind them (-1 where the engine does not tell).</summary>
    public static partial MemoryStatistics Memory { get; }

    /// <summary>Calls of this thread so far that wait for a GPU, wherever the tensors lie: numbers asked for, copies from device to device, shapes that depend on numbers (0 where the engine does not tell).</summary>
    public static partial long HostReads { get; }

    /// <summary>
    /// A stack of dense layers as one autograd node: h_0 = input, h_k = activation(h_(k-1) W_k^T + b_k), the last layer with
    /// <paramref name="outputActivation"/>. Weights are [out_k, in_k], biases [out_k]; input [..., in_1], result [..., out_n].
    /// Gradients of weights whose .grad exists are added to it in place, without a tensor between.
    /// </summary>
    public static Tensor Mlp(Tensor input, ReadOnlySpan<Tensor> weights, ReadOnlySpan<Tensor> biases, MlpActivation activation, MlpActivation outputActivation = MlpActivation.None)
    {
        if (weights.Length == 0 || weights.Length != biases.Length)
        {
            throw new ArgumentException($"Mlp takes as many biases as weights, at least one; got {weights.Length} weights and {biases.Length} biases.");
        }
        return FusedMlp(input, weights, biases, activation, outputActivation);
    }

    // The same with plain operators; what the fused one is tested against.
    internal static Tensor PlainMlp(Tensor input, ReadOnlySpan<Tensor> weights, ReadOnlySpan<Tensor> biases, MlpActivation activation, MlpActivation outputActivation)
    {
        var hidden = input;
        for (var k = 0; k < weights.Length; k++)
        {
            var linear = nn.functional.linear(hidden, weights[k], biases[k]);
            var next = (k == weights.Length - 1 ? outputActivation : activation) switch
            {
                MlpActivation.ReLU => linear.relu(),
                MlpActivation.Tanh => linear.tanh(),
                _ => linear,
            };
            if (!ReferenceEquals(next, linear)) linear.Dispose();
            if (!ReferenceEquals(hidden, input)) hidden.Dispose();
            hidden = next;
        }
        return hidden;
    }

    private static partial Tensor FusedMlp(Tensor input, ReadOnlySpan<Tensor> weights, ReadOnlySpan<Tensor> biases, MlpActivation activation, MlpActivation outputActivation);

    private static partial void SetThreads(int count);

    // Whether both are views of one storage, as far as the engine tells.
    internal static partial bool SharesStorage(Tensor a, Tensor b);
}

/// <summary>What follows a dense layer in <see cref="TorchExtras.Mlp"/>; the numbers are the shim's.</summary>
public enum MlpActivation
{
    None = 0,
    ReLU = 1,
    Tanh = 2,
}

/// <summary>Live tensor objects of the process, the most there were, and the bytes of storage that they own.</summary>
public readonly record struct MemoryStatistics(long LiveTensors, long PeakTensors, long LiveBytes);
