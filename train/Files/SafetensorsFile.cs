using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace OfflineRL.Train;

/// <summary>An open safetensors file whose header was checked as a whole; tensors are read on request.</summary>
public sealed class SafetensorsFile : IDisposable
{
    const string Remedy = "The file is damaged or not a safetensors file: restore it from where it came.";

    readonly SafeFileHandle _handle;
    readonly string _path;
    readonly Dictionary<string, SafetensorEntry> _entries = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    SafetensorsFile(string path, SafeFileHandle handle)
    {
        _path = path;
        _handle = handle;
    }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorEntry> Tensors => _entries;

    /// <summary>The texts under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Opens and checks a file: header length, types, shapes, offsets without overlap or gap, and the whole length.</summary>
    /// <exception cref="Datasets.UserErrorException">The file is not there, or not as the format says; the message names what was found.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
            Throw.BadFile(path, "the file does not exist", "a safetensors file", "Check the path.");
        var file = new SafetensorsFile(path, File.OpenHandle(path));
        try
        {
            file.ReadHeader();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fills <paramref name="destination"/> with the bytes of a tensor.</summary>
    /// <exception cref="ArgumentException">The destination is not exactly as long as the tensor.</exception>
    public void Read(SafetensorEntry tensor, Span<byte> destination)
    {
        if (destination.Length != tensor.Length)
            throw new ArgumentException($"The destination has {destination.Length} bytes; tensor {tensor.Name} has {tensor.Length}.", nameof(destination));
        for (var done = 0; done < destination.Length;)
        {
            var read = RandomAccess.Read(_handle, destination[done..], tensor.Offset + done);
            if (read == 0)
                Throw.BadFile(_path, $"the file ends inside tensor {tensor.Name}", "the length its header was checked against", "It was cut while it was read: restore it.");
            done += read;
        }
    }

    public void Dispose() => _handle.Dispose();

    void ReadHeader()
    {
        var fileLength = RandomAccess.GetLength(_handle);
        Span<byte> prefix = stackalloc byte[8];
        if (fileLength < 8 || RandomAccess.Read(_handle, prefix, 0) != 8)
            Bad($"it has {fileLength} bytes", "at least 8");
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > Safetensors.MaxHeaderBytes || (long)headerLength > fileLength - 8)
            Bad($"its header claims {headerLength} bytes", $"at most {Math.Min(Safetensors.MaxHeaderBytes, fileLength - 8)}");

        var header = new byte[(int)headerLength];
        for (var done = 0; done < header.Length;)
        {
            var read = RandomAccess.Read(_handle, header.AsSpan(done), 8 + done);
            if (read == 0)
                Bad("it ends inside its header", $"{headerLength} bytes of header");
            done += read;
        }

        ParseHeader(header, fileLength);
    }

    void ParseHeader(byte[] header, long fileLength)
    {
        var dataStart = 8L + header.Length;
        var spans = new List<SafetensorEntry>();
        try
        {
            using var json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 4 });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                Bad($"its header is a JSON {json.RootElement.ValueKind}", "an object");
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name))
                    Bad($"the name '{property.Name}' occurs twice", "every tensor once");
                if (property.Name == "__metadata__")
                    ReadMetadata(property.Value);
                else
                    spans.Add(ReadEntry(property.Name, property.Value, dataStart, fileLength));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            Throw.User($"{_path}: its header is not valid ({e.Message}). {Remedy}", e);
        }

        CheckCover(spans, dataStart, fileLength);
        foreach (var entry in spans)
            _entries.Add(entry.Name, entry);
    }

    void ReadMetadata(JsonElement metadata)
    {
        foreach (var text in metadata.EnumerateObject())
            _metadata[text.Name] = text.Value.GetString() ?? "";
    }

    SafetensorEntry ReadEntry(string name, JsonElement element, long dataStart, long fileLength)
    {
        foreach (var key in element.EnumerateObject())
        {
            if (key.Name is not ("dtype" or "shape" or "data_offsets"))
                Bad($"tensor '{name}' has the key '{key.Name}'", "dtype, shape and data_offsets");
        }

        if (!element.TryGetProperty("dtype", out var typeElement) || !element.TryGetProperty("shape", out var shapeElement) ||
            !element.TryGetProperty("data_offsets", out var offsetsElement))
            return Bad<SafetensorEntry>($"tensor '{name}' lacks dtype, shape or data_offsets", "all three");

        var type = typeElement.GetString() ?? "";
        var size = Safetensors.ElementBytes(type);
        if (size == 0)
            Bad($"tensor '{name}' has the type '{type}'", "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL");

        var shape = shapeElement.EnumerateArray().Select(axis => axis.GetInt64()).ToArray();
        var offsets = offsetsElement.EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > fileLength - dataStart)
            Bad($"tensor '{name}' has the offsets [{string.Join(", ", offsets)}]", $"begin and end within the {fileLength - dataStart} bytes of data");

        // Bounded before each product, so that a hostile shape overflows nothing.
        var length = (long)size;
        foreach (var axis in shape)
        {
            if (axis < 0 || (axis > 0 && length > fileLength / axis))
                Bad($"tensor '{name}' has the shape [{string.Join(", ", shape)}]", $"{offsets[1] - offsets[0]} bytes of {type}");
            length *= axis;
        }

        if (length != offsets[1] - offsets[0])
            Bad($"tensor '{name}' of {type} [{string.Join(", ", shape)}] has {offsets[1] - offsets[0]} bytes of data", $"{length}");
        return new SafetensorEntry(name, type, shape, dataStart + offsets[0], length);
    }

    // Every byte of data belongs to exactly one tensor: no overlap, no gap where something could hide.
    void CheckCover(List<SafetensorEntry> entries, long dataStart, long fileLength)
    {
        entries.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
        var position = dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != position)
                Bad($"tensor '{entry.Name}' starts at byte {entry.Offset - dataStart} of the data", $"{position - dataStart}, without overlap or gap");
            position += entry.Length;
        }

        if (position != fileLength)
            Bad($"the tensors end at byte {position} of {fileLength}", "the end of the file");
    }

    void Bad(string found, string expected) => Throw.BadFile(_path, found, expected, Remedy);

    T Bad<T>(string found, string expected) => Throw.BadFile<T>(_path, found, expected, Remedy);
}
