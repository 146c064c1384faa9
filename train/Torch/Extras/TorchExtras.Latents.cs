using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>What a recurrent state-space model does between its matrix products, each as one autograd node; with plain operators on TorchSharp, and for what is not float32 on the CPU.</content>
public static partial class TorchExtras
{
    // As in the shim.
    const double GateNormEpsilon = 1e-3;

    /// <summary>
    /// One step of a gated memory h, given the sums of its gates: h + u (c - h) with u = sigmoid(s_u - 1), c = tanh(sigmoid(s_r) s_c), and s the sums, normalized over the row where there is a scale
    /// (Cho et al. 2014 as Dreamer writes it: the update gate begins nearly closed).
    /// </summary>
    /// <param name="sums">[N, 3 H] float: of reset, candidate and update.</param>
    /// <param name="memory">[N, H] float.</param>
    /// <param name="scale">[3 H] float: of the norm of the sums; null for no norm.</param>
    /// <param name="shift">[3 H] float, where there is a scale.</param>
    /// <returns>[N, H].</returns>
    public static Tensor Gates(Tensor sums, Tensor memory, Tensor? scale = null, Tensor? shift = null) =>
        HasKernels(sums) ? FusedGates(sums, memory, scale, shift) : PlainGates(sums, memory, scale, shift);

    /// <summary>
    /// Draws of categorical variables, one-hot, with the gradient of their probabilities (straight-through: Bengio et al. 2013, "Estimating or propagating gradients through stochastic neurons"). A variable's class is the one
    /// whose exponential clock, sped up by the class's probability, comes first.
    /// </summary>
    /// <param name="heads">[*, G C] float: logits, group by group.</param>
    /// <param name="clocks">As many draws of the exponential distribution; null: the likeliest class.</param>
    /// <param name="classes">C.</param>
    /// <param name="share">Of the uniform distribution in the probabilities, in [0, 1).</param>
    /// <returns>[*, G C].</returns>
    public static Tensor Draw(Tensor heads, Tensor? clocks, int classes, double share = 0) =>
        HasKernels(heads) ? FusedDraw(heads, clocks, classes, share) : PlainDraw(heads, clocks, classes, share);

    /// <summary>Draws of the exponential distribution of rate 1: what <see cref="Draw"/> takes.</summary>
    /// <param name="shape">Of the result, float32.</param>
    /// <param name="generator">On the device.</param>
    /// <param name="device">Where the result lies.</param>
    public static Tensor Clocks(long[] shape, Generator generator, Device device) => DrawTape.Current?.Clocks(shape, generator, device) ?? (
        IsSupported && device.type == DeviceType.CPU ? FusedClocks(shape, generator) : empty(shape, dtype: ScalarType.Float32, device: device).exponential_(1, generator));

    /// <summary>symexp(sum_i softmax(logits)_i b_i), b evenly spread atoms of symlog numbers.</summary>
    /// <param name="logits">[*, N] float, N at least 2.</param>
    /// <param name="low">The first atom.</param>
    /// <param name="high">The last atom.</param>
    /// <returns>[*].</returns>
    public static Tensor TwoHotMean(Tensor logits, double low, double high) =>
        HasKernels(logits) ? FusedTwoHotMean(logits, low, high) : PlainTwoHotMean(logits, low, high);

    /// <summary>-sum_i w_i ln softmax(logits)_i, w the weights of the two atoms nearest to symlog(targets), whose mean is that number.</summary>
    /// <param name="logits">[*, N] float, N at least 2.</param>
    /// <param name="targets">[*] float, constants for the gradient.</param>
    /// <param name="low">The first atom.</param>
    /// <param name="high">The last atom.</param>
    /// <returns>[*].</returns>
    public static Tensor TwoHotLoss(Tensor logits, Tensor targets, double low, double high) =>
        HasKernels(logits) ? FusedTwoHotLoss(logits, targets, low, high) : PlainTwoHotLoss(logits, targets, low, high);

    /// <summary>
    /// Weights of the two atoms nearest to each number, in proportion to nearness, so that their mean is the number; what lies outside goes to the end. V3, equation 9.
    /// </summary>
    /// <param name="x">[*] float.</param>
    /// <param name="low">The first atom.</param>
    /// <param name="high">The last atom.</param>
    /// <param name="atoms">N, at least 2, evenly spread.</param>
    /// <returns>[*, N] float, sums to 1; a constant for the gradient.</returns>
    public static Tensor TwoHot(Tensor x, double low, double high, int atoms)
    {
        if (!(low < high) || atoms < 2)
            throw new ArgumentException($"Two-hot targets have at least 2 atoms from a lower to a higher value; found {atoms} from {low} to {high}.", nameof(atoms));
        using var quiet = no_grad();
        var place = x.detach().sub(low).mul((atoms - 1) / (high - low)).clamp(0, atoms - 1).unsqueeze(-1);
        return arange(atoms, dtype: x.dtype, device: x.device).sub(place).abs().neg().add(1).clamp_min(0);
    }

    static bool HasKernels(Tensor tensor) => IsSupported && tensor.is_cpu() && tensor.dtype == ScalarType.Float32;

    // ---- the same with plain operators ----

    static Tensor PlainGates(Tensor sums, Tensor memory, Tensor? scale, Tensor? shift)
    {
        if (scale is not null)
            sums = nn.functional.layer_norm(sums, [sums.size(-1)], scale, shift, GateNormEpsilon);
        var width = memory.size(-1);
        var candidate = sums.narrow(-1, 0, width).sigmoid().mul(sums.narrow(-1, width, width)).tanh();
        var update = sums.narrow(-1, 2 * width, width).sub(1).sigmoid();
        return memory.addcmul(update, candidate.sub(memory), 1);
    }

    static Tensor PlainDraw(Tensor heads, Tensor? clocks, int classes, double share)
    {
        var probabilities = heads.unflatten(-1, heads.size(-1) / classes, classes).softmax(-1);
        if (share > 0)
            probabilities = probabilities.mul(1 - share).add(share / classes);
        Tensor chosen;
        using (no_grad())
        {
            var index = (clocks is null ? probabilities : probabilities.div(clocks.reshape(probabilities.shape).clamp_min(1e-30))).argmax(-1, keepdim: true);
            chosen = zeros_like(probabilities).scatter_(-1, index, ones(index.shape, dtype: heads.dtype, device: index.device)).sub_(probabilities);
        }

        return chosen.add(probabilities).flatten(-2);
    }

    static Tensor PlainTwoHotMean(Tensor logits, double low, double high)
    {
        var mean = logits.softmax(-1).matmul(linspace(low, high, logits.size(-1), dtype: logits.dtype, device: logits.device));
        return mean.sign().mul(mean.abs().exp().sub(1));
    }

    static Tensor PlainTwoHotLoss(Tensor logits, Tensor targets, double low, double high)
    {
        Tensor symlog;
        using (no_grad())
            symlog = targets.sign().mul(targets.abs().add(1).log());
        return logits.log_softmax(-1).mul(TwoHot(symlog, low, high, (int)logits.size(-1))).sum(-1L).neg();
    }

    private static partial Tensor FusedGates(Tensor sums, Tensor memory, Tensor? scale, Tensor? shift);

    private static partial Tensor FusedDraw(Tensor heads, Tensor? clocks, int classes, double share);

    internal static partial Tensor FusedClocks(long[] shape, Generator generator);

    private static partial Tensor FusedTwoHotMean(Tensor logits, double low, double high);

    private static partial Tensor FusedTwoHotLoss(Tensor logits, Tensor targets, double low, double high);
}
