using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// CSV with flat columns, or JSON lines with lists. Numbers are written so that they read back exactly. Beside the file lies the map by which
/// an import brings the dataset back.
/// </summary>
sealed class TextExporter : IExporter
{
    readonly ExportPlan _plan;
    readonly ImportNames _names = ImportNames.Table;
    readonly string _path;
    readonly bool _json;
    readonly StreamWriter _writer;
    readonly StringBuilder _line = new();

    public TextExporter(ExportPlan plan, string path, bool json)
    {
        if (plan.Schema.ObservationsAreBytes)
            throw Throw.ImagesAsText(plan.Name, plan.Manifest.ObservationSpace);
        (_plan, _path, _json) = (plan, path, json);
        var lost = plan.Lost();
        if (!json && plan.Manifest.ActionFeatures > 0)
            lost.Add("Features of actions are left out: flat columns of them would be too many. JSON lines hold them.");
        Lost = lost;
        Stream file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
        if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            file = new GZipStream(file, CompressionLevel.Fastest);
        _writer = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16);
        if (!json)
            _writer.WriteLine(string.Join(',', Header()));
    }

    public IReadOnlyList<string> Lost { get; }

    public void Write(EpisodeRecord record, in EpisodeColumns e)
    {
        var features = _json && _plan.Manifest.ActionFeatures > 0 ? _plan.Features(e) : [];
        for (var t = 0; t < record.Steps; t++)
        {
            _line.Clear();
            if (_json)
                _line.Append('{');
            Text(_names.Key, record.EpisodeKey);
            Number(_names.Episode, record.EpisodeId);
            Number("step", t);
            Text(_names.Policy, record.BehaviorPolicy);
            if (_plan.HasSplitKeys)
                Text(_names.SplitKey, record.SplitKey);
            Observations(e, t);
            if (_plan.Schema.ActionCount > 0)
                Number(_names.Action, e.DiscreteActions[t]);
            else
                Floats(_names.Action, e.ContinuousActions.Slice(t * _plan.Schema.ActionWidth, _plan.Schema.ActionWidth));
            Number(_names.Reward, e.Rewards[t]);
            Flag(_names.Terminated, e.Terminated && t == record.Steps - 1);
            Flag(_names.Truncated, e.Truncated && t == record.Steps - 1);
            Propensities(e, t);
            if (_json && _plan.Manifest.ActionFeatures > 0)
                Features(features.Slice(t * _plan.Schema.ActionFeaturesWidth, _plan.Schema.ActionFeaturesWidth));
            if (_plan.Manifest.HasTimestamp)
                Text(_names.Timestamp, e.TimestampMicros.IsEmpty ? null : DateTimeOffset.UnixEpoch.AddTicks(e.TimestampMicros[t] * 10).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
            for (var i = 0; i < e.Info.Length; i++)
                Info(_plan.Manifest.InfoColumns[i], e.Info[i], t);
            if (_json)
                _line.Append('}');
            _writer.Write(_line);
            _writer.Write('\n');
        }
    }

    public void Finish()
    {
        _writer.Dispose();
        var map = _plan.Map(flat: !_json, _names) with { Step = "step" };
        File.WriteAllText(_path + ".yaml", $"# offlinerl ingest import --config THIS --source {Path.GetFileName(_path)}\n{Config.ToYaml(map)}");
    }

    public void Dispose() => _writer.Dispose();

    List<string> Header()
    {
        var schema = _plan.Schema;
        var columns = new List<string> { _names.Key, _names.Episode, "step", _names.Policy };
        if (_plan.HasSplitKeys)
            columns.Add(_names.SplitKey);
        columns.AddRange(ExportPlan.Columns(_names.Observation, schema.ObservationWidth, !schema.ObservationsAreDiscrete));
        if (_plan.HasFinalObservations)
            columns.AddRange(ExportPlan.Columns(_names.Next, schema.ObservationWidth, !schema.ObservationsAreDiscrete));
        columns.AddRange(ExportPlan.Columns(_names.Action, schema.ActionWidth, schema.ActionCount == 0));
        columns.AddRange([_names.Reward, _names.Terminated, _names.Truncated]);
        if (_plan.HasLogProbabilities)
            columns.Add(_names.LogProbability);
        if (_plan.Manifest.HasBehaviorProbabilities)
            columns.AddRange(ExportPlan.Columns(_names.Probabilities, schema.ActionCount, true));
        if (_plan.Manifest.HasActionMask)
            columns.AddRange(ExportPlan.Columns(_names.Mask, schema.ActionCount, true));
        if (_plan.Manifest.HasTimestamp)
            columns.Add(_names.Timestamp);
        foreach (var info in _plan.Manifest.InfoColumns)
            columns.AddRange(ExportPlan.Columns(_names.Info(info), info.Width, info.Width > 0));
        return columns;
    }

    void Observations(in EpisodeColumns e, int t)
    {
        var width = _plan.Schema.ObservationWidth;
        var last = t == e.Rewards.Length - 1;
        var next = !last ? e.Observations.Slice((t + 1) * width, width) : e.FinalObservation;
        if (_plan.Schema.ObservationsAreDiscrete)
        {
            Number(_names.Observation, e.Observations[t]);
            if (_plan.HasFinalObservations)
                Number(_names.Next, next.IsEmpty ? double.NaN : next[0]);
            return;
        }

        Floats(_names.Observation, e.Observations.Slice(t * width, width));
        if (_plan.HasFinalObservations)
            Floats(_names.Next, next, width);
    }

    void Propensities(in EpisodeColumns e, int t)
    {
        var actions = _plan.Schema.ActionCount;
        if (_plan.HasLogProbabilities)
            Number(_names.LogProbability, e.BehaviorLogProbabilities.IsEmpty ? double.NaN : e.BehaviorLogProbabilities[t]);
        if (_plan.Manifest.HasBehaviorProbabilities)
            Doubles(_names.Probabilities, e.BehaviorProbabilities.IsEmpty ? [] : e.BehaviorProbabilities.Slice(t * actions, actions), actions);
        if (_plan.Manifest.HasActionMask)
            Flags(_names.Mask, e.ActionMasks.IsEmpty ? [] : e.ActionMasks.Slice(t * actions, actions), actions);
    }

    // A list an action.
    void Features(ReadOnlySpan<float> values)
    {
        Begin(_names.Features);
        for (var i = 0; i < values.Length; i++)
        {
            _line.Append(i == 0 ? "[[" : i % _plan.Manifest.ActionFeatures == 0 ? "],[" : ",");
            _line.Append(CultureInfo.InvariantCulture, $"{values[i]:G9}");
        }

        _line.Append("]]");
    }

    void Info(InfoColumn column, InfoValues values, int t)
    {
        var name = _names.Info(column);
        switch (column.Type)
        {
            case InfoType.Double when column.Width > 0:
                Doubles(name, values.Doubles.Span.Slice(t * column.Width, column.Width), column.Width);
                break;
            case InfoType.Double:
                Number(name, values.Doubles.Span[t]);
                break;
            case InfoType.Integer:
                Begin(name);
                _line.Append(CultureInfo.InvariantCulture, $"{values.Integers.Span[t]}");
                break;
            case InfoType.Boolean:
                Flag(name, values.Booleans.Span[t]);
                break;
            default:
                Text(name, values.Texts.Span[t]);
                break;
        }
    }

    void Begin(string name)
    {
        if (_line.Length > (_json ? 1 : 0))
            _line.Append(',');
        if (_json)
            _line.Append('"').Append(name).Append("\":");
    }

    void Text(string name, string? value)
    {
        Begin(name);
        if (_json)
            _line.Append(JsonSerializer.Serialize(value));
        else if (value is not null)
            _line.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
    }

    void Flag(string name, bool value)
    {
        Begin(name);
        _line.Append(value ? "true" : "false");
    }

    // NaN is nothing.
    void Number(string name, double value)
    {
        Begin(name);
        Append(value);
    }

    void Append(double value)
    {
        if (!double.IsNaN(value))
            _line.Append(CultureInfo.InvariantCulture, $"{value:R}");
        else if (_json)
            _line.Append("null");
    }

    void Floats(string name, ReadOnlySpan<float> values, int width = 0)
    {
        var known = !values.IsEmpty;
        if (List(name, known))
            return;
        for (var i = 0; i < Math.Max(width, values.Length); i++)
        {
            Element(name, i);
            // Nine digits: the number stays the nearest float by way of a double too.
            if (known)
                _line.Append(CultureInfo.InvariantCulture, $"{values[i]:G9}");
        }

        Close();
    }

    void Doubles(string name, ReadOnlySpan<double> values, int width)
    {
        var known = !values.IsEmpty;
        if (List(name, known))
            return;
        for (var i = 0; i < width; i++)
        {
            Element(name, i);
            if (known)
                Append(values[i]);
        }

        Close();
    }

    void Flags(string name, ReadOnlySpan<bool> values, int width)
    {
        var known = !values.IsEmpty;
        if (List(name, known))
            return;
        for (var i = 0; i < width; i++)
        {
            Element(name, i);
            if (known)
                _line.Append(values[i] ? _json ? "1" : "true" : _json ? "0" : "false");
        }

        Close();
    }

    // True where the whole list is written already, as nothing.
    bool List(string name, bool known)
    {
        if (!_json)
            return false;
        Begin(name);
        _line.Append(known ? "[" : "null");
        return !known;
    }

    void Element(string name, int index)
    {
        if (!_json)
            Begin(name);
        else if (index > 0)
            _line.Append(',');
    }

    void Close()
    {
        if (_json)
            _line.Append(']');
    }
}
