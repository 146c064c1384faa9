namespace OfflineRL.Evaluate;

/// <summary>How alike two orders are. Pairs with a NaN are left out; NaN where fewer than two are left, or one side is constant.</summary>
public static class RankCorrelation
{
    /// <summary>Spearman's rho: Pearson's correlation of the ranks, ties sharing their mean rank.</summary>
    /// <param name="x">[N].</param>
    /// <param name="y">[N].</param>
    public static double Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var (left, right) = Defined(x, y);
        var (a, b) = (Ranks(left), Ranks(right));
        // Ranks of n values always have this mean.
        var mean = (a.Length + 1) / 2.0;
        var (product, squareA, squareB) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            product += (a[i] - mean) * (b[i] - mean);
            squareA += (a[i] - mean) * (a[i] - mean);
            squareB += (b[i] - mean) * (b[i] - mean);
        }

        return squareA > 0 && squareB > 0 ? product / Math.Sqrt(squareA * squareB) : double.NaN;
    }

    /// <summary>
    /// Kendall's tau-b: (concordant - discordant) / sqrt((pairs not tied in x) (pairs not tied in y)), over all N (N - 1) / 2 pairs.
    /// </summary>
    /// <param name="x">[N].</param>
    /// <param name="y">[N].</param>
    public static double Kendall(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var (left, right) = Defined(x, y);
        var (balance, untiedX, untiedY) = (0L, 0L, 0L);
        for (var i = 1; i < left.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (a, b) = (left[i].CompareTo(left[j]), right[i].CompareTo(right[j]));
                balance += a * b;
                untiedX += a * a;
                untiedY += b * b;
            }
        }

        return untiedX > 0 && untiedY > 0 ? balance / Math.Sqrt((double)untiedX * untiedY) : double.NaN;
    }

    /// <summary>Ranks from 1, the smallest first; equal values share the mean of their ranks.</summary>
    public static double[] Ranks(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        var order = Enumerable.Range(0, sorted.Length).ToArray();
        Array.Sort(sorted, order);
        var ranks = new double[sorted.Length];
        for (var first = 0; first < sorted.Length;)
        {
            var end = first + 1;
            while (end < sorted.Length && sorted[end] == sorted[first])
                end++;
            for (var i = first; i < end; i++)
                ranks[order[i]] = (first + 1 + end) / 2.0;
            first = end;
        }

        return ranks;
    }

    static (double[] X, double[] Y) Defined(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var (left, right) = (new List<double>(x.Length), new List<double>(x.Length));
        for (var i = 0; i < x.Length; i++)
        {
            if (double.IsNaN(x[i]) || double.IsNaN(y[i]))
                continue;
            left.Add(x[i]);
            right.Add(y[i]);
        }

        return ([.. left], [.. right]);
    }
}
