using System.Globalization;

namespace OfflineRL.Train;

/// <summary>
/// Sees values that diverge: it measures the learner's values and errors against the largest discounted return that the data
/// knows, which no right value exceeds by much.
/// </summary>
/// <param name="range">Of the part that is learned from.</param>
/// <param name="limit">Times its scale.</param>
/// <param name="names">The learner's metrics.</param>
sealed class ValueGuard(ReturnRange range, double limit, IReadOnlyList<string> names)
{
    static readonly string[] Watched = ["q_mean", "q_max", "td_error", "value_mean"];

    bool _isOver;

    /// <summary>Whether any of a learner's metrics is a value.</summary>
    public static bool Watches(IEnumerable<string> names) => names.Any(Watched.Contains);

    /// <summary>The largest watched metric over the data's scale: about 1 or less where all is well.</summary>
    public double Ratio(ReadOnlySpan<double> means)
    {
        var largest = 0.0;
        foreach (var name in Watched)
        {
            var i = IndexOf(name);
            if (i >= 0)
                largest = Math.Max(largest, Math.Abs(means[i]));
        }

        return largest / range.Scale;
    }

    /// <summary>What to report of a line of metrics: once when the limit is passed, again only after it was kept; null for nothing.</summary>
    public string? Look(ReadOnlySpan<double> means)
    {
        var ratio = Ratio(means);
        var (was, now) = (_isOver, ratio > limit);
        _isOver = now;
        if (was || !now)
            return null;
        var found = new List<string>();
        foreach (var name in Watched)
        {
            if (IndexOf(name) is >= 0 and var i)
                found.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {means[i]:G4}"));
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"values diverge: {string.Join(", ", found)}, where discounted returns of the data lie between {range.Low:G4} and {range.High:G4} (value_ratio {ratio:G3}, guard.value_limit {limit:G3})");
    }

    int IndexOf(string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
                return i;
        }

        return -1;
    }
}
