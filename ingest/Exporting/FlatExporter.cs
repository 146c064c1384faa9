using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// D4RL's layout: arrays of as many rows as steps. What it has no name for lies under <c>infos/</c> (of steps) and
/// <c>metadata/</c> (of episodes, and the map by which an import brings the dataset back).
/// </summary>
sealed class FlatExporter : IExporter
{
    readonly ExportPlan _plan;
    readonly IArraySink _sink;
    readonly ImportNames _names;
    readonly List<long> _starts = [];
    readonly List<string> _lost;
    long _steps;

    public FlatExporter(ExportPlan plan, IArraySink sink)
    {
        (_plan, _sink) = (plan, sink);
        // Bytes have no number that says 'unknown', and D4RL has no place for one more frame.
        _names = ImportNames.D4rl with { Next = plan.Schema.ObservationsAreBytes ? "" : ImportNames.D4rl.Next, HasTexts = sink.HasTexts };
        _lost = plan.Lost();
        if (plan.Schema.ObservationsAreBytes && plan.HasFinalObservations)
            _lost.Add("Final observations are images, for which this layout has no place.");
        if (!sink.HasTexts && plan.Manifest.InfoColumns.Any(c => c.Type == InfoType.Text))
            _lost.Add("Texts that are passed through are left out.");
    }

    public IReadOnlyList<string> Lost => _lost;

    public void Write(EpisodeRecord record, in EpisodeColumns e)
    {
        var steps = e.Rewards.Length;
        _starts.Add(_steps);
        _steps += steps;
        if (!_plan.HasUniqueKeys)
            _sink.Append<long>(_names.Episode, [], Filled(record.EpisodeId, steps));
        WriteObservations(e);
        if (_plan.Schema.ActionCount > 0)
            _sink.Append<long>(_names.Action, [], ToLong(e.DiscreteActions));
        else
            _sink.Append(_names.Action, [_plan.Schema.ActionWidth], e.ContinuousActions);
        _sink.Append(_names.Reward, [], e.Rewards);
        _sink.Append<bool>(_names.Terminated, [], Last(steps, e.Terminated));
        _sink.Append<bool>(_names.Truncated, [], Last(steps, e.Truncated));
        StepInfos.Write(_plan, _names, e, new SinkInfos(_sink));
    }

    public void Finish()
    {
        _sink.Append<long>(FlatTable.Metadata + "episode_starts", [], _starts.ToArray());
        _sink.WriteTexts(FlatTable.Metadata + _names.Policy, [.. _plan.Episodes.Select(e => e.BehaviorPolicy)]);
        _sink.WriteTexts(FlatTable.Metadata + _names.Key, [.. _plan.Episodes.Select(e => e.EpisodeKey)]);
        if (_plan.HasSplitKeys)
            _sink.WriteTexts(FlatTable.Metadata + _names.SplitKey, [.. _plan.Episodes.Select(e => e.SplitKey!)]);
        _sink.Append<byte>(FlatTable.Metadata + ExportedMap.Name, [], Encoding.UTF8.GetBytes(Config.ToYaml(_plan.Map(flat: false, _names))));
        _sink.Finish();
    }

    public void Dispose() => _sink.Dispose();

    void WriteObservations(in EpisodeColumns e)
    {
        var schema = _plan.Schema;
        if (schema.ObservationsAreBytes)
        {
            _sink.Append(_names.Observation, ((BoxSpace)_plan.Manifest.ObservationSpace).Shape, e.ObservationBytes);
            return;
        }

        IReadOnlyList<int> shape = schema.ObservationsAreDiscrete ? [] : ((BoxSpace)_plan.Manifest.ObservationSpace).Shape;
        if (schema.ObservationsAreDiscrete)
            _sink.Append<long>(_names.Observation, shape, ToLong(e.Observations));
        else
            _sink.Append(_names.Observation, shape, e.Observations);
        if (_plan.HasFinalObservations)
            _sink.Append<float>(_names.Next, shape, Following(e, schema.ObservationWidth));
    }

    // NaN where nothing is known of what followed.
    static float[] Following(in EpisodeColumns e, int width)
    {
        var next = new float[e.Observations.Length];
        e.Observations[width..].CopyTo(next);
        if (e.FinalObservation.IsEmpty)
            next.AsSpan(next.Length - width).Fill(float.NaN);
        else
            e.FinalObservation.CopyTo(next.AsSpan(next.Length - width));
        return next;
    }

    static bool[] Last(int steps, bool flag)
    {
        var flags = new bool[steps];
        flags[^1] = flag;
        return flags;
    }

    static long[] Filled(long value, int count)
    {
        var values = new long[count];
        Array.Fill(values, value);
        return values;
    }

    internal static long[] ToLong(ReadOnlySpan<int> values)
    {
        var result = new long[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = values[i];
        return result;
    }

    internal static long[] ToLong(ReadOnlySpan<float> values)
    {
        var result = new long[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = (long)values[i];
        return result;
    }

    sealed class SinkInfos(IArraySink sink) : IInfoSink
    {
        public bool HasTexts => sink.HasTexts;

        public void Write<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
            where T : unmanaged => sink.Append(name, rowShape, values);

        public void WriteTexts(string name, IReadOnlyList<string?> values) => sink.AppendTexts(name, values);
    }
}
