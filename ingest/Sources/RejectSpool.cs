using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Rows that were refused before there was a dataset to list them in: kept in a file, however many, and handed on once there is one.
/// </summary>
sealed class RejectSpool(string folder) : IDisposable
{
    readonly string _path = Path.Combine(folder, "rejects.jsonl");
    StreamWriter? _writer;

    public long Count { get; private set; }

    public void Add(RejectedRow row)
    {
        if (_writer is null)
        {
            Directory.CreateDirectory(folder);
            _writer = new StreamWriter(_path);
        }

        _writer.WriteLine(JsonSerializer.Serialize(row));
        Count++;
    }

    /// <summary>In the order in which they came.</summary>
    public IEnumerable<RejectedRow> Read()
    {
        _writer?.Flush();
        return _writer is null ? [] : File.ReadLines(_path).Select(line => JsonSerializer.Deserialize<RejectedRow>(line)!);
    }

    public void Dispose() => _writer?.Dispose();
}
