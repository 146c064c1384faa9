using System.Buffers.Binary;
using System.Text.Json;

namespace OfflineRL.Train;

/// <summary>The bytes of one tensor, little-endian and row-major; asked for once, when its turn to be written comes.</summary>
public delegate ReadOnlySpan<byte> TensorBytes();

/// <summary>A tensor to write.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Type">The format's name of the element type, such as <c>F32</c>.</param>
/// <param name="Shape">Lengths of the axes; empty for a scalar.</param>
/// <param name="Bytes">As many bytes as type and shape say.</param>
public readonly record struct SafetensorSource(string Name, string Type, IReadOnlyList<long> Shape, TensorBytes Bytes);

/// <summary>A tensor of a file that was read.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Type">The format's name of the element type, such as <c>F32</c>.</param>
/// <param name="Shape">Lengths of the axes; empty for a scalar.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">In bytes; equal to what type and shape say.</param>
public sealed record SafetensorEntry(string Name, string Type, IReadOnlyList<long> Shape, long Offset, long Length);

/// <summary>
/// The safetensors format: eight bytes with the header's length, a JSON header, then the bytes of the tensors without
/// gaps. Nothing in such a file executes on load, and every size in it is checked before memory is taken.
/// </summary>
/// <remarks>Format: https://github.com/huggingface/safetensors, "Format".</remarks>
public static class Safetensors
{
    /// <summary>The longest header that the format's own implementation takes.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    const string MetadataKey = "__metadata__";

    /// <summary>Bytes of one element of a type; 0 where the type is not known.</summary>
    public static int ElementBytes(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => 0,
    };

    /// <summary>Writes a new file and has it on the disk before it returns.</summary>
    /// <exception cref="ArgumentException">A name is used twice, a type is unknown, or bytes do not fit the shape.</exception>
    public static void Write(string path, IReadOnlyList<SafetensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var header = BuildHeader(tensors, metadata);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        file.Write(length);
        file.Write(header);
        foreach (var tensor in tensors)
        {
            var bytes = tensor.Bytes();
            if (bytes.Length != ByteCount(tensor))
                throw new ArgumentException($"Tensor {tensor.Name} gave {bytes.Length} bytes; {tensor.Type} [{string.Join(", ", tensor.Shape)}] has {ByteCount(tensor)}.", nameof(tensors));
            file.Write(bytes);
        }

        file.Flush(flushToDisk: true);
    }

    static byte[] BuildHeader(IReadOnlyList<SafetensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            var names = new HashSet<string>(StringComparer.Ordinal) { MetadataKey };
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new ArgumentException($"The tensor name {tensor.Name} is used twice or reserved.", nameof(tensors));
                var end = checked(offset + ByteCount(tensor));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [offset, end]);
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        // Spaces after the JSON, so that the tensors start at a multiple of eight and can be mapped.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    static long ByteCount(SafetensorSource tensor)
    {
        var size = ElementBytes(tensor.Type);
        if (size == 0)
            throw new ArgumentException($"The element type {tensor.Type} of tensor {tensor.Name} is not one of the format's.", nameof(tensor));
        return checked(tensor.Shape.Aggregate(1L, (product, length) => checked(product * length)) * size);
    }
}
