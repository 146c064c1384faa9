using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>Numbers brought within limits smoothly, so that each has a gradient wherever it is: a clamp would let go of what is beyond it, or let it run on.</summary>
static class SoftLimits
{
    /// <summary>m + h tanh((x - m) / h), m the middle and h half of the limits: in the middle it leaves x as it is.</summary>
    public static Tensor Between(Tensor x, double low, double high) => TorchExtras.SoftlyBetween(x, low, high);

    /// <summary>As with numbers, of limits [A].</summary>
    public static Tensor Between(Tensor x, Tensor low, Tensor high)
    {
        var (middle, half) = (low.add(high).mul(0.5), high.sub(low).mul(0.5));
        return x.sub(middle).div(half).tanh().mul(half).add(middle);
    }

    /// <summary>low + scale softplus((x - low) / scale): far above the limit it leaves x as it is.</summary>
    public static Tensor Above(Tensor x, Tensor low, Tensor scale) => x.sub(low).div(scale).softplus().mul(scale).add(low);

    /// <summary>high - scale softplus((high - x) / scale).</summary>
    public static Tensor Below(Tensor x, Tensor high, Tensor scale) => high.sub(high.sub(x).div(scale).softplus().mul(scale));

    /// <summary>As <see cref="Between(Tensor, Tensor, Tensor)"/>, of one number.</summary>
    public static double Between(double x, double low, double high)
    {
        var (middle, half) = ((low + high) / 2, (high - low) / 2);
        return middle + (half * Math.Tanh((x - middle) / half));
    }

    /// <summary>A number within bounds of which either may be infinite.</summary>
    public static double Within(double x, double low, double high, double scale) => (double.IsFinite(low), double.IsFinite(high)) switch
    {
        (true, true) => Between(x, low, high),
        (true, false) => low + (scale * Softplus((x - low) / scale)),
        (false, true) => high - (scale * Softplus((high - x) / scale)),
        _ => x,
    };

    /// <summary>ln(1 + e^x), however large x is.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
