using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What the continuous policies do with one row of a batch.</summary>
static class ContinuousRows
{
    /// <summary>Whether an action lies inside the bounds, as an environment sees it: bounds that float32 cannot hold are rounded to it.</summary>
    public static bool IsInside(ReadOnlySpan<float> action, BoxSpace space)
    {
        for (var d = 0; d < action.Length; d++)
        {
            if (!(action[d] >= (float)space.Low[d] && action[d] <= (float)space.High[d]))
                return false;
        }

        return true;
    }

    /// <summary>ln((1 - epsilon) e^a + epsilon e^b), exact where either is negative infinity.</summary>
    public static double LogMixture(double a, double b, double epsilon)
    {
        if (epsilon == 0)
            return a;
        if (epsilon == 1)
            return b;
        var (first, second) = (Math.Log(1 - epsilon) + a, Math.Log(epsilon) + b);
        var largest = Math.Max(first, second);
        return double.IsNegativeInfinity(largest) ? largest : largest + Math.Log(Math.Exp(first - largest) + Math.Exp(second - largest));
    }
}
