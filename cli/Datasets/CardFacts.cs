using System.Globalization;
using System.Text.Json;
using OfflineRL.Datasets;
using static OfflineRL.Cli.Datasets.DatasetText;

namespace OfflineRL.Cli.Datasets;

/// <summary>What the text and the page of a card say in the same words.</summary>
static class CardFacts
{
    public static readonly IReadOnlyList<string> FindingColumns = ["severity", "check", "count", "where", "sample", "meaning"];

    public static IEnumerable<(string Label, string Text)> Of(DatasetCard card)
    {
        var m = card.Manifest;
        yield return ("content", m.ContentHash);
        yield return ("created", m.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        yield return ("environment", m.Environment?.ToString() ?? "unknown, or it differs by episode");
        yield return ("observations", Space(m.ObservationSpace));
        yield return ("actions", Space(m.ActionSpace) + (m.ActionFeatures > 0 ? $", each with {m.ActionFeatures} features" : ""));
        yield return ("propensities", DatasetText.Propensities(m) + (m.HasBehaviorProbabilities ? ", with the whole distribution" : "") + (m.HasActionMask ? ", with action masks" : ""));
        yield return ("passed through", m.InfoColumns.Count == 0 ? "nothing" : string.Join(", ", m.InfoColumns.Select(c => c.Name)));
        yield return ("steps", Count(m.Counts.Steps));
        yield return ("episodes", $"{Count(m.Counts.Episodes)}: {Count(m.Counts.Terminated)} terminated, {Count(m.Counts.Truncated)} truncated{(card.Ends.Both > 0 ? $" ({Count(card.Ends.Both)} are both)" : "")}");
        yield return ("last states", $"the observation after the last step is known of {Count(card.Ends.FinalObservationKnown)} episodes ({Percent(card.Ends.FinalObservationKnown / (double)m.Counts.Episodes)})");
        if (card.Ends.SharedKeys > 0)
            yield return ("duplicates", $"{Count(card.Ends.SharedKeys)} episodes have the key of another one");
        if (card.FirstTime is { } first && card.LastTime is { } last)
            yield return ("times", $"{first.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} to {last.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}");
        yield return ("rejected rows", m.Counts.Rejected == 0 ? "none" : $"{Count(m.Counts.Rejected)}, see rejects/rejects.csv");
        yield return ("split", $"seed {m.Split.Seed}: " + string.Join(", ", m.Split.Fractions.Select(f => $"{f.Name} {Number(f.Fraction)} ({Count(m.Counts.EpisodesBySplit.GetValueOrDefault(f.Name))} episodes)")));
    }

    public static IEnumerable<(string Label, string Text)> Lineage(DatasetManifest m)
    {
        yield return ("made by", $"offlinerl {m.Provenance.ToolVersion} {m.Provenance.Command}".TrimEnd());
        foreach (var parent in m.Provenance.Parents)
            yield return ("parent", $"{parent.Name}, {parent.ContentHash}");
        foreach (var source in m.Provenance.Sources)
            yield return ("source", $"{source.Path}, {Count(source.Bytes)} bytes, sha256 {source.Sha256}");
        foreach (var note in m.Provenance.Notes)
            yield return ("note", note);
    }

    public static IEnumerable<string> Propensities(DatasetCard card)
    {
        var m = card.Manifest;
        if (card.Propensities is not { } p)
        {
            yield return "Unknown: what needs them refuses, until 'offlinerl ingest propensities' estimates them.";
            yield break;
        }

        yield return $"{Count(p.Steps)} of {Count(m.Counts.Steps)} steps ({Percent(p.Share)}) have {(m.PropensityKind == PropensityKind.Density ? "a log-density" : "a probability")}, {m.PropensitySource.ToString().ToLowerInvariant()}; {Count(p.ScoredEpisodes)} of {Count(m.Counts.Episodes)} episodes have them in every step.";
        yield return p.UniformSteps is { } steps
            ? $"For the uniform policy, the log is worth {Count((long)Math.Round(steps))} steps ({Percent(steps / p.Steps)}), taken one by one, and {Short(p.UniformEpisodes ?? 0)} of {Count(p.ScoredEpisodes)} episodes, taken whole."
            : "The actions are not bounded: there is no uniform policy to compare with.";
    }

    public static string Coverage(DatasetCard card)
    {
        var never = card.ActionCounts.Count(a => a.Steps == 0);
        return (never == 0 ? "Every action was taken" : $"{Count(never)} of {Count(card.ActionCounts.Count)} actions were never taken") +
            (card.ActionEntropy is { } entropy ? $"; the entropy of how often is {Percent(entropy)} of the greatest there is" : "") +
            (card.AllowedActions is { } allowed ? $"; on average {Number(allowed)} were allowed" : "") + ".";
    }

    /// <summary>Neighboring bins added up.</summary>
    public static Histogram Coarser(Histogram h, int bins)
    {
        if (h.High <= h.Low)
            return h with { Counts = [h.Counts.Sum()] };
        var each = h.Counts.Count / bins;
        return h with { Counts = [.. Enumerable.Range(0, bins).Select(i => h.Counts.Skip(i * each).Take(each).Sum())] };
    }

    /// <summary>What each bin holds: <c>low to high</c>.</summary>
    public static IReadOnlyList<string> Labels(Histogram h, bool whole)
    {
        if (h.Counts.Count == 1)
            return [Short(h.Low)];
        var width = (h.High - h.Low) / h.Counts.Count;
        return [.. h.Counts.Select((_, i) => $"{Short(Round(h.Low + (i * width)), h.High - h.Low)} to {Short(Round(h.Low + ((i + 1) * width)), h.High - h.Low)}")];

        double Round(double value) => whole && width >= 2 ? Math.Round(value) : value;
    }

    /// <summary>Rows of <see cref="FindingColumns"/>, whatever of them the file has.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Findings(JsonElement validation)
    {
        var list = validation.ValueKind == JsonValueKind.Array ? validation
            : validation.ValueKind == JsonValueKind.Object && validation.TryGetProperty("findings", out var findings) ? findings
            : default;
        return list.ValueKind != JsonValueKind.Array ? [] : [.. list.EnumerateArray().Where(f => f.ValueKind == JsonValueKind.Object).Select(f => (IReadOnlyList<string>)
            [Value(f, "severity"), Value(f, "check"), Value(f, "count"), string.Join(", ", new[] { Value(f, "file"), Row(f), Value(f, "column") }.Where(t => t.Length > 0)), Value(f, "sample"), Value(f, "meaning")])];
    }

    /// <summary>Least, greatest, mean, deviation.</summary>
    public static string[] Spread(Spread s) => [Number(s.Min), Number(s.Max), Number(s.Mean), Number(s.Std)];

    /// <summary>A space with its bounds, where all dimensions share them.</summary>
    public static string Space(Space space) => space is BoxSpace { Low: [var low, ..], High: [var high, ..] } box && box.Low.All(l => l.Equals(low)) && box.High.All(h => h.Equals(high)) && double.IsFinite(high - low) && box.ElementType == ElementType.Float32
        ? $"{space}, {Number(low)} to {Number(high)}"
        : space.ToString()!;

    /// <summary>Four digits; what is next to nothing beside <paramref name="range"/> is 0.</summary>
    public static string Short(double value, double range = 0) => (Math.Abs(value) < 1e-4 * range ? 0 : value).ToString("G4", CultureInfo.InvariantCulture);

    static string Row(JsonElement finding) => Value(finding, "row") is { Length: > 0 } row ? "row " + row : "";

    static string Value(JsonElement finding, string name) => !finding.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? "" : value.ToString();
}
