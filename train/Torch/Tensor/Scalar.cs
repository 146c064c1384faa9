using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number with one of the kinds that operators tell apart: integer, floating point, Boolean.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(Tag kind, long bits) => (Kind, Bits) = (kind, bits);

    internal Tag Kind { get; }

    internal long Bits { get; }

    /// <summary>The type an operator sees: Int64, Float64 or Bool.</summary>
    public torch.ScalarType Type => Kind switch
    {
        Tag.Int => torch.ScalarType.Int64,
        Tag.Bool => torch.ScalarType.Bool,
        _ => torch.ScalarType.Float64,
    };

    public static implicit operator Scalar(byte value) => new(Tag.Int, value);

    public static implicit operator Scalar(int value) => new(Tag.Int, value);

    public static implicit operator Scalar(long value) => new(Tag.Int, value);

    public static implicit operator Scalar(float value) => (double)value;

    public static implicit operator Scalar(double value) => new(Tag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Scalar(bool value) => new(Tag.Bool, value ? 1 : 0);

    internal double AsDouble() => Kind == Tag.Double ? BitConverter.Int64BitsToDouble(Bits) : Bits;

    internal long AsInt64() => Kind == Tag.Double ? checked((long)BitConverter.Int64BitsToDouble(Bits)) : Bits;

    /// <summary>Nothing to release: it is kept so that code written for TorchSharp compiles.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this int value) => value;

    public static Scalar ToScalar(this long value) => value;

    public static Scalar ToScalar(this float value) => value;

    public static Scalar ToScalar(this double value) => value;

    public static Scalar ToScalar(this bool value) => value;

    public static float ToSingle(this Scalar value) => (float)value.AsDouble();

    public static double ToDouble(this Scalar value) => value.AsDouble();

    public static int ToInt32(this Scalar value) => checked((int)value.AsInt64());

    public static long ToInt64(this Scalar value) => value.AsInt64();

    public static bool ToBoolean(this Scalar value) => value.Bits != 0;
}
