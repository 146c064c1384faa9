namespace OfflineRL.Datasets;

/// <summary>
/// Steps in Parquet of our own: rows gather in a row group, which another thread encodes, hashes and writes while the next one fills. Two row groups
/// of 64 MiB are in memory at most.
/// </summary>
sealed class StepsWriter : IStepsWriter
{
    readonly string _folder;
    readonly long _rowsPerPart;
    readonly ParquetColumn[] _columns;
    readonly ChunkEncoder _encoder = new();
    readonly List<DatasetFile> _parts = [];
    StepsRowGroup _filling, _spare;
    ParquetFile? _part;
    Task _writing = Task.CompletedTask, _flushing = Task.CompletedTask;
    int _finished;
    long _partRows;

    public StepsWriter(string folder, DatasetDescription description)
    {
        _folder = folder;
        TrajectorySchema schema = TrajectorySchema.Of(description);
        _rowsPerPart = schema.PartRows;
        _columns = [.. schema.StepColumns.Select(SchemaTypes.Layout)];
        (_filling, _spare) = (new(description), new(description));
        Directory.CreateDirectory(folder);
    }

    public IReadOnlyList<DatasetFile> Parts => _parts;

    public void Write(in EpisodeColumns e, long episodeId)
    {
        int steps = e.Rewards.Length;
        for (int from = 0; from < steps;)
        {
            int count = _filling.Fitting(e, from, (int)Math.Min(steps - from, _rowsPerPart - _partRows));
            _filling.Add(e, episodeId, from, count);
            from += count;
            _partRows += count;
            if (_filling.IsFull || _partRows == _rowsPerPart)
            {
                HandOver(last: _partRows == _rowsPerPart);
            }
        }
    }

    public void Finish()
    {
        if (_partRows > 0)
        {
            HandOver(last: true);
        }

        _writing.GetAwaiter().GetResult();
        _flushing.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        // What failed was said by the one who waited for it, or does not matter any more.
        Await(_writing);
        Await(_flushing);
        _part?.Dispose();
    }

    static void Await(Task task) => task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Wait();

    void HandOver(bool last)
    {
        _writing.GetAwaiter().GetResult();
        (StepsRowGroup full, long rows) = (_filling, _partRows);
        (_filling, _spare) = (_spare, full);
        if (last)
        {
            _partRows = 0;
        }

        _writing = Task.Run(() => Write(full, last, rows));
    }

    void Write(StepsRowGroup group, bool last, long rows)
    {
        string name = IStepsWriter.PartName(_finished), path = Path.Combine(_folder, Path.GetFileName(name));
        _part ??= new ParquetFile(path, "steps", _columns, _encoder);
        if (group.Rows > 0)
        {
            _part.WriteRowGroup(group.Columns);
            group.Clear();
        }

        if (!last)
        {
            return;
        }

        string hash = _part.Finish();
        _parts.Add(new DatasetFile(name, _part.Length, hash, rows));
        _finished++;
        _part.Dispose();
        _part = null;
        // The disk takes its time, and the next row group need not wait for it.
        _flushing.GetAwaiter().GetResult();
        _flushing = Task.Run(() => Durable.FlushFile(path));
    }
}
