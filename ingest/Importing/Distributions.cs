namespace OfflineRL.Ingest;

/// <summary>Arithmetic on one row of probabilities.</summary>
static class Distributions
{
    public static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum;
    }

    /// <summary>In place, over the allowed actions (an empty mask allows all); the largest logit is taken off first, so that nothing overflows.</summary>
    public static void Softmax(Span<double> logits, ReadOnlySpan<bool> mask)
    {
        var largest = double.NegativeInfinity;
        for (var a = 0; a < logits.Length; a++)
            largest = mask.IsEmpty || mask[a] ? Math.Max(largest, logits[a]) : largest;
        var sum = 0.0;
        for (var a = 0; a < logits.Length; a++)
        {
            logits[a] = mask.IsEmpty || mask[a] ? Math.Exp(logits[a] - largest) : 0;
            sum += logits[a];
        }

        foreach (ref var p in logits)
            p /= sum;
    }
}
