using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>Gathers <c>episodes.parquet</c>.</summary>
sealed class EpisodesWriter : IDisposable
{
    readonly DuckDbConnection _connection;
    DuckDbAppender _appender;
    readonly TrajectorySchema _schema;
    readonly DatasetDescription _description;
    readonly int _capacity = DuckDbAppender.Capacity;
    int _filled;

    public EpisodesWriter(DuckDbConnection connection, DatasetDescription description)
    {
        _connection = connection;
        _description = description;
        _schema = TrajectorySchema.Of(description);
        connection.Execute(SchemaSql.CreateTable("episodes", _schema.EpisodeColumns));
        _appender = connection.Append("episodes");
    }

    public void Write(in EpisodeColumns e, long episodeId, long firstRow, double sum, string split)
    {
        int row = _filled;
        DuckDbAppender rows = _appender;
        rows[0].Values<long>(_capacity)[row] = episodeId;
        rows[1].SetText(row, e.Key);
        rows[2].SetText(row, e.SplitKey);
        rows[3].Values<int>(_capacity)[row] = e.Rewards.Length;
        rows[4].Values<double>(_capacity)[row] = sum;
        rows[5].Values<long>(_capacity)[row] = firstRow;
        rows[6].Values<bool>(_capacity)[row] = e.Terminated;
        rows[7].Values<bool>(_capacity)[row] = e.Truncated;
        WriteFinalObservation(rows[8], e, row);
        EnvironmentIdentity? environment = e.Environment ?? _description.Environment;
        rows[9].SetText(row, e.BehaviorPolicy);
        rows[10].SetText(row, environment?.Id);
        rows[11].SetText(row, environment is null ? null : Parameters(environment));
        rows[12].SetText(row, e.SourceFile);
        rows[13].SetText(row, split);
        if (++_filled == _capacity)
        {
            _appender.Flush(_filled);
            _filled = 0;
        }
    }

    /// <summary>Writes all episodes so far to a file; more may follow.</summary>
    public void Save(string path)
    {
        if (_filled > 0)
        {
            _appender.Flush(_filled);
            _filled = 0;
        }

        // Only what a closed appender wrote is part of the table.
        _appender.Close();
        _appender.Dispose();
        _connection.Execute(SchemaSql.CopyToParquet("episodes", path, _schema.RowGroupRows, _schema.ObservationsAreBytes));
        _appender = _connection.Append("episodes");
    }

    public void Dispose() => _appender.Dispose();

    /// <summary>The parameters as a JSON object, in the order of their names.</summary>
    static string Parameters(EnvironmentIdentity environment) =>
        JsonSerializer.Serialize(new SortedDictionary<string, double>(environment.Parameters.ToDictionary(), StringComparer.Ordinal));

    void WriteFinalObservation(DuckDbWritableVector column, in EpisodeColumns e, int row)
    {
        if (e.FinalObservation.IsEmpty && e.FinalObservationBytes.IsEmpty)
        {
            column.SetNulls(row, 1);
        }
        else if (_schema.ObservationsAreBytes)
        {
            column.SetBytes(row, e.FinalObservationBytes);
        }
        else if (_schema.ObservationsAreDiscrete)
        {
            column.Values<int>(_capacity)[row] = (int)e.FinalObservation[0];
        }
        else
        {
            column.AppendLists(row, _schema.ObservationWidth, e.FinalObservation);
        }
    }
}
