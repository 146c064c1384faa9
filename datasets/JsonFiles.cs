using System.Text.Json;
using System.Text.Json.Serialization;

namespace OfflineRL.Datasets;

/// <summary>The one JSON dialect of manifests, policies, columns and reports: indented, snake_case, unknown keys refused, infinities by name.</summary>
public static class JsonFiles
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <exception cref="UserErrorException">The file is missing, is not JSON, or does not fit <typeparamref name="T"/>.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Options)
                ?? throw new UserErrorException($"'{path}' holds only null; it should hold a {typeof(T).Name}.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserErrorException($"'{path}' does not exist.", e);
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"'{path}' is not a valid {typeof(T).Name}: {e.Message}", e);
        }
    }

    /// <summary>Writes the value and a line end. Not atomic: write into a <see cref="PendingFolder"/>, or use <see cref="Replace"/>.</summary>
    public static void Write<T>(string path, T value)
    {
        using FileStream stream = File.Create(path);
        JsonSerializer.Serialize(stream, value, Options);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>What <see cref="Write"/> would write.</summary>
    public static byte[] Bytes<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Options), (byte)'\n'];

    /// <summary>Writes beside the file and renames over it, so that a reader sees the old text or the new, never half.</summary>
    public static void Replace<T>(string path, T value)
    {
        string beside = path + ".new";
        Write(beside, value);
        File.Move(beside, path, overwrite: true);
    }
}
