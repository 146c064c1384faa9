using System.Numerics;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Looks for NaN and infinities a vector at a time.</summary>
public static class FiniteNumbers
{
    public static bool All(ReadOnlySpan<float> values) => All<float>(values);

    public static bool All(ReadOnlySpan<double> values) => All<double>(values);

    // Zero times a finite number is zero; times any other it is NaN, and NaN stays in a sum.
    static bool All<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var vectors = MemoryMarshal.Cast<T, Vector<T>>(values);
        var sum = Vector<T>.Zero;
        foreach (var vector in vectors)
        {
            sum += vector * Vector<T>.Zero;
        }

        if (!Vector.EqualsAll(sum, Vector<T>.Zero))
        {
            return false;
        }

        foreach (var value in values[(vectors.Length * Vector<T>.Count)..])
        {
            if (!T.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }
}
