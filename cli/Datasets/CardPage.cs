using System.Globalization;
using System.Net;
using System.Text;
using OfflineRL.Datasets;
using static OfflineRL.Cli.Datasets.DatasetText;

namespace OfflineRL.Cli.Datasets;

/// <summary>A dataset's card as one page of HTML: no script, nothing to fetch; light and dark, on a phone and on paper.</summary>
static class CardPage
{
    const int MostActions = 60;

    const string Style = """
        :root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea; --page: #f6f7f9; --card: #ffffff; --bar: #2f6fde; --warn: #b3541e; --error: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #2c3442; --page: #12161d; --card: #1a202a; --bar: #6ea0ff; --warn: #f0a35e; --error: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 1060px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 18px; margin: 32px 0 12px; }
        h3 { font-size: 14px; margin: 0 0 8px; color: var(--soft); font-weight: 600; }
        p { margin: 8px 0; }
        .soft, .hash { color: var(--soft); }
        .hash, code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; overflow-wrap: anywhere; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(122px, 1fr)); gap: 12px; margin: 20px 0; }
        .tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
        .tile b { display: block; font-size: 22px; line-height: 1.25; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--soft); font-size: 13px; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 12px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
        th { text-align: left; color: var(--soft); font-weight: 600; font-size: 12px; }
        th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: middle; white-space: nowrap; }
        tr:last-child td { border-bottom: 0; }
        td.n, th.n { text-align: right; }
        td.wide { white-space: normal; min-width: 220px; overflow-wrap: anywhere; }
        td.bar { width: 40%; min-width: 90px; padding-right: 0; }
        .fill { display: block; height: 12px; border-radius: 3px; background: var(--bar); min-width: 1px; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        svg { display: block; width: 100%; max-width: 400px; height: auto; } svg.spark { width: 110px; height: 22px; }
        svg rect { fill: var(--bar); } svg text { fill: var(--soft); font-size: 11px; font-family: inherit; } svg line { stroke: var(--line); }
        pre { background: var(--page); border-radius: 8px; padding: 12px; overflow-x: auto; white-space: pre-wrap; }
        summary { cursor: pointer; color: var(--soft); }
        .warning { color: var(--warn); } .error { color: var(--error); }
        @media (max-width: 520px) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; } h1 { font-size: 22px; } }
        @media print { :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --bar: #555; } body { font-size: 11px; } main { padding: 0; max-width: none; } .tile, .card, tr, svg { break-inside: avoid; } h2 { break-after: avoid; } * { print-color-adjust: exact; } .scroll { overflow: visible; } th, td { white-space: normal; padding-right: 8px; } }
        """;

    /// <summary>The page.</summary>
    public static string Write(DatasetCard card)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(card.Name)}: dataset card</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<main>\n");
        Head(html, card);
        Returns(html, card);
        Actions(html, card);
        Propensities(html, card);
        Columns(html, card);
        Validation(html, card);
        Lineage(html, card.Manifest);
        html.Append("</main>\n</body>\n</html>\n");
        return html.ToString();
    }

    static void Head(StringBuilder html, DatasetCard card)
    {
        var m = card.Manifest;
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Escape(card.Name)}</h1>\n<div class=\"soft\">{Escape(m.Environment?.Id ?? "unknown environment")}; observations {Escape(CardFacts.Space(m.ObservationSpace))}; actions {Escape(CardFacts.Space(m.ActionSpace))}</div>\n");
        html.Append("<div class=\"tiles\">\n");
        Tile(html, Count(m.Counts.Steps), "steps");
        Tile(html, Count(m.Counts.Episodes), "episodes");
        Tile(html, Number(card.Returns.Mean), "mean return");
        Tile(html, Number(card.Lengths.Mean), "mean length");
        Tile(html, Percent(card.Propensities?.Share ?? 0), "steps with a propensity");
        Tile(html, Count(m.Counts.Rejected), "rejected rows");
        html.Append("</div>\n<div class=\"card\"><dl>\n");
        foreach (var (label, text) in CardFacts.Of(card))
            html.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(label)}</dt><dd{(label == "content" ? " class=\"hash\"" : "")}>{Escape(text)}</dd>\n");
        html.Append("</dl></div>\n");
    }

    static void Tile(StringBuilder html, string number, string what) =>
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"tile\"><b>{Escape(number)}</b><span>{Escape(what)}</span></div>\n");

    static void Returns(StringBuilder html, DatasetCard card)
    {
        html.Append("<h2>Returns and lengths</h2>\n<div class=\"pair\">\n");
        Picture(html, "Returns of episodes", card.Returns, whole: false);
        Picture(html, "Steps of episodes", card.Lengths, whole: true);
        Picture(html, "Rewards of steps", card.Rewards, whole: false);
        html.Append("</div>\n<h3 style=\"margin-top:20px\">Returns by policy, split and environment</h3>\n");
        var all = new EpisodeGroup("all episodes", card.Manifest.Counts.Episodes, card.Manifest.Counts.Steps, card.Returns.Mean, [card.Returns.Quantiles[0], card.Returns.Quantiles[2], card.Returns.Quantiles[3], card.Returns.Quantiles[4], card.Returns.Quantiles[6]]);
        IEnumerable<(string Label, EpisodeGroup Group)> groups =
        [
            ("all episodes", all),
            .. card.Policies.Select(g => ("policy " + g.Name, g)),
            .. card.Splits.Select(g => ("split " + g.Name, g)),
            .. card.Environments.Count > 1 ? card.Environments.Select(g => ("environment " + g.Name, g)) : [],
        ];
        Table(html, ["", "episodes", "steps", "mean", "min", "25 %", "50 %", "75 %", "max"], groups.Select(g => (IReadOnlyList<string>)
            [Cell(g.Label), Cell(Count(g.Group.Episodes)), Cell(Count(g.Group.Steps)), Cell(Number(g.Group.MeanReturn)), .. g.Group.Quantiles.Select(q => Cell(Number(q)))]), "lnnnnnnnn");
    }

    static void Picture(StringBuilder html, string title, Distribution d, bool whole)
    {
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"card\"><h3>{Escape(title)}</h3>\n");
        html.Append(CardPictures.Histogram(d.Histogram, title, whole));
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"soft\">mean {Number(d.Mean)}, deviation {Number(d.Std)}, median {Number(d.Quantiles[3])}</div></div>\n");
    }

    static void Actions(StringBuilder html, DatasetCard card)
    {
        html.Append("<h2>Action coverage</h2>\n");
        if (card.ActionRanges.Count > 0)
        {
            Table(html, ["dimension", "bounds", "min", "max", "mean", "deviation", "at low", "at high", "covered"], card.ActionRanges.Select(r => (IReadOnlyList<string>)
            [
                Cell(Count(r.Index)), Cell($"{(r.Low is { } low ? Number(low) : "none")} to {(r.High is { } high ? Number(high) : "none")}"),
                .. CardFacts.Spread(card.Manifest.Statistics.Action[r.Index]).Select(Cell),
                Cell(Percent(r.AtLow)), Cell(Percent(r.AtHigh)), Cell(r.Covered is { } covered ? Percent(covered) : ""),
            ]), "llnnnnnnn");
            return;
        }

        var most = Math.Max(1, card.ActionCounts.Max(a => a.Steps));
        Table(html, ["action", "steps", "share", ""], card.ActionCounts.Take(MostActions).Select(a => (IReadOnlyList<string>)
            [Cell(Count(a.Action)), Cell(Count(a.Steps)), Cell(Percent(a.Share)), string.Create(CultureInfo.InvariantCulture, $"<span class=\"fill\" style=\"width:{100.0 * a.Steps / most:0.##}%\"></span>")]), "lnnb");
        var rest = card.ActionCounts.Count > MostActions ? $" The table has the first {MostActions} of {Count(card.ActionCounts.Count)}." : "";
        html.Append(CultureInfo.InvariantCulture, $"<p>{Escape(CardFacts.Coverage(card) + rest)}</p>\n");
    }

    static void Propensities(StringBuilder html, DatasetCard card)
    {
        html.Append("<h2>Propensity coverage</h2>\n");
        foreach (var line in CardFacts.Propensities(card))
            html.Append(CultureInfo.InvariantCulture, $"<p>{Escape(line)}</p>\n");
        if (card.Propensities is { } p)
            Table(html, ["smallest", "1 %", "5 %", "25 %", "50 %", "75 %", "largest"], [[.. p.Quantiles.Select(q => Cell(Number(q)))]], "nnnnnnn");
    }

    static void Columns(StringBuilder html, DatasetCard card)
    {
        html.Append("<h2>Columns</h2>\n");
        Table(html, ["column", "min", "mean", "deviation", "max", "NaN", "missing", "distribution"], card.Columns.Select(c => (IReadOnlyList<string>)
        [
            Cell(c.Name), Cell(Text(c.Min)), Cell(Text(c.Mean)), Cell(Text(c.Std)), Cell(Text(c.Max)), Cell(Count(c.NaN)), Cell(Count(c.Missing)),
            c.Constant ? "constant" : c.Histogram is { } histogram ? CardPictures.Spark(histogram, c.Name) : "",
        ]), "lnnnnnnl");
        if (card.HistogramSteps > 0 && card.HistogramSteps < card.Manifest.Counts.Steps)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">Distributions of observations and actions are those of {Count(card.HistogramSteps)} of the {Count(card.Manifest.Counts.Steps)} steps.</p>\n");
        foreach (var text in card.Texts)
            html.Append(CultureInfo.InvariantCulture, $"<p><code>{Escape(text.Name)}</code>: about {Count(text.Different)} different texts, such as {Escape(string.Join(", ", text.Examples))}; {Count(text.Missing)} missing.</p>\n");
    }

    static void Validation(StringBuilder html, DatasetCard card)
    {
        if (card.Validation is not { } validation)
            return;
        html.Append("<h2>What validation found</h2>\n");
        var rows = CardFacts.Findings(validation);
        if (rows.Count == 0)
            html.Append("<p>Nothing.</p>\n");
        else
            Table(html, CardFacts.FindingColumns, rows.Select(r => (IReadOnlyList<string>)[$"<span class=\"{(r[0] is "error" or "warning" ? r[0] : "soft")}\">{Escape(r[0])}</span>", .. r.Skip(1).Select(Cell)]), "llnwww");
    }

    static void Lineage(StringBuilder html, DatasetManifest m)
    {
        html.Append("<h2>Lineage</h2>\n<div class=\"card\"><dl>\n");
        foreach (var (label, text) in CardFacts.Lineage(m))
            html.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(label)}</dt><dd>{Escape(text)}</dd>\n");
        html.Append("</dl>\n");
        if (m.Provenance.Config.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<details><summary>config</summary><pre>{Escape(m.Provenance.Config.TrimEnd())}</pre></details>\n");
        html.Append("</div>\n<h2>Files</h2>\n");
        Table(html, ["file", "rows", "bytes", "sha256"], m.Files.Select(f => (IReadOnlyList<string>)[Cell(f.Path), Cell(Count(f.Rows)), Cell(Count(f.Bytes)), $"<span class=\"hash\">{Escape(f.Sha256)}</span>"]), "lnnw");
    }

    /// <param name="html">Gets it.</param>
    /// <param name="headers">Texts.</param>
    /// <param name="rows">HTML.</param>
    /// <param name="kinds">Of each column: l text, n number, w text that may wrap, b bar.</param>
    static void Table(StringBuilder html, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, string kinds)
    {
        html.Append("<div class=\"card scroll\"><table>\n<thead><tr>");
        for (var i = 0; i < headers.Count; i++)
            html.Append(CultureInfo.InvariantCulture, $"<th{(kinds[i] == 'n' ? " class=\"n\"" : "")}>{Escape(headers[i])}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
        {
            html.Append("<tr>");
            for (var i = 0; i < row.Count; i++)
                html.Append("<td").Append(kinds[i] switch { 'n' => " class=\"n\"", 'w' => " class=\"wide\"", 'b' => " class=\"bar\"", _ => "" }).Append('>').Append(row[i]).Append("</td>");
            html.Append("</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    static string Cell(string text) => Escape(text);

    static string Escape(string text) => WebUtility.HtmlEncode(text);
}
