namespace OfflineRL.Ingest;

/// <summary>
/// Looks at every episode of the source before it is written. Called by one thread, in the order of the rows. What it finds that cannot be
/// right it returns, and <see cref="ImportConfig.OnError"/> decides: <c>stop</c> ends the import with the fault, <c>reject</c> lists every
/// row of the episode under <c>rejects/</c>, <c>keep</c> writes the episode all the same.
/// </summary>
interface IEpisodeInspector
{
    /// <summary>A row that cannot be stored as it is; told of the first one of an episode under <c>reject</c>, and of every one under <c>keep</c>.</summary>
    void Fault(in RowFault fault, RowPlace at);

    /// <summary>An episode whose rows can all be stored.</summary>
    /// <returns>Null: it is written. Else what cannot be right, and at which of its rows.</returns>
    (RowFault Fault, int Row)? Inspect(SourceEpisode episode);
}

/// <summary>Finds nothing.</summary>
sealed class NoInspector : IEpisodeInspector
{
    public void Fault(in RowFault fault, RowPlace at)
    {
    }

    public (RowFault Fault, int Row)? Inspect(SourceEpisode episode) => null;
}
