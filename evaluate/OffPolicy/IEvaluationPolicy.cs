namespace OfflineRL.Evaluate;

/// <summary>What a policy would have done on logged rows.</summary>
interface IEvaluationPolicy
{
    /// <summary>Scores rows firstRow .. firstRow + count - 1 of a dataset.</summary>
    /// <param name="firstRow">In the dataset.</param>
    /// <param name="logProbabilities">[count], written: of the logged actions.</param>
    /// <param name="probabilities">[count, A], written; empty where not asked.</param>
    void Score(long firstRow, Span<double> logProbabilities, Span<double> probabilities);
}
