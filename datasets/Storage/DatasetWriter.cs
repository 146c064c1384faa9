namespace OfflineRL.Datasets;

/// <summary>The one door to a new dataset.</summary>
public sealed class DatasetWriter : IDisposable
{
    /// <param name="workspace">The dataset appears in its data folder.</param>
    /// <param name="name"><c>NAME</c>: the next version; <c>NAME-vN</c>: that version, which must not exist.</param>
    /// <param name="description">What all rows have in common.</param>
    /// <param name="time">For the creation time; null: the system's clock.</param>
    public static DatasetWriter Create(Workspace workspace, string name, DatasetDescription description, TimeProvider? time = null) =>
        throw new NotSupportedException();

    /// <summary>Appends one episode of at least one step.</summary>
    /// <exception cref="UserErrorException">The columns do not fit the description, or hold a number that is not finite.</exception>
    public void WriteEpisode(in EpisodeColumns episode) => throw new NotSupportedException();

    /// <summary>Notes an input row that was not taken.</summary>
    public void Reject(RejectedRow row) => throw new NotSupportedException();

    /// <summary>Makes the dataset durable and visible.</summary>
    public DatasetManifest Commit() => throw new NotSupportedException();

    /// <summary>As <see cref="Commit()"/>, with a provenance that is known only at the end.</summary>
    public DatasetManifest Commit(Provenance provenance) => throw new NotSupportedException();

    /// <summary>Leaves nothing behind where the dataset was not committed.</summary>
    public void Dispose()
    {
    }
}
