using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using static OfflineRL.Cli.Datasets.DatasetText;

namespace OfflineRL.Cli.Datasets;

/// <summary>Writes a dataset's card on the terminal.</summary>
static class CardText
{
    const int MostRows = 40, BarWidth = 40;

    public static void Write(DatasetCard card)
    {
        var m = card.Manifest;
        Facts(card, m);
        Section("Returns");
        Groups(card);
        Histogram(card.Returns.Histogram, whole: false);
        Section("Lengths (steps of an episode)");
        Quantiles(card.Lengths);
        Histogram(card.Lengths.Histogram, whole: true);
        Section("Rewards");
        Quantiles(card.Rewards);
        Histogram(card.Rewards.Histogram, whole: false);
        Section("Actions");
        Actions(card);
        Section("Propensities");
        Propensity(card);
        Section("Columns");
        Columns(card);
        Validation(card);
        Lineage(m);
        Section("Files");
        Tables.Write(["file", "rows", "bytes", "sha256"], m.Files.Select(f => (IReadOnlyList<string>)[f.Path, Count(f.Rows), Count(f.Bytes), f.Sha256]), Right(1, 2));
    }

    static void Facts(DatasetCard card, DatasetManifest m)
    {
        Line("dataset", m.FullName);
        Line("folder", card.Folder);
        foreach (var (label, text) in CardFacts.Of(card))
            Line(label, text);
    }

    static void Groups(DatasetCard card)
    {
        IEnumerable<IReadOnlyList<string>> rows =
        [
            Row("all episodes", card.Manifest.Counts.Episodes, card.Manifest.Counts.Steps, card.Returns.Mean, [card.Returns.Quantiles[0], card.Returns.Quantiles[2], card.Returns.Quantiles[3], card.Returns.Quantiles[4], card.Returns.Quantiles[6]]),
            .. card.Policies.Select(g => Row("policy " + g.Name, g)),
            .. card.Splits.Select(g => Row("split " + g.Name, g)),
            .. card.Environments.Count > 1 ? card.Environments.Select(g => Row("environment " + g.Name, g)) : [],
        ];
        Tables.Write(["episodes of", "episodes", "steps", "mean", "min", "25 %", "50 %", "75 %", "max"], rows, Right(1, 2, 3, 4, 5, 6, 7, 8));
    }

    static string[] Row(string label, EpisodeGroup g) => Row(label, g.Episodes, g.Steps, g.MeanReturn, g.Quantiles);

    static string[] Row(string label, long episodes, long steps, double mean, IEnumerable<double> quantiles) =>
        [label, Count(episodes), Count(steps), Number(mean), .. quantiles.Select(Number)];

    static void Quantiles(Distribution d) => Tables.Write(
        ["mean", "deviation", "min", "5 %", "25 %", "50 %", "75 %", "95 %", "max"],
        [[Number(d.Mean), Number(d.Std), .. d.Quantiles.Select(Number)]],
        Right(0, 1, 2, 3, 4, 5, 6, 7, 8));

    static void Histogram(Histogram histogram, bool whole)
    {
        Console.WriteLine();
        var bins = CardFacts.Coarser(histogram, 10);
        var most = Math.Max(1, bins.Counts.Max());
        var labels = CardFacts.Labels(bins, whole);
        var width = labels.Max(l => l.Length);
        for (var i = 0; i < bins.Counts.Count; i++)
            Console.WriteLine($"  {labels[i].PadLeft(width)}  {Bar(bins.Counts[i] / (double)most)} {Count(bins.Counts[i])}");
    }

    // Eighths of a cell, so that small counts are seen.
    static string Bar(double share)
    {
        var eighths = (int)Math.Round(share * BarWidth * 8);
        if (share > 0 && eighths == 0)
            eighths = 1;
        var rest = eighths % 8;
        return new string('█', eighths / 8) + (rest == 0 ? "" : "▏▎▍▌▋▊▉"[rest - 1].ToString());
    }

    static void Actions(DatasetCard card)
    {
        if (card.ActionRanges.Count > 0)
        {
            Tables.Write(
                ["dimension", "low", "high", "min", "max", "mean", "deviation", "at low", "at high", "covered"],
                card.ActionRanges.Take(MostRows).Select(r => (IReadOnlyList<string>)
                [
                    Count(r.Index), r.Low is { } low ? Number(low) : "none", r.High is { } high ? Number(high) : "none",
                    .. CardFacts.Spread(card.Manifest.Statistics.Action[r.Index]),
                    Percent(r.AtLow), Percent(r.AtHigh), r.Covered is { } covered ? Percent(covered) : "",
                ]),
                Right(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
            More(card.ActionRanges.Count, "dimensions");
            return;
        }

        var most = Math.Max(1, card.ActionCounts.Max(a => a.Steps));
        Tables.Write(
            ["action", "steps", "share", ""],
            card.ActionCounts.Take(MostRows).Select(a => (IReadOnlyList<string>)[Count(a.Action), Count(a.Steps), Percent(a.Share), Bar(a.Steps / (double)most / 2)]),
            Right(0, 1, 2));
        More(card.ActionCounts.Count, "actions");
        Console.WriteLine(CardFacts.Coverage(card));
    }

    static void Propensity(DatasetCard card)
    {
        foreach (var line in CardFacts.Propensities(card))
            Console.WriteLine(line);
        if (card.Propensities is { } p)
            Tables.Write(["min", "1 %", "5 %", "25 %", "50 %", "75 %", "max"], [[.. p.Quantiles.Select(Number)]], Right(0, 1, 2, 3, 4, 5, 6));
    }

    static void Columns(DatasetCard card)
    {
        Tables.Write(
            ["column", "min", "mean", "deviation", "max", "NaN", "missing", "distribution"],
            card.Columns.Take(MostRows).Select(c => (IReadOnlyList<string>)
                [c.Name, Text(c.Min), Text(c.Mean), Text(c.Std), Text(c.Max), Zero(c.NaN), Zero(c.Missing), c.Constant ? "constant" : Spark(c.Histogram)]),
            Right(1, 2, 3, 4, 5, 6));
        More(card.Columns.Count, "columns");
        if (card.HistogramSteps > 0 && card.HistogramSteps < card.Manifest.Counts.Steps)
            Console.WriteLine($"Distributions of observations and actions are those of {Count(card.HistogramSteps)} of the {Count(card.Manifest.Counts.Steps)} steps.");
        foreach (var text in card.Texts)
            Console.WriteLine($"{text.Name}: about {Count(text.Different)} different texts, such as {string.Join(", ", text.Examples)}; {Count(text.Missing)} missing");
    }

    static string Spark(Histogram? histogram)
    {
        if (histogram is null)
            return "";
        var most = Math.Max(1, histogram.Counts.Max());
        return string.Concat(histogram.Counts.Select(c => c == 0 ? ' ' : "▁▂▃▄▅▆▇█"[(int)Math.Min(7, c * 8.0 / (most + 1))]));
    }

    static void Validation(DatasetCard card)
    {
        if (card.Validation is not { } validation)
            return;
        Section("Validation");
        var rows = CardFacts.Findings(validation);
        if (rows.Count == 0)
            Console.WriteLine("nothing was found");
        else
            Tables.Write(CardFacts.FindingColumns, rows);
    }

    static void Lineage(DatasetManifest m)
    {
        Section("Lineage");
        foreach (var (label, text) in CardFacts.Lineage(m))
            Line(label, text);
        if (m.Provenance.Config.Length == 0)
            return;
        Line("config", "");
        foreach (var line in m.Provenance.Config.TrimEnd().Split('\n'))
            Console.WriteLine("  " + line);
    }

    static void More(int count, string what)
    {
        if (count > MostRows)
            Console.WriteLine($"… and {Count(count - MostRows)} more {what}; --json and --html show all");
    }

    static string Zero(long count) => count == 0 ? "" : Count(count);

    static void Section(string title) => Console.WriteLine($"\n{title}");

    static void Line(string label, string text) => Console.WriteLine($"{label + ":",-16}{text}".TrimEnd());

    static HashSet<int> Right(params int[] columns) => [.. columns];
}
