using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>Finds what differs in how two reports were made.</summary>
static class ReportChanges
{
    public static IReadOnlyList<ChangeRow> Of(ReportSummary before, string configBefore, ReportSummary after, string configAfter)
    {
        var rows = new List<ChangeRow>();
        Add("code", "offlinerl", before.ToolVersion, after.ToolVersion);
        Compare("config", Flat(configBefore), Flat(configAfter));
        Compare("data", Hashes(before), Hashes(after));
        Add("environment", "of the log", before.Environment, after.Environment);
        Compare("policy", Policies(before), Policies(after));
        Compare("snapshot", Snapshots(before), Snapshots(after), inBoth: true);
        return rows;

        void Compare(string what, IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> @new, bool inBoth = false)
        {
            foreach (var key in old.Keys.Concat(@new.Keys).Distinct().Where(k => !inBoth || (old.ContainsKey(k) && @new.ContainsKey(k))))
                Add(what, key, old.GetValueOrDefault(key), @new.GetValueOrDefault(key));
        }

        void Add(string what, string name, string? old, string? @new)
        {
            if (old != @new)
                rows.Add(new ChangeRow(what, name, old, @new));
        }
    }

    static Dictionary<string, string> Hashes(ReportSummary summary) =>
        summary.Datasets.GroupBy(d => d.Name).ToDictionary(g => g.Key, g => string.Join(", ", g.Select(d => d.ContentHash)), StringComparer.Ordinal);

    static Dictionary<string, string> Policies(ReportSummary summary) => summary.Policies
        .GroupBy(p => $"{p.Policy} ({p.Algorithm})")
        .ToDictionary(g => g.Key, g => $"seeds {Numbers(g.SelectMany(p => p.Seeds))}; steps {Numbers(g.SelectMany(p => p.Steps.Select(s => (long)s)))}", StringComparer.Ordinal);

    static Dictionary<string, string> Snapshots(ReportSummary summary) => summary.Snapshots
        .GroupBy(s => FormattableString.Invariant($"{s.Policy} ({s.Algorithm}), seed {s.Seed}, step {s.Step}"))
        .ToDictionary(g => g.Key, g => g.First().ContentHash, StringComparer.Ordinal);

    static string Numbers(IEnumerable<long> numbers) => string.Join(", ", numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)).DefaultIfEmpty("none"));

    /// <summary>Keys with their path, and their values as the file has them; a list is a value.</summary>
    static Dictionary<string, string> Flat(string yaml)
    {
        var flat = new Dictionary<string, string>(StringComparer.Ordinal);
        var path = new List<(int Indent, string Key)>();
        foreach (var line in yaml.Split('\n'))
        {
            var text = line.Trim();
            var indent = line.Length - line.TrimStart().Length;
            if (text.Length == 0 || text.StartsWith('#'))
                continue;
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (text.StartsWith('-') || colon < 0)
            {
                if (path.Count > 0)
                    Append(string.Join('.', path.Select(p => p.Key)), text);
                continue;
            }

            path.RemoveAll(p => p.Indent >= indent);
            path.Add((indent, text[..colon]));
            if (text[(colon + 1)..].Trim() is { Length: > 0 } value)
                Append(string.Join('.', path.Select(p => p.Key)), value);
        }

        return flat;

        void Append(string key, string value) => flat[key] = flat.TryGetValue(key, out var there) ? $"{there} {value}" : value;
    }
}
