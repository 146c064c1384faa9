using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// Weight initialisation that draws from an explicit generator, which torch.nn.init has no parameter for. Each fills its
/// tensor in place.
/// </summary>
public static class Initializers
{
    /// <summary>PyTorch's default for nn.Linear: weight [out, in] and bias [out] uniform in +-1 / sqrt(in).</summary>
    public static void LinearDefault(Tensor weight, Tensor? bias, Generator generator)
    {
        var bound = 1 / Math.Sqrt(nn.init.CalculateFanInAndFanOut(weight).fanIn);
        Uniform(weight, bound, generator);
        if (bias is not null) Uniform(bias, bound, generator);
    }

    /// <summary>Uniform in +-gain sqrt(3 / fan_in) (He et al. 2015, arXiv:1502.01852); gain sqrt(2) for ReLU.</summary>
    public static void KaimingUniform(Tensor weight, Generator generator, double gain = 1.4142135623730951) =>
        Uniform(weight, gain * Math.Sqrt(3.0 / nn.init.CalculateFanInAndFanOut(weight).fanIn), generator);

    /// <summary>Uniform in +-gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).</summary>
    public static void XavierUniform(Tensor weight, Generator generator, double gain = 1)
    {
        var (fanIn, fanOut) = nn.init.CalculateFanInAndFanOut(weight);
        Uniform(weight, gain * Math.Sqrt(6.0 / (fanIn + fanOut)), generator);
    }

    /// <summary>Orthonormal rows or columns, whichever are fewer, times gain (Saxe et al. 2013, arXiv:1312.6120).</summary>
    public static void Orthogonal(Tensor weight, Generator generator, double gain = 1)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var rows = weight.shape[0];
        var columns = weight.numel() / rows;
        var normal = empty([Math.Max(rows, columns), Math.Min(rows, columns)], weight.dtype, weight.device).normal_(0, 1, generator);
        var (q, r) = linalg.qr(normal);
        // The signs of R's diagonal make the distribution uniform over orthogonal matrices.
        var orthogonal = q * r.diag().sign();
        weight.copy_((rows < columns ? orthogonal.t() : orthogonal).reshape(weight.shape) * gain);
    }

    static void Uniform(Tensor tensor, double bound, Generator generator)
    {
        using var alias = nn.init.uniform_(tensor, -bound, bound, generator);
    }
}
