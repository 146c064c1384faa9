using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>Sine and cosine of eight angles at once, within 1 unit in the last place of the exact values.</summary>
/// <remarks>
/// The nearest multiple of pi/2 is taken off in three parts (Cody and Waite), what is left lies within pi/4 and goes
/// through Taylor's series, whose first dropped terms (x^19/19!, x^18/18!) are below 2^-58; the leading terms are kept
/// apart so that only they round. No fused multiply-add: the same digits on any processor.
/// </remarks>
static class Trigonometry
{
    /// <summary>Up to here the digits are ours; larger angles, infinities and NaN go through the scalar library, lane by lane.</summary>
    public const double Range = 1e5;

    // pi/2 = High + Middle + Low; the first two have 33 bits each, so that up to 2^20 times them is exact.
    const double High = 1.57079632673412561417e+00;
    const double Middle = 6.07710050630396597660e-11;
    const double Low = 2.02226624879595063154e-21;

    // Adding it rounds to a whole number, which then stands in the low bits.
    const double Rounder = 6755399441055744;

    /// <summary>For angles that are mostly within pi/4, where nothing has to be taken off; gives the digits of the one for all angles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCosNearZero(Vector512<double> x, out Vector512<double> sin, out Vector512<double> cos)
    {
        if (Vector512.GreaterThanAny(Vector512.Abs(x), Vector512.Create(Math.PI / 4)))
        {
            (sin, cos) = Outlined(x);
            return;
        }

        Series(x, Vector512<double>.Zero, out sin, out cos);
    }

    /// <param name="x">rad.</param>
    /// <param name="sin">Of each angle.</param>
    /// <param name="cos">Of each angle.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCos(Vector512<double> x, out Vector512<double> sin, out Vector512<double> cos)
    {
        if (!Vector512.LessThanOrEqualAll(Vector512.Abs(x), Vector512.Create(Range)))
        {
            (sin, cos) = Scalar(x);
            return;
        }

        var shifted = (x * Vector512.Create(2 / Math.PI)) + Vector512.Create(Rounder);
        var quarters = shifted - Vector512.Create(Rounder);
        // Both differences with High and Middle are exact but for the last, whose error goes into the rest.
        var near = x - (quarters * Vector512.Create(High));
        var middle = quarters * Vector512.Create(Middle);
        var nearer = near - middle;
        var low = (quarters * Vector512.Create(Low)) - (near - nearer - middle);
        var angle = nearer - low;
        Series(angle, nearer - angle - low, out var s, out var c);

        // Each quarter turn exchanges the two; the sine is negative in quarters 2 and 3, the cosine in 1 and 2.
        var quarter = shifted.AsInt64();
        var odd = Vector512.Equals(quarter & Vector512<long>.One, Vector512<long>.One).AsDouble();
        var two = Vector512.Create(2L);
        sin = (Vector512.ConditionalSelect(odd, c, s).AsInt64() ^ Vector512.ShiftLeft(quarter & two, 62)).AsDouble();
        cos = (Vector512.ConditionalSelect(odd, s, c).AsInt64() ^ Vector512.ShiftLeft((quarter + Vector512<long>.One) & two, 62)).AsDouble();
    }

    /// <summary>The same for one angle.</summary>
    public static (double Sin, double Cos) SinCos(double x)
    {
        SinCos(Vector512.Create(x), out var sin, out var cos);
        return (sin.ToScalar(), cos.ToScalar());
    }

    // Of x + rest, where |x| <= pi/4 (a rounding more) and the rest is below the last place of x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Series(Vector512<double> x, Vector512<double> rest, out Vector512<double> sin, out Vector512<double> cos)
    {
        var z = x * x;
        var half = Vector512.Create(0.5) * z;
        var lead = Vector512<double>.One - half;

        // sin x = x + x z (-1/3! + z (1/5! - ...))
        var s = Vector512.Create(1.0 / 355687428096000);
        s = (s * z) - Vector512.Create(1.0 / 1307674368000);
        s = (s * z) + Vector512.Create(1.0 / 6227020800);
        s = (s * z) - Vector512.Create(1.0 / 39916800);
        s = (s * z) + Vector512.Create(1.0 / 362880);
        s = (s * z) - Vector512.Create(1.0 / 5040);
        s = (s * z) + Vector512.Create(1.0 / 120);
        s = (s * z) - Vector512.Create(1.0 / 6);
        sin = x + ((x * z * s) + (rest * lead));

        // cos x = 1 - z/2 + z^2 (1/4! - z (1/6! - ...)); what 1 - z/2 rounds away is added back.
        var c = Vector512.Create(1.0 / 20922789888000);
        c = (c * z) - Vector512.Create(1.0 / 87178291200);
        c = (c * z) + Vector512.Create(1.0 / 479001600);
        c = (c * z) - Vector512.Create(1.0 / 3628800);
        c = (c * z) + Vector512.Create(1.0 / 40320);
        c = (c * z) - Vector512.Create(1.0 / 720);
        c = (c * z) + Vector512.Create(1.0 / 24);
        cos = lead + (Vector512<double>.One - lead - half + ((z * z * c) - (x * rest)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static (Vector512<double> Sin, Vector512<double> Cos) Outlined(Vector512<double> x)
    {
        SinCos(x, out var sin, out var cos);
        return (sin, cos);
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
