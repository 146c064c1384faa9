using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Where rows and final observations of several datasets lie behind each other, and what the transitions are by these places.</summary>
sealed class PlaceMap
{
    readonly ReplaySources _sources;
    readonly long[] _firstRow, _firstFinal;

    public PlaceMap(ReplaySources sources)
    {
        _sources = sources;
        var count = sources.Indices.Count;
        (_firstRow, _firstFinal, FirstItem) = (new long[count + 1], new long[count + 1], new long[count + 1]);
        for (var s = 0; s < count; s++)
        {
            _firstRow[s + 1] = _firstRow[s] + Columns(s).Steps;
            FirstItem[s + 1] = FirstItem[s] + sources.Indices[s].Count;
        }

        _firstFinal[0] = _firstRow[^1];
        for (var s = 0; s < count; s++)
            _firstFinal[s + 1] = _firstFinal[s] + Columns(s).Episodes;
    }

    /// <summary>[S + 1], the first item of each dataset.</summary>
    public long[] FirstItem { get; }

    /// <summary>Rows, final observations, and the zeros.</summary>
    public long Count => _firstFinal[^1] + 1;

    public long FirstRow(int source) => _firstRow[source];

    public long FirstFinal(int source) => _firstFinal[source];

    /// <summary>[items] int64.</summary>
    public Tensor Rows(Device device) => ByItem<long>(device, (s, record) => _firstRow[s] + record.Row);

    /// <summary>[items] int64.</summary>
    public Tensor Nexts(Device device) => ByItem(device, (s, record) =>
        record.Next >= 0 ? _firstRow[s] + record.Next
        : !record.HasNext ? Count - 1
        : _firstFinal[s] + (-1L - record.Next));

    /// <summary>[items] float32.</summary>
    public Tensor Rewards(Device device) => ByItem(device, (_, record) => record.Reward);

    /// <summary>[items] float32.</summary>
    public Tensor Discounts(Device device) => ByItem(device, (_, record) => record.Discount);

    /// <summary>[items] bool: whether an episode begins.</summary>
    public Tensor Resets(Device device)
    {
        using var scope = NewDisposeScope();
        return ByItem(device, (s, record) => Columns(s).EpisodeFirstRow[Columns(s).EpisodeIndex[record.Row][0]][0] == record.Row ? (byte)1 : (byte)0)
            .to(ScalarType.Bool).MoveToOuterDisposeScope();
    }

    /// <summary>[items] float32: 1 where there is something to learn, else 0.</summary>
    public Tensor Usable(Device device) => ByItem(device, (_, record) => record.Next == TransitionRecord.Unusable ? 0f : 1f);

    /// <summary>[places] int64: the place whose predecessors are the frames before; of a final observation, the one after the last row.</summary>
    public Tensor Newest(Device device) => ByPlace(device, (row, _) => row, (first, end) => end);

    /// <summary>[places] int64: the first row of the episode.</summary>
    public Tensor Oldest(Device device) => ByPlace(device, (_, first) => first, (first, _) => first);

    TrainingColumns Columns(int source) => _sources.Indices[source].Columns;

    Tensor ByItem<T>(Device device, Func<int, TransitionRecord, T> value)
        where T : unmanaged
    {
        var values = new T[FirstItem[^1]];
        for (var s = 0; s < _sources.Indices.Count; s++)
        {
            var records = _sources.Indices[s].Records;
            for (var i = 0; i < records.Length; i++)
                values[FirstItem[s] + i] = value(s, records[i]);
        }

        return ResidentColumns.ToDevice(values, device);
    }

    Tensor ByPlace(Device device, Func<long, long, long> ofRow, Func<long, long, long> ofFinal)
    {
        var values = new long[Count];
        for (var s = 0; s < _sources.Indices.Count; s++)
        {
            for (var episode = 0; episode < Columns(s).Episodes; episode++)
            {
                var (first, end) = (_firstRow[s] + Columns(s).EpisodeFirstRow[episode][0], _firstRow[s] + Columns(s).EpisodeFirstRow[episode + 1][0]);
                for (var row = first; row < end; row++)
                    values[row] = ofRow(row, first);
                values[_firstFinal[s] + episode] = ofFinal(first, end);
            }
        }

        // Before the zeros are zeros.
        values[^1] = Count - 1;
        return ResidentColumns.ToDevice(values, device);
    }
}
