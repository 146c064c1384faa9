using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// Assigns whole episodes to named parts by a hash of seed and key, so that the same episode falls into the same part in every
/// dataset that holds it, whatever the order of rows, and adding episodes moves none.
/// </summary>
/// <param name="Seed">Another seed gives another, independent assignment.</param>
/// <param name="Fractions">In order; they sum to 1.</param>
public sealed record SplitRule(ulong Seed, IReadOnlyList<SplitFraction> Fractions)
{
    /// <summary>Every episode is <c>train</c>.</summary>
    public static SplitRule AllTrain { get; } = new(0, [new("train", 1)]);

    /// <summary>The part of <paramref name="key"/>, as an index into <see cref="Fractions"/>.</summary>
    public int IndexOf(string key)
    {
        double point = Point(Seed, key);
        double upper = 0;
        for (int i = 0; i < Fractions.Count - 1; i++)
        {
            upper += Fractions[i].Fraction;
            if (point < upper)
            {
                return i;
            }
        }

        return Fractions.Count - 1;
    }

    /// <summary>The part of <paramref name="key"/>.</summary>
    public string PartOf(string key) => Fractions[IndexOf(key)].Name;

    /// <summary>The key's place in [0, 1): the upper 53 bits of SHA-256 over "seed:key" in UTF-8.</summary>
    public static double Point(ulong seed, string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}:{key}"), hash);
        return (System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Parses <c>train=0.8,val=0.1,test=0.1</c>.</summary>
    /// <exception cref="UserErrorException">Not of that form, a fraction outside (0, 1], a repeated name, or a sum other than 1.</exception>
    public static SplitRule Parse(string text, ulong seed)
    {
        List<SplitFraction> parts = [];
        foreach (string item in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] pair = item.Split('=', StringSplitOptions.TrimEntries);
            if (pair.Length != 2 || !double.TryParse(pair[1], System.Globalization.CultureInfo.InvariantCulture, out double fraction))
            {
                throw new UserErrorException($"The split part '{item}' is not of the form name=fraction; write for example train=0.8,test=0.2.");
            }

            parts.Add(new(pair[0], fraction));
        }

        SplitRule rule = new(seed, parts);
        string[] faults = [.. rule.Validate()];
        return faults.Length == 0 ? rule : throw new UserErrorException($"The split '{text}': {string.Join("; ", faults)}.");
    }

    /// <summary>All faults of the rule; empty where it is sound.</summary>
    public IEnumerable<string> Validate()
    {
        if (Fractions.Count is 0 or > 255)
        {
            yield return $"{Fractions.Count} parts found, 1 to 255 expected";
        }

        foreach (SplitFraction part in Fractions)
        {
            if (part.Name.Length == 0 || !part.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            {
                yield return $"the name '{part.Name}' has other characters than letters, digits, '_' and '-'";
            }

            if (!(part.Fraction is > 0 and <= 1))
            {
                yield return FormattableString.Invariant($"the fraction of '{part.Name}' is {part.Fraction}, not within (0, 1]");
            }
        }

        foreach (IGrouping<string, SplitFraction> group in Fractions.GroupBy(p => p.Name).Where(g => g.Count() > 1))
        {
            yield return $"'{group.Key}' appears {group.Count()} times";
        }

        double sum = Fractions.Sum(p => p.Fraction);
        if (!(Math.Abs(sum - 1) <= 1e-9))
        {
            yield return FormattableString.Invariant($"the fractions sum to {sum}, not to 1");
        }
    }
}
