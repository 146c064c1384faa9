using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OfflineRL.Datasets;

/// <summary>
/// Bounds of a box: an array, or, where all are the same and there are many (an image), <c>{"value": 0, "count": 28224}</c>. Infinities are
/// <c>"Infinity"</c> and <c>"-Infinity"</c>.
/// </summary>
sealed class BoundsJsonConverter : JsonConverter<IReadOnlyList<double>>
{
    const int Few = 8;
    const int MostNumbers = 1 << 26;

    public override IReadOnlyList<double> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            List<double> bounds = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                bounds.Add(Number(ref reader));
            }

            return bounds;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("Bounds are an array of numbers, or an object with value and count.");
        }

        double value = double.NaN;
        int count = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "value": value = Number(ref reader); break;
                case "count": count = reader.GetInt32(); break;
                default: throw new JsonException($"Bounds have the keys value and count, not '{name}'.");
            }
        }

        if (double.IsNaN(value) || count is < 0 or > MostNumbers)
        {
            throw new JsonException($"Bounds need a value, and a count from 0 to {MostNumbers}.");
        }

        double[] same = new double[count];
        Array.Fill(same, value);
        return same;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<double> value, JsonSerializerOptions options)
    {
        if (value.Count > Few && value.All(v => v == value[0]))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("value");
            WriteNumber(writer, value[0]);
            writer.WriteNumber("count", value.Count);
            writer.WriteEndObject();
            return;
        }

        writer.WriteStartArray();
        foreach (double bound in value)
        {
            WriteNumber(writer, bound);
        }

        writer.WriteEndArray();
    }

    static double Number(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
        ? double.TryParse(reader.GetString(), CultureInfo.InvariantCulture, out double named) ? named : throw new JsonException($"'{reader.GetString()}' is no number.")
        : reader.GetDouble();

    static void WriteNumber(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
    }
}
