using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OfflineRL.Datasets;

/// <summary>
/// Copies of one row of a fixed width, as whole vectors with the last one moved back to end with the row: a call of the
/// general copy costs more than the rows of most datasets. A row is read and written to its last number and no further.
/// </summary>
static unsafe class RowCopy
{
    /// <summary>Floats as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, int width)
    {
        if (width < 8)
        {
            for (var i = 0; i < width; i++)
                to[i] = from[i];
            return;
        }

        if (width > 128)
        {
            Buffer.MemoryCopy(from, to, width * sizeof(float), width * sizeof(float));
            return;
        }

        var last = width - 8;
        for (var i = 0; i < last; i += 8)
            Vector256.Store(Vector256.Load(from + i), to + i);
        Vector256.Store(Vector256.Load(from + last), to + last);
    }

    /// <summary><c>(x - shift) * scale</c>, not fused, so that every path and processor gives the same digits.</summary>
    public static void Affine(float* from, float* to, float* shift, float* scale, int width)
    {
        if (width < 8)
        {
            for (var i = 0; i < width; i++)
                to[i] = (from[i] - shift[i]) * scale[i];
            return;
        }

        var last = width - 8;
        for (var i = 0; i < last; i += 8)
            Vector256.Store((Vector256.Load(from + i) - Vector256.Load(shift + i)) * Vector256.Load(scale + i), to + i);
        Vector256.Store((Vector256.Load(from + last) - Vector256.Load(shift + last)) * Vector256.Load(scale + last), to + last);
    }

    /// <summary>Floats times a number.</summary>
    public static void Scale(float* from, float* to, float scale, int width)
    {
        for (var i = 0; i < width; i++)
            to[i] = from[i] * scale;
    }

    /// <summary>Bytes times a number.</summary>
    public static void Scale(byte* from, float* to, float scale, int width)
    {
        var at = 0;
        var factor = Vector512.Create(scale);
        for (; at + 16 <= width; at += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Load(from + at));
            var (a, b) = Vector128.Widen(low);
            var (c, d) = Vector128.Widen(high);
            var numbers = Vector512.Create(Vector256.Create(a, b), Vector256.Create(c, d)).AsInt32();
            Vector512.Store(Vector512.ConvertToSingle(numbers) * factor, to + at);
        }

        for (; at < width; at++)
            to[at] = from[at] * scale;
    }

    /// <summary>Bytes as they are.</summary>
    public static void Copy(byte* from, byte* to, int width) => Buffer.MemoryCopy(from, to, width, width);
}
