using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Copies columns to a device, a chunk at a time.</summary>
static class ResidentColumns
{
    const long ChunkBytes = 64 << 20;

    /// <summary>[places, D]: features of floats, bytes as they are, or the number of a discrete observation as int64.</summary>
    public static Tensor Observations(ReplaySources sources, PlaceMap places, Device device)
    {
        var encoder = sources.Encoder;
        var type = encoder.Encoding switch
        {
            ObservationEncoding.Bytes => ScalarType.Byte,
            ObservationEncoding.OneHot => ScalarType.Int64,
            _ => ScalarType.Float32,
        };
        var all = zeros([places.Count, encoder.FrameWidth], dtype: type, device: device);
        // The zeros behind all places are no state: a row of their own makes no feature of them.
        if (encoder.Encoding == ObservationEncoding.OneHot)
            all.narrow(0, places.Count - 1, 1).fill_(encoder.FrameFeatures);
        for (var s = 0; s < sources.Indices.Count; s++)
        {
            var columns = sources.Indices[s].Columns;
            if (columns.ObservationBytes is { } bytes)
            {
                CopyRows(bytes, all, places.FirstRow(s));
                CopyRows(columns.FinalObservationBytes!, all, places.FirstFinal(s));
            }
            else
            {
                CopyObservations(columns.Observations!, encoder, all, places.FirstRow(s));
                CopyObservations(columns.FinalObservations!, encoder, all, places.FirstFinal(s));
            }
        }

        return all;
    }

    /// <summary>[F + 1, F]: the features of each discrete observation, and zeros.</summary>
    public static Tensor OneHot(int features, Device device)
    {
        using var scope = NewDisposeScope();
        return cat([eye(features, features), zeros(1, features)], 0).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>Parts that have a number or a row of them for each place.</summary>
    public static IEnumerable<(Part Part, Tensor Values)> ByRow(ReplaySources sources, ReplayNeeds needs, PlaceMap places, Device device)
    {
        var info = sources.Data.Info;
        if (info.ActionSpace is DiscreteSpace)
            yield return (Part.Actions, Column(c => c.DiscreteActions!, [places.Count], ScalarType.Int64));
        else
            yield return (Part.ContinuousActions, Column(c => c.ContinuousActions!, [places.Count, info.ActionSpace.FlatSize], ScalarType.Float32));
        // Where nobody acted, all actions are allowed.
        if (info.HasActionMask)
            yield return (Part.ActionMasks, Column(c => c.ActionMasks!, [places.Count, ((DiscreteSpace)info.ActionSpace).Count], ScalarType.Bool, fill: 1));
        if (needs.BehaviorLogProbabilities)
            yield return (Part.BehaviorLogProbabilities, Column(c => c.BehaviorLogProbabilities!, [places.Count], ScalarType.Float32));

        Tensor Column<T>(Func<TrainingColumns, NpyColumn<T>> column, long[] shape, ScalarType type, int fill = 0)
            where T : unmanaged
        {
            var all = full(shape, fill, dtype: type, device: device);
            for (var s = 0; s < sources.Indices.Count; s++)
                CopyRows(column(sources.Indices[s].Columns), all, places.FirstRow(s));
            return all;
        }
    }

    public static Tensor ToDevice<T>(T[] values, Device device)
        where T : unmanaged
    {
        using var scope = NewDisposeScope();
        using var host = empty([values.Length], dtype: TypeOf<T>());
        values.CopyTo(MemoryMarshal.Cast<byte, T>(host.bytes));
        return host.to(device, copy: true).MoveToOuterDisposeScope();
    }

    static void CopyRows<T>(NpyColumn<T> column, Tensor to, long first)
        where T : unmanaged
    {
        foreach (var (at, rows) in Chunks(column))
        {
            using var scope = NewDisposeScope();
            var chunk = empty([(long)rows * column.Width], dtype: TypeOf<T>());
            column.Slice(at, rows).CopyTo(MemoryMarshal.Cast<byte, T>(chunk.bytes));
            var target = to.narrow(0, first + at, rows);
            target.copy_(chunk.view(target.shape));
        }
    }

    static void CopyObservations(NpyColumn<float> column, ObservationEncoder encoder, Tensor to, long first)
    {
        if (encoder.Encoding == ObservationEncoding.OneHot)
        {
            CopyRows(column, to, first);
            return;
        }

        foreach (var (at, rows) in Chunks(column))
        {
            using var scope = NewDisposeScope();
            var chunk = empty(rows, column.Width);
            encoder.Encode(column.Slice(at, rows), MemoryMarshal.Cast<byte, float>(chunk.bytes));
            to.narrow(0, first + at, rows).copy_(chunk);
        }
    }

    static unsafe IEnumerable<(long First, int Rows)> Chunks<T>(NpyColumn<T> column)
        where T : unmanaged
    {
        var most = (int)Math.Max(1, ChunkBytes / ((long)column.Width * Marshal.SizeOf<T>()));
        for (var first = 0L; first < column.Rows; first += most)
            yield return (first, (int)Math.Min(most, column.Rows - first));
    }

    static ScalarType TypeOf<T>() =>
        typeof(T) == typeof(float) ? ScalarType.Float32
        : typeof(T) == typeof(double) ? ScalarType.Float64
        : typeof(T) == typeof(int) ? ScalarType.Int32
        : typeof(T) == typeof(long) ? ScalarType.Int64
        : ScalarType.Byte;
}
