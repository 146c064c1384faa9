using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>
/// The one door to a new dataset: episodes stream into a hidden folder beside the others, and <see cref="Commit()"/> makes it visible in one step.
/// Memory stays bounded by a few row groups. Used by one thread at a time.
/// </summary>
public sealed class DatasetWriter : IDisposable
{
    // The episodes and, where observations are bytes, a part that is written and one that comes; what does not fit spills.
    const string Memory = "1GB";

    static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    readonly DatasetName _name;
    readonly DatasetDescription _description;
    readonly TrajectorySchema _schema;
    readonly TimeProvider _time;
    readonly PendingFolder _pending;
    readonly string _spillFolder;
    readonly DuckDbDatabase _database;
    readonly DuckDbConnection _connection;
    readonly IStepsWriter _steps;
    readonly EpisodesWriter _episodes;
    readonly RejectsWriter _rejects;
    readonly ContentHash _hash = new();
    readonly EpisodeHash _episodeHash;
    readonly StatisticsAccumulator _statistics;
    readonly long[] _episodesBySplit;
    byte[] _validation = [];
    long _episodeCount, _stepCount, _terminated, _truncated;
    bool _failed;

    DatasetWriter(Workspace workspace, DatasetName name, DatasetDescription description, TimeProvider time)
    {
        _name = name;
        _description = description;
        _schema = TrajectorySchema.Of(description);
        _time = time;
        _statistics = new(_schema);
        _episodesBySplit = new long[description.Split.Fractions.Count];
        PendingFolder.Sweep(workspace.DataFolder, LeftoverAge, time);
        _pending = PendingFolder.Create(Path.Combine(workspace.DataFolder, name.ToString()), mayExist: true);
        try
        {
            _spillFolder = Path.Combine(_pending.FolderPath, ".spill");
            _database = DuckDbDatabase.OpenInMemory(new() { TemporaryFolder = _spillFolder, MemoryLimit = Memory });
            _connection = _database.Connect();
            string steps = Path.Combine(_pending.FolderPath, "data");
            _steps = _schema.ObservationsAreBytes ? new ImageStepsWriter(_database, _connection, steps, description) : new StepsWriter(steps, description);
            _episodes = new(_connection, description);
            _rejects = new(Path.Combine(_pending.FolderPath, "rejects"));
            _episodeHash = new(_hash, description);
        }
        catch
        {
            _connection?.Dispose();
            _database?.Dispose();
            _pending.Dispose();
            throw;
        }
    }

    /// <param name="workspace">The dataset appears in its data folder.</param>
    /// <param name="name"><c>NAME</c>: the next version; <c>NAME-vN</c>: that version, which must not exist.</param>
    /// <param name="description">What all rows have in common.</param>
    /// <param name="time">For the creation time; null: the system's clock.</param>
    /// <exception cref="UserErrorException">The name is none or exists, the description contradicts itself, or DuckDB is missing.</exception>
    public static DatasetWriter Create(Workspace workspace, string name, DatasetDescription description, TimeProvider? time = null)
    {
        DatasetName parsed = DatasetName.Parse(name);
        RequireFree(workspace.DataFolder, parsed);
        string[] faults = [.. description.Validate()];
        if (faults.Length > 0)
        {
            throw new UserErrorException($"The description of the dataset '{name}' does not hold together: {string.Join("; ", faults)}.");
        }

        return new DatasetWriter(workspace, parsed, description, time ?? TimeProvider.System);
    }

    /// <summary>Episodes written so far.</summary>
    public long Episodes => _episodeCount;

    /// <summary>Steps written so far.</summary>
    public long Steps => _stepCount;

    /// <summary>Rows rejected so far.</summary>
    public long Rejected => _rejects.Count;

    /// <summary>Appends one episode of at least one step.</summary>
    /// <exception cref="UserErrorException">The columns do not fit the description, or hold a number that is not finite.</exception>
    public void WriteEpisode(in EpisodeColumns episode)
    {
        EpisodeRules.Require(episode, _description, _schema);
        int part = _description.Split.IndexOf(episode.SplitKey ?? episode.Key);
        string split = _description.Split.Fractions[part].Name;
        try
        {
            _steps.Write(episode, _episodeCount);
            _episodeHash.Add(episode, split);
            _episodes.Write(episode, _episodeCount, _stepCount, _statistics.Add(episode), split);
        }
        catch (Exception e) when (e is DuckDbException or IOException)
        {
            _failed = true;
            throw Throw.CannotWrite(_pending.FolderPath, e);
        }

        _episodesBySplit[part]++;
        _episodeCount++;
        _stepCount += episode.Rewards.Length;
        _terminated += episode.Terminated ? 1 : 0;
        _truncated += episode.Truncated ? 1 : 0;
    }

    /// <summary>Notes an input row that was not taken.</summary>
    public void Reject(RejectedRow row) => _rejects.Write(row);

    /// <summary>What <see cref="Dataset.ValidationFile"/> of the dataset will hold, as JSON; no call: there is none.</summary>
    public void Attach<T>(T validation) => _validation = JsonFiles.Bytes(validation);

    /// <summary>Makes the dataset durable and visible.</summary>
    /// <exception cref="UserErrorException">No episode was written, or the version asked for was taken by another writer.</exception>
    public DatasetManifest Commit() => Commit(_description.Provenance);

    /// <summary>As <see cref="Commit()"/>, with a provenance that is known only at the end.</summary>
    public DatasetManifest Commit(Provenance provenance)
    {
        RequireCommittable();
        try
        {
            Close();
            return CommitAs(_pending, provenance);
        }
        catch (Exception e) when (e is DuckDbException or IOException)
        {
            throw Throw.CannotWrite(_pending.FolderPath, e);
        }
    }

    /// <summary>
    /// Stores what was written so far as a version of its own, and goes on: the next commit has these episodes too. Files of rows are shared
    /// between versions, so a version costs its own rows and the episodes table.
    /// </summary>
    /// <exception cref="UserErrorException">No episode was written, or the version asked for was taken by another writer.</exception>
    public DatasetManifest CommitVersion(Provenance provenance)
    {
        RequireCommittable();
        if (_rejects.Count > 0)
        {
            throw new InvalidOperationException("Versions of a dataset that goes on have no rejected rows.");
        }

        using PendingFolder version = PendingFolder.Create(Path.Combine(_pending.Parent, _name.Name), mayExist: true);
        try
        {
            _steps.Finish();
            Directory.CreateDirectory(Path.Combine(version.FolderPath, "data"));
            foreach (DatasetFile part in _steps.Parts)
            {
                HardLink.Create(Path.Combine(_pending.FolderPath, part.Path), Path.Combine(version.FolderPath, part.Path));
            }

            _episodes.Save(Path.Combine(version.FolderPath, Dataset.EpisodesFile));
            return CommitAs(version, provenance);
        }
        catch (Exception e) when (e is DuckDbException or IOException)
        {
            throw Throw.CannotWrite(version.FolderPath, e);
        }
    }

    /// <summary>Leaves nothing behind where the dataset was not committed.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        _rejects.Dispose();
        _episodes.Dispose();
        _steps.Dispose();
        _connection.Dispose();
        _database.Dispose();
        _pending.Dispose();
    }

    static void RequireFree(string dataFolder, DatasetName name)
    {
        if (name.Version is not null && Path.Exists(Path.Combine(dataFolder, name.ToString())))
        {
            throw Throw.VersionExists(name.ToString(), name.Name);
        }
    }

    void RequireCommittable()
    {
        if (_failed)
        {
            throw new InvalidOperationException("An episode was written in part only; such a dataset is not committed.");
        }

        if (_episodeCount == 0)
        {
            throw new UserErrorException($"No episode was written to the dataset '{_name}'" +
                (_rejects.Count > 0 ? $": all {_rejects.Count} rows of the input were rejected." : "; a dataset has at least one."));
        }
    }

    void Close()
    {
        _steps.Finish();
        _episodes.Save(Path.Combine(_pending.FolderPath, Dataset.EpisodesFile));
        _rejects.Dispose();
        _episodes.Dispose();
        _connection.Dispose();
        _database.Dispose();
        if (Directory.Exists(_spillFolder))
        {
            Directory.Delete(_spillFolder, recursive: true);
        }
    }

    DatasetManifest CommitAs(PendingFolder folder, Provenance provenance)
    {
        DatasetManifest manifest = Describe(folder, provenance);
        while (true)
        {
            manifest = manifest with { Version = _name.Version ?? DatasetName.Newest(folder.Parent, _name.Name) + 1 };
            JsonFiles.Write(Path.Combine(folder.FolderPath, Dataset.ManifestFile), manifest);
            if (folder.TryCommit(manifest.FullName))
            {
                return manifest;
            }

            // Another writer took the version between the look and the rename.
            RequireFree(folder.Parent, _name);
        }
    }

    DatasetManifest Describe(PendingFolder folder, Provenance provenance)
    {
        List<DatasetFile> files = [.. _steps.Parts, Describe(folder, Path.Combine(folder.FolderPath, Dataset.EpisodesFile), _episodeCount)];
        if (_rejects.Count > 0)
        {
            files.Add(Describe(folder, Path.Combine(folder.FolderPath, "rejects", "rejects.csv"), _rejects.Count));
        }

        if (_validation.Length > 0)
        {
            string path = Path.Combine(folder.FolderPath, Dataset.ValidationFile);
            File.WriteAllBytes(path, _validation);
            files.Add(Describe(folder, path, 0));
        }

        return new DatasetManifest
        {
            Name = _name.Name,
            Version = 0,
            ContentHash = _hash.Finish(ContentHeader.Of(_description)),
            Created = _time.GetUtcNow(),
            ObservationSpace = _description.ObservationSpace,
            ActionSpace = _description.ActionSpace,
            Environment = _description.Environment,
            PropensitySource = _description.PropensitySource,
            PropensityKind = _description.PropensityKind,
            HasBehaviorProbabilities = _description.HasBehaviorProbabilities,
            HasActionMask = _description.HasActionMask,
            HasTimestamp = _description.HasTimestamp,
            ActionFeatures = _description.ActionFeatures,
            InfoColumns = _description.InfoColumns,
            Split = _description.Split,
            Provenance = provenance,
            Counts = new()
            {
                Steps = _stepCount,
                Episodes = _episodeCount,
                Terminated = _terminated,
                Truncated = _truncated,
                Rejected = _rejects.Count,
                EpisodesBySplit = _description.Split.Fractions.Select((f, i) => (f.Name, _episodesBySplit[i])).ToDictionary(p => p.Name, p => p.Item2),
            },
            Statistics = _statistics.Result(),
            Files = files,
        };
    }

    static DatasetFile Describe(PendingFolder folder, string path, long rows)
    {
        using FileStream stream = File.OpenRead(path);
        string relative = Path.GetRelativePath(folder.FolderPath, path).Replace('\\', '/');
        return new DatasetFile(relative, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)), rows);
    }
}
