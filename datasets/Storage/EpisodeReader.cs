using System.Buffers;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Receives a stored episode; the columns are valid during the call.</summary>
public delegate void EpisodeVisitor(EpisodeRecord record, in EpisodeColumns columns);

/// <summary>Streams whole episodes out of the Parquet files, as the writer takes them; memory holds one episode and the episodes table.</summary>
sealed class EpisodeReader(Dataset dataset)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(dataset.Manifest);
    readonly ArrayBufferWriter<float> _observations = new(), _continuous = new(), _features = new();
    readonly ArrayBufferWriter<byte> _observationBytes = new();
    readonly ArrayBufferWriter<int> _discrete = new();
    readonly ArrayBufferWriter<double> _rewards = new(), _logProbabilities = new(), _probabilities = new();
    readonly ArrayBufferWriter<bool> _masks = new();
    readonly ArrayBufferWriter<long> _timestamps = new();
    readonly InfoBuffer[] _info = [.. dataset.Manifest.InfoColumns.Select(c => new InfoBuffer(c))];

    public void Read(EpisodeVisitor visit)
    {
        List<(EpisodeRecord Record, byte[] Final)> episodes = [];
        new EpisodesReader(dataset).Read((record, final) => episodes.Add((record, final.ToArray())));
        int at = 0;
        foreach (StepsChunk chunk in new StepsReader(dataset).Read())
        {
            ReadOnlySpan<long> ids = chunk.Numbers<long>(0, "episode_id");
            for (int row = 0; row < chunk.Rows;)
            {
                EpisodeRecord record = at < episodes.Count ? episodes[at].Record : throw chunk.Fault(row, "episode_id", $"found {ids[row]} after the last episode");
                int count = Math.Min(chunk.Rows - row, record.Steps - _rewards.WrittenCount);
                if (record.EpisodeId != at || count < 1 || ids.Slice(row, count).IndexOfAnyExcept(record.EpisodeId) >= 0)
                {
                    throw chunk.Fault(row, "episode_id", $"the rows do not agree with the {record.Steps} steps that the episodes table has for episode {at}");
                }

                Append(chunk, row, count);
                row += count;
                if (_rewards.WrittenCount == record.Steps)
                {
                    Visit(record, episodes[at].Final, visit);
                    at++;
                }
            }
        }
    }

    /// <summary>Reads one episode; files before the one that holds it are not touched.</summary>
    public void ReadOne(long episode, EpisodeVisitor visit)
    {
        EpisodeRecord? record = null;
        byte[] final = [];
        new EpisodesReader(dataset).Read((candidate, bytes) =>
        {
            if (candidate.EpisodeId == episode)
            {
                (record, final) = (candidate, bytes.ToArray());
            }
        });
        if (record is null)
        {
            throw Throw.NoEpisode(dataset.FullName, episode, dataset.Manifest.Counts.Episodes);
        }

        foreach (StepsChunk chunk in new StepsReader(dataset).Read(fromRow: record.FirstRow))
        {
            long row = Math.Max(0, record.FirstRow - chunk.FirstRow);
            if (row >= chunk.Rows)
            {
                continue;
            }

            int count = Math.Min(chunk.Rows - (int)row, record.Steps - _rewards.WrittenCount);
            if (chunk.Numbers<long>(0, "episode_id").Slice((int)row, count).IndexOfAnyExcept(episode) >= 0)
            {
                throw chunk.Fault((int)row, "episode_id", $"the rows do not agree with the {record.Steps} steps that the episodes table has for episode {episode}");
            }

            Append(chunk, (int)row, count);
            if (_rewards.WrittenCount == record.Steps)
            {
                Visit(record, final, visit);
                return;
            }
        }

        throw Throw.Damaged(dataset.FullName, $"the steps end within episode {episode}");
    }

    void Append(StepsChunk chunk, int row, int count)
    {
        if (_schema.ObservationsAreBytes)
        {
            for (int i = row; i < row + count; i++)
            {
                _observationBytes.Write(chunk.Blob(2, "observation", i, _schema.ObservationWidth));
            }
        }
        else if (_schema.ObservationsAreDiscrete)
        {
            foreach (int value in chunk.Numbers<int>(2, "observation").Slice(row, count))
            {
                _observations.Write([value]);
            }
        }
        else
        {
            float[] scratch = [];
            _observations.Write(chunk.Lists(2, "observation", _schema.ObservationWidth, ref scratch).Slice(row * _schema.ObservationWidth, count * _schema.ObservationWidth));
        }

        if (_schema.ActionCount > 0)
        {
            _discrete.Write(chunk.Numbers<int>(3, "action").Slice(row, count));
        }
        else
        {
            float[] scratch = [];
            _continuous.Write(chunk.Lists(3, "action", _schema.ActionWidth, ref scratch).Slice(row * _schema.ActionWidth, count * _schema.ActionWidth));
        }

        _rewards.Write(chunk.Numbers<double>(4, "reward").Slice(row, count));
        if (dataset.Manifest.PropensityKind != PropensityKind.None)
        {
            InfoBuffer.AppendNumbers(_logProbabilities, chunk[7], row, count);
        }

        AppendLists(_probabilities, chunk[8], row, count);
        AppendLists(_masks, chunk[9], row, count);
        if (dataset.Manifest.HasTimestamp && !chunk[10].IsNull(row))
        {
            _timestamps.Write(chunk[10].Values<long>().Slice(row, count));
        }

        if (_schema.ActionFeatures > 0)
        {
            AppendFeatures(chunk, row, count);
        }

        for (int i = 0; i < _info.Length; i++)
        {
            _info[i].Append(chunk[11 + i], row, count);
        }
    }

    void Visit(EpisodeRecord record, byte[] final, EpisodeVisitor visit)
    {
        float[] finalFloats = _schema.ObservationsAreBytes ? []
            : _schema.ObservationsAreDiscrete ? [.. MemoryMarshal.Cast<byte, int>(final).ToArray().Select(v => (float)v)]
            : MemoryMarshal.Cast<byte, float>(final).ToArray();
        InfoValues[] info = [.. _info.Select(i => i.Values)];
        visit(record, new EpisodeColumns
        {
            Key = record.EpisodeKey,
            SplitKey = record.SplitKey,
            BehaviorPolicy = record.BehaviorPolicy,
            Environment = record.Environment,
            SourceFile = record.SourceFile,
            Observations = _observations.WrittenSpan,
            ObservationBytes = _observationBytes.WrittenSpan,
            DiscreteActions = _discrete.WrittenSpan,
            ContinuousActions = _continuous.WrittenSpan,
            Rewards = _rewards.WrittenSpan,
            Terminated = record.Terminated,
            Truncated = record.Truncated,
            FinalObservation = finalFloats,
            FinalObservationBytes = _schema.ObservationsAreBytes ? final : [],
            BehaviorLogProbabilities = _logProbabilities.WrittenSpan,
            BehaviorProbabilities = _probabilities.WrittenSpan,
            ActionMasks = _masks.WrittenSpan,
            ActionFeatures = _features.WrittenSpan,
            TimestampMicros = _timestamps.WrittenSpan,
            Info = info,
        });
        _observations.ResetWrittenCount();
        _observationBytes.ResetWrittenCount();
        _discrete.ResetWrittenCount();
        _continuous.ResetWrittenCount();
        _rewards.ResetWrittenCount();
        _logProbabilities.ResetWrittenCount();
        _probabilities.ResetWrittenCount();
        _masks.ResetWrittenCount();
        _features.ResetWrittenCount();
        _timestamps.ResetWrittenCount();
        foreach (InfoBuffer buffer in _info)
        {
            buffer.Clear();
        }
    }

    void AppendFeatures(StepsChunk chunk, int row, int count)
    {
        float[] scratch = [];
        ReadOnlySpan<float> values = chunk.PresentNestedLists(_schema.ActionFeaturesColumn, "action_features", _schema.ActionCount, _schema.ActionFeatures, ref scratch);
        DuckDbVector column = chunk[_schema.ActionFeaturesColumn];
        int at = 0;
        for (int i = 0; i < row + count; i++)
        {
            if (!column.IsNull(i))
            {
                if (i >= row)
                {
                    _features.Write(values.Slice(at, _schema.ActionFeaturesWidth));
                }

                at += _schema.ActionFeaturesWidth;
            }
        }
    }

    /// <summary>Lists of a row that are null add nothing: an episode has them in all of its steps or in none.</summary>
    static void AppendLists<T>(ArrayBufferWriter<T> buffer, DuckDbVector column, int row, int count)
        where T : unmanaged
    {
        ReadOnlySpan<DuckDbList> lists = column.Lists;
        ReadOnlySpan<T> values = column.Child.Values<T>();
        for (int i = row; i < row + count; i++)
        {
            if (!column.IsNull(i))
            {
                buffer.Write(values.Slice((int)lists[i].Offset, (int)lists[i].Length));
            }
        }
    }
}
