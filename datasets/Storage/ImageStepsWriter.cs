using System.Globalization;
using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>
/// Steps whose observations are bytes, through DuckDB, which knows Zstandard: rows gather in a table in memory of a few row groups, which is then copied to a file, hashed,
/// flushed and dropped by another thread while the next part's rows come, so that memory stays bounded however long the dataset is.
/// </summary>
sealed class ImageStepsWriter : IStepsWriter
{
    readonly DuckDbConnection _connection;
    readonly DuckDbConnection _copying;
    readonly string _folder;
    readonly TrajectorySchema _schema;
    readonly DatasetDescription _description;
    readonly long _rowsPerPart;
    readonly int _capacity = DuckDbAppender.Capacity;
    readonly List<DatasetFile> _parts = [];
    DuckDbAppender? _appender;
    Task _finishing = Task.CompletedTask;
    int _begun, _filled;
    long _partRows;

    public ImageStepsWriter(DuckDbDatabase database, DuckDbConnection connection, string folder, DatasetDescription description)
    {
        _connection = connection;
        _copying = database.Connect();
        _folder = folder;
        _description = description;
        _schema = TrajectorySchema.Of(description);
        _rowsPerPart = _schema.PartRows;
        Directory.CreateDirectory(folder);
    }

    public IReadOnlyList<DatasetFile> Parts => _parts;

    public void Write(in EpisodeColumns e, long episodeId)
    {
        int steps = e.Rewards.Length;
        for (int from = 0; from < steps;)
        {
            _appender ??= Begin();
            int count = (int)Math.Min(Math.Min(steps - from, _capacity - _filled), _rowsPerPart - _partRows);
            Fill(_appender, e, episodeId, from, count);
            _filled += count;
            _partRows += count;
            from += count;
            if (_filled == _capacity || _partRows == _rowsPerPart)
            {
                _appender.Flush(_filled);
                _filled = 0;
            }

            if (_partRows == _rowsPerPart)
            {
                FinishPart();
            }
        }
    }

    public void Finish()
    {
        if (_appender is not null)
        {
            if (_filled > 0)
            {
                _appender.Flush(_filled);
                _filled = 0;
            }

            FinishPart();
        }

        _finishing.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        // What failed was said by the one who waited for it, or does not matter any more.
        _finishing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Wait();
        _appender?.Dispose();
        _copying.Dispose();
    }

    DuckDbAppender Begin()
    {
        string table = Table(_begun++);
        _connection.Execute(SchemaSql.CreateTable(table, _schema.StepColumns));
        return _connection.Append(table);
    }

    void FinishPart()
    {
        _appender!.Close();
        _appender.Dispose();
        _appender = null;
        // One part is written at a time: two are in memory at most.
        _finishing.GetAwaiter().GetResult();
        (int part, long rows) = (_begun - 1, _partRows);
        _partRows = 0;
        _finishing = Task.Run(() => WritePart(part, rows));
    }

    void WritePart(int part, long rows)
    {
        string name = IStepsWriter.PartName(part);
        string path = Path.Combine(_folder, Path.GetFileName(name));
        _copying.Execute(SchemaSql.CopyToParquet(Table(part), path, _schema.RowGroupRows, hasImages: true));
        _copying.Execute($"DROP TABLE {DuckDbSql.Name(Table(part))}");
        using FileStream stream = File.OpenRead(path);
        _parts.Add(new DatasetFile(name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)), rows));
        Durable.FlushFile(path);
    }

    static string Table(int part) => string.Create(CultureInfo.InvariantCulture, $"steps{part}");

    void Fill(DuckDbAppender rows, in EpisodeColumns e, long episodeId, int from, int count)
    {
        int last = e.Rewards.Length - 1, at = _filled;
        rows[0].Values<long>(_capacity).Slice(at, count).Fill(episodeId);
        Span<int> steps = rows[1].Values<int>(_capacity).Slice(at, count);
        Span<bool> terminated = rows[5].Values<bool>(_capacity).Slice(at, count);
        Span<bool> truncated = rows[6].Values<bool>(_capacity).Slice(at, count);
        for (int i = 0; i < count; i++)
        {
            steps[i] = from + i;
            terminated[i] = e.Terminated && from + i == last;
            truncated[i] = e.Truncated && from + i == last;
        }

        FillObservations(rows[2], e, from, count);
        if (_schema.ActionCount > 0)
        {
            e.DiscreteActions.Slice(from, count).CopyTo(rows[3].Values<int>(_capacity)[at..]);
        }
        else
        {
            rows[3].AppendLists(at, _schema.ActionWidth, e.ContinuousActions.Slice(from * _schema.ActionWidth, count * _schema.ActionWidth));
        }

        e.Rewards.Slice(from, count).CopyTo(rows[4].Values<double>(_capacity)[at..]);
        FillNumbers(rows[7], e.BehaviorLogProbabilities, from, count);
        FillLists(rows[8], e.BehaviorProbabilities, from, count);
        FillLists(rows[9], e.ActionMasks, from, count);
        if (e.TimestampMicros.IsEmpty)
        {
            rows[10].SetNulls(at, count);
        }
        else
        {
            e.TimestampMicros.Slice(from, count).CopyTo(rows[10].Values<long>(_capacity)[at..]);
        }

        if (_schema.ActionFeatures > 0)
        {
            FillActionFeatures(rows[_schema.ActionFeaturesColumn], e.ActionFeatures, from, count);
        }

        for (int i = 0; i < e.Info.Length; i++)
        {
            FillInfo(rows[11 + i], _description.InfoColumns[i], e.Info[i], from, count);
        }
    }

    void FillObservations(DuckDbWritableVector column, in EpisodeColumns e, int from, int count)
    {
        int width = _schema.ObservationWidth;
        for (int i = 0; i < count; i++)
        {
            column.SetBytes(_filled + i, e.ObservationBytes.Slice((from + i) * width, width));
        }
    }

    void FillNumbers(DuckDbWritableVector column, ReadOnlySpan<double> values, int from, int count)
    {
        if (values.IsEmpty)
        {
            column.SetNulls(_filled, count);
            return;
        }

        values.Slice(from, count).CopyTo(column.Values<double>(_capacity)[_filled..]);
        for (int i = 0; i < count; i++)
        {
            if (double.IsNaN(values[from + i]))
            {
                column.SetNulls(_filled + i, 1);
            }
        }
    }

    void FillLists<T>(DuckDbWritableVector column, ReadOnlySpan<T> values, int from, int count)
        where T : unmanaged
    {
        if (values.IsEmpty)
        {
            column.SetNulls(_filled, count);
        }
        else
        {
            column.AppendLists(_filled, _schema.ActionCount, values.Slice(from * _schema.ActionCount, count * _schema.ActionCount));
        }
    }

    void FillActionFeatures(DuckDbWritableVector column, ReadOnlySpan<float> values, int from, int count)
    {
        int width = _schema.ActionFeaturesWidth;
        if (values.IsEmpty)
        {
            column.SetNulls(_filled, count);
        }
        else
        {
            column.AppendNestedLists(_filled, _schema.ActionCount, _schema.ActionFeatures, values.Slice(from * width, count * width));
        }
    }

    void FillInfo(DuckDbWritableVector column, InfoColumn description, InfoValues values, int from, int count)
    {
        switch (description.Type)
        {
            case InfoType.Double when description.Width > 0:
                column.AppendLists(_filled, description.Width, values.Doubles.Span.Slice(from * description.Width, count * description.Width));
                break;
            case InfoType.Double:
                FillNumbers(column, values.Doubles.Span, from, count);
                break;
            case InfoType.Integer:
                values.Integers.Span.Slice(from, count).CopyTo(column.Values<long>(_capacity)[_filled..]);
                break;
            case InfoType.Boolean:
                values.Booleans.Span.Slice(from, count).CopyTo(column.Values<bool>(_capacity)[_filled..]);
                break;
            default:
                for (int i = 0; i < count; i++)
                {
                    column.SetText(_filled + i, values.Texts.Span[from + i]);
                }

                break;
        }
    }
}
