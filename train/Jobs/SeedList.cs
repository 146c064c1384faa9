using System.Globalization;

namespace OfflineRL.Train;

/// <summary>Seeds written as numbers and inclusive ranges: <c>0</c>, <c>0..4</c>, <c>0,2,5..7</c>.</summary>
public static class SeedList
{
    const int MaxSeeds = 10_000;

    /// <summary>The seeds in the order written, each once.</summary>
    /// <exception cref="Datasets.UserErrorException">A part is not a seed or a range.</exception>
    public static IReadOnlyList<ulong> Parse(IReadOnlyList<string> parts)
    {
        if (Fault(parts) is { } fault)
            Throw.User(fault);
        return [.. Expand(parts).Distinct()];
    }

    /// <summary>What is wrong with the list; null where nothing is.</summary>
    internal static string? Fault(IReadOnlyList<string> parts)
    {
        var total = 0UL;
        foreach (var part in Items(parts))
        {
            if (Range(part) is not var (first, last) || last < first)
                return $"seeds has '{part}'; expected a whole number of at least 0, or a range such as 0..4.";
            // The width may not overflow before it is compared.
            total += Math.Min(last - first, MaxSeeds) + 1;
            if (total > MaxSeeds)
                return $"seeds names more than {MaxSeeds} seeds with '{part}'; expected at most that many.";
        }

        return total == 0 ? "seeds is empty; expected at least one, for example 0 or 0..4." : null;
    }

    static IEnumerable<ulong> Expand(IReadOnlyList<string> parts)
    {
        foreach (var part in Items(parts))
        {
            var (first, last) = Range(part)!.Value;
            for (var seed = first; seed <= last; seed++)
                yield return seed;
        }
    }

    static IEnumerable<string> Items(IReadOnlyList<string> parts) =>
        parts.SelectMany(part => part.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    static (ulong First, ulong Last)? Range(string text)
    {
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var (low, high) = dots < 0 ? (text, text) : (text[..dots], text[(dots + 2)..]);
        // A seed is part of a folder's name and of JSON; doubles hold it exactly below 2^53.
        return ulong.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out var first) &&
            ulong.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < 1UL << 53
            ? (first, last)
            : null;
    }
}
