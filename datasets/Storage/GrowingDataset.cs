namespace OfflineRL.Datasets;

/// <summary>
/// A dataset while it is still recorded: episodes are appended, at once there to be learned from, and stored as a new version
/// whenever <see cref="Commit"/> is called. Versions share the files of the rows that they have in common. Used by one thread at a time.
/// </summary>
public sealed class GrowingDataset : IDisposable
{
    readonly DatasetWriter _writer;
    readonly GrowingColumns _columns;
    readonly SplitRule _split;

    GrowingDataset(Workspace workspace, string name, DatasetDescription description, long capacity, TimeProvider? time)
    {
        if (DatasetName.Parse(name).Version is not null)
            throw Throw.GrowsIntoVersions(name);
        _split = description.Split;
        _writer = DatasetWriter.Create(workspace, name, description, time);
        try
        {
            _columns = new(workspace, name, description, capacity);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    /// <summary>What was appended so far, to learn from.</summary>
    public TrainingColumns Columns => _columns.Columns;

    /// <summary>Starts an empty one.</summary>
    /// <param name="workspace">Versions appear in its data folder; until then everything is hidden.</param>
    /// <param name="name">Without a version.</param>
    /// <param name="description">What all rows have in common.</param>
    /// <param name="capacity">Steps it may hold at most. What is not written takes no space.</param>
    /// <param name="time">For creation times; null: the system's clock.</param>
    /// <exception cref="UserErrorException">The name has a version, or the description contradicts itself.</exception>
    public static GrowingDataset Create(Workspace workspace, string name, DatasetDescription description, long capacity, TimeProvider? time = null) =>
        new(workspace, name, description, capacity, time);

    /// <summary>Goes on where a version was committed: its episodes are the first.</summary>
    /// <param name="workspace">As for <see cref="Create"/>.</param>
    /// <param name="committed">The version.</param>
    /// <param name="capacity">As for <see cref="Create"/>, of the version's steps and what is to come.</param>
    /// <param name="time">As for <see cref="Create"/>.</param>
    /// <exception cref="UserErrorException">The version is damaged.</exception>
    public static GrowingDataset Resume(Workspace workspace, Dataset committed, long capacity, TimeProvider? time = null)
    {
        var growing = new GrowingDataset(workspace, committed.Manifest.Name, DatasetDescription.Of(committed.Manifest), capacity, time);
        try
        {
            new EpisodeReader(committed).Read((EpisodeRecord _, in EpisodeColumns columns) => growing.Append(columns));
            growing.Columns.Name(committed.Manifest);
            return growing;
        }
        catch
        {
            growing.Dispose();
            throw;
        }
    }

    /// <summary>Appends one episode.</summary>
    /// <exception cref="UserErrorException">It does not fit the description, or there is no room for it.</exception>
    public void Append(in EpisodeColumns episode)
    {
        _writer.WriteEpisode(episode);
        _columns.Append(episode, _split.IndexOf(episode.SplitKey ?? episode.Key));
    }

    /// <summary>Stores all episodes so far as the next version, whose name and hash the columns then have.</summary>
    /// <param name="provenance">Of this version.</param>
    /// <exception cref="UserErrorException">There is no episode yet, or no room on the disk.</exception>
    public DatasetManifest Commit(Provenance provenance)
    {
        var manifest = _writer.CommitVersion(provenance);
        Columns.Name(manifest);
        return manifest;
    }

    public void Dispose()
    {
        _columns.Dispose();
        _writer.Dispose();
    }
}
