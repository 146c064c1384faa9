using System.Text.Json;
using System.Text.Json.Nodes;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>Finds the first key in which two configs differ, so that a refusal can name it.</summary>
static class ConfigDifference
{
    /// <summary>The key, and its value in each; null where the configs would train the same. Which seeds are asked for does not count.</summary>
    public static (string Key, string Before, string Now)? Find(TrainConfig before, TrainConfig now)
    {
        var left = Flatten(before);
        foreach (var (key, value) in Flatten(now))
        {
            if (!left.TryGetValue(key, out var old) || old != value)
                return (key, old ?? "(not set)", value);
        }

        return null;
    }

    static Dictionary<string, string> Flatten(TrainConfig config)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        var none = config with { Seeds = [] };
        Flatten(JsonSerializer.SerializeToNode(none, JsonFiles.Options)!.AsObject(), "", all);
        return all;
    }

    static void Flatten(JsonObject node, string prefix, Dictionary<string, string> all)
    {
        foreach (var (key, value) in node)
        {
            if (value is JsonObject inner)
                Flatten(inner, $"{prefix}{key}.", all);
            else
                all[prefix + key] = value?.ToJsonString(JsonFiles.Options).Trim('"') ?? "(not set)";
        }
    }
}
