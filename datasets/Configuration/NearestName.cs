namespace OfflineRL.Datasets;

/// <summary>Suggests what a mistyped name may have meant.</summary>
public static class NearestName
{
    /// <summary>" Did you mean 'x'? Known: …" for messages; the names alone where none is near.</summary>
    public static string Hint(string name, IReadOnlyCollection<string> known)
    {
        if (known.Count == 0)
            return " There is none to choose from.";
        var nearest = known.MinBy(k => Strangeness(name, k))!;
        var guess = Strangeness(name, nearest) <= Math.Max(2, name.Length / 3) ? $" Did you mean '{nearest}'?" : "";
        return $"{guess} Known: {string.Join(", ", known)}.";
    }

    // Capitals count half, and a beginning is nearer than any other name: who writes 'cartpole' means 'CartPole-v1'.
    static double Strangeness(string name, string known)
    {
        const int LeastBeginning = 3;
        var (shorter, longer) = name.Length < known.Length ? (name, known) : (known, name);
        if (shorter.Length >= LeastBeginning && longer.StartsWith(shorter, StringComparison.OrdinalIgnoreCase))
            return 1 - (1.0 / (2 + longer.Length - shorter.Length));
        return (Distance(name, known) + Distance(name.ToUpperInvariant(), known.ToUpperInvariant())) / 2.0;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbors that lead from one to the other (optimal string alignment).</summary>
    internal static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }
}
