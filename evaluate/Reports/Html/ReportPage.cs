using System.Globalization;
using System.Text;
using System.Text.Json;
using OfflineRL.Datasets;
using static OfflineRL.Datasets.HtmlPage;

namespace OfflineRL.Evaluate;

/// <summary>The page of a report as its sections see it: figures with their data named under them, tables cut to what a page bears, one style for each policy.</summary>
sealed class ReportPage
{
    const int MostRows = 60, MostPlots = 16;

    readonly HtmlPage _html;
    readonly StringBuilder _specs = new();
    readonly string? _script = PlotLibrary.Script;
    readonly Dictionary<string, FolderTable?> _tables = [];
    readonly List<(string Algorithm, string Policy)> _policies;
    readonly HashSet<string> _ambiguous;
    int _plots;

    public ReportPage(string folder, ReportSummary summary, double confidence, string title)
    {
        (Folder, Summary, Confidence) = (folder, summary, confidence);
        _policies = summary.Policies.Select(p => (p.Algorithm, p.Policy)).Distinct().ToList();
        _ambiguous = _policies.GroupBy(p => p.Policy).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
        // Nothing is fetched, and no script runs but ours, whatever a name or a path holds.
        var scripts = _script is null ? "'none'" : $"{PlotLibrary.Hash(_script)} {PlotLibrary.Hash(PageScript.Text)}";
        _html = new HtmlPage(title, PageScript.Style, $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}\">\n");
    }

    public string Folder { get; }

    public ReportSummary Summary { get; }

    /// <summary>Of the intervals, in (0, 1).</summary>
    public double Confidence { get; }

    public HtmlPage Html => _html;

    /// <summary>A table of the folder; null where there is none.</summary>
    public FolderTable? TryTable(string name)
    {
        if (!_tables.TryGetValue(name, out var table))
            _tables.Add(name, table = FolderTable.TryRead(Folder, name));
        return table;
    }

    /// <summary>How a policy is called on this page; with its algorithm where two share a name.</summary>
    public string Name(string algorithm, string policy) => _ambiguous.Contains(policy) ? $"{policy} ({algorithm})" : policy;

    /// <summary>The style of a policy, the same in all figures.</summary>
    public SeriesStyle Style(string algorithm, string policy)
    {
        var index = _policies.IndexOf((algorithm, policy));
        if (index < 0)
        {
            index = _policies.Count;
            _policies.Add((algorithm, policy));
        }

        return new SeriesStyle(index);
    }

    public PlotKey Key(string algorithm, string policy) => new(Name(algorithm, policy), Style(algorithm, policy));

    /// <summary>Plots with a title, a legend, a sentence that says how to read them, and the names of the tables that hold their data.</summary>
    public void Figure(string title, string caption, IReadOnlyList<PlotKey> keys, IReadOnlyList<Plot> plots, params string[] tables)
    {
        if (plots.Count == 0)
            return;
        Html.Html($"<figure>\n<h3>{Escape(title)}</h3>\n");
        if (_script is not null)
        {
            if (keys.Count > 0)
                Html.Html($"<div class=\"keys\">{string.Concat(keys.Select(Key))}</div>\n");
            Html.Html($"<div class=\"plots{(plots.Count == 1 ? " one" : "")}\">\n");
            foreach (var plot in plots.Take(MostPlots))
                Draw(plot);
            Html.Html("</div>\n");
        }

        var cut = _script is not null && plots.Count > MostPlots ? $" The first {MostPlots} of {plots.Count} are drawn." : "";
        Html.Html($"<figcaption>{Escape(caption + cut)}{(tables.Length == 0 ? "" : $" Data: {Links(tables)}.")}</figcaption>\n</figure>\n");
    }

    /// <summary>A table of the page's own, cut where it is long.</summary>
    /// <param name="headers">Texts.</param>
    /// <param name="rows">HTML.</param>
    /// <param name="kinds">As <see cref="HtmlPage.Table"/> has them.</param>
    /// <param name="whole">The table of the folder that has all of it.</param>
    public void Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows, string kinds, string whole)
    {
        Html.Table(headers, rows.Take(MostRows), kinds);
        Html.Html(rows.Count > MostRows
            ? $"<p class=\"soft\">The first {MostRows} of {ReportNumbers.Count(rows.Count)} rows; all of them are in {Links([whole])}.</p>\n"
            : $"<p class=\"soft\">Whole, with every column: {Links([whole])}.</p>\n");
    }

    /// <summary>A table of the folder as it is: numbers shortened, names with spaces.</summary>
    public void Table(FolderTable table, params string[] leftOut)
    {
        var columns = table.Columns.Select((name, i) => (name, i)).Where(c => !leftOut.Contains(c.name)).ToList();
        var kinds = string.Concat(columns.Select(c => Kind(table.Rows.Select(r => r[c.i]))));
        Table(
            columns.Select(c => c.name.Replace('_', ' ')).ToList(),
            table.Rows.Select(r => (IReadOnlyList<string>)columns.Select((c, k) => kinds[k] == 'n' ? Escape(Short(r[c.i])) : c.name == "verdict" ? Verdict(r[c.i]) : Escape(r[c.i])).ToList()).ToList(),
            kinds,
            table.Name);
    }

    /// <summary>A verdict that is seen: a mark, a color and the words.</summary>
    public static string Verdict(string verdict)
    {
        var (kind, mark) = verdict.Split(':', ';')[0].Trim() switch
        {
            "usable" => ("good", "\u2713"),
            "weak" => ("weak", "!"),
            "not identifiable" => ("bad", "?"),
            var other => other.StartsWith("not identifiable", StringComparison.Ordinal) ? ("bad", "?") : ("bad", "\u2715"),
        };
        var parts = verdict.Split(':', 2);
        return $"<span class=\"verdict {kind}\">{mark} {Escape(parts[0])}</span>{(parts.Length > 1 ? Escape(parts[1]) : "")}";
    }

    public string Finish()
    {
        if (_script is not null && _plots > 0)
        {
            // The library stands once, after everything that can be read without it.
            Html.Html(_specs.ToString());
            Html.Html($"<script>{_script}</script>\n<script>{PageScript.Text}</script>\n");
        }

        return Html.ToString();
    }

    static char Kind(IEnumerable<string> fields)
    {
        var filled = fields.Where(f => f.Length > 0).ToList();
        return filled.Count > 0 && filled.All(f => FolderTable.Parse(f) is not null) ? 'n' : filled.Any(f => f.Length > 48) ? 'w' : 'l';
    }

    static string Short(string field) => FolderTable.Parse(field) is not { } value ? ""
        : value == Math.Round(value) && Math.Abs(value) < 1e15 && !field.Contains('.', StringComparison.Ordinal) ? ReportNumbers.Count((long)value)
        : Math.Abs(value) < 10 && Math.Abs(value) >= 0.01 ? value.ToString("0.###", CultureInfo.InvariantCulture)
        : ReportNumbers.Number(value);

    static string Links(IEnumerable<string> tables) => string.Join(", ", tables.Select(t => $"<a href=\"{t}.csv\">{t}.csv</a> and <a href=\"{t}.parquet\">.parquet</a>"));

    void Draw(Plot plot)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"plot-{_plots++}");
        Html.Html($"<div class=\"card\">{(plot.Title.Length > 0 ? $"<h4>{Escape(plot.Title)}{string.Concat(plot.Verdicts.Select(v => " " + Verdict(v)))}</h4>" : "")}<div class=\"plot\" data-spec=\"{id}\" role=\"img\" aria-label=\"{Escape(plot.Description)}\"></div></div>\n");
        // The default encoder escapes what could end the element.
        _specs.Append(CultureInfo.InvariantCulture, $"<script type=\"application/json\" id=\"{id}\">{plot.Spec.ToJsonString(JsonSerializerOptions.Default)}</script>\n");
    }

    static string Key(PlotKey key) => $"<span class=\"key\">{(key.Style is { } style ? Swatch(style) : "<svg width=\"22\" height=\"12\" aria-hidden=\"true\"><line x1=\"0\" y1=\"6\" x2=\"22\" y2=\"6\" stroke=\"var(--soft)\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"/></svg>")}{Escape(key.Name)}</span>";

    static string Swatch(SeriesStyle style)
    {
        var shape = style.Shape switch
        {
            "circle" => "<circle cx=\"11\" cy=\"6\" r=\"4\"/>",
            "square" => "<rect x=\"7.5\" y=\"2.5\" width=\"7\" height=\"7\"/>",
            "triangle-up" => "<path d=\"M11 1.5L15.5 10H6.5Z\"/>",
            "triangle-down" => "<path d=\"M11 10.5L15.5 2H6.5Z\"/>",
            "diamond" => "<path d=\"M11 0.5L15 6L11 11.5L7 6Z\"/>",
            _ => "<path d=\"M9.5 2h3v2.5h2.5v3h-2.5V10h-3V7.5H7v-3h2.5Z\"/>",
        };
        return $"<svg width=\"22\" height=\"12\" aria-hidden=\"true\" fill=\"{style.Color}\"><line x1=\"0\" y1=\"6\" x2=\"22\" y2=\"6\" stroke=\"{style.Color}\" stroke-width=\"2\" stroke-dasharray=\"{string.Join(' ', style.Dash)}\"/>{shape}</svg>";
    }
}
