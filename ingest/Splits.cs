using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Turns a config's <c>split</c> into the rule that datasets keep.</summary>
static class Splits
{
    /// <param name="fractions">By part, in order; none: everything is <c>train</c>.</param>
    /// <param name="seed">Of the hash.</param>
    public static SplitRule Rule(IReadOnlyDictionary<string, double> fractions, ulong seed) => fractions.Count == 0
        ? SplitRule.AllTrain
        : new SplitRule(seed, fractions.Select(f => new SplitFraction(f.Key, f.Value)).ToList());
}
