using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>Sine and cosine of eight angles at once, within 1 unit in the last place of the exact values.</summary>
/// <remarks>
/// Up to pi/4, where every angle of a running cart and pole lies, by Taylor's series, whose first dropped terms
/// (x^19/19!, x^18/18!) are below 2^-58; the leading terms are kept apart so that only they round.
/// Larger angles go through the scalar library, lane by lane. No fused multiply-add: the same digits on any processor.
/// </remarks>
static class SmallAngle
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCos(Vector512<double> x, out Vector512<double> sin, out Vector512<double> cos)
    {
        if (Vector512.GreaterThanAny(Vector512.Abs(x), Vector512.Create(Math.PI / 4)))
        {
            (sin, cos) = Scalar(x);
            return;
        }

        var z = x * x;
        // sin x = x + x z (-1/3! + z (1/5! - ...))
        var s = Vector512.Create(1.0 / 355687428096000);
        s = (s * z) - Vector512.Create(1.0 / 1307674368000);
        s = (s * z) + Vector512.Create(1.0 / 6227020800);
        s = (s * z) - Vector512.Create(1.0 / 39916800);
        s = (s * z) + Vector512.Create(1.0 / 362880);
        s = (s * z) - Vector512.Create(1.0 / 5040);
        s = (s * z) + Vector512.Create(1.0 / 120);
        s = (s * z) - Vector512.Create(1.0 / 6);
        sin = x + (x * z * s);

        // cos x = 1 - z/2 + z^2 (1/4! - z (1/6! - ...)); what 1 - z/2 rounds away is added back.
        var c = Vector512.Create(1.0 / 20922789888000);
        c = (c * z) - Vector512.Create(1.0 / 87178291200);
        c = (c * z) + Vector512.Create(1.0 / 479001600);
        c = (c * z) - Vector512.Create(1.0 / 3628800);
        c = (c * z) + Vector512.Create(1.0 / 40320);
        c = (c * z) - Vector512.Create(1.0 / 720);
        c = (c * z) + Vector512.Create(1.0 / 24);
        var half = Vector512.Create(0.5) * z;
        var lead = Vector512<double>.One - half;
        cos = lead + (Vector512<double>.One - lead - half + (z * z * c));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static (Vector512<double> Sin, Vector512<double> Cos) Scalar(Vector512<double> x)
    {
        Span<double> sin = stackalloc double[8];
        Span<double> cos = stackalloc double[8];
        for (var lane = 0; lane < 8; lane++)
            (sin[lane], cos[lane]) = Math.SinCos(x[lane]);
        return (Vector512.Create<double>(sin), Vector512.Create<double>(cos));
    }
}
