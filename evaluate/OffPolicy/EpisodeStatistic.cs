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
    readonly int[] _first;
    readonly double[] _numerators;
    readonly double[] _denominators;
    readonly double[]? _carry;
    readonly double[]? _offsets;
    readonly int _slots;

    EpisodeStatistic(int[] first, double[] numerators, double[] denominators, int slots, double[]? carry, double[]? offsets)
    {
        (_first, _numerators, _denominators, _slots, _carry, _offsets) = (first, numerators, denominators, slots, carry, offsets);
        Value = Evaluate([]);
    }

    /// <summary>The statistic with every episode counted once; NaN where a denominator is 0.</summary>
    public double Value { get; }

    /// <summary>n.</summary>
    public int Episodes => _first.Length - 1;

    /// <summary>mean_i x_i.</summary>
    public static EpisodeStatistic Mean(double[] values) =>
        Ratio(values, Enumerable.Repeat(1.0, values.Length).ToArray());

    /// <summary>mean_i c_i + sum_i a_i / sum_i b_i.</summary>
    /// <param name="numerators">[E], a.</param>
    /// <param name="denominators">[E], b.</param>
    /// <param name="offsets">[E], c; null: zeros.</param>
    public static EpisodeStatistic Ratio(double[] numerators, double[] denominators, double[]? offsets = null) =>
        new(Enumerable.Range(0, numerators.Length + 1).ToArray(), numerators, denominators, 1, null, offsets);

    /// <summary>mean_i c_i + sum_t (sum_i a_it) / (sum_i b_it) with finished episodes kept in the denominators.</summary>
    /// <param name="first">[E + 1], where each episode's terms begin.</param>
    /// <param name="numerators">[N].</param>
    /// <param name="denominators">[N].</param>
    /// <param name="carry">[slots], what an earlier slot's denominators are multiplied by to be on this slot's scale; [0] is unused.</param>
    /// <param name="offsets">[E], c; null: zeros.</param>
    public static EpisodeStatistic AbsorbingSum(ReadOnlySpan<int> first, double[] numerators, double[] denominators, double[] carry, double[]? offsets = null) =>
        new(first.ToArray(), numerators, denominators, carry.Length, carry, offsets);

    /// <summary>The statistic of a resample.</summary>
    /// <param name="counts">[E], how often each episode is in it; empty: each once.</param>
    public double Evaluate(ReadOnlySpan<int> counts)
    {
        var (numerator, denominator) = Sums(counts);
        var value = Offset(counts);
        for (var k = 0; k < _slots; k++)
            value += numerator[k] / denominator[k];
        return value;
    }

    /// <summary>
    /// The empirical influence function U_i = n d(value)/d(m_i) at m = 1 (Efron and Tibshirani 1993, section 21.3): what
    /// episode i pulls the value by. Sums to 0; its mean square over n is the squared standard error.
    /// </summary>
    public double[] Influence()
    {
        var (numerator, denominator) = Sums([]);
        // after[k]: what one unit of b, absorbed at slot k, does to all later slots.
        var after = new double[_slots];
        for (var k = _slots - 2; _carry is not null && k >= 0; k--)
        {
            var next = numerator[k + 1] / denominator[k + 1];
            after[k] = _carry[k + 1] * (after[k + 1] - (next / denominator[k + 1]));
        }

        var offset = Offset([]);
        var influence = new double[Episodes];
        for (var i = 0; i < influence.Length; i++)
        {
            var sum = 0.0;
            for (var row = _first[i]; row < _first[i + 1]; row++)
            {
                var k = row - _first[i];
                sum += (_numerators[row] - (numerator[k] / denominator[k] * _denominators[row])) / denominator[k];
            }

            var last = _first[i + 1] - 1;
            influence[i] = Episodes * (sum + (_denominators[last] * after[last - _first[i]]));
            if (_offsets is not null)
                influence[i] += _offsets[i] - offset;
        }

        return influence;
    }

    /// <summary>sqrt(sum_i U_i^2 / (n (n - 1))); for a mean this is the usual standard error. NaN for one episode.</summary>
    public double StandardError() => Episodes < 2
        ? double.NaN
        : Math.Sqrt(Influence().Sum(u => u * u) / ((double)Episodes * (Episodes - 1)));

    double Offset(ReadOnlySpan<int> counts)
    {
        if (_offsets is null)
            return 0;
        var (sum, total) = (0.0, 0L);
        for (var i = 0; i < _offsets.Length; i++)
        {
            var count = counts.IsEmpty ? 1 : counts[i];
            sum += count * _offsets[i];
            total += count;
        }

        return sum / total;
    }

    (double[] Numerator, double[] Denominator) Sums(ReadOnlySpan<int> counts)
    {
        var numerator = new double[_slots];
        var denominator = new double[_slots];
        var finished = _carry is null ? [] : new double[_slots];
        for (var i = 0; i < Episodes; i++)
        {
            var count = counts.IsEmpty ? 1 : counts[i];
            if (count == 0)
                continue;
            var length = _first[i + 1] - _first[i];
            for (var k = 0; k < length; k++)
            {
                numerator[k] += count * _numerators[_first[i] + k];
                denominator[k] += count * _denominators[_first[i] + k];
            }

            if (_carry is not null)
                finished[length - 1] += count * _denominators[_first[i] + length - 1];
        }

        var absorbed = 0.0;
        for (var k = 1; _carry is not null && k < _slots; k++)
        {
            absorbed = (absorbed + finished[k - 1]) * _carry[k];
            denominator[k] += absorbed;
        }

        return (numerator, denominator);
    }
}
