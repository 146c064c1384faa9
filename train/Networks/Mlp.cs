using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>
/// The dense trunk that every network is made of: linear layers with relu between them, as one operator with one autograd
/// node. Optionally K members side by side, or factorised Gaussian noise on the last layers.
/// </summary>
/// <remarks>
/// Noise: Fortunato et al. 2018, "Noisy networks for exploration", equations 10 and 11 with f(x) = sign(x) sqrt(|x|): weight
/// = mu + sigma * f(e_out) f(e_in)^T, one draw for the whole batch. Without noise the layer is mu alone.
/// </remarks>
sealed class Mlp
{
    // Kept as tensors beside the flat buffer: the fused forward takes spans of them.
    readonly Tensor[] _weights, _biases;
    // Null for layers without noise.
    readonly (Tensor Weight, Tensor Bias)?[] _scales;
    readonly int[] _widths;
    readonly int _members;
    readonly MlpActivation _last;

    /// <summary>Weights and biases uniform in +-1 / sqrt(inputs of the layer), PyTorch's default for linear layers.</summary>
    /// <param name="set">Where the parameters are drawn and kept.</param>
    /// <param name="name">The first part of the tensors' names: NAME.I.weight [out, in], NAME.I.bias [out].</param>
    /// <param name="widths">Inputs, widths between, outputs.</param>
    /// <param name="rectifyLast">Whether relu follows the last layer too.</param>
    /// <param name="members">K; above 1 the parameters have it as their first axis.</param>
    /// <param name="noisyLayers">How many of the last layers have noise; 0 for none.</param>
    /// <param name="sigma">sigma_0 of those layers.</param>
    public Mlp(ParameterSet set, string name, int[] widths, bool rectifyLast = false, int members = 1, int noisyLayers = 0, double sigma = 0.5)
    {
        (_widths, _members) = (widths, members);
        _last = rectifyLast ? MlpActivation.ReLU : MlpActivation.None;
        var layers = widths.Length - 1;
        (_weights, _biases, _scales) = (new Tensor[layers], new Tensor[layers], new (Tensor, Tensor)?[layers]);
        for (var i = 0; i < layers; i++)
        {
            var (inputs, outputs) = (widths[i], widths[i + 1]);
            var bound = 1 / Math.Sqrt(inputs);
            _weights[i] = set.Uniform($"{name}.{i}.weight", bound, Shape(outputs, inputs));
            _biases[i] = set.Uniform($"{name}.{i}.bias", bound, Shape(outputs));
            if (layers - i > noisyLayers)
                continue;
            _scales[i] = (set.NoiseScale($"{name}.{i}.weight_sigma", sigma * bound, Shape(outputs, inputs)), set.NoiseScale($"{name}.{i}.bias_sigma", sigma * bound, Shape(outputs)));
            NoiseSize += inputs + outputs;
        }
    }

    /// <summary>Numbers of noise that a draw takes.</summary>
    public int NoiseSize { get; }

    /// <summary>[*, D] float32 to [*, outputs]; with K members [B, D] or [K, B, D] to [K, B, outputs].</summary>
    /// <param name="input">What the first layer reads.</param>
    /// <param name="noise">[<see cref="NoiseSize"/>], f of Gaussians; null for none.</param>
    public Tensor Forward(Tensor input, Tensor? noise = null)
    {
        if (_members > 1)
            return ForwardMembers(input);
        if (noise is null || NoiseSize == 0)
            return TorchExtras.Mlp(input, _weights, _biases, MlpActivation.ReLU, _last);
        var (weights, biases) = (new Tensor[_weights.Length], new Tensor[_weights.Length]);
        var offset = 0L;
        for (var i = 0; i < weights.Length; i++)
        {
            (weights[i], biases[i]) = (_weights[i], _biases[i]);
            if (_scales[i] is not { } scale)
                continue;
            var into = noise.narrow(0, offset, _widths[i]);
            var outOf = noise.narrow(0, offset + _widths[i], _widths[i + 1]);
            weights[i] = _weights[i].addcmul(scale.Weight, outOf.outer(into), 1);
            biases[i] = _biases[i].addcmul(scale.Bias, outOf, 1);
            offset += _widths[i] + _widths[i + 1];
        }

        return TorchExtras.Mlp(input, weights, biases, MlpActivation.ReLU, _last);
    }

    // One batched product a layer, whatever K; on the CPU, which would go from member to member in it, without a graph the fused operator does.
    Tensor ForwardMembers(Tensor input)
    {
        if (input.is_cpu() && !is_grad_enabled())
        {
            return stack([.. Enumerable.Range(0, _members).Select(k => TorchExtras.Mlp(
                input.dim() == 3 ? input.select(0, k) : input, [.. _weights.Select(w => w.select(0, k))], [.. _biases.Select(b => b.select(0, k))], MlpActivation.ReLU, _last))]);
        }

        var hidden = input.dim() == 3 ? input : input.unsqueeze(0).expand(_members, input.size(0), input.size(1));
        for (var i = 0; i < _weights.Length; i++)
        {
            hidden = _biases[i].unsqueeze(1).baddbmm(hidden, _weights[i].transpose(1, 2));
            if (i + 1 < _weights.Length || _last == MlpActivation.ReLU)
                hidden = hidden.relu();
        }

        return hidden;
    }

    long[] Shape(params long[] shape) => _members > 1 ? [_members, .. shape] : shape;
}
