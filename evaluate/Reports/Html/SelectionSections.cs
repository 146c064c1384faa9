using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>Which policy the estimates would choose, and what trials online would add.</summary>
static class SelectionSections
{
    public static void Write(ReportPage page)
    {
        if (page.TryTable("ranking") is { Rows.Count: > 0 } ranking)
        {
            page.Html.Heading("Ranking");
            page.Table(ranking);
        }

        if (page.TryTable("trials") is { Rows.Count: > 0 } trials)
        {
            page.Html.Heading("Online trials");
            page.Table(trials);
        }
    }
}
