using System.Globalization;
using System.Text.Json;

namespace OfflineRL.Train;

/// <summary>
/// <c>metrics.jsonl</c>: one JSON object a line, appended while training runs. A checkpoint remembers how long the file
/// was; resuming cuts it back to there, so that no step is logged twice and a half-written line vanishes.
/// </summary>
sealed class MetricsLog : IDisposable
{
    readonly FileStream _file;
    readonly MemoryStream _line = new();

    /// <param name="path">Created where it is not there.</param>
    /// <param name="length">Length to cut back to, from the checkpoint; 0 for a fresh start.</param>
    public MetricsLog(string path, long length)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        if (_file.Length < length)
        {
            var found = _file.Length;
            _file.Dispose();
            Throw.BadFile(path, $"it has {found} bytes", $"at least the {length} it had at the checkpoint", "It was changed since: restore it, or train again under another name with --name.");
        }

        if (_file.Length > length)
            _file.SetLength(length);
        _file.Position = length;
    }

    /// <summary>Appends a line; numbers read back exactly, those that JSON has no digits for as "NaN", "Infinity" and "-Infinity".</summary>
    public void Append(int step, IReadOnlyList<string> names, ReadOnlySpan<double> values, double stepsPerSecond)
    {
        _line.SetLength(0);
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            for (var i = 0; i < names.Count; i++)
                WriteNumber(json, names[i], values[i]);
            WriteNumber(json, "steps_per_second", Math.Round(stepsPerSecond, 1));
            json.WriteEndObject();
        }

        _line.WriteByte((byte)'\n');
        _file.Write(_line.GetBuffer(), 0, (int)_line.Length);
        _file.Flush();
    }

    /// <summary>Puts what was appended on the disk and returns the length that a checkpoint remembers.</summary>
    public long Commit()
    {
        _file.Flush(flushToDisk: true);
        return _file.Length;
    }

    public void Dispose()
    {
        _line.Dispose();
        _file.Dispose();
    }

    static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
    }
}
