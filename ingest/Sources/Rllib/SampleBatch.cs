using System.Text;
using System.Text.Json;

namespace OfflineRL.Ingest;

/// <summary>Why a line is no batch that can be read.</summary>
/// <param name="reason">What was found and what was expected.</param>
/// <param name="packed">Whether the column holds what must not be unpacked.</param>
sealed class SampleBatchException(string reason, bool packed = false) : Exception(reason)
{
    public bool Packed => packed;
}

/// <summary>One column of a batch: a number, several, or a text for each row.</summary>
sealed class BatchColumn
{
    public List<double> Numbers { get; } = [];

    /// <summary>The same numbers, exactly, while all of them are whole and single.</summary>
    public List<long>? Whole { get; set; } = [];

    public List<string?>? Texts { get; set; }

    /// <summary>Numbers a row; 0: one that is no list; -1: no row yet.</summary>
    public int Width { get; set; } = -1;

    public int Rows { get; set; }

    public string Type => Texts is not null ? "VARCHAR" : Width > 0 ? "DOUBLE[]" : Whole is not null ? "BIGINT" : "DOUBLE";
}

/// <summary>RLlib's SampleBatch, decoded from one line of JSON: columns of the same number of rows.</summary>
sealed class SampleBatch
{
    const int MostColumns = 1000;

    /// <summary>Base64 of the first bytes of an LZ4 frame.</summary>
    const string PackedStart = "BCJNGGhA";

    readonly Dictionary<string, BatchColumn> _columns = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, BatchColumn> Columns => _columns;

    public int Rows { get; private set; }

    /// <exception cref="SampleBatchException">The line is no batch, or not one that can be read.</exception>
    public static SampleBatch Read(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new SampleBatchException("found no object; expected a SampleBatch as one JSON object a line");
            var batch = new SampleBatch();
            batch.ReadObject(ref reader, line, nested: false);
            if (reader.Read())
                throw new SampleBatchException("text follows the batch; expected one a line");
            batch.RequireRows();
            return batch;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new SampleBatchException($"not valid JSON ({e.Message.Split(" LineNumber")[0].TrimEnd('.')})");
        }
    }

    void ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, bool nested)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.String when name == "type":
                    if (reader.GetString() is not ("SampleBatch" or "MultiAgentBatch"))
                        throw new SampleBatchException($"type is '{reader.GetString()}'; expected SampleBatch or MultiAgentBatch");
                    break;
                case JsonTokenType.String:
                    RequireUnpacked(name, reader.GetString()!);
                    break;
                case JsonTokenType.StartObject when name == "policy_batches" && !nested:
                    ReadPolicies(ref reader, line);
                    break;
                case JsonTokenType.StartArray when !IsPerSequence(name):
                    ReadColumn(ref reader, line, name);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    // Recurrent policies' states have a row a sequence, not a step.
    static bool IsPerSequence(string name) => name == "seq_lens" || name.StartsWith("state_in_", StringComparison.Ordinal);

    void ReadPolicies(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        var names = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            names.Add(reader.GetString()!);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject || names.Count > 1)
                reader.Skip();
            else
                ReadObject(ref reader, line, nested: true);
        }

        if (names.Count != 1)
            throw new SampleBatchException($"a MultiAgentBatch of {names.Count} policies ({string.Join(", ", names.Take(10))}); expected one: a dataset holds one agent's decisions. Write each policy's batches to files of their own");
    }

    void ReadColumn(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, string name)
    {
        if (_columns.Count >= MostColumns || !_columns.TryAdd(name, new BatchColumn()))
            throw new SampleBatchException($"column '{name}' is there twice, or there are more than {MostColumns} columns");
        var column = _columns[name];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ReadRow(ref reader, line, name, column);
            column.Rows++;
        }
    }

    static void ReadRow(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, string name, BatchColumn column)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                var start = column.Numbers.Count;
                ReadNested(ref reader, name, column.Numbers);
                if (column.Numbers.Count == start)
                    throw new SampleBatchException($"column '{name}', row {column.Rows}: found an empty list; expected numbers");
                Require(name, column, column.Numbers.Count - start);
                column.Whole = null;
                break;
            case JsonTokenType.String:
                RequireUnpacked(name, reader.GetString()!);
                Text(name, column, reader.GetString());
                break;
            case JsonTokenType.StartObject:
                var from = (int)reader.TokenStartIndex;
                reader.Skip();
                Text(name, column, Encoding.UTF8.GetString(line[from..(int)reader.BytesConsumed]));
                break;
            case JsonTokenType.Null when column.Texts is not null:
                Text(name, column, null);
                break;
            default:
                column.Whole = column.Whole is not null && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var whole) ? Added(column.Whole, whole) : null;
                column.Numbers.Add(Number(ref reader, name));
                Require(name, column, 0);
                break;
        }

        static List<long> Added(List<long> values, long value)
        {
            values.Add(value);
            return values;
        }
    }

    // Lists in lists, such as images, become one list.
    static void ReadNested(ref Utf8JsonReader reader, string name, List<double> numbers)
    {
        var depth = 1;
        while (depth > 0 && reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartArray)
                depth++;
            else if (reader.TokenType == JsonTokenType.EndArray)
                depth--;
            else
                numbers.Add(Number(ref reader, name));
        }
    }

    static double Number(ref Utf8JsonReader reader, string name) => reader.TokenType switch
    {
        JsonTokenType.Number => reader.GetDouble(),
        JsonTokenType.True => 1,
        JsonTokenType.False => 0,
        JsonTokenType.Null => double.NaN,
        _ => throw new SampleBatchException($"column '{name}' holds a {reader.TokenType} among numbers; expected numbers alone"),
    };

    static void Text(string name, BatchColumn column, string? text)
    {
        if (column.Texts is null && column.Rows > 0)
            throw new SampleBatchException($"column '{name}' holds texts among numbers; expected one or the other");
        (column.Texts ??= []).Add(text);
    }

    static void Require(string name, BatchColumn column, int width)
    {
        if (column.Texts is not null || (column.Width >= 0 && column.Width != width) || (column.Width < 0 && column.Rows > 0))
            throw new SampleBatchException($"column '{name}', row {column.Rows}: found {(width == 0 ? "one number" : $"a list of {width}")}; expected {(column.Texts is not null ? "a text" : column.Width == 0 ? "one number" : $"{column.Width}")}, as in the batch's first row");
        column.Width = width;
    }

    static void RequireUnpacked(string name, string text)
    {
        if (text.StartsWith(PackedStart, StringComparison.Ordinal))
        {
            throw new SampleBatchException($"column '{name}' is packed (base64 of LZ4 of a Python pickle), and pickles are never executed. "
                + "Write the batches with 'compress_columns': [] (RLlib: config.offline_data(output_compress_columns=[])), or convert them where RLlib runs", packed: true);
        }
    }

    void RequireRows()
    {
        if (_columns.Count == 0)
            throw new SampleBatchException("found no columns; expected a SampleBatch such as {\"type\": \"SampleBatch\", \"obs\": [[…]], \"actions\": […]}");
        Rows = _columns.Values.First().Rows;
        foreach (var (name, column) in _columns)
        {
            if (column.Rows != Rows)
                throw new SampleBatchException($"column '{name}' has {column.Rows} rows; expected {Rows}, as '{_columns.Keys.First()}' has");
        }
    }
}
