namespace OfflineRL.Evaluate;

/// <summary>
/// A statistic of episodes of the form  (sum_i m_i c_i) / (sum_i m_i) + sum_k (sum_i m_i a_ik) / (sum_i m_i b_ik),  where m_i
/// says how often episode i counts.
/// </summary>
/// <remarks>
/// Means, ratio estimators and per-step normalised ones all have this form, so one piece of code gives the value, its
/// bootstrap replicates (m drawn) and its influence function (the derivative in m). A term of episode i reaches slots
/// 0 .. length_i - 1; where the statistic is absorbing, the last b stays in every later denominator. Terms of slot k may
/// be stored multiplied by a common scale exp(-s_k), which cancels; <c>carry</c> is exp(s_(k-1) - s_k).
/// </remarks>
public sealed class EpisodeStatistic
{
    readonly double[]? _carry;
    double[]? _influence;

    EpisodeStatistic(int episodes, double[]? offsets, int[]? first, double[]? numerators, double[]? denominators, int slots, double[]? carry)
    {
        (Episodes, Offsets, First, Numerators, Denominators, Slots, _carry) = (episodes, offsets, first, numerators, denominators, slots, carry);
        Value = Evaluate([]);
    }

    /// <summary>The statistic with every episode counted once; NaN where a denominator is 0.</summary>
    public double Value { get; }

    /// <summary>n.</summary>
    public int Episodes { get; }

    /// <summary>[E], x where the statistic is mean_i x_i; null where it is not a mean of independent terms.</summary>
    public IReadOnlyList<double>? Terms => Numerators is null ? Offsets : null;

    /// <summary>[E], c; null: zeros.</summary>
    internal double[]? Offsets { get; }

    /// <summary>[E + 1], where each episode's terms begin; null: one term an episode.</summary>
    internal int[]? First { get; }

    /// <summary>[N], a; null where there are none.</summary>
    internal double[]? Numerators { get; }

    /// <summary>[N], b.</summary>
    internal double[]? Denominators { get; }

    /// <summary>The number of k.</summary>
    internal int Slots { get; }

    /// <summary>Whether a finished episode's last b stays in later denominators.</summary>
    internal bool IsAbsorbing => _carry is not null;

    /// <summary>mean_i x_i.</summary>
    public static EpisodeStatistic Mean(double[] values) => new(values.Length, values, null, null, null, 0, null);

    /// <summary>mean_i c_i + sum_i a_i / sum_i b_i.</summary>
    /// <param name="numerators">[E], a.</param>
    /// <param name="denominators">[E], b.</param>
    /// <param name="offsets">[E], c; null: zeros.</param>
    public static EpisodeStatistic Ratio(double[] numerators, double[] denominators, double[]? offsets = null) =>
        new(numerators.Length, offsets, null, numerators, denominators, 1, null);

    /// <summary>mean_i c_i + sum_t (sum_i a_it) / (sum_i b_it) with finished episodes kept in the denominators.</summary>
    /// <param name="first">[E + 1], where each episode's terms begin; kept, not copied.</param>
    /// <param name="numerators">[N].</param>
    /// <param name="denominators">[N].</param>
    /// <param name="carry">[slots], what an earlier slot's denominators are multiplied by to be on this slot's scale; [0] is unused.</param>
    /// <param name="offsets">[E], c; null: zeros.</param>
    public static EpisodeStatistic AbsorbingSum(int[] first, double[] numerators, double[] denominators, double[] carry, double[]? offsets = null) =>
        new(first.Length - 1, offsets, first, numerators, denominators, carry.Length, carry);

    /// <summary>The statistic of a resample.</summary>
    /// <param name="counts">[E], how often each episode is in it; empty: each once.</param>
    public double Evaluate(ReadOnlySpan<int> counts)
    {
        var (numerator, denominator) = Sums(counts);
        return Combine(Offset(counts), numerator, denominator);
    }

    /// <summary>
    /// The empirical influence function U_i = n d(value)/d(m_i) at m = 1 (Efron and Tibshirani 1993, section 21.3): what
    /// episode i pulls the value by. Sums to 0; its mean square over n is the squared standard error.
    /// </summary>
    public double[] Influence() => _influence ??= ComputeInfluence();

    /// <summary>sqrt(sum_i U_i^2 / (n (n - 1))); for a mean this is the usual standard error. NaN for one episode.</summary>
    public double StandardError() => Episodes < 2
        ? double.NaN
        : Math.Sqrt(Influence().Sum(u => u * u) / ((double)Episodes * (Episodes - 1)));

    /// <summary>The value from the mean of c and the sums of a and b, absorbed ones included.</summary>
    internal static double Combine(double offset, ReadOnlySpan<double> numerator, ReadOnlySpan<double> denominator)
    {
        for (var k = 0; k < numerator.Length; k++)
            offset += numerator[k] / denominator[k];
        return offset;
    }

    /// <summary>Adds to the denominators what finished episodes leave in them.</summary>
    /// <param name="finished">[slots], the sum of the last b of the episodes that end at a slot.</param>
    /// <param name="denominator">[slots], of the running ones; changed.</param>
    internal void Absorb(ReadOnlySpan<double> finished, Span<double> denominator)
    {
        var absorbed = 0.0;
        for (var k = 1; _carry is not null && k < Slots; k++)
        {
            absorbed = (absorbed + finished[k - 1]) * _carry[k];
            denominator[k] += absorbed;
        }
    }

    double[] ComputeInfluence()
    {
        var (numerator, denominator) = Sums([]);
        // after[k]: what one unit of b, absorbed at slot k, does to all later slots.
        var after = new double[Slots];
        for (var k = Slots - 2; _carry is not null && k >= 0; k--)
        {
            var next = numerator[k + 1] / denominator[k + 1];
            after[k] = _carry[k + 1] * (after[k + 1] - (next / denominator[k + 1]));
        }

        var offset = Offset([]);
        var influence = new double[Episodes];
        for (var i = 0; i < influence.Length; i++)
        {
            var (first, length) = Rows(i);
            var sum = 0.0;
            for (var k = 0; k < length; k++)
                sum += (Numerators![first + k] - (numerator[k] / denominator[k] * Denominators![first + k])) / denominator[k];
            if (_carry is not null)
                sum += Denominators![first + length - 1] * after[length - 1];
            influence[i] = (Episodes * sum) + (Offsets is null ? 0 : Offsets[i] - offset);
        }

        return influence;
    }

    (int First, int Length) Rows(int episode) => Numerators is null ? (0, 0)
        : First is null ? (episode, 1)
        : (First[episode], First[episode + 1] - First[episode]);

    double Offset(ReadOnlySpan<int> counts)
    {
        if (Offsets is null)
            return 0;
        var (sum, total) = (0.0, 0L);
        for (var i = 0; i < Offsets.Length; i++)
        {
            var count = counts.IsEmpty ? 1 : counts[i];
            // An episode that is left out may be infinite.
            sum += count == 0 ? 0 : count * Offsets[i];
            total += count;
        }

        return sum / total;
    }

    (double[] Numerator, double[] Denominator) Sums(ReadOnlySpan<int> counts)
    {
        var numerator = new double[Slots];
        var denominator = new double[Slots];
        var finished = _carry is null ? [] : new double[Slots];
        for (var i = 0; i < Episodes; i++)
        {
            var count = counts.IsEmpty ? 1 : counts[i];
            if (count == 0)
                continue;
            var (first, length) = Rows(i);
            for (var k = 0; k < length; k++)
            {
                numerator[k] += count * Numerators![first + k];
                denominator[k] += count * Denominators![first + k];
            }

            if (_carry is not null)
                finished[length - 1] += count * Denominators![first + length - 1];
        }

        Absorb(finished, denominator);
        return (numerator, denominator);
    }
}
