using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// First-order recursions within whole episodes that lie one behind the other, each of any length: what returns, advantages,
/// V-trace, Retrace and products of importance ratios are made of. Results are constants for the gradient.
/// </summary>
/// <remarks>
/// On the CPU it is one pass that keeps its sum in float64; elsewhere ceil(log2 N) passes of pointer doubling, which wait for
/// nothing. Both take 0 as what lies beyond the first and the last row.
/// </remarks>
public static class Recurrences
{
    /// <summary>x_t = d_t + c_t x_(t+1).</summary>
    /// <param name="d">[N] float32 or float64.</param>
    /// <param name="c">[N], of the same type, finite: 0 at each episode's last row, so that nothing passes from one episode to another.</param>
    /// <param name="longest">Rows of the longest episode, which spares the doubling passes; 0: N.</param>
    /// <returns>[N], of the same type.</returns>
    public static Tensor Backward(Tensor d, Tensor c, int longest = 0) => Run(d, c, longest, forward: false);

    /// <summary>x_t = d_t + c_t x_(t-1).</summary>
    /// <param name="d">[N] float32 or float64.</param>
    /// <param name="c">[N], of the same type, finite: 0 at each episode's first row.</param>
    /// <param name="longest">Rows of the longest episode, which spares the doubling passes; 0: N.</param>
    /// <returns>[N], of the same type.</returns>
    public static Tensor Forward(Tensor d, Tensor c, int longest = 0) => Run(d, c, longest, forward: true);

    /// <summary>What row t + 1 holds, and 0 after the last row of all.</summary>
    /// <param name="x">[N].</param>
    /// <returns>[N]; at an episode's last row it is the next episode's first number, for the caller to multiply by 0.</returns>
    public static Tensor Following(Tensor x) => cat([x.narrow(0, 1, x.size(0) - 1), zeros(1, dtype: x.dtype, device: x.device)]);

    /// <summary>The same by doubling: (c_t, d_t) becomes (c_t c_(t+k), d_t + c_t d_(t+k)) for k = 1, 2, 4, ...</summary>
    internal static Tensor Doubling(Tensor d, Tensor c, int longest, bool forward)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var rows = d.size(0);
        var (x, product) = (d.clone(), c);
        for (var k = 1L; k < Math.Min(rows, longest == 0 ? rows : longest); k *= 2)
        {
            var (here, there) = forward ? (k, 0L) : (0L, k);
            var (near, far) = (product.narrow(0, here, rows - k), x.narrow(0, there, rows - k));
            // Sums into new memory: source and destination overlap.
            x.narrow(0, here, rows - k).add_(near.mul(far));
            var next = zeros_like(product);
            next.narrow(0, here, rows - k).add_(near.mul(product.narrow(0, there, rows - k)));
            product = next;
        }

        return x.MoveToOuterDisposeScope();
    }

    static Tensor Run(Tensor d, Tensor c, int longest, bool forward)
    {
        var shapes = new Shapes();
        shapes.Require(d, "N");
        shapes.Require(c, "N", d.dtype);
        if (d.dtype is not (ScalarType.Float32 or ScalarType.Float64))
            Throw.Shape(nameof(d), "Float32 or Float64", $"{d.dtype}");
        if (!d.is_cpu())
            return Doubling(d, c, longest, forward);
        return d.dtype == ScalarType.Float32 ? Pass<float>(d, c, forward) : Pass<double>(d, c, forward);
    }

    static Tensor Pass<T>(Tensor d, Tensor c, bool forward)
        where T : unmanaged, IFloatingPoint<T>
    {
        var result = empty_like(d).contiguous();
        using var scope = NewDisposeScope();
        var terms = Elements<T>(d.contiguous());
        var factors = Elements<T>(c.contiguous());
        var x = Elements<T>(result);
        var sum = 0.0;
        if (forward)
        {
            for (var t = 0; t < x.Length; t++)
                x[t] = T.CreateTruncating(sum = double.CreateTruncating(terms[t]) + (double.CreateTruncating(factors[t]) * sum));
        }
        else
        {
            for (var t = x.Length - 1; t >= 0; t--)
                x[t] = T.CreateTruncating(sum = double.CreateTruncating(terms[t]) + (double.CreateTruncating(factors[t]) * sum));
        }

        return result;
    }

    static Span<T> Elements<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
