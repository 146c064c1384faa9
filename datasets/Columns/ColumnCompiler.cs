namespace OfflineRL.Datasets;

/// <summary>
/// Turns a dataset's Parquet files into training columns: chunks of DuckDB's vectors go straight to the files of the columns, and the content
/// hash is taken on the way, so that columns of damaged data never exist.
/// </summary>
sealed class ColumnCompiler : IDisposable
{
    readonly Dataset _dataset;
    readonly DatasetManifest _manifest;
    readonly TrajectorySchema _schema;
    readonly string _folder;
    readonly ContentHash _hash = new();
    readonly StoredHash _stored;
    readonly StepColumnsWriter _steps;
    readonly List<ColumnFile> _files = [];

    ColumnCompiler(Dataset dataset, string folder)
    {
        _dataset = dataset;
        _manifest = dataset.Manifest;
        _schema = TrajectorySchema.Of(_manifest);
        _folder = folder;
        _stored = new(_hash, _manifest);
        _steps = new(folder, _manifest, Seal);
    }

    public static TrainingColumns OpenOrCompile(Dataset dataset, Workspace workspace, IJobProgress progress, CancellationToken cancellation)
    {
        string folder = FolderOf(dataset.Manifest, workspace);
        if (!Directory.Exists(folder))
        {
            PendingFolder.Sweep(Path.GetDirectoryName(folder)!, TimeSpan.FromDays(1));
            using PendingFolder pending = PendingFolder.Create(folder, mayExist: true);
            try
            {
                using ColumnCompiler compiler = new(dataset, pending.FolderPath);
                compiler.Run(progress, cancellation);
            }
            catch (IOException e)
            {
                throw Throw.CannotWrite(pending.FolderPath, e);
            }

            // Where another process was faster, its columns are the same.
            _ = pending.TryCommit(pending.Name);
        }

        return TrainingColumns.Open(folder, ColumnsInfo.Of(dataset.Manifest));
    }

    /// <summary>Where a dataset's columns lie once they are made.</summary>
    public static string FolderOf(DatasetManifest manifest, Workspace workspace) =>
        Path.Combine(workspace.CacheFolder, "columns", $"{manifest.ContentHash["sha256:".Length..]}-{ColumnsInfo.CurrentLayout}");

    public void Dispose()
    {
        _steps.Dispose();
        _hash.Dispose();
    }

    void Run(IJobProgress progress, CancellationToken cancellation)
    {
        long[] firstRows = WriteEpisodes();
        long episode = 0, done = 0;
        foreach (StepsChunk chunk in new StepsReader(_dataset).Read(first: _stored.Add))
        {
            cancellation.ThrowIfCancellationRequested();
            episode = RequireOrder(chunk, firstRows, episode);
            _steps.Write(chunk);
            done += chunk.Rows;
            progress.Report("compile columns", done, _manifest.Counts.Steps);
        }

        _steps.Finish();
        string hash = _hash.Finish(ContentHeader.Of(_manifest));
        if (hash != _manifest.ContentHash)
        {
            throw Throw.Damaged(_dataset.FullName, $"the content hash of its rows is {hash}, expected {_manifest.ContentHash}");
        }

        JsonFiles.Write(Path.Combine(_folder, TrainingColumns.InfoFile), ColumnsInfo.Of(_manifest) with { Files = _files });
    }

    long[] WriteEpisodes()
    {
        int count = checked((int)_manifest.Counts.Episodes), width = _schema.ObservationWidth;
        long[] firstRows = new long[count + 1];
        byte[] splits = new byte[count];
        long[] keys = new long[count];
        bool[] known = new bool[count];
        string[] names = [.. _manifest.Split.Fractions.Select(f => f.Name)];
        using FinalObservationsWriter finals = new(Path.Combine(_folder, ColumnNames.FinalObservations + ".npy"), _schema, count, Seal);
        int at = 0;
        new EpisodesReader(_dataset).Read((episode, final) =>
        {
            int split = Array.IndexOf(names, episode.Split);
            if (at == count || episode.EpisodeId != at || episode.FirstRow != firstRows[at] || episode.Steps < 1 || split < 0)
            {
                throw Throw.Damaged(_dataset.FullName, $"row {at} of {Dataset.EpisodesFile} has episode {episode.EpisodeId}, first row {episode.FirstRow}, " +
                    $"{episode.Steps} steps, split '{episode.Split}'; expected episode {at}, first row {firstRows[Math.Min(at, count)]} and one of the manifest's splits");
            }

            firstRows[at + 1] = episode.FirstRow + episode.Steps;
            splits[at] = (byte)split;
            keys[at] = EpisodeFold.Hash(episode.SplitKey ?? episode.EpisodeKey);
            known[at] = episode.FinalObservationKnown;
            finals.Write(final);
            _stored.Add(episode, final);
            at++;
        });
        if (at != count || firstRows[count] != _manifest.Counts.Steps)
        {
            throw Throw.Damaged(_dataset.FullName, $"{Dataset.EpisodesFile} has {at} episodes of {firstRows[at]} steps, expected {count} of {_manifest.Counts.Steps}");
        }

        finals.Finish();
        WriteAll<long>(ColumnNames.EpisodeFirstRow, firstRows);
        WriteAll<byte>(ColumnNames.EpisodeSplit, splits);
        WriteAll<long>(ColumnNames.EpisodeKeyHash, keys);
        WriteAll<bool>(ColumnNames.FinalObservationKnown, known);
        return firstRows;
    }

    /// <summary>Steps are ordered by (episode_id, step) without gaps, as the episodes table says.</summary>
    static long RequireOrder(StepsChunk chunk, long[] firstRows, long episode)
    {
        ReadOnlySpan<long> episodes = chunk.Numbers<long>(0, "episode_id");
        ReadOnlySpan<int> steps = chunk.Numbers<int>(1, "step");
        for (int row = 0; row < chunk.Rows; row++)
        {
            long at = chunk.FirstRow + row;
            if (at == firstRows[episode + 1])
            {
                episode++;
            }

            if (episodes[row] != episode || steps[row] != at - firstRows[episode])
            {
                throw chunk.Fault(row, "step", $"found episode {episodes[row]}, step {steps[row]}, expected episode {episode}, step {at - firstRows[episode]}");
            }
        }

        return episode;
    }

    void Seal(string path, string sha256) => _files.Add(ColumnFile.Of(_folder, Path.GetFileName(path), sha256));

    void WriteAll<T>(string name, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        using NpyWriter<T> writer = new(Path.Combine(_folder, name + ".npy"), values.Length, 0, Seal);
        writer.Write(values);
        writer.Finish();
    }
}
