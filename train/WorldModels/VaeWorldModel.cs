using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>What a model is made for, beside its config: enough to make it again.</summary>
/// <param name="Observations">The space of the features that it reads, of all frames.</param>
/// <param name="ActionWidth">A.</param>
/// <param name="Actions">Units in which it reads continuous actions; null: as they come.</param>
/// <param name="RewardShift">With <paramref name="RewardScale"/>: reward = shift + scale * what the head says.</param>
/// <param name="RewardScale">Positive.</param>
public sealed record WorldModelShape(Space Observations, int ActionWidth, ActionUnits? Actions, double RewardShift, double RewardScale);

/// <summary>
/// The model of the lectures: a variational auto-encoder of states with posterior q(z|s) and decoder p(s|z), a Gaussian transition p(z'|z, a), a Gaussian reward p(r'|z') and a Bernoulli continuation p(c'|z'); of the transition
/// K members side by side, as one batched product a layer.
/// </summary>
/// <remarks>
/// The transition says z' - z, so that it starts from persistence. In a dream each row follows a member that is drawn anew at each step (Chua et al. 2018, "PETS", trajectory sampling TS1). Standard deviations of the decoder, and of the transition with
/// <c>deviation: free</c>, are the root mean square errors that they are most likely with (Rybkin et al. 2021, "Sigma-VAE", equation 5), followed by a running mean.
/// </remarks>
public sealed class VaeWorldModel : IStorableWorldModel
{
    const double HighestLogDeviation = 2;

    readonly WorldModelConfig _config;
    readonly ParameterSet? _stateSet;
    readonly ParameterSet _dynamicsSet;
    readonly Convolutions? _convolutions;
    readonly TransposedConvolutions? _transposed;
    readonly Mlp? _encoder, _decoder;
    readonly Mlp _transition, _reward, _continue;
    readonly Tensor? _actionShift, _actionScale;

    /// <param name="config">Resolved: latent width, likelihood, torso and widths are set.</param>
    /// <param name="shape">What it is made for.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where it lies.</param>
    /// <exception cref="UserErrorException">Config and observations do not fit each other.</exception>
    public VaeWorldModel(WorldModelConfig config, WorldModelShape shape, RandomStream random, Device device)
    {
        (_config, Shape) = (config, shape);
        ObservationWidth = ObservationEncoder.FeaturesOf(shape.Observations);
        LatentWidth = config.Encoder == WorldModelConfig.Identity ? ObservationWidth : config.Latent;
        if (config.Encoder == WorldModelConfig.Identity)
        {
            if (shape.Observations is not BoxSpace { ElementType: ElementType.Float32 })
                Throw.User($"world_model.encoder is identity and the observations are {shape.Observations}; expected vectors of floats. Use encoder vae.");
        }
        else
        {
            _stateSet = new ParameterSet(random, device);
            var description = Torsos.Describe(shape.Observations, 2 * LatentWidth, config.Torso, config.Hidden);
            if (description.Image is { } image)
            {
                _convolutions = new Convolutions(_stateSet, image);
                _encoder = new Mlp(_stateSet, "encoder", [image.Features, .. description.Hidden, 2 * LatentWidth]);
                _transposed = new TransposedConvolutions(_stateSet, "decoder", LatentWidth, [.. description.Hidden.Reverse()], image);
            }
            else
            {
                _encoder = new Mlp(_stateSet, "encoder", [ObservationWidth, .. description.Hidden, 2 * LatentWidth]);
                _decoder = new Mlp(_stateSet, "decoder", [LatentWidth, .. description.Hidden.Reverse(), ObservationWidth]);
            }

            StateParameters = _stateSet.Flatten();
            ObservationVariance = ones(description.Image is null ? ObservationWidth : 1, device: device).DetachFromDisposeScope();
        }

        _dynamicsSet = new ParameterSet(random, device);
        var inputs = LatentWidth + ActionWidth;
        var isFree = config.Deviation == WorldModelConfig.Free;
        _transition = new Mlp(_dynamicsSet, "transition", [inputs, .. config.DynamicsHidden, isFree ? LatentWidth : 2 * LatentWidth], members: config.Members);
        var read = config.RewardInputs == WorldModelConfig.NextLatent ? LatentWidth : inputs + LatentWidth;
        // Apart: where a reward hardly varies its gradient is many times that of the other, which would not learn from shared layers.
        _reward = new Mlp(_dynamicsSet, "reward", [read, .. config.DynamicsHidden, 2]);
        _continue = new Mlp(_dynamicsSet, "continue", [read, .. config.DynamicsHidden, 1]);
        DynamicsParameters = _dynamicsSet.Flatten();
        if (isFree)
            TransitionVariance = ones([config.Members, LatentWidth], device: device).DetachFromDisposeScope();
        if (shape.Actions is { } units)
        {
            _actionShift = tensor([.. units.Shift.Select(v => (float)v)], device: device).DetachFromDisposeScope();
            _actionScale = tensor([.. units.Scale.Select(v => (float)v)], device: device).DetachFromDisposeScope();
        }
    }

    /// <summary>What it was made for.</summary>
    public WorldModelShape Shape { get; }

    public int LatentWidth { get; }

    public int ActionWidth => Shape.ActionWidth;

    public int Members => _config.Members;

    public LatentCode? Code => _encoder is null ? null : new(0, LatentWidth, 1);

    /// <summary>D: features of an observation.</summary>
    public int ObservationWidth { get; }

    /// <summary>Of encoder and decoder; null where the latent state is the observation.</summary>
    public FlatParameters? StateParameters { get; }

    /// <summary>Of transition, reward and continuation.</summary>
    public FlatParameters DynamicsParameters { get; }

    /// <summary>[D], of images [1]: the decoder's variance; null without a decoder, and of no use to a Bernoulli one.</summary>
    internal Tensor? ObservationVariance { get; }

    /// <summary>[K, Z]: the transition's variance with <c>deviation: free</c>; else null.</summary>
    internal Tensor? TransitionVariance { get; }

    public Tensor? ObservationDeviation => ObservationVariance is null || _config.Likelihood == WorldModelConfig.Bernoulli ? null : ObservationVariance.sqrt().clamp_min(Math.Exp(_config.LowestLogDeviation));

    /// <summary>Every tensor of the model as files name it.</summary>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "") =>
    [
        .. _stateSet?.Named(prefix, withNoise: true) ?? [],
        .. _dynamicsSet.Named(prefix, withNoise: true),
        .. ObservationVariance is { } observation ? [new NamedTensor(prefix + "observation_variance", observation)] : Array.Empty<NamedTensor>(),
        .. TransitionVariance is { } transition ? [new NamedTensor(prefix + "transition_variance", transition)] : Array.Empty<NamedTensor>(),
    ];

    IEnumerable<NamedTensor> IStorableWorldModel.NamedTensors(string prefix) => NamedTensors(prefix);

    // ---- states ----

    /// <summary>q(z|s): mean and ln sigma, each [N, Z]; without an encoder the observation, and no deviation.</summary>
    /// <param name="observations">[N, D] float32.</param>
    internal (Tensor Mean, Tensor? LogDeviation) Posterior(Tensor observations)
    {
        if (_encoder is null)
            return (observations, null);
        var heads = _encoder.Forward(_convolutions?.Forward(observations) ?? observations);
        return (heads.narrow(-1, 0, LatentWidth), Limited(heads.narrow(-1, LatentWidth, LatentWidth)));
    }

    /// <summary>z ~ N(mu, sigma^2), reparameterized; mu where there is no deviation or no generator.</summary>
    internal static Tensor Sample(Tensor mean, Tensor? logDeviation, Generator? generator) =>
        logDeviation is null || generator is null ? mean : mean.add(randn(mean.shape, device: mean.device, generator: generator).mul(logDeviation.exp()));

    /// <summary>What the decoder says: means, of a Bernoulli likelihood logits. [N, Z] to [N, D].</summary>
    internal Tensor DecoderHeads(Tensor latent) => _transposed?.Forward(latent) ?? _decoder?.Forward(latent) ?? latent;

    /// <summary>ln p(s|z), [N].</summary>
    /// <param name="observations">[N, D].</param>
    /// <param name="heads">Of the decoder, [N, D].</param>
    internal Tensor ObservationLogLikelihood(Tensor observations, Tensor heads) => _config.Likelihood == WorldModelConfig.Bernoulli
        ? WorldModelLosses.BernoulliLogLikelihood(observations, heads)
        : WorldModelLosses.GaussianLogLikelihood(observations, heads, ObservationDeviation!.log().expand(heads.shape));

    public Tensor Encode(ModelSequences sequences, Generator? generator)
    {
        using var quiet = no_grad();
        var (mean, log) = Posterior(sequences.Observations.flatten(0, 1));
        return Sample(mean, log, generator).unflatten(0, sequences.Observations.size(0), sequences.Observations.size(1));
    }

    public Tensor Decode(Tensor latent)
    {
        var rows = latent.dim() == 2 ? latent : latent.reshape(-1, LatentWidth);
        var heads = DecoderHeads(rows);
        if (_encoder is not null && _config.Likelihood == WorldModelConfig.Bernoulli)
            heads = heads.sigmoid();
        return latent.dim() == 2 ? heads : heads.reshape([.. latent.shape[..^1], ObservationWidth]);
    }

    // ---- dynamics ----

    /// <summary>p(z'|z, a) of each member: means and ln sigma, each [K, N, Z].</summary>
    /// <param name="latent">[N, Z].</param>
    /// <param name="action">[N, A].</param>
    internal (Tensor Means, Tensor LogDeviations) Transition(Tensor latent, Tensor action)
    {
        var heads = _transition.Forward(cat([latent, Scaled(action)], -1));
        if (_config.Members == 1)
            heads = heads.unsqueeze(0);
        var means = heads.narrow(-1, 0, LatentWidth).add(latent);
        var logs = TransitionVariance is { } variance
            ? variance.log().mul(0.5).clamp_min(_config.LowestLogDeviation).unsqueeze(1).expand(means.shape)
            : Limited(heads.narrow(-1, LatentWidth, LatentWidth));
        return (means, logs);
    }

    /// <summary>p(r'|z') and p(c'|z'): mean and ln sigma of the reward in its units, and the logit of going on; each [N].</summary>
    internal (Tensor RewardMean, Tensor RewardLogDeviation, Tensor ContinueLogit) Heads(Tensor latent, Tensor action, Tensor next)
    {
        var read = _config.RewardInputs == WorldModelConfig.NextLatent ? next : cat([latent, Scaled(action), next], -1);
        var reward = _reward.Forward(read);
        return (reward.select(-1, 0), Limited(reward.select(-1, 1)), _continue.Forward(read).squeeze(-1));
    }

    /// <summary>Rewards in the units of the head.</summary>
    internal Tensor RewardUnits(Tensor rewards) => rewards.sub(Shape.RewardShift).div(Shape.RewardScale);

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var (means, logs) = Transition(latent, action);
        var next = Next(means, logs, generator);
        var (reward, rewardLog, logit) = Heads(latent, action, next);
        return new(
            next,
            reward.mul(Shape.RewardScale).add(Shape.RewardShift),
            logit.sigmoid(),
            DisagreementOf(means, logs),
            rewardLog.exp().mul(Shape.RewardScale));
    }

    /// <summary>How far the members are from each other, [N]; null where there is one.</summary>
    internal Tensor? DisagreementOf(Tensor means, Tensor logs) => _config.Members == 1 ? null
        : _config.Disagreement == WorldModelConfig.Means ? Deviation(means)
        : logs.exp().square().sum(-1).sqrt().amax(0);

    // The gradient of a root at 0 is infinite.
    static Tensor Deviation(Tensor means) => means.var(0, unbiased: false).mean([-1]).add(1e-12).sqrt();

    Tensor Next(Tensor means, Tensor logs, Generator? generator)
    {
        if (generator is null)
            return _config.Members == 1 ? means.select(0, 0) : means.mean([0]);
        if (_config.Members == 1)
            return Sample(means.select(0, 0), logs.select(0, 0), generator);
        var rows = means.size(1);
        var member = rand(rows, device: means.device, generator: generator).mul(_config.Members).floor().clamp_max(_config.Members - 1).to(ScalarType.Int64).view(1, rows, 1).expand(1, rows, LatentWidth);
        return Sample(means.gather(0, member).select(0, 0), logs.gather(0, member).select(0, 0), generator);
    }

    /// <summary>Actions in the units that dynamics read.</summary>
    internal Tensor Scaled(Tensor action) => _actionShift is null ? action : action.sub(_actionShift).div(_actionScale!);

    Tensor Limited(Tensor log) => SoftLimits.Between(log, _config.LowestLogDeviation, HighestLogDeviation);

    public void Dispose()
    {
        StateParameters?.Dispose();
        _stateSet?.Dispose();
        DynamicsParameters.Dispose();
        _dynamicsSet.Dispose();
        ObservationVariance?.Dispose();
        TransitionVariance?.Dispose();
        _actionShift?.Dispose();
        _actionScale?.Dispose();
    }
}
