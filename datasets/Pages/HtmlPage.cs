using System.Globalization;
using System.Net;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// One self-contained page of HTML as it grows: light and dark, on a phone and on paper; nothing on it is fetched. Texts are escaped
/// here, whatever they hold; what takes HTML says so.
/// </summary>
public sealed class HtmlPage
{
    const string Style = """
        :root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea; --page: #f6f7f9; --card: #ffffff; --bar: #2f6fde; --warn: #b3541e; --error: #b3261e; }
        @media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #2c3442; --page: #12161d; --card: #1a202a; --bar: #6ea0ff; --warn: #f0a35e; --error: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 1060px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 18px; margin: 32px 0 12px; }
        h3 { font-size: 14px; margin: 0 0 8px; color: var(--soft); font-weight: 600; overflow-wrap: anywhere; }
        p { margin: 8px 0; overflow-wrap: anywhere; }
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
        pre { background: var(--page); border-radius: 8px; padding: 12px; overflow-x: auto; white-space: pre-wrap; }
        summary { cursor: pointer; color: var(--soft); }
        .warning { color: var(--warn); } .error { color: var(--error); }
        @page { margin: 14mm; }
        @media (max-width: 520px) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; } h1 { font-size: 22px; } }
        @media print { :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --bar: #555; } body { font-size: 11px; } table { font-size: 10px; } main { padding: 0; max-width: none; } .tile, tr, svg { break-inside: avoid; } h2, h3 { break-after: avoid; } * { print-color-adjust: exact; } .scroll { overflow: visible; } th, td { white-space: normal; padding-right: 8px; } }
        """;

    readonly StringBuilder _html = new();

    /// <param name="title">Of the browser's tab.</param>
    /// <param name="style">CSS beside the common one.</param>
    /// <param name="head">HTML of the head beside what every page has.</param>
    public HtmlPage(string title, string style, string head = "")
    {
        Html("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        Html(head);
        Html($"<title>{Escape(title)}</title>\n<style>\n{Style}\n{style}\n</style>\n</head>\n<body>\n<main>\n");
    }

    /// <summary>The text as HTML that shows it, in elements and between quotation marks; control characters and marks that turn the reading direction are made visible.</summary>
    public static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
            text = string.Concat(text.Select(c => (char.IsControl(c) && c is not ('\n' or '\t')) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' ? '\ufffd' : c));
        return WebUtility.HtmlEncode(text);
    }

    /// <summary>Adds HTML as it is.</summary>
    public void Html(string html) => _html.Append(html);

    public void Heading(string text) => Html($"<h2>{Escape(text)}</h2>\n");

    public void Paragraph(string text, string kind = "") => Html($"<p{(kind.Length > 0 ? $" class=\"{kind}\"" : "")}>{Escape(text)}</p>\n");

    public void Tiles(IEnumerable<(string Number, string What)> tiles)
    {
        Html("<div class=\"tiles\">\n");
        foreach (var (number, what) in tiles)
            Html($"<div class=\"tile\"><b>{Escape(number)}</b><span>{Escape(what)}</span></div>\n");
        Html("</div>\n");
    }

    /// <summary>Labels and texts side by side.</summary>
    /// <param name="facts">Label, text, and the class of the text, or none.</param>
    public void Facts(IEnumerable<(string Label, string Text, string Kind)> facts)
    {
        Html("<dl>\n");
        foreach (var (label, text, kind) in facts)
            Html($"<dt>{Escape(label)}</dt><dd{(kind.Length > 0 ? $" class=\"{kind}\"" : "")}>{Escape(text)}</dd>\n");
        Html("</dl>\n");
    }

    /// <summary>A text that is shown on a click.</summary>
    public void Details(string label, string text) => Html($"<details><summary>{Escape(label)}</summary><pre>{Escape(text)}</pre></details>\n");

    /// <summary>A table that scrolls within itself.</summary>
    /// <param name="headers">Texts.</param>
    /// <param name="rows">HTML.</param>
    /// <param name="kinds">Of each column: l text, n number, w text that may wrap, b bar.</param>
    public void Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, string kinds)
    {
        Html("<div class=\"card scroll\"><table>\n<thead><tr>");
        for (var i = 0; i < headers.Count; i++)
            Html($"<th{(kinds[i] == 'n' ? " class=\"n\"" : "")}>{Escape(headers[i])}</th>");
        Html("</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
        {
            Html("<tr>");
            for (var i = 0; i < row.Count; i++)
                _html.Append(kinds[i] switch { 'n' => "<td class=\"n\">", 'w' => "<td class=\"wide\">", 'b' => "<td class=\"bar\">", _ => "<td>" }).Append(row[i]).Append("</td>");
            Html("</tr>\n");
        }

        Html("</tbody></table></div>\n");
    }

    /// <summary>The page as far as it is, closed.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_html}</main>\n</body>\n</html>\n");
}
