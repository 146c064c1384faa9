using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Compares a manifest's statistics with those of the rows.</summary>
static class StatisticsRules
{
    // Sums of another order differ in their last digits.
    const double Tolerance = 1e-6;

    /// <returns>One text for each number that differs; empty where all agree.</returns>
    public static IEnumerable<string> Differences(DatasetStatistics found, DatasetStatistics stated) =>
    [
        .. Compare("observation", found.Observation, stated.Observation),
        .. Compare("action", found.Action, stated.Action),
        .. Compare("reward", One(found.Reward), One(stated.Reward)),
        .. Compare("return", One(found.Return), One(stated.Return)),
        .. Compare("episode_steps", One(found.EpisodeSteps), One(stated.EpisodeSteps)),
        .. found.ActionCounts.SequenceEqual(stated.ActionCounts)
            ? (string[])[]
            : [$"statistics: actions were taken {string.Join(", ", found.ActionCounts)} times, the manifest says {string.Join(", ", stated.ActionCounts)}"],
    ];

    static IReadOnlyList<Spread> One(Spread? spread) => spread is null ? [] : [spread];

    static IEnumerable<string> Compare(string name, IReadOnlyList<Spread> found, IReadOnlyList<Spread> stated)
    {
        if (found.Count != stated.Count)
        {
            yield return $"statistics: {name} has {found.Count} entries, the manifest says {stated.Count}";
            yield break;
        }

        for (int i = 0; i < found.Count; i++)
        {
            if (!Same(found[i], stated[i]))
            {
                yield return $"statistics: {name}{(found.Count > 1 ? $" {i}" : "")} has {Text(found[i])}, the manifest says {Text(stated[i])}";
            }
        }
    }

    static bool Same(Spread a, Spread b)
    {
        double scale = Math.Max(Math.Max(Math.Abs(a.Min), Math.Abs(a.Max)), double.Epsilon);
        return a.Min.Equals(b.Min) && a.Max.Equals(b.Max) && Near(a.Mean, b.Mean, scale) && Near(a.Std, b.Std, scale);
    }

    // Squares of numbers near the largest double have no sum: which non-number comes out depends on the order, too.
    static bool Near(double a, double b, double scale) => Math.Abs(a - b) <= Tolerance * scale || (!double.IsFinite(a) && !double.IsFinite(b));

    static string Text(Spread s) => string.Create(CultureInfo.InvariantCulture, $"mean {s.Mean:G9}, std {s.Std:G9}, {s.Min:G9} to {s.Max:G9}");
}
