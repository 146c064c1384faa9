using System.Globalization;
using System.Net;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary>Histograms as SVG within a page, colored by its style.</summary>
static class CardPictures
{
    /// <summary>With an axis; each bar says on hovering what it holds.</summary>
    public static string Histogram(Histogram histogram, string title, bool whole)
    {
        const double width = 260, height = 130, left = 34, bottom = 20, top = 8;
        var bins = CardFacts.Coarser(histogram, histogram.Counts.Count);
        var labels = CardFacts.Labels(bins, whole);
        var most = Math.Max(1, bins.Counts.Max());
        var (wide, high) = ((width - left) / bins.Counts.Count, height - bottom - top);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}: histogram from {CardFacts.Short(bins.Low)} to {CardFacts.Short(bins.High)}\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{left}\" y1=\"{top}\" x2=\"{width}\" y2=\"{top}\"/><line x1=\"{left}\" y1=\"{height - bottom}\" x2=\"{width}\" y2=\"{height - bottom}\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left - 5}\" y=\"{top + 4}\" text-anchor=\"end\">{Compact(most)}</text><text x=\"{left - 5}\" y=\"{height - bottom + 3}\" text-anchor=\"end\">0</text>\n");
        for (var i = 0; i < bins.Counts.Count; i++)
        {
            // What is there is seen, be it ever so little.
            var tall = bins.Counts[i] == 0 ? 0 : Math.Max(1.5, high * bins.Counts[i] / most);
            var x = bins.Counts.Count == 1 ? left + ((width - left - 60) / 2) : left + (i * wide);
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x + 0.5:0.##}\" y=\"{height - bottom - tall:0.##}\" width=\"{Math.Max(0.5, Math.Min(wide, 60) - 1):0.##}\" height=\"{tall:0.##}\"><title>{labels[i]}: {DatasetText.Count(bins.Counts[i])}</title></rect>\n");
        }

        if (bins.Counts.Count == 1)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + ((width - left) / 2)}\" y=\"{height - 5}\" text-anchor=\"middle\">all are {CardFacts.Short(bins.Low)}</text>\n");
        }
        else
        {
            foreach (var (share, anchor) in ((double, string)[])[(0, "start"), (0.5, "middle"), (1, "end")])
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + (share * (width - left)):0.##}\" y=\"{height - 5}\" text-anchor=\"{anchor}\">{CardFacts.Short(bins.Low + (share * (bins.High - bins.Low)), bins.High - bins.Low)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>For a cell of a table.</summary>
    public static string Spark(Histogram histogram, string title)
    {
        const double width = 110, height = 22;
        var most = Math.Max(1, histogram.Counts.Max());
        var wide = width / histogram.Counts.Count;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"spark\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">");
        for (var i = 0; i < histogram.Counts.Count; i++)
        {
            var tall = histogram.Counts[i] == 0 ? 0 : Math.Max(1, height * histogram.Counts[i] / most);
            if (tall > 0)
                svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{i * wide:0.##}\" y=\"{height - tall:0.##}\" width=\"{wide - 0.8:0.##}\" height=\"{tall:0.##}\"/>");
        }

        return svg.Append("</svg>").ToString();
    }

    static string Compact(long count) => count switch
    {
        >= 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0}M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0}k"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };
}
