using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Environments;

/// <summary>
/// Eight instances at a time between a kernel and the spans of a step. State columns are padded to whole vectors; spans
/// are not, so what stands beyond their end is read as zero and not written.
/// </summary>
static class Lanes
{
    /// <summary>Instances per vector.</summary>
    public const int Count = 8;

    // Adding it to a whole number's bits gives the number that is so much larger than 1.5 * 2^52.
    const long RounderBits = 0x4338000000000000;

    /// <summary>The next whole number of vectors.</summary>
    public static int Padded(int count) => (count + Count - 1) / Count * Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(double[] column, int first) => Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(column), (nuint)first);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<double> values, double[] column, int first) =>
        values.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(column), (nuint)first);

    /// <summary>Continuous actions of one number each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(ReadOnlySpan<float> actions, int first)
    {
        if (actions.Length - first >= Count)
            return Widen(Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(actions), (nuint)first));
        return Widen(Part(actions[first..]));
    }

    /// <summary>Discrete actions, as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(ReadOnlySpan<int> actions, int first)
    {
        if (actions.Length - first >= Count)
            return ToDouble(Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(actions), (nuint)first));
        return ToDouble(Part(actions[first..]));
    }

    /// <summary>Turns columns of eight into rows and narrows them to float32.</summary>
    /// <param name="columns">[D]: the numbers of an observation.</param>
    /// <param name="rows">[B, D].</param>
    /// <param name="first">Instance of the first lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRows(ReadOnlySpan<Vector512<double>> columns, Span<float> rows, int first)
    {
        var width = columns.Length;
        rows = rows[(first * width)..];
        if (rows.Length > Count * width)
            rows = rows[..(Count * width)];
        for (var column = 0; column < width; column++)
        {
            var narrow = Vector256.Narrow(columns[column].GetLower(), columns[column].GetUpper());
            for (int lane = 0, at = column; at < rows.Length; lane++, at += width)
                rows[at] = narrow[lane];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Widen(Vector256<float> values)
    {
        var (low, high) = Vector256.Widen(values);
        return Vector512.Create(low, high);
    }

    /// <summary>The float32 numbers nearest to these: what an operation of NumPy's float32 scalars leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> RoundToSingle(Vector512<double> values) => Widen(Vector256.Narrow(values.GetLower(), values.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<double> values, Span<double> to, int first)
    {
        if (to.Length - first >= Count)
            values.StoreUnsafe(ref MemoryMarshal.GetReference(to), (nuint)first);
        else
            StorePart(values, to[first..]);
    }

    /// <summary>Sets the flags of the lanes whose bits are set; bits beyond the end mean nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mark(ulong bits, Span<bool> flags, int first)
    {
        for (bits &= flags.Length - first >= Count ? 0xFF : (1ul << (flags.Length - first)) - 1; bits != 0; bits &= bits - 1)
            flags[first + BitOperations.TrailingZeroCount(bits)] = true;
    }

    /// <summary>One bit a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(Vector512<double> mask) => mask.ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> ToDouble(Vector256<int> values)
    {
        var (low, high) = Vector256.Widen(values);
        var shifted = Vector512.Create(low, high) + Vector512.Create(RounderBits);
        return shifted.AsDouble() - Vector512.Create(RounderBits).AsDouble();
    }

    static Vector256<T> Part<T>(ReadOnlySpan<T> values)
    {
        Span<T> whole = new T[Count];
        values.CopyTo(whole);
        return Vector256.Create<T>(whole);
    }

    static void StorePart(Vector512<double> values, Span<double> to)
    {
        for (var lane = 0; lane < to.Length; lane++)
            to[lane] = values[lane];
    }
}
