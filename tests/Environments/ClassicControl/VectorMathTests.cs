using System.Runtime.Intrinsics;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Our own sine, cosine and logarithm against the scalar library's, which are within 0.6 units in the last place.</summary>
public sealed class VectorMathTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(Trigonometry.Range)]
    public void SinCos_OverTheRange_IsWithinOneUlp(double range)
    {
        var random = OfflineRL.Datasets.RandomStream.Create(1, "angles");
        for (var n = 0; n < 50_000; n++)
            RequireSinCos(random.Uniform(-range, range));
    }

    [Fact]
    public void SinCos_BesideMultiplesOfAQuarterTurn_IsWithinOneUlp()
    {
        for (var quarters = -60_000; quarters <= 60_000; quarters += 7)
        {
            var x = quarters * (Math.PI / 2);
            RequireSinCos(x);
            RequireSinCos(Math.BitIncrement(x));
            RequireSinCos(Math.BitDecrement(x));
            RequireSinCos(x + (Math.PI / 4));
        }
    }

    [Fact]
    public void SinCosNearZero_WithinAnEighthTurn_GivesTheSameDigits()
    {
        for (var i = -10_000; i <= 10_000; i++)
        {
            var x = Vector512.Create(i / 10_000.0 * (Math.PI / 4));
            Trigonometry.SinCos(x, out var sin, out var cos);
            Trigonometry.SinCosNearZero(x, out var nearSin, out var nearCos);
            Assert.Equal(sin, nearSin);
            Assert.Equal(cos, nearCos);
        }
    }

    [Fact]
    public void SinCos_OfDifferentLanes_TreatsEachByItself()
    {
        var x = Vector512.Create(0.1, -2, 3.5, -40, 1e4, -0.0, 5, 7.9);
        Trigonometry.SinCos(x, out var sin, out var cos);
        for (var lane = 0; lane < 8; lane++)
            Assert.Equal(Trigonometry.SinCos(x[lane]), (sin[lane], cos[lane]));
    }

    [Fact]
    public void SinCos_OutsideTheRange_IsTheScalarLibrarys()
    {
        Trigonometry.SinCos(Vector512.Create(1.0, double.NaN, double.PositiveInfinity, 1e10, -1e300, 2, 3, 4), out var sin, out var cos);
        Assert.True(double.IsNaN(sin[1]) && double.IsNaN(cos[2]));
        Assert.Equal((Math.Sin(1e10), Math.Cos(-1e300)), (sin[3], cos[4]));
    }

    [Fact]
    public void Log_OverManyMagnitudes_IsWithinOneUlp()
    {
        var random = OfflineRL.Datasets.RandomStream.Create(1, "logarithms");
        for (var n = 0; n < 100_000; n++)
        {
            var x = n % 2 == 0 ? Math.Exp(random.Uniform(-700, 700)) : random.Uniform(0.5, 2);
            RequireLog(x);
        }

        foreach (var x in new[] { 1, Math.BitIncrement(1.0), Math.BitDecrement(1.0), 0.01, 2, Math.Sqrt(0.5), Math.Sqrt(2), double.MaxValue, 2.2250738585072014e-308 })
            RequireLog(x);
        Assert.Equal(0, Logarithm.Log(Vector512<double>.One)[0]);
    }

    static void RequireSinCos(double x)
    {
        var (sin, cos) = Trigonometry.SinCos(x);
        RequireWithinOneUlp(Math.Sin(x), sin, x);
        RequireWithinOneUlp(Math.Cos(x), cos, x);
    }

    static void RequireLog(double x) => RequireWithinOneUlp(Math.Log(x), Logarithm.Log(Vector512.Create(x))[3], x);

    static void RequireWithinOneUlp(double expected, double found, double x)
    {
        var size = Math.Abs(expected);
        Assert.True(Math.Abs(found - expected) <= Math.BitIncrement(size) - size, $"at {x:R}: {found:R}, expected {expected:R}");
    }
}
