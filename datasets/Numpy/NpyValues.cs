using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>
/// Elements of an array as the numbers that a caller wants: exactly, or not at all. The one exception: float64 is rounded
/// to the nearest float32 where that is finite.
/// </summary>
static class NpyValues
{
    const int ChunkBytes = 1 << 16;

    /// <summary>Reads as many elements as <paramref name="to"/> holds, in the order of the file.</summary>
    /// <param name="stream">Stands at the first of them.</param>
    /// <param name="type">What lies in the file.</param>
    /// <param name="to">double, float, long, int, byte or bool.</param>
    /// <param name="first">Index of the first element, for messages.</param>
    /// <param name="source">For messages.</param>
    /// <exception cref="UserErrorException">An element is no such number.</exception>
    /// <exception cref="EndOfStreamException">The file ends before.</exception>
    public static void Read<T>(Stream stream, NpyType type, Span<T> to, long first, string source)
        where T : unmanaged
    {
        if (type.Kind is NpyKind.Text or NpyKind.Bytes)
            throw Throw.NpzKind(source, type, "numbers");
        if (type == NpyType.Of<T>() && typeof(T) != typeof(bool))
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(to));
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (var chunk = ChunkBytes / type.Size; !to.IsEmpty; to = to[Math.Min(chunk, to.Length)..], first += chunk)
            {
                var part = to[..Math.Min(chunk, to.Length)];
                var raw = buffer.AsSpan(0, part.Length * type.Size);
                stream.ReadExactly(raw);
                if (type.BigEndian)
                    Reverse(raw, type.Size);
                Convert(raw, type, part, first, source);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>From the order in which the first index runs fastest to the one in which the last does.</summary>
    public static T[] ToRowMajor<T>(T[] values, IReadOnlyList<long> shape)
    {
        if (shape.Count < 2 || values.Length == 0)
            return values;
        var result = new T[values.Length];
        var index = new long[shape.Count];
        var strides = new long[shape.Count];
        strides[0] = 1;
        for (var d = 1; d < strides.Length; d++)
            strides[d] = strides[d - 1] * shape[d - 1];
        long at = 0;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = values[at];
            for (var d = shape.Count - 1; d >= 0; d--)
            {
                at += strides[d];
                if (++index[d] < shape[d])
                    break;
                at -= strides[d] * shape[d];
                index[d] = 0;
            }
        }

        return result;
    }

    static void Reverse(Span<byte> raw, int size)
    {
        if (size == 2)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(raw), MemoryMarshal.Cast<byte, ushort>(raw));
        else if (size == 4)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(raw), MemoryMarshal.Cast<byte, uint>(raw));
        else if (size == 8)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(raw), MemoryMarshal.Cast<byte, ulong>(raw));
    }

    static void Convert<T>(ReadOnlySpan<byte> raw, NpyType type, Span<T> to, long first, string source)
        where T : unmanaged
    {
        if (typeof(T) == typeof(double))
            Convert(raw, type, MemoryMarshal.Cast<T, double>(to), "a number that float64 holds exactly", first, source);
        else if (typeof(T) == typeof(float))
            Convert(raw, type, MemoryMarshal.Cast<T, float>(to), "a number within float32, exact where it is an integer", first, source);
        else if (typeof(T) == typeof(long))
            Convert(raw, type, MemoryMarshal.Cast<T, long>(to), "a whole number of 64 bits", first, source);
        else if (typeof(T) == typeof(int))
            Convert(raw, type, MemoryMarshal.Cast<T, int>(to), "a whole number of 32 bits", first, source);
        else if (typeof(T) == typeof(byte))
            Convert(raw, type, MemoryMarshal.AsBytes(to), "a whole number from 0 to 255", first, source);
        else
            ConvertBooleans(raw, type, MemoryMarshal.AsBytes(to), first, source);
    }

    static void ConvertBooleans(ReadOnlySpan<byte> raw, NpyType type, Span<byte> to, long first, string source)
    {
        const string Wanted = "false or true, or 0 or 1";
        Convert(raw, type, to, Wanted, first, source);
        var at = to.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (at >= 0)
            throw Throw.NpzValue(source, first + at, to[at].ToString(System.Globalization.CultureInfo.InvariantCulture), Wanted);
    }

    static void Convert<TTo>(ReadOnlySpan<byte> raw, NpyType type, Span<TTo> to, string wanted, long first, string source)
        where TTo : unmanaged, INumber<TTo>
    {
        var bad = (type.Kind, type.Size) switch
        {
            (NpyKind.Boolean, _) or (NpyKind.Unsigned, 1) => FromIntegers<byte, TTo>(raw, to),
            (NpyKind.Unsigned, 2) => FromIntegers<ushort, TTo>(raw, to),
            (NpyKind.Unsigned, 4) => FromIntegers<uint, TTo>(raw, to),
            (NpyKind.Unsigned, _) => FromIntegers<ulong, TTo>(raw, to),
            (NpyKind.Signed, 1) => FromIntegers<sbyte, TTo>(raw, to),
            (NpyKind.Signed, 2) => FromIntegers<short, TTo>(raw, to),
            (NpyKind.Signed, 4) => FromIntegers<int, TTo>(raw, to),
            (NpyKind.Signed, _) => FromIntegers<long, TTo>(raw, to),
            (NpyKind.Float, 2) => FromFloats<Half, TTo>(raw, to),
            (NpyKind.Float, 4) => FromFloats<float, TTo>(raw, to),
            _ => FromFloats<double, TTo>(raw, to),
        };
        if (bad >= 0)
            throw Throw.NpzValue(source, first + bad, Text(raw.Slice(bad * type.Size, type.Size), type), wanted);
    }

    // The index of the first that does not fit; -1: all do.
    static int FromIntegers<TFrom, TTo>(ReadOnlySpan<byte> raw, Span<TTo> to)
        where TFrom : unmanaged, IBinaryInteger<TFrom>, IMinMaxValue<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        var from = MemoryMarshal.Cast<byte, TFrom>(raw);
        for (var i = 0; i < from.Length; i++)
        {
            var value = from[i];
            to[i] = TTo.CreateSaturating(value);
            // Every integer of 32 bits is a double; the greatest of 64 bits would saturate back to itself.
            var exact = Unsafe.SizeOf<TFrom>() < 8 && IsFloat<TTo>()
                ? double.CreateTruncating(to[i]) == double.CreateTruncating(value)
                : TFrom.CreateSaturating(to[i]) == value && !(IsFloat<TTo>() && value == TFrom.MaxValue);
            if (!exact)
                return i;
        }

        return -1;
    }

    static int FromFloats<TFrom, TTo>(ReadOnlySpan<byte> raw, Span<TTo> to)
        where TFrom : unmanaged, IFloatingPoint<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        var from = MemoryMarshal.Cast<byte, TFrom>(raw);
        for (var i = 0; i < from.Length; i++)
        {
            var value = double.CreateTruncating(from[i]);
            to[i] = TTo.CreateSaturating(from[i]);
            var good = IsFloat<TTo>()
                ? TTo.IsFinite(to[i]) || !double.IsFinite(value)
                : double.CreateTruncating(to[i]) == value && value < 9223372036854775808.0;
            if (!good)
                return i;
        }

        return -1;
    }

    static bool IsFloat<T>() => typeof(T) == typeof(double) || typeof(T) == typeof(float);

    static string Text(ReadOnlySpan<byte> raw, NpyType type)
    {
        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        return (type.Kind, type.Size) switch
        {
            (NpyKind.Float, 2) => MemoryMarshal.Read<Half>(raw).ToString(invariant),
            (NpyKind.Float, 4) => MemoryMarshal.Read<float>(raw).ToString(invariant),
            (NpyKind.Float, _) => MemoryMarshal.Read<double>(raw).ToString(invariant),
            (NpyKind.Signed, _) => new BigInteger(raw).ToString(invariant),
            _ => new BigInteger(raw, isUnsigned: true).ToString(invariant),
        };
    }
}
