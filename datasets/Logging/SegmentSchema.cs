using System.Buffers;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>One column of a segment.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Type">Of a value, or of a list's values.</param>
/// <param name="Present">The flag of the rows that have a value; none: all rows.</param>
/// <param name="Write">Writes the values of a batch, dense.</param>
/// <param name="Width">Values of a list; 0: single values.</param>
/// <param name="Meaning">Of texts and times.</param>
sealed record SegmentColumn(string Name, ParquetType Type, LogRow Present, Action<LogBatch, ArrayBufferWriter<byte>> Write, int Width = 0, ParquetMeaning Meaning = ParquetMeaning.None)
{
    /// <summary>Values of a list are written as bits where they are flags.</summary>
    public Action<LogBatch, BitBuffer>? WriteBits { get; init; }

    /// <summary>As the file has it. Lists that a row lacks are empty, so that recovering needs no more than their number of values.</summary>
    public ParquetColumn Layout => new(Name, Type) { Meaning = Meaning, Depth = Width > 0 ? 1 : 0, Nullable = Width == 0 && Present != LogRow.None };
}

/// <summary>
/// The columns of a log's segments: one row for each step, and one where an episode begins (its id, policy and split key) and ends (its
/// flags and its final observation). In the file that is the column <c>event</c>: 0 begins, 1 is a step, 2 ends.
/// </summary>
sealed class SegmentSchema
{
    public SegmentSchema(DatasetDescription description, int session)
    {
        var schema = TrajectorySchema.Of(description);
        Columns =
        [
            new("session", ParquetType.Int32, LogRow.None, (b, o) => Repeat(o, session, b.Rows)),
            new("episode", ParquetType.Int64, LogRow.None, (b, o) => Values<long>(o, b.Episodes, b.Rows)),
            new("event", ParquetType.Int32, LogRow.None, WriteEvents),
            new("step", ParquetType.Int32, LogRow.None, (b, o) => Values<int>(o, b.Steps, b.Rows)),
            Observation(schema),
            schema.ActionCount > 0
                ? new("action", ParquetType.Int32, LogRow.Step, (b, o) => Values<int>(o, b.Actions, b.StepCount))
                : new("action", ParquetType.Float, LogRow.Step, (b, o) => Values<float>(o, b.ActionVectors, b.StepCount * schema.ActionWidth), schema.ActionWidth),
            new("reward", ParquetType.Double, LogRow.Step, (b, o) => Values<double>(o, b.Rewards, b.StepCount)),
            .. description.PropensityKind == PropensityKind.None ? (SegmentColumn[])[] : [new("behavior_log_prob", ParquetType.Double, LogRow.Step, (b, o) => Values<double>(o, b.LogProbabilities, b.StepCount))],
            .. !description.HasBehaviorProbabilities ? (SegmentColumn[])[] : [new("behavior_probs", ParquetType.Double, LogRow.Probabilities, (b, o) => Values<double>(o, b.Probabilities, b.ProbabilityCount * schema.ActionCount), schema.ActionCount)],
            .. !description.HasActionMask ? (SegmentColumn[])[] : [Flags("action_mask", LogRow.Mask, b => b.Masks.AsSpan(0, b.MaskCount * schema.ActionCount), schema.ActionCount)],
            .. !description.HasTimestamp ? (SegmentColumn[])[] : [new("timestamp", ParquetType.Int64, LogRow.Step, (b, o) => Values<long>(o, b.Timestamps, b.StepCount), Meaning: ParquetMeaning.TimestampMicros)],
            Flags("terminated", LogRow.End, b => b.Terminated.AsSpan(0, b.EndCount), 0),
            Flags("truncated", LogRow.End, b => b.Truncated.AsSpan(0, b.EndCount), 0),
            Text("id", LogRow.Begin, b => b.Ids),
            Text("behavior_policy", LogRow.Begin, b => b.Policies),
            Text("split_key", LogRow.SplitKey, b => b.SplitKeys),
        ];
        Layout = [.. Columns.Select(c => c.Layout)];
    }

    public IReadOnlyList<SegmentColumn> Columns { get; }

    public IReadOnlyList<ParquetColumn> Layout { get; }

    delegate ReadOnlySpan<bool> FlagsOf(LogBatch batch);

    static SegmentColumn Observation(TrajectorySchema schema) => schema switch
    {
        { ObservationsAreDiscrete: true } => new("observation", ParquetType.Int32, LogRow.Observation, (b, o) => Values<int>(o, b.ObservationNumbers, b.ObservationCount)),
        { ObservationsAreBytes: true } => new("observation", ParquetType.ByteArray, LogRow.Observation, (b, o) => Blobs(o, b, schema.ObservationWidth)),
        _ => new("observation", ParquetType.Float, LogRow.Observation, (b, o) => Values<float>(o, b.Observations, b.ObservationCount * schema.ObservationWidth), schema.ObservationWidth),
    };

    static SegmentColumn Flags(string name, LogRow present, FlagsOf flags, int width) => new(name, ParquetType.Boolean, present, (_, _) => { }, width)
    {
        WriteBits = (batch, bits) =>
        {
            foreach (var flag in flags(batch))
                bits.Add(flag);
        },
    };

    static SegmentColumn Text(string name, LogRow present, Func<LogBatch, List<byte[]>> texts) => new(
        name,
        ParquetType.ByteArray,
        present,
        (batch, output) =>
        {
            foreach (var text in texts(batch))
            {
                ParquetBits.Int32(output, text.Length);
                output.Write(text);
            }
        },
        Meaning: ParquetMeaning.Text);

    // Parquet's plain numbers are little-endian, as those of every processor that .NET and DuckDB run on.
    static void Values<T>(ArrayBufferWriter<byte> output, ReadOnlySpan<T> values, int count)
        where T : unmanaged => output.Write(MemoryMarshal.AsBytes(values[..count]));

    static void Repeat(ArrayBufferWriter<byte> output, int value, int count)
    {
        MemoryMarshal.Cast<byte, int>(output.GetSpan(count * 4))[..count].Fill(value);
        output.Advance(count * 4);
    }

    static void WriteEvents(LogBatch batch, ArrayBufferWriter<byte> output)
    {
        var events = MemoryMarshal.Cast<byte, int>(output.GetSpan(batch.Rows * 4));
        for (var row = 0; row < batch.Rows; row++)
            events[row] = (batch.Flags[row] & LogRow.Begin) != 0 ? 0 : (batch.Flags[row] & LogRow.Step) != 0 ? 1 : 2;
        output.Advance(batch.Rows * 4);
    }

    static void Blobs(ArrayBufferWriter<byte> output, LogBatch batch, int width)
    {
        for (var i = 0; i < batch.ObservationCount; i++)
        {
            ParquetBits.Int32(output, width);
            output.Write(batch.ObservationBytes.AsSpan(i * width, width));
        }
    }
}
