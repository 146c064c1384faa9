using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The columns of JSON objects: their keys, and the paths into nested values that the map names. All are texts, as in CSV, so that nothing is guessed.</summary>
sealed class JsonFields
{
    const int SampleRows = 1000, SampleBytes = 64 << 20, MostKeys = 10_000;

    readonly List<(string Name, string Path, int Depth, bool All)> _fields = [];
    readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    JsonFields()
    {
    }

    public IReadOnlyList<SourceColumn> Columns => _fields.Select(f => new SourceColumn(f.Name, f.Depth > 1 || f.All ? "DOUBLE[]" : "VARCHAR")).ToList();

    /// <summary>What the first objects hold in each key: BIGINT (whole numbers alone), DOUBLE (numbers or flags), DOUBLE[] or VARCHAR.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>Looks at the first objects, and for a name that none of them has, at all.</summary>
    /// <param name="request">The map and the connection.</param>
    /// <param name="objects">The table function that gives one column, <c>json</c>.</param>
    /// <exception cref="UserErrorException">The map names what no object has.</exception>
    public static JsonFields Find(SourceRequest request, string objects)
    {
        var samples = Sample(request.Connection, objects);
        try
        {
            var keys = samples.Where(s => s.RootElement.ValueKind == JsonValueKind.Object)
                .SelectMany(s => s.RootElement.EnumerateObject().Select(p => p.Name)).Where(k => k.Length > 0 && !k.Contains('"', StringComparison.Ordinal))
                .Distinct(StringComparer.Ordinal).Take(MostKeys).ToList();
            var found = new JsonFields();
            foreach (var key in keys.DistinctBy(k => k.ToUpperInvariant()))
            {
                found.Add(key, new ColumnPath(key, []), samples);
                found._types[key] = Type(samples.Select(s => Value(s.RootElement, new ColumnPath(key, []))).ToList());
            }

            foreach (var (key, name) in ConfigColumns.Named(request.Config).DistinctBy(n => n.Name).Where(n => !keys.Contains(n.Name)))
            {
                var path = ColumnPath.Parse(name, keys) ?? ColumnPath.Parse(name, [name.Split('.', '[')[0]]);
                // A format's own names may be absent; only what the user wrote is missed, by the plan.
                if (path is not null && (samples.Any(s => Any(s.RootElement, path)) || Exists(request.Connection, objects, path)))
                    found.Add(name, path, samples);
                else if (path?.Steps.Count > 0)
                    throw Throw.MissingColumn(request.Paths[0], key, name, [.. keys, .. Paths(samples)]);
            }

            return found;
        }
        finally
        {
            foreach (var sample in samples)
                sample.Dispose();
        }
    }

    /// <summary>What stands behind FROM; one pass over an object's text gives all of its fields.</summary>
    public string From(string objects)
    {
        var paths = _fields.Where(f => !f.All).Select(f => f.Path).ToList();
        var columns = _fields.Select(f =>
        {
            var value = f.All ? $"json_extract_string(json, {DuckDbSql.Text(f.Path)})" : $"fields[{paths.IndexOf(f.Path) + 1}]";
            return $"{(f.All ? Numbers(value) : f.Depth > 1 ? Numbers(Flat(value, f.Depth)) : value)} AS {DuckDbSql.Name(f.Name)}";
        });
        var extract = paths.Count == 0 ? "NULL" : $"json_extract_string(json, {DuckDbSql.Texts(paths)})";
        return $"(SELECT {string.Concat(columns.Select(c => c + ", "))}file_index FROM (SELECT json, {extract} AS fields, file_index FROM {objects}))";
    }

    void Add(string name, ColumnPath path, List<JsonDocument> samples)
    {
        var depth = path.HasAll ? 1 : samples.Where(s => Any(s.RootElement, path)).Select(s => Depth(Value(s.RootElement, path))).DefaultIfEmpty().Max();
        _fields.Add((name, path.Json, depth, path.HasAll));
    }

    // Lists of lists to one list; what is no such list gives null, which the plan takes for nothing.
    static string Flat(string value, int depth)
    {
        var lists = $"TRY_CAST(TRY_CAST({value} AS JSON) AS VARCHAR{string.Concat(Enumerable.Repeat("[]", depth))})";
        for (var i = 1; i < depth; i++)
            lists = SqlLists.Flatten(lists);
        return lists;
    }

    static string Numbers(string list) =>
        $"list_transform({list}, lambda e: CASE WHEN e IS NULL THEN NULL WHEN e = 'true' THEN 1 WHEN e = 'false' THEN 0 ELSE coalesce(TRY_CAST(e AS DOUBLE), 'Infinity'::DOUBLE) END)";

    static List<JsonDocument> Sample(DuckDbConnection connection, string objects)
    {
        var samples = new List<JsonDocument>();
        var bytes = 0L;
        using var result = connection.Stream($"SELECT CAST(json AS VARCHAR) FROM {objects} LIMIT {SampleRows}");
        while (bytes < SampleBytes && result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows && bytes < SampleBytes; row++)
                {
                    if (chunk[0].IsNull(row))
                        continue;
                    var text = chunk[0].Bytes(row).ToArray();
                    bytes += text.Length;
                    if (TryParse(text) is { } document)
                        samples.Add(document);
                }
            }
        }

        return samples;
    }

    static JsonDocument? TryParse(byte[] text)
    {
        try
        {
            return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException)
        {
            // Deeper than we follow, or laxer than the standard; other samples show the fields.
            return null;
        }
    }

    static bool Exists(DuckDbConnection connection, string objects, ColumnPath path)
    {
        using var result = connection.Query($"SELECT 1 FROM {objects} WHERE json_type(json, {DuckDbSql.Text(path.Json.Replace("[*]", "[0]", StringComparison.Ordinal))}) IS NOT NULL LIMIT 1");
        using var chunk = result.Next();
        return chunk is { Rows: > 0 };
    }

    static bool Any(JsonElement root, ColumnPath path) => Value(root, path).ValueKind != JsonValueKind.Undefined;

    static JsonElement Value(JsonElement root, ColumnPath path)
    {
        var value = root;
        foreach (var (name, index) in path.Steps.Prepend((path.Column, null)))
        {
            if (name is not null ? value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value)
                : value.ValueKind != JsonValueKind.Array || (index ?? 0) >= value.GetArrayLength())
                return default;
            if (name is null)
                value = value[index ?? 0];
        }

        return value;
    }

    static string Type(List<JsonElement> values)
    {
        var kinds = values.Select(v => v.ValueKind).Where(k => k is not (JsonValueKind.Undefined or JsonValueKind.Null)).ToHashSet();
        return kinds.SetEquals([JsonValueKind.Array]) ? "DOUBLE[]"
            : kinds.Count == 0 || !kinds.IsSubsetOf([JsonValueKind.Number, JsonValueKind.True, JsonValueKind.False]) ? "VARCHAR"
            : values.All(v => v.ValueKind != JsonValueKind.Number || v.TryGetInt64(out _)) && kinds.Contains(JsonValueKind.Number) ? "BIGINT"
            : "DOUBLE";
    }

    static int Depth(JsonElement value) => value.ValueKind == JsonValueKind.Array ? 1 + (value.GetArrayLength() > 0 ? value.EnumerateArray().Max(Depth) : 0) : 0;

    // For the message that names what is there.
    static IEnumerable<string> Paths(List<JsonDocument> samples)
    {
        return samples.Take(1).SelectMany(s => Below("", s.RootElement, 0)).Take(200);

        static IEnumerable<string> Below(string prefix, JsonElement value, int depth) =>
            value.ValueKind != JsonValueKind.Object || depth > 4 ? []
            : value.EnumerateObject().SelectMany(p => Below($"{prefix}{p.Name}.", p.Value, depth + 1).Prepend(prefix + p.Name)).Where(p => p.Contains('.', StringComparison.Ordinal));
    }
}
