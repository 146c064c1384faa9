namespace OfflineRL.Evaluate;

/// <summary>The estimators in words, for help texts.</summary>
public static class EstimatorList
{
    /// <summary>One line for each kind of log.</summary>
    public static string Text { get; } = string.Join("\n", Lines());

    static IEnumerable<string> Lines()
    {
        yield return "Estimators: " + Names(e => e.Logs != LogKind.SingleDecisions && e.Policies != PolicyKind.Deterministic && !e.NeedsValues);
        yield return "with values (--set values.kind=...): " + Names(e => e.Logs != LogKind.SingleDecisions && e.Policies != PolicyKind.Deterministic && e.NeedsValues);
        yield return "single decisions: " + Names(e => e.Logs == LogKind.SingleDecisions);
        yield return "deterministic policies over continuous actions: " + Names(e => e.Policies == PolicyKind.Deterministic);
    }

    static string Names(Func<EstimatorDefinition, bool> of) => string.Join(", ", EstimatorCatalog.All.Where(of).Select(e => e.Name));
}
