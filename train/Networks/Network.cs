using OfflineRL.Datasets;
using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>
/// A network as its description says, for training: convolutions where there are any, dense layers, and a head. All of its
/// parameters lie in one flat buffer, so that optimizer, target update and gradient norm are one operation each.
/// </summary>
/// <remarks>
/// A dueling head is v + a - mean of a over actions (Wang et al. 2016, "Dueling network architectures", equation 9), atom by
/// atom where there are atoms. An implicit quantile head multiplies the shared features by relu(W cos(pi i tau) + b), i from 0
/// (Dabney et al. 2018, IQN, equation 4). Both split the dense layers: all but the last hidden one are shared (that one too,
/// where it is the only layer before the head).
/// </remarks>
public sealed class Network : IDisposable
{
    readonly ParameterSet _set;
    readonly Convolutions? _convolutions;
    readonly Mlp? _shared, _value, _embedding;
    readonly Mlp _layers;
    readonly Tensor? _frequencies, _free;

    /// <param name="description">Sizes and head; checked by its maker.</param>
    /// <param name="random">Drawn from on the host, so that every device starts from the same digits.</param>
    /// <param name="device">Where the parameters lie.</param>
    public Network(NetworkDescription description, RandomStream random, Device device)
    {
        Description = description;
        _set = new ParameterSet(random, device);
        if (description.Image is { } image)
            _convolutions = new Convolutions(_set, image);
        var (shared, streams) = description.Split();
        if (shared.Length > 1)
            _shared = new Mlp(_set, "shared", shared, rectifyLast: true);
        if (description.Distribution == NetworkDescription.Implicit)
        {
            _embedding = new Mlp(_set, "embedding", [description.Cosines, shared[^1]], rectifyLast: true);
            _frequencies = arange(description.Cosines, dtype: ScalarType.Float32, device: device).mul_(Math.PI).DetachFromDisposeScope();
        }

        var noisy = description.Noisy ? 2 : 0;
        if (description.Dueling)
            _value = new Mlp(_set, "value", [.. streams, description.Atoms], noisyLayers: noisy, sigma: description.Sigma);
        _layers = new Mlp(_set, description.Dueling ? "advantage" : "layers", [.. streams, description.LayerOutputs],
            members: description.Members, noisyLayers: noisy, sigma: description.Sigma);
        if (description.FreeOutputs > 0)
            _free = _set.Zeros("free", description.FreeOutputs);
        Parameters = _set.Flatten();
    }

    /// <summary>A plain stack of dense layers.</summary>
    public Network(int inputs, IReadOnlyList<int> hidden, int outputs, RandomStream random, Device device)
        : this(new NetworkDescription { Inputs = inputs, Hidden = hidden, Outputs = outputs }, random, device)
    {
    }

    /// <summary>The sizes, for <c>policy.json</c>.</summary>
    public NetworkDescription Description { get; }

    /// <summary>All parameters and their gradients as flat buffers.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>
    /// Observations to [*, A]; to [*, A, N] where there are atoms, to [*, A, T] for the given fractions with an implicit head,
    /// to [K, B, A] with K members. One leading axis where there are convolutions.
    /// </summary>
    /// <param name="input">[*, D] float32, or bytes.</param>
    /// <param name="noise">From <see cref="DrawNoise"/>; null for none.</param>
    /// <param name="taus">[B, T] float in [0, 1], for an implicit head alone.</param>
    public Tensor Forward(Tensor input, Tensor? noise = null, Tensor? taus = null)
    {
        var x = input.dtype == ScalarType.Float32 ? input : input.to(ScalarType.Float32);
        if (_convolutions is not null)
            x = _convolutions.Forward(x);
        if (_shared is not null)
            x = _shared.Forward(x);
        if (_embedding is not null)
            x = x.unsqueeze(-2).mul(_embedding.Forward(taus!.unsqueeze(-1).mul(_frequencies!).cos()));
        var layers = _layers.Forward(x, noise?.narrow(0, 0, _layers.NoiseSize));
        if (_value is not null)
            return Duel(layers, _value.Forward(x, noise?.narrow(0, _layers.NoiseSize, _value.NoiseSize)));
        return _free is not null ? cat([layers, _free.expand([.. layers.shape[..^1], _free.size(0)])], -1)
            : _embedding is not null ? layers.transpose(-1, -2)
            : Description.HasAtoms ? layers.unflatten(-1, Description.Outputs, Description.Atoms)
            : layers;
    }

    /// <summary>Gaussians e as sign(e) sqrt(|e|), one for each input and output of each noisy layer; null where none is noisy.</summary>
    public Tensor? DrawNoise(Generator generator)
    {
        if (!Description.Noisy)
            return null;
        var noise = randn(_layers.NoiseSize + (_value?.NoiseSize ?? 0), device: _set.Device, generator: generator);
        return noise.sign().mul_(noise.abs().sqrt_());
    }

    /// <summary>The live parameters as files name them.</summary>
    /// <param name="prefix">In front of each name.</param>
    /// <param name="withNoise">Whether the scales of noise are among them; a stored policy acts without.</param>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "", bool withNoise = true) => _set.Named(prefix, withNoise);

    public void Dispose()
    {
        Parameters.Dispose();
        _set.Dispose();
        _frequencies?.Dispose();
    }

    Tensor Duel(Tensor advantages, Tensor value)
    {
        if (_embedding is not null)
        {
            // [B, T, A] and [B, T, 1].
            return value.add(advantages).sub(advantages.mean([-1], keepdim: true)).transpose(-1, -2);
        }

        if (!Description.HasAtoms)
            return value.add(advantages).sub(advantages.mean([-1], keepdim: true));
        advantages = advantages.unflatten(-1, Description.Outputs, Description.Atoms);
        return value.unsqueeze(-2).add(advantages).sub(advantages.mean([-2], keepdim: true));
    }
}
