using static OfflineRL.Datasets.HtmlPage;

namespace OfflineRL.Evaluate;

/// <summary>Pictures of episodes that lie in the report's folder, put into the page as far as it bears them.</summary>
static class PictureSection
{
    const int MostPictures = 24;
    const long MostBytes = 500_000, MostBytesOfOne = 250_000;

    public static void Write(ReportPage page)
    {
        // Those of world models have a section of their own.
        var files = Directory.EnumerateFiles(page.Folder, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(page.Folder, f))
            .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".png" or ".apng" or ".gif" && Path.GetDirectoryName(f) != ModelTables.PictureFolder)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (files.Count == 0)
            return;
        page.Html.Heading("Episodes");
        Show(page, files, "Episode", "pictures");
    }

    /// <summary>Puts pictures into the page, in their order, and names those that it does not bear.</summary>
    /// <param name="page">The report.</param>
    /// <param name="files">Paths below its folder.</param>
    /// <param name="what">What they show, for those who cannot see them.</param>
    /// <param name="style">Class of the element around them.</param>
    public static void Show(ReportPage page, IReadOnlyList<string> files, string what, string style)
    {
        page.Html.Html($"<div class=\"{style}\">\n");
        var (shown, bytes, left) = (0, 0L, new List<string>());
        foreach (var name in files)
        {
            var file = Path.Combine(page.Folder, name);
            var size = new FileInfo(file).Length;
            if (shown == MostPictures || size > MostBytesOfOne || bytes + size > MostBytes)
            {
                left.Add(name);
                continue;
            }

            (shown, bytes) = (shown + 1, bytes + size);
            var type = Path.GetExtension(file).Equals(".gif", StringComparison.OrdinalIgnoreCase) ? "gif" : "png";
            page.Html.Html($"<div class=\"card\"><h4>{Escape(Path.GetFileNameWithoutExtension(name))}</h4><img alt=\"{Escape($"{what}: {name}")}\" src=\"data:image/{type};base64,{Convert.ToBase64String(File.ReadAllBytes(file))}\"></div>\n");
        }

        page.Html.Html("</div>\n");
        if (left.Count > 0)
            page.Html.Html($"<p class=\"soft\">Too many or too large for one page, in the report's folder: {string.Join(", ", left.Take(MostPictures).Select(f => $"<a href=\"{Escape(Address(f))}\">{Escape(f)}</a>"))}{(left.Count > MostPictures ? $" and {left.Count - MostPictures} more" : "")}.</p>\n");
    }

    static string Address(string relative) => "./" + string.Join('/', relative.Split('/').Select(Uri.EscapeDataString));
}
