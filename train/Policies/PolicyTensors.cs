using System.Runtime.InteropServices;

namespace OfflineRL.Train;

/// <summary>The stored weights of a policy, by name and shape: what runs it reads them, and what exports it.</summary>
public sealed class PolicyTensors : IDisposable
{
    const string Remedy = "The file does not belong to the policy.json beside it.";

    readonly string _path;
    readonly SafetensorsFile _file;

    PolicyTensors(string path) => (_path, _file) = (path, SafetensorsFile.Open(path));

    /// <param name="policyFolder">Holds <c>policy.safetensors</c>.</param>
    /// <exception cref="Datasets.UserErrorException">The file is missing or damaged.</exception>
    public static PolicyTensors Open(string policyFolder) => new(Path.Combine(policyFolder, PolicyDescription.WeightsFileName));

    /// <summary>One tensor, row-major.</summary>
    /// <param name="name">As <see cref="NetworkDescription"/> and <see cref="EncoderDescription"/> name it.</param>
    /// <param name="shape">That it must have.</param>
    /// <exception cref="Datasets.UserErrorException">It is missing, has another type or shape, or a number in it is not finite.</exception>
    public float[] Read(string name, params long[] shape)
    {
        var expected = $"F32 [{string.Join(", ", shape)}]";
        if (!_file.Tensors.TryGetValue(name, out var entry))
            return Throw.BadFile<float[]>(_path, $"tensor '{name}' is missing", expected, Remedy);
        if (entry.Type != "F32" || !entry.Shape.SequenceEqual(shape))
            Throw.BadFile(_path, $"tensor '{name}' is {entry.Type} [{string.Join(", ", entry.Shape)}]", expected, Remedy);
        var values = new float[entry.Length / sizeof(float)];
        _file.Read(entry, MemoryMarshal.AsBytes(values.AsSpan()));
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                Throw.BadFile(_path, $"tensor '{name}' holds {value}", "finite numbers", "The run diverged, or the file is damaged; use another policy.");
        }

        return values;
    }

    public void Dispose() => _file.Dispose();
}
