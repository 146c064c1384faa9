namespace OfflineRL.Evaluate;

/// <summary>Where the evaluation policy acts as the behavior policy never does, and how far the two overlap.</summary>
sealed class Support
{
    /// <summary>Steps with any such action.</summary>
    public long Steps { get; private set; }

    /// <summary>The policy's mean probability of such actions.</summary>
    public double Mass { get; private set; }

    /// <summary>The mean over steps of sum_a min(pi_e, pi_b): 1 where both are the same, 0 where they share no action.</summary>
    public double Overlap { get; private set; }

    /// <summary>The share of steps where that is below a tenth.</summary>
    public double LowOverlap { get; private set; }

    /// <summary>Adds rows [n, A] of both policies' probabilities.</summary>
    public void Add(ReadOnlySpan<double> evaluation, ReadOnlySpan<double> behavior, int actions)
    {
        for (var i = 0; i < evaluation.Length; i += actions)
        {
            var (mass, overlap) = (0.0, 0.0);
            for (var a = i; a < i + actions; a++)
            {
                mass += behavior[a] == 0 ? evaluation[a] : 0;
                overlap += Math.Min(evaluation[a], behavior[a]);
            }

            Overlap += overlap;
            LowOverlap += overlap < 0.1 ? 1 : 0;
            Steps += mass > 0 ? 1 : 0;
            Mass += mass;
        }
    }

    /// <summary>Makes means of the sums.</summary>
    public Support Over(int steps)
    {
        Mass /= steps;
        Overlap /= steps;
        LowOverlap /= steps;
        return this;
    }
}
