using System.Globalization;
using OfflineRL.Datasets;
using static OfflineRL.Cli.Datasets.DatasetText;
using static OfflineRL.Datasets.HtmlPage;

namespace OfflineRL.Cli.Datasets;

/// <summary>A dataset's card as one page of HTML: no script, nothing to fetch; light and dark, on a phone and on paper.</summary>
static class CardPage
{
    const int MostActions = 60;

    const string Style = """
        svg { display: block; width: 100%; max-width: 400px; height: auto; } svg.spark { width: 110px; height: 22px; }
        svg rect { fill: var(--bar); } svg text { fill: var(--soft); font-size: 11px; font-family: inherit; } svg line { stroke: var(--line); }
        """;

    /// <summary>The page.</summary>
    public static string Write(DatasetCard card)
    {
        var html = new HtmlPage($"{card.Name}: dataset card", Style);
        Head(html, card);
        Returns(html, card);
        Actions(html, card);
        Propensities(html, card);
        Columns(html, card);
        Validation(html, card);
        Lineage(html, card.Manifest);
        return html.ToString();
    }

    static void Head(HtmlPage html, DatasetCard card)
    {
        var m = card.Manifest;
        html.Html($"<h1>{Escape(card.Name)}</h1>\n<div class=\"soft\">{Escape(m.Environment?.Id ?? "unknown environment")}; observations {Escape(CardFacts.Space(m.ObservationSpace))}; actions {Escape(CardFacts.Space(m.ActionSpace))}</div>\n");
        html.Tiles(
        [
            (Count(m.Counts.Steps), "steps"),
            (Count(m.Counts.Episodes), "episodes"),
            (Number(card.Returns.Mean), "mean return"),
            (Number(card.Lengths.Mean), "mean length"),
            (Percent(card.Propensities?.Share ?? 0), "steps with a propensity"),
            (Count(m.Counts.Rejected), "rejected rows"),
        ]);
        html.Html("<div class=\"card\">");
        html.Facts(CardFacts.Of(card).Select(f => (f.Label, f.Text, f.Label == "content" ? "hash" : "")));
        html.Html("</div>\n");
    }

    static void Returns(HtmlPage html, DatasetCard card)
    {
        html.Html("<h2>Returns and lengths</h2>\n<div class=\"pair\">\n");
        Picture(html, "Returns of episodes", card.Returns, whole: false);
        Picture(html, "Steps of episodes", card.Lengths, whole: true);
        Picture(html, "Rewards of steps", card.Rewards, whole: false);
        html.Html("</div>\n<h3 style=\"margin-top:20px\">Returns by policy, split and environment</h3>\n");
        var all = new EpisodeGroup("all episodes", card.Manifest.Counts.Episodes, card.Manifest.Counts.Steps, card.Returns.Mean, [card.Returns.Quantiles[0], card.Returns.Quantiles[2], card.Returns.Quantiles[3], card.Returns.Quantiles[4], card.Returns.Quantiles[6]]);
        IEnumerable<(string Label, EpisodeGroup Group)> groups =
        [
            ("all episodes", all),
            .. card.Policies.Select(g => ("policy " + g.Name, g)),
            .. card.Splits.Select(g => ("split " + g.Name, g)),
            .. card.Environments.Count > 1 ? card.Environments.Select(g => ("environment " + g.Name, g)) : [],
        ];
        html.Table(["", "episodes", "steps", "mean", "min", "25 %", "50 %", "75 %", "max"], groups.Select(g => (IReadOnlyList<string>)
            [Escape(g.Label), Escape(Count(g.Group.Episodes)), Escape(Count(g.Group.Steps)), Escape(Number(g.Group.MeanReturn)), .. g.Group.Quantiles.Select(q => Escape(Number(q)))]), "lnnnnnnnn");
    }

    static void Picture(HtmlPage html, string title, Distribution d, bool whole)
    {
        html.Html($"<div class=\"card\"><h3>{Escape(title)}</h3>\n");
        html.Html(CardPictures.Histogram(d.Histogram, title, whole));
        html.Html($"<div class=\"soft\">mean {Number(d.Mean)}, deviation {Number(d.Std)}, median {Number(d.Quantiles[3])}</div></div>\n");
    }

    static void Actions(HtmlPage html, DatasetCard card)
    {
        html.Heading("Action coverage");
        if (card.ActionRanges.Count > 0)
        {
            html.Table(["dimension", "bounds", "min", "max", "mean", "deviation", "at low", "at high", "covered"], card.ActionRanges.Select(r => (IReadOnlyList<string>)
            [
                Escape(Count(r.Index)), Escape($"{(r.Low is { } low ? Number(low) : "none")} to {(r.High is { } high ? Number(high) : "none")}"),
                .. CardFacts.Spread(card.Manifest.Statistics.Action[r.Index]).Select(Escape),
                Escape(Percent(r.AtLow)), Escape(Percent(r.AtHigh)), Escape(r.Covered is { } covered ? Percent(covered) : ""),
            ]), "llnnnnnnn");
            return;
        }

        var most = Math.Max(1, card.ActionCounts.Max(a => a.Steps));
        html.Table(["action", "steps", "share", ""], card.ActionCounts.Take(MostActions).Select(a => (IReadOnlyList<string>)
            [Escape(Count(a.Action)), Escape(Count(a.Steps)), Escape(Percent(a.Share)), string.Create(CultureInfo.InvariantCulture, $"<span class=\"fill\" style=\"width:{100.0 * a.Steps / most:0.##}%\"></span>")]), "lnnb");
        var rest = card.ActionCounts.Count > MostActions ? $" The table has the first {MostActions} of {Count(card.ActionCounts.Count)}." : "";
        html.Paragraph(CardFacts.Coverage(card) + rest);
    }

    static void Propensities(HtmlPage html, DatasetCard card)
    {
        html.Heading("Propensity coverage");
        foreach (var line in CardFacts.Propensities(card))
            html.Paragraph(line);
        if (card.Propensities is { } p)
            html.Table(["smallest", "1 %", "5 %", "25 %", "50 %", "75 %", "largest"], [[.. p.Quantiles.Select(q => Escape(Number(q)))]], "nnnnnnn");
    }

    static void Columns(HtmlPage html, DatasetCard card)
    {
        html.Heading("Columns");
        html.Table(["column", "min", "mean", "deviation", "max", "NaN", "missing", "distribution"], card.Columns.Select(c => (IReadOnlyList<string>)
        [
            Escape(c.Name), Escape(Text(c.Min)), Escape(Text(c.Mean)), Escape(Text(c.Std)), Escape(Text(c.Max)), Escape(Count(c.NaN)), Escape(Count(c.Missing)),
            c.Constant ? "constant" : c.Histogram is { } histogram ? CardPictures.Spark(histogram, c.Name) : "",
        ]), "lnnnnnnl");
        if (card.HistogramSteps > 0 && card.HistogramSteps < card.Manifest.Counts.Steps)
            html.Html($"<p class=\"soft\">Distributions of observations and actions are those of {Count(card.HistogramSteps)} of the {Count(card.Manifest.Counts.Steps)} steps.</p>\n");
        foreach (var text in card.Texts)
            html.Html($"<p><code>{Escape(text.Name)}</code>: about {Count(text.Different)} different texts, such as {Escape(string.Join(", ", text.Examples))}; {Count(text.Missing)} missing.</p>\n");
    }

    static void Validation(HtmlPage html, DatasetCard card)
    {
        if (card.Validation is not { } validation)
            return;
        html.Heading("What validation found");
        var rows = CardFacts.Findings(validation);
        if (rows.Count == 0)
            html.Paragraph("Nothing.");
        else
            html.Table(CardFacts.FindingColumns, rows.Select(r => (IReadOnlyList<string>)[$"<span class=\"{(r[0] is "error" or "warning" ? r[0] : "soft")}\">{Escape(r[0])}</span>", .. r.Skip(1).Select(Escape)]), "llnwww");
    }

    static void Lineage(HtmlPage html, DatasetManifest m)
    {
        html.Heading("Lineage");
        html.Html("<div class=\"card\">");
        html.Facts(CardFacts.Lineage(m).Select(f => (f.Label, f.Text, "")));
        if (m.Provenance.Config.Length > 0)
            html.Details("config", m.Provenance.Config.TrimEnd());
        html.Html("</div>\n");
        html.Heading("Files");
        html.Table(["file", "rows", "bytes", "sha256"], m.Files.Select(f => (IReadOnlyList<string>)[Escape(f.Path), Escape(Count(f.Rows)), Escape(Count(f.Bytes)), $"<span class=\"hash\">{Escape(f.Sha256)}</span>"]), "lnnw");
    }
}
