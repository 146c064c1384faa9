using OfflineRL.Datasets;
using OfflineRL.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>
/// The dense trunk that every algorithm uses: linear layers with relu between them. Its parameters lie in one flat
/// buffer, so that optimizer, target update and gradient norm are one operation each.
/// </summary>
public sealed class Mlp : IDisposable
{
    readonly int _inputs, _outputs;
    readonly IReadOnlyList<int> _hidden;
    // Kept as tensors beside the flat buffer: the fused forward takes spans of them.
    readonly Tensor[] _weights, _biases;

    /// <summary>Weights and biases uniform in +-1 / sqrt(inputs of the layer), PyTorch's default for linear layers.</summary>
    /// <param name="inputs">D.</param>
    /// <param name="hidden">Widths between; may be empty.</param>
    /// <param name="outputs">A.</param>
    /// <param name="random">Drawn from on the host, so that every device starts from the same digits.</param>
    /// <param name="device">Where the parameters lie.</param>
    public Mlp(int inputs, IReadOnlyList<int> hidden, int outputs, RandomStream random, Device device)
    {
        (_inputs, _hidden, _outputs) = (inputs, hidden, outputs);
        int[] widths = [inputs, .. hidden, outputs];
        using var scope = NewDisposeScope();
        var parameters = new List<Parameter>();
        for (var layer = 0; layer + 1 < widths.Length; layer++)
        {
            var bound = 1 / Math.Sqrt(widths[layer]);
            parameters.Add(Draw(random, bound, device, widths[layer + 1], widths[layer]));
            parameters.Add(Draw(random, bound, device, widths[layer + 1]));
        }

        scope.Detach(parameters);
        _weights = [.. parameters.Where((_, i) => i % 2 == 0)];
        _biases = [.. parameters.Where((_, i) => i % 2 == 1)];
        Parameters = new FlatParameters(parameters);
    }

    /// <summary>All parameters and their gradients as flat buffers.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>[*, D] float32 to [*, A].</summary>
    public Tensor Forward(Tensor input) => TorchExtras.Mlp(input, _weights, _biases, MlpActivation.ReLU);

    /// <summary>The sizes, for <c>policy.json</c>.</summary>
    public NetworkDescription Describe() => new() { Inputs = _inputs, Hidden = _hidden, Outputs = _outputs };

    /// <summary>The live parameters as files name them.</summary>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "")
    {
        for (var layer = 0; layer < _weights.Length; layer++)
        {
            yield return new NamedTensor($"{prefix}layers.{layer}.weight", _weights[layer]);
            yield return new NamedTensor($"{prefix}layers.{layer}.bias", _biases[layer]);
        }
    }

    public void Dispose()
    {
        Parameters.Dispose();
        foreach (var tensor in _weights.Concat(_biases))
            tensor.Dispose();
    }

    static Parameter Draw(RandomStream random, double bound, Device device, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, axis) => product * axis)];
        foreach (ref var value in values.AsSpan())
            value = (float)random.Uniform(-bound, bound);
        return new Parameter(tensor(values).reshape(shape).to(device));
    }
}
