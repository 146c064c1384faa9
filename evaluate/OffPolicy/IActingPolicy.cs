namespace OfflineRL.Evaluate;

/// <summary>What a policy over continuous actions would have done, where that has no density.</summary>
interface IActingPolicy
{
    /// <summary>Its actions on rows firstRow .. firstRow + count - 1 of a dataset.</summary>
    /// <param name="firstRow">In the dataset.</param>
    /// <param name="count">Rows.</param>
    /// <param name="actions">[count, A], written.</param>
    void Act(long firstRow, int count, Span<float> actions);
}
