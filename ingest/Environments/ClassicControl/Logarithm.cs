using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>The natural logarithm of eight numbers at once, within 1 unit in the last place of the exact value.</summary>
/// <remarks>
/// x = 2^k m with m between sqrt(1/2) and sqrt(2); log m by the series of 2 artanh((m - 1) / (m + 1)), whose first dropped
/// term is below 2^-60. No fused multiply-add: the same digits on any processor.
/// </remarks>
static class Logarithm
{
    // log 2 in two parts; whole exponents times the first are exact.
    const double High = 6.93147180369123816490e-01;
    const double Low = 1.90821492927058770002e-10;

    const long SquareRootOfHalf = 0x3FE6A09E667F3BCD;
    const long RounderBits = 0x4338000000000000;

    /// <param name="x">Positive, normal and finite.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Log(Vector512<double> x)
    {
        // Counted from 2^-1022 up so that the shift need not care for a sign.
        const long Bias = 1022L << 52;
        var exponent = Vector512.ShiftRightLogical(x.AsInt64() - Vector512.Create(SquareRootOfHalf - Bias), 52) - Vector512.Create(1022L);
        var f = (x.AsInt64() - Vector512.ShiftLeft(exponent, 52)).AsDouble() - Vector512<double>.One;
        var k = (exponent + Vector512.Create(RounderBits)).AsDouble() - Vector512.Create(RounderBits).AsDouble();

        var s = f / (Vector512.Create(2.0) + f);
        var z = s * s;
        var r = Vector512.Create(2.0 / 23);
        r = (r * z) + Vector512.Create(2.0 / 21);
        r = (r * z) + Vector512.Create(2.0 / 19);
        r = (r * z) + Vector512.Create(2.0 / 17);
        r = (r * z) + Vector512.Create(2.0 / 15);
        r = (r * z) + Vector512.Create(2.0 / 13);
        r = (r * z) + Vector512.Create(2.0 / 11);
        r = (r * z) + Vector512.Create(2.0 / 9);
        r = (r * z) + Vector512.Create(2.0 / 7);
        r = (r * z) + Vector512.Create(2.0 / 5);
        r = (r * z) + Vector512.Create(2.0 / 3);
        r *= z;
        // log(1 + f) = f - f^2/2 + s (f^2/2 + r): the largest term last, so that it alone rounds.
        var half = Vector512.Create(0.5) * (f * f);
        return (k * Vector512.Create(High)) - (half - ((s * (half + r)) + (k * Vector512.Create(Low))) - f);
    }
}
