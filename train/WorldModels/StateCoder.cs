using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// The variational auto-encoder of states that a model dreams in: posterior q(z|s) and decoder p(s|z), dense for vectors, convolutional for images; or none, where the latent state is the observation itself.
/// </summary>
/// <remarks>The decoder's standard deviations are the root mean square errors that they are most likely with (Rybkin et al. 2021, "Sigma-VAE", equation 5), followed by a running mean.</remarks>
sealed class StateCoder : IDisposable
{
    const double HighestLogDeviation = 2;

    // How much of a running variance is new at a step, once there were enough of them.
    const double VarianceRate = 0.05;

    readonly WorldModelConfig _config;
    readonly ParameterSet? _set;
    readonly Convolutions? _convolutions;
    readonly TransposedConvolutions? _transposed;
    readonly Mlp? _encoder, _decoder;

    /// <param name="config">Resolved: latent width, likelihood, torso and widths are set.</param>
    /// <param name="observations">The space of the features that it reads.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where it lies.</param>
    /// <exception cref="UserErrorException">Config and observations do not fit each other.</exception>
    public StateCoder(WorldModelConfig config, Space observations, RandomStream random, Device device)
    {
        _config = config;
        ObservationWidth = ObservationEncoder.FeaturesOf(observations);
        Width = config.Encoder == WorldModelConfig.Identity ? ObservationWidth : config.Latent;
        if (config.Encoder == WorldModelConfig.Identity)
        {
            if (observations is not BoxSpace { ElementType: ElementType.Float32 })
                Throw.User($"world_model.encoder is identity and the observations are {observations}; expected vectors of floats. Use encoder vae.");
            return;
        }

        _set = new ParameterSet(random, device);
        var description = Describe(config, observations);
        Encoder = description;
        if (description.Image is { } image)
        {
            _convolutions = new Convolutions(_set, image);
            _encoder = new Mlp(_set, "encoder", [image.Features, .. description.Hidden, 2 * Width]);
            _transposed = new TransposedConvolutions(_set, "decoder", Width, [.. description.Hidden.Reverse()], image);
        }
        else
        {
            _encoder = new Mlp(_set, "encoder", [ObservationWidth, .. description.Hidden, 2 * Width]);
            _decoder = new Mlp(_set, "decoder", [Width, .. description.Hidden.Reverse(), ObservationWidth]);
        }

        Parameters = _set.Flatten();
        Variance = ones(description.Image is null ? ObservationWidth : 1, device: device).DetachFromDisposeScope();
    }

    /// <summary>Z: numbers of a code.</summary>
    public int Width { get; }

    /// <summary>D: features of an observation.</summary>
    public int ObservationWidth { get; }

    /// <summary>Where a latent state that begins with it holds the code; null where the code is the observation.</summary>
    public LatentCode? Code => _encoder is null ? null : new(0, Width, 1);

    /// <summary>Of encoder and decoder; null where the code is the observation.</summary>
    public FlatParameters? Parameters { get; }

    /// <summary>[D], of images [1]: the decoder's variance; null without a decoder, and of no use to a Bernoulli one.</summary>
    public Tensor? Variance { get; }

    /// <summary>The decoder's standard deviation; null where it has none.</summary>
    public Tensor? Deviation => Variance is null || _config.Likelihood == WorldModelConfig.Bernoulli ? null : Variance.sqrt().clamp_min(Math.Exp(_config.LowestLogDeviation));

    /// <summary>What a stored policy needs of the encoder, whose first <see cref="Width"/> outputs are the mean; null where the code is the observation.</summary>
    public NetworkDescription? Encoder { get; }

    static NetworkDescription Describe(WorldModelConfig config, Space observations) => Torsos.Describe(observations, 2 * config.Latent, config.Torso, config.Hidden);

    /// <summary>The parameters as files name them.</summary>
    public IEnumerable<NamedTensor> NamedParameters(string prefix) => _set?.Named(prefix, withNoise: true) ?? [];

    /// <summary>The variance as files name it.</summary>
    public IEnumerable<NamedTensor> NamedVariance(string prefix) => Variance is null ? [] : [new NamedTensor(prefix + "observation_variance", Variance)];

    /// <summary>The parameters that <see cref="Encoder"/> names, as a stored policy does.</summary>
    public IEnumerable<NamedTensor> ActingTensors() =>
        from entry in NamedParameters("")
        let part = entry.Name.Split('.')[0]
        where part is "encoder" or "convolutions"
        select entry with { Name = part == "encoder" ? "encoder.layers" + entry.Name["encoder".Length..] : "encoder." + entry.Name };

    /// <summary>q(z|s): mean and ln sigma, each [N, Z]; without an encoder the observation, and no deviation.</summary>
    /// <param name="observations">[N, D] float32.</param>
    public (Tensor Mean, Tensor? LogDeviation) Posterior(Tensor observations)
    {
        if (_encoder is null)
            return (observations, null);
        var heads = _encoder.Forward(_convolutions?.Forward(observations) ?? observations);
        return (heads.narrow(-1, 0, Width), SoftLimits.Between(heads.narrow(-1, Width, Width), _config.LowestLogDeviation, HighestLogDeviation));
    }

    /// <summary>z ~ N(mu, sigma^2), reparameterized; mu where there is no deviation or no generator.</summary>
    public static Tensor Sample(Tensor mean, Tensor? logDeviation, Generator? generator) =>
        logDeviation is null || generator is null ? mean : TorchExtras.Displace(mean, logDeviation, randn(mean.shape, device: mean.device, generator: generator));

    /// <summary>Codes of observations, [*, D] to [*, Z], constants for the gradient: draws of the posterior, or without a generator its means.</summary>
    public Tensor Encode(Tensor observations, Generator? generator)
    {
        using var quiet = no_grad();
        var (mean, log) = Posterior(observations.reshape(-1, ObservationWidth));
        return Sample(mean, log, generator).reshape([.. observations.shape[..^1], Width]);
    }

    /// <summary>What the decoder says: means, of a Bernoulli likelihood logits. [N, Z] to [N, D].</summary>
    public Tensor DecoderHeads(Tensor code) => _transposed?.Forward(code) ?? _decoder?.Forward(code) ?? code;

    /// <summary>The mean observation: [*, Z] to [*, D].</summary>
    public Tensor Decode(Tensor code)
    {
        var heads = DecoderHeads(code.reshape(-1, Width));
        if (_encoder is not null && _config.Likelihood == WorldModelConfig.Bernoulli)
            heads = heads.sigmoid();
        return heads.reshape([.. code.shape[..^1], ObservationWidth]);
    }

    /// <summary>ln p(s|z), [N].</summary>
    /// <param name="observations">[N, D].</param>
    /// <param name="heads">Of the decoder, [N, D].</param>
    public Tensor LogLikelihood(Tensor observations, Tensor heads) => _config.Likelihood == WorldModelConfig.Bernoulli
        ? WorldModelLosses.BernoulliLogLikelihood(observations, heads)
        : WorldModelLosses.GaussianLogLikelihood(observations, heads, Deviation!.log().expand(heads.shape));

    /// <summary>Lets the decoder's variance follow the errors of a batch.</summary>
    /// <param name="observations">[N, D].</param>
    /// <param name="heads">Of the decoder, [N, D].</param>
    /// <param name="weights">[N]: 0 where the observation does not count.</param>
    /// <param name="done">Steps that it followed before.</param>
    public void FollowVariance(Tensor observations, Tensor heads, Tensor weights, long done)
    {
        if (Deviation is null)
            return;
        using var quiet = no_grad();
        var squares = observations.sub(heads).square().mul(weights.unsqueeze(-1)).sum(0L).div(weights.sum().clamp_min(1));
        Follow(Variance!, Variance!.numel() == 1 ? squares.mean([0], keepdim: true) : squares, done);
    }

    /// <summary>A mean over the steps so far, then a running one.</summary>
    public static void Follow(Tensor variance, Tensor squares, long done)
    {
        var rate = Math.Max(VarianceRate, 1.0 / (done + 1));
        variance.mul_(1 - rate).add_(squares, alpha: rate);
    }

    /// <summary>Weight of the divergence after so many of the encoder's own steps: rising to its value, since with the whole of it from the start a decoder that knows nothing yet leaves the posterior at the prior, and
    /// learns nothing (Bowman et al. 2016, "Generating sentences from a continuous space", 3.1).</summary>
    /// <param name="done">Steps before this one.</param>
    /// <param name="steps">All of them.</param>
    public double KlWeightAt(long done, int steps) => _config.KlWarmup == 0 ? FullKlWeight : FullKlWeight * Math.Min(1, done / (_config.KlWarmup * steps));

    /// <summary>That weight in the end.</summary>
    public double FullKlWeight => _config.KlWeight ?? 1;

    /// <summary>
    /// Minus the evidence lower bound of the states of transitions, a mean; the decoder's variance follows on the way. Of the first half of the rows it is the state, of the others the next one, where it is known: what
    /// episodes end in is to be encoded too.
    /// </summary>
    /// <param name="observations">[N, D].</param>
    /// <param name="next">[N, D].</param>
    /// <param name="known">[N] float32: 0 where the next one is not known.</param>
    /// <param name="done">Steps of encoder and decoder before this one.</param>
    /// <param name="steps">All of them.</param>
    /// <param name="generator">For the draws of z.</param>
    public Tensor Loss(Tensor observations, Tensor next, Tensor known, long done, int steps, Generator generator)
    {
        var rows = observations.size(0);
        var half = (rows + 1) / 2;
        var states = cat([observations.narrow(0, 0, half), next.narrow(0, half, rows - half)]);
        var weights = cat([ones(half, device: states.device), known.narrow(0, half, rows - half)]);
        var (mean, log) = Posterior(states);
        var heads = DecoderHeads(Sample(mean, log, generator));
        FollowVariance(states, heads, weights, done);
        var elbo = WorldModelLosses.NegativeElbo(LogLikelihood(states, heads), WorldModelLosses.KlToStandardNormal(mean, log!), KlWeightAt(done, steps));
        return DreamLosses.Mean(elbo, weights);
    }

    public void Dispose()
    {
        Parameters?.Dispose();
        _set?.Dispose();
        Variance?.Dispose();
    }
}
