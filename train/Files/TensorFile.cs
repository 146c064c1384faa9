using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>A tensor and what a file calls it.</summary>
readonly record struct NamedTensor(string Name, Tensor Tensor);

/// <summary>Tensors to and from safetensors, in place: loading copies into tensors that exist, so that whoever holds them sees the new values.</summary>
static class TensorFile
{
    /// <summary>Writes a new file.</summary>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors)
    {
        using var scope = NewDisposeScope();
        var sources = new List<SafetensorSource>(tensors.Count);
        foreach (var (name, tensor) in tensors)
        {
            var host = tensor.detach().cpu().contiguous();
            sources.Add(new SafetensorSource(name, TypeName(host.dtype), host.shape, () => host.bytes));
        }

        Safetensors.Write(path, sources);
    }

    /// <summary>Fills each tensor from the file, which must hold exactly these names with these types and shapes.</summary>
    /// <exception cref="Datasets.UserErrorException">A tensor is missing, unknown, or of another type or shape.</exception>
    public static void ReadInto(string path, IReadOnlyList<NamedTensor> tensors)
    {
        using var file = SafetensorsFile.Open(path);
        Require(path, file, tensors);
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        foreach (var (name, tensor) in tensors)
        {
            var host = empty(tensor.shape, dtype: tensor.dtype);
            file.Read(file.Tensors[name], host.bytes);
            tensor.copy_(host);
        }
    }

    static void Require(string path, SafetensorsFile file, IReadOnlyList<NamedTensor> tensors)
    {
        foreach (var (name, tensor) in tensors)
        {
            var expected = $"{TypeName(tensor.dtype)} [{string.Join(", ", tensor.shape)}]";
            if (!file.Tensors.TryGetValue(name, out var entry))
                Throw.BadFile(path, $"tensor '{name}' is missing", expected, "It was written for another network or algorithm.");
            else if (entry.Type != TypeName(tensor.dtype) || !entry.Shape.SequenceEqual(tensor.shape))
                Throw.BadFile(path, $"tensor '{name}' is {entry.Type} [{string.Join(", ", entry.Shape)}]", expected, "It was written for another network or algorithm.");
        }

        if (file.Tensors.Count != tensors.Count)
        {
            var extra = file.Tensors.Keys.Except(tensors.Select(t => t.Name)).First();
            Throw.BadFile(path, $"tensor '{extra}' is unknown", $"only {string.Join(", ", tensors.Select(t => t.Name))}", "It was written for another network or algorithm.");
        }
    }

    static string TypeName(ScalarType type) => type switch
    {
        ScalarType.Float64 => "F64",
        ScalarType.Float32 => "F32",
        ScalarType.Int64 => "I64",
        ScalarType.Int32 => "I32",
        ScalarType.Bool => "BOOL",
        _ => throw new ArgumentException($"Tensors of {type} are not stored; expected Float64, Float32, Int64, Int32 or Bool.", nameof(type)),
    };
}
