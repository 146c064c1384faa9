using System.Text.Json;

namespace OfflineRL.Ingest;

/// <summary>
/// Features of Vowpal Wabbit's JSON: an object's key is a namespace, a text is the feature key and text together, a number is the value of
/// its key, true is 1, a list of numbers has features by place; keys that begin with an underscore are none, but <c>_text</c>, whose words are features.
/// </summary>
static class JsonContext
{
    /// <summary>Adds all features of an object in a namespace without a name.</summary>
    public static void Add(JsonElement value, Span<float> vector, FeatureHasher hasher) => Add(value, FeatureHasher.Hash(" ", 0), vector, hasher);

    static void Add(JsonElement value, uint space, Span<float> vector, FeatureHasher hasher)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    AddProperty(property, space, vector, hasher);
                break;
            case JsonValueKind.Array:
                var index = 0u;
                foreach (var item in value.EnumerateArray())
                {
                    if (item.ValueKind == JsonValueKind.Number)
                        hasher.Add(vector, unchecked(space + index), Number(item));
                    else if (item.ValueKind == JsonValueKind.String)
                        hasher.Add(vector, FeatureHasher.Hash(item.GetString()!, space), 1);
                    else
                        Add(item, space, vector, hasher);
                    index++;
                }

                break;
            default:
                break;
        }
    }

    static void AddProperty(JsonProperty property, uint space, Span<float> vector, FeatureHasher hasher)
    {
        var (name, value) = (property.Name, property.Value);
        if (name.StartsWith('_'))
        {
            if (name == "_text" && value.ValueKind == JsonValueKind.String)
            {
                foreach (var word in value.GetString()!.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                    hasher.Add(vector, FeatureHasher.Hash(word, space), 1);
            }

            return;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                hasher.Add(vector, FeatureHasher.Hash(name + value.GetString()!.Replace(' ', '_').Replace('\t', '_').Replace('|', '_').Replace(':', '_'), space), 1);
                break;
            case JsonValueKind.Number:
                hasher.Add(vector, FeatureHasher.Hash(name, space), Number(value));
                break;
            case JsonValueKind.True:
                hasher.Add(vector, FeatureHasher.Hash(name, space), 1);
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
                Add(value, FeatureHasher.Hash(name, 0), vector, hasher);
                break;
            default:
                break;
        }
    }

    static float Number(JsonElement value) => value.TryGetSingle(out var number) && float.IsFinite(number)
        ? number
        : throw new EventException($"a feature has the value {value.GetRawText()}; expected a number within the range of float32");
}
