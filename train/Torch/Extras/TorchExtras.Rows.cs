using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>What variational models do with rows of numbers beside their networks, each as one autograd node; with plain operators where shapes differ, on TorchSharp, and for what is not float32 on the CPU.</content>
public static partial class TorchExtras
{
    static readonly double HalfLogTwoPi = 0.5 * Math.Log(2 * Math.PI);

    // The numbers are the shim's.
    enum RowKind
    {
        Limit = 0,
        Displace = 1,
        Normal = 2,
        Bernoulli = 3,
        Divergence = 4,
    }

    /// <summary>m + h tanh((x - m) / h), m the middle and h half of the limits.</summary>
    /// <param name="x">[*, D] float.</param>
    /// <param name="low">The lower limit.</param>
    /// <param name="high">The upper one.</param>
    /// <returns>[*, D].</returns>
    public static Tensor SoftlyBetween(Tensor x, double low, double high)
    {
        if (HaveKernels(x))
            return FusedRows(RowKind.Limit, [x], low, high);
        var (middle, half) = ((low + high) / 2, (high - low) / 2);
        return x.sub(middle).div(half).tanh().mul(half).add(middle);
    }

    /// <summary>mean + noise e^l: a reparameterized draw.</summary>
    /// <param name="mean">[*, D] float.</param>
    /// <param name="logDeviation">[*, D] float: l.</param>
    /// <param name="noise">[*, D] float: of the standard normal distribution.</param>
    /// <returns>[*, D].</returns>
    public static Tensor Displace(Tensor mean, Tensor logDeviation, Tensor noise) =>
        HaveKernels(mean, logDeviation, noise) ? FusedRows(RowKind.Displace, [mean, logDeviation, noise]) : mean.add(noise.mul(logDeviation.exp()));

    /// <summary>sum over d of -((x - mean) / e^l)^2 / 2 - l - ln(2 pi) / 2: the logarithm of a normal density.</summary>
    /// <param name="x">[*, D] float.</param>
    /// <param name="mean">[*, D] float.</param>
    /// <param name="logDeviation">[*, D] float, or what broadcasts to it: l.</param>
    /// <returns>[*].</returns>
    public static Tensor NormalLogLikelihood(Tensor x, Tensor mean, Tensor logDeviation) => HaveKernels(x, mean, logDeviation)
        ? FusedRows(RowKind.Normal, [x, mean, logDeviation])
        : x.sub(mean).mul(logDeviation.neg().exp()).square().mul(-0.5).sub(logDeviation).sum(-1).sub(HalfLogTwoPi * x.size(-1));

    /// <summary>sum over d of x l - ln(1 + e^l): the logarithm of Bernoulli probabilities of logits l.</summary>
    /// <param name="x">[*, D] float in [0, 1].</param>
    /// <param name="logits">[*, D] float: l.</param>
    /// <returns>[*].</returns>
    public static Tensor BernoulliLogLikelihood(Tensor x, Tensor logits) =>
        HaveKernels(x, logits) ? FusedRows(RowKind.Bernoulli, [x, logits]) : x.mul(logits).sub(logits.softplus()).sum(-1);

    /// <summary>sum over d of (mean^2 + e^(2 l) - 1) / 2 - l: the divergence of a normal distribution from the standard one.</summary>
    /// <param name="mean">[*, D] float.</param>
    /// <param name="logDeviation">[*, D] float: l.</param>
    /// <returns>[*].</returns>
    public static Tensor DivergenceFromStandardNormal(Tensor mean, Tensor logDeviation) => HaveKernels(mean, logDeviation)
        ? FusedRows(RowKind.Divergence, [mean, logDeviation])
        : mean.square().add(logDeviation.mul(2).exp()).sub(1).mul(0.5).sub(logDeviation).sum(-1);

    static bool HaveKernels(params ReadOnlySpan<Tensor> tensors)
    {
        var shape = tensors[0].shape;
        foreach (var tensor in tensors)
        {
            if (!HasKernels(tensor) || tensor.dim() == 0 || !tensor.shape.AsSpan().SequenceEqual(shape))
                return false;
        }

        return true;
    }

    private static partial Tensor FusedRows(RowKind kind, ReadOnlySpan<Tensor> inputs, double low = 0, double high = 0);
}
