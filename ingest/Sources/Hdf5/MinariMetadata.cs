using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>What Minari says of a dataset: in <c>metadata.json</c> beside the file, or, of older versions, in attributes of the file.</summary>
sealed class MinariMetadata
{
    const int MostBytes = 64 << 20, MostBounds = 4096;

    readonly string _path;
    readonly JsonElement? _observation, _action;
    readonly string? _environment;

    MinariMetadata(string path, string? observation, string? action, string? environment, bool exported)
    {
        _path = path;
        _observation = Parse(observation, "observation_space");
        _action = Parse(action, "action_space");
        _environment = environment;
        Exported = exported;
    }

    /// <summary>Whether this tool wrote the file.</summary>
    public bool Exported { get; }

    /// <summary>The first action of a discrete space; subtracted, so that actions count from 0.</summary>
    public long ActionStart => Discrete(_action) is { } d ? d.Start : 0;

    public static MinariMetadata Of(Hdf5File file)
    {
        var beside = Path.Combine(Path.GetDirectoryName(file.Path) ?? "", "metadata.json");
        string? observation = file.Attribute("", "observation_space"), action = file.Attribute("", "action_space"), spec = file.Attribute("", "env_spec");
        if (File.Exists(beside) && new FileInfo(beside).Length <= MostBytes)
        {
            try
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(beside));
                observation ??= Text(json.RootElement, "observation_space");
                action ??= Text(json.RootElement, "action_space");
                spec ??= Text(json.RootElement, "env_spec");
            }
            catch (JsonException e)
            {
                throw Throw.BadSpace(beside, "the file", e.Message);
            }
        }

        return new MinariMetadata(file.Path, observation, action, EnvironmentOf(spec), file.Attribute("", ExportedMap.Name) is not null);
    }

    /// <summary>Refuses images that are stored as the bytes of JPEG files.</summary>
    public void RequireShape(string path, IReadOnlyList<ArrayInfo> observations)
    {
        if (observations.Count == 1 && Shape(_observation) is { Count: > 1 } shape && !shape.SequenceEqual(observations[0].Shape.Skip(1)))
            throw Throw.JpegImages(path, observations[0], string.Join(", ", shape));
    }

    /// <summary>The map of the columns, with the spaces' sizes and bounds.</summary>
    public ImportConfig Map(IReadOnlyList<StagedColumn> columns)
    {
        var map = ArrayMap.Of(columns, Discrete(_action) is not null ? true : null);
        return map with
        {
            Environment = _environment,
            ObservationCount = Discrete(_observation) is { Start: 0 } observations ? (int)Math.Min(int.MaxValue, observations.Count) : null,
            ObservationLow = Bounds(_observation, "low"),
            ObservationHigh = Bounds(_observation, "high"),
            ActionCount = Discrete(_action) is { } actions ? (int)Math.Min(int.MaxValue, actions.Count) : null,
            ActionLow = Bounds(_action, "low"),
            ActionHigh = Bounds(_action, "high"),
        };
    }

    JsonElement? Parse(string? space, string key)
    {
        if (space is null)
            return null;
        try
        {
            // Python writes infinities by a name that JSON does not have.
            using var json = JsonDocument.Parse(space.Replace("Infinity", "1e999", StringComparison.Ordinal).Replace("NaN", "null", StringComparison.Ordinal));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : throw Throw.BadSpace(_path, key, "it is no object");
        }
        catch (JsonException e)
        {
            throw Throw.BadSpace(_path, key, e.Message);
        }
    }

    static string? Text(JsonElement json, string key) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static (long Start, long Count)? Discrete(JsonElement? space) =>
        space is { } s && Text(s, "type") == "Discrete" && s.TryGetProperty("n", out var n) && n.TryGetInt64(out var count) && count > 0
            ? (s.TryGetProperty("start", out var start) && start.TryGetInt64(out var first) ? first : 0, count)
            : null;

    static List<long>? Shape(JsonElement? space) =>
        space is { } s && Text(s, "type") == "Box" && s.TryGetProperty("shape", out var shape) && shape.ValueKind == JsonValueKind.Array && shape.EnumerateArray().All(e => e.TryGetInt64(out _))
            ? [.. shape.EnumerateArray().Select(e => e.GetInt64())]
            : null;

    // One number where all are the same; none where there are none, or too many.
    static List<double> Bounds(JsonElement? space, string key)
    {
        if (Shape(space) is null || !space!.Value.TryGetProperty(key, out var bounds))
            return [];
        var values = new List<double>();
        return Collect(bounds, values) && values.Count > 0 ? values.All(v => v == values[0]) ? [values[0]] : values.Count <= MostBounds ? values : [] : [];
    }

    static bool Collect(JsonElement bounds, List<double> values)
    {
        if (bounds.ValueKind == JsonValueKind.Array)
            return bounds.EnumerateArray().All(e => Collect(e, values));
        if (bounds.ValueKind != JsonValueKind.Number)
            return false;
        values.Add(bounds.GetDouble());
        return true;
    }

    // Only what this tool knows: the id alone says nothing of the parameters of others.
    static string? EnvironmentOf(string? spec)
    {
        if (spec is null)
            return null;
        try
        {
            using var json = JsonDocument.Parse(spec);
            return Text(json.RootElement, "id") is { } id && EnvironmentRegistry.Resolve(id) is not null ? id : null;
        }
        catch (Exception e) when (e is JsonException or UserErrorException or InvalidOperationException)
        {
            return null;
        }
    }
}
