namespace OfflineRL.Evaluate;

/// <summary>What changed between two reports.</summary>
static class DifferenceSections
{
    public static void Write(ReportPage page)
    {
    }
}
