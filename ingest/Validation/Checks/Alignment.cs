namespace OfflineRL.Ingest;

/// <summary>Whether the observation that followed a step is the next row's.</summary>
static class Alignment
{
    /// <summary>The first number that differs; -1: none does.</summary>
    /// <param name="next">[D], what the source has behind the step.</param>
    /// <param name="observation">[D], the next row's observation.</param>
    /// <param name="tolerance">Difference that is still the same, relative to the observation's size or 1.</param>
    public static int FirstDifference(ReadOnlySpan<float> next, ReadOnlySpan<float> observation, double tolerance)
    {
        // Most rows are equal to the bit, which is found many numbers at a time; the rest is looked at from there.
        for (var i = next.CommonPrefixLength(observation); i < next.Length; i++)
        {
            if (!(Math.Abs((double)next[i] - observation[i]) <= tolerance * Math.Max(1, Math.Abs(observation[i]))))
                return i;
        }

        return -1;
    }
}
