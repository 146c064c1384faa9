using System.Globalization;
using System.Text;
using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Ingest.Hdf5;

namespace OfflineRL.Ingest;

/// <summary>
/// Minari's layout: <c>data/main_data.hdf5</c> with a group an episode, and <c>data/metadata.json</c> with the spaces. Keys and policies are
/// attributes of the groups. An unknown final observation is the last one again, which an attribute says.
/// </summary>
sealed class MinariExporter : IExporter
{
    readonly ExportPlan _plan;
    readonly string _folder;
    readonly Hdf5Writer _writer;
    readonly ImportNames _names = ImportNames.Minari;

    public MinariExporter(ExportPlan plan, string folder)
    {
        (_plan, _folder) = (plan, Path.Combine(folder, "data"));
        Directory.CreateDirectory(_folder);
        _writer = new Hdf5Writer(Path.Combine(_folder, "main_data.hdf5"));
        Lost = plan.Lost();
    }

    public IReadOnlyList<string> Lost { get; }

    public void Write(EpisodeRecord record, in EpisodeColumns e)
    {
        var group = FormattableString.Invariant($"episode_{record.EpisodeId}");
        _writer.Group(group);
        _writer.Attribute(group, "id", record.EpisodeId);
        _writer.Attribute(group, "total_steps", record.Steps);
        _writer.Attribute(group, _names.Key, record.EpisodeKey);
        _writer.Attribute(group, _names.Policy, record.BehaviorPolicy);
        if (_plan.HasSplitKeys)
            _writer.Attribute(group, _names.SplitKey, record.SplitKey!);
        if (!record.FinalObservationKnown)
            _writer.Attribute(group, MinariEpisodes.Final, MinariEpisodes.Unknown);
        WriteObservations(group, e);
        if (_plan.Schema.ActionCount > 0)
            _writer.Write<long>($"{group}/actions", [record.Steps], FlatExporter.ToLong(e.DiscreteActions));
        else
            _writer.Write($"{group}/actions", [record.Steps, _plan.Schema.ActionWidth], e.ContinuousActions);
        _writer.Write($"{group}/rewards", [record.Steps], e.Rewards);
        var flags = new bool[record.Steps];
        flags[^1] = e.Terminated;
        _writer.Write<bool>($"{group}/terminations", [record.Steps], flags);
        flags[^1] = e.Truncated;
        _writer.Write<bool>($"{group}/truncations", [record.Steps], flags);
        StepInfos.Write(_plan, _names, e, new GroupInfos(_writer, group, record.Steps));
    }

    public void Finish()
    {
        _writer.Attribute("", ExportedMap.Name, Config.ToYaml(_plan.Map(flat: false, _names)));
        _writer.Close();
        var metadata = new Dictionary<string, object>
        {
            ["dataset_id"] = _plan.Name,
            ["total_episodes"] = _plan.Manifest.Counts.Episodes,
            ["total_steps"] = _plan.Manifest.Counts.Steps,
            ["data_format"] = "hdf5",
            ["jpeg_encoding"] = false,
            ["observation_space"] = Describe(_plan.Manifest.ObservationSpace),
            ["action_space"] = Describe(_plan.Manifest.ActionSpace),
            // The oldest one of this layout; newer ones read it.
            ["minari_version"] = "0.5.0",
            ["algorithm_name"] = "",
            ["content_hash"] = _plan.Manifest.ContentHash,
        };
        File.WriteAllText(Path.Combine(_folder, "metadata.json"), JsonSerializer.Serialize(metadata));
    }

    public void Dispose() => _writer.Dispose();

    void WriteObservations(string group, in EpisodeColumns e)
    {
        var name = $"{group}/observations";
        var rows = (long)e.Rewards.Length + 1;
        var schema = _plan.Schema;
        if (schema.ObservationsAreDiscrete)
        {
            _writer.Write<long>(name, [rows], FlatExporter.ToLong(With<float>(e.Observations, e.FinalObservation, 1)));
            return;
        }

        IReadOnlyList<long> shape = [rows, .. ((BoxSpace)_plan.Manifest.ObservationSpace).Shape.Select(s => (long)s)];
        if (schema.ObservationsAreBytes)
            _writer.Write<byte>(name, shape, With(e.ObservationBytes, e.FinalObservationBytes, schema.ObservationWidth));
        else
            _writer.Write<float>(name, shape, With(e.Observations, e.FinalObservation, schema.ObservationWidth));
    }

    static ReadOnlySpan<T> With<T>(ReadOnlySpan<T> observations, ReadOnlySpan<T> final, int width)
        where T : unmanaged
    {
        var all = new T[observations.Length + width];
        observations.CopyTo(all);
        (final.IsEmpty ? observations[^width..] : final).CopyTo(all.AsSpan(observations.Length));
        return all;
    }

    // As Minari writes a Gymnasium space; infinities by Python's name.
    static string Describe(Space space)
    {
        if (space is DiscreteSpace discrete)
            return string.Create(CultureInfo.InvariantCulture, $"{{\"type\": \"Discrete\", \"dtype\": \"int64\", \"start\": 0, \"n\": {discrete.Count}}}");
        var box = (BoxSpace)space;
        var type = box.ElementType == ElementType.UInt8 ? "uint8" : "float32";
        return $"{{\"type\": \"Box\", \"dtype\": \"{type}\", \"shape\": [{string.Join(", ", box.Shape)}], \"low\": {Nested(box.Low, box.Shape)}, \"high\": {Nested(box.High, box.Shape)}}}";
    }

    static string Nested(IReadOnlyList<double> values, IReadOnlyList<int> shape)
    {
        var text = new StringBuilder();
        var at = 0;
        Write(0);
        return text.ToString();

        void Write(int dimension)
        {
            if (dimension == shape.Count)
            {
                var value = values[at++];
                text.Append(double.IsPositiveInfinity(value) ? "Infinity" : double.IsNegativeInfinity(value) ? "-Infinity" : value.ToString("R", CultureInfo.InvariantCulture));
                return;
            }

            text.Append('[');
            for (var i = 0; i < shape[dimension]; i++)
            {
                if (i > 0)
                    text.Append(", ");
                Write(dimension + 1);
            }

            text.Append(']');
        }
    }

    sealed class GroupInfos(Hdf5Writer writer, string group, long steps) : IInfoSink
    {
        public bool HasTexts => true;

        public void Write<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
            where T : unmanaged => writer.Write($"{group}/{name}", [steps, .. rowShape], values);

        public void WriteTexts(string name, IReadOnlyList<string?> values) => writer.WriteTexts($"{group}/{name}", [.. values.Select(v => v ?? "")]);
    }
}
