using OfflineRL.Datasets;
using OfflineRL.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>
/// The parameters of a network while it is put together: drawn on the host from one stream in the order they are asked for,
/// so that every device starts from the same digits, and laid into one flat buffer at the end.
/// </summary>
sealed class ParameterSet(RandomStream random, Device device)
{
    readonly List<Parameter> _parameters = [];
    readonly List<(NamedTensor Tensor, bool IsNoise)> _named = [];

    public Device Device => device;

    /// <summary>In front of the names of what is drawn from now on.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>The live parameters as files name them.</summary>
    /// <param name="prefix">In front of each name.</param>
    /// <param name="withNoise">Whether those that only scale noise, which a stored policy has no use for, are among them.</param>
    public IEnumerable<NamedTensor> Named(string prefix, bool withNoise) =>
        _named.Where(entry => withNoise || !entry.IsNoise).Select(entry => entry.Tensor with { Name = prefix + entry.Tensor.Name });

    /// <summary>A parameter uniform in +-<paramref name="bound"/>.</summary>
    public Parameter Uniform(string name, double bound, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, axis) => product * axis)];
        foreach (ref var value in values.AsSpan())
            value = (float)random.Uniform(-bound, bound);
        return Add(name, values, shape, isNoise: false);
    }

    /// <summary>A parameter that is 0 at first.</summary>
    public Parameter Zeros(string name, int count) => Add(name, new float[count], [count], isNoise: false);

    /// <summary>A parameter that is the same number everywhere at first.</summary>
    public Parameter Constant(string name, double value, int count)
    {
        var values = new float[count];
        Array.Fill(values, (float)value);
        return Add(name, values, [count], isNoise: false);
    }

    /// <summary>A parameter that scales noise, the same number everywhere at first.</summary>
    public Parameter NoiseScale(string name, double value, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, axis) => product * axis)];
        Array.Fill(values, (float)value);
        return Add(name, values, shape, isNoise: true);
    }

    /// <summary>Lays all of them into one buffer; they stay the tensors that their owners hold.</summary>
    public FlatParameters Flatten() => new(_parameters);

    public void Dispose()
    {
        foreach (var parameter in _parameters)
            parameter.Dispose();
    }

    Parameter Add(string name, float[] values, long[] shape, bool isNoise)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(values).reshape(shape).to(device));
        scope.Detach(parameter);
        _parameters.Add(parameter);
        _named.Add((new NamedTensor(Prefix + name, parameter), isNoise));
        return parameter;
    }
}
