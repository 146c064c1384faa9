using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>What a model is made for, beside its config: enough to make it again.</summary>
/// <param name="Observations">The space of the features that it reads, of all frames.</param>
/// <param name="ActionWidth">A.</param>
/// <param name="Actions">Units in which it reads continuous actions; null: as they come.</param>
/// <param name="RewardShift">With <paramref name="RewardScale"/>: reward = shift + scale * what the head says.</param>
/// <param name="RewardScale">Positive.</param>
/// <param name="RewardVaries">False: every reward of the data is <paramref name="RewardShift"/>, and there is nothing to learn. The default value is true.</param>
public sealed record WorldModelShape(Space Observations, int ActionWidth, ActionUnits? Actions, double RewardShift, double RewardScale, bool RewardVaries = true);

/// <summary>
/// The model of the lectures: a variational auto-encoder of states with posterior q(z|s) and decoder p(s|z), a Gaussian transition p(z'|z, a), a Gaussian reward p(r'|z') and a Bernoulli continuation p(c'|z'); of the transition
/// K members side by side, as one batched product a layer.
/// </summary>
/// <remarks>
/// The transition says z' - z, so that it starts from persistence. In a dream each row follows a member that is drawn anew at each step (Chua et al. 2018, "PETS", trajectory sampling TS1). Standard deviations of the transition with
/// <c>deviation: free</c> are the root mean square errors that they are most likely with, as the decoder's (<see cref="StateCoder"/>).
/// </remarks>
public sealed class VaeWorldModel : IStorableWorldModel
{
    const double HighestLogDeviation = 2;

    readonly WorldModelConfig _config;
    readonly ParameterSet _dynamicsSet;
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
        States = new StateCoder(config, shape.Observations, random, device);
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

    public int LatentWidth => States.Width;

    public int ActionWidth => Shape.ActionWidth;

    public int Members => _config.Members;

    public LatentCode? Code => States.Code;

    /// <summary>Encoder and decoder.</summary>
    internal StateCoder States { get; }

    /// <summary>Of encoder and decoder; null where the latent state is the observation.</summary>
    public FlatParameters? StateParameters => States.Parameters;

    /// <summary>Of transition, reward and continuation.</summary>
    public FlatParameters DynamicsParameters { get; }

    /// <summary>[K, Z]: the transition's variance with <c>deviation: free</c>; else null.</summary>
    internal Tensor? TransitionVariance { get; }

    public Tensor? ObservationDeviation => States.Deviation;

    /// <summary>Every tensor of the model as files name it.</summary>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "") =>
    [
        .. States.NamedParameters(prefix),
        .. _dynamicsSet.Named(prefix, withNoise: true),
        .. States.NamedVariance(prefix),
        .. TransitionVariance is { } transition ? [new NamedTensor(prefix + "transition_variance", transition)] : Array.Empty<NamedTensor>(),
    ];

    IEnumerable<NamedTensor> IStorableWorldModel.NamedTensors(string prefix) => NamedTensors(prefix);

    // ---- states ----

    public Tensor Encode(ModelSequences sequences, Generator? generator) => States.Encode(sequences.Observations, generator);

    public Tensor Decode(Tensor latent) => States.Decode(latent);

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

    /// <summary>p(r'|z') and p(c'|z'): mean and ln sigma of the reward in its units, null where rewards never vary, and the logit of going on; each [N].</summary>
    internal ((Tensor Mean, Tensor LogDeviation)? Reward, Tensor ContinueLogit) Heads(Tensor latent, Tensor action, Tensor next)
    {
        var read = _config.RewardInputs == WorldModelConfig.NextLatent ? next : cat([latent, Scaled(action), next], -1);
        var logit = _continue.Forward(read).squeeze(-1);
        if (!Shape.RewardVaries)
            return (null, logit);
        var reward = _reward.Forward(read);
        return ((reward.select(-1, 0), Limited(reward.select(-1, 1))), logit);
    }

    /// <summary>Rewards in the units of the head.</summary>
    internal Tensor RewardUnits(Tensor rewards) => rewards.sub(Shape.RewardShift).div(Shape.RewardScale);

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var (means, logs) = Transition(latent, action);
        var next = Next(means, logs, generator);
        var (reward, logit) = Heads(latent, action, next);
        return new(
            next,
            // A constant one has a graph too, and is not finite where the state is not.
            (reward?.Mean ?? logit.mul(0)).mul(Shape.RewardScale).add(Shape.RewardShift),
            logit.sigmoid(),
            DisagreementOf(means, logs),
            reward?.LogDeviation.exp().mul(Shape.RewardScale));
    }

    /// <summary>How far the members are from each other, [N]; null where there is one.</summary>
    internal Tensor? DisagreementOf(Tensor means, Tensor logs) => _config.Members == 1 ? null
        : _config.Disagreement == WorldModelConfig.Means ? Ensemble.Deviation(means)
        : logs.exp().square().sum(-1).sqrt().amax(0);

    Tensor Next(Tensor means, Tensor logs, Generator? generator)
    {
        if (generator is null)
            return _config.Members == 1 ? means.select(0, 0) : means.mean([0]);
        if (_config.Members == 1)
            return StateCoder.Sample(means.select(0, 0), logs.select(0, 0), generator);
        var member = Ensemble.Draw(_config.Members, means.size(1), generator, means.device);
        return StateCoder.Sample(Ensemble.Of(means, member), Ensemble.Of(logs, member), generator);
    }

    /// <summary>Actions in the units that dynamics read.</summary>
    internal Tensor Scaled(Tensor action) => _actionShift is null ? action : action.sub(_actionShift).div(_actionScale!);

    Tensor Limited(Tensor log) => SoftLimits.Between(log, _config.LowestLogDeviation, HighestLogDeviation);

    public void Dispose()
    {
        States.Dispose();
        DynamicsParameters.Dispose();
        _dynamicsSet.Dispose();
        TransitionVariance?.Dispose();
        _actionShift?.Dispose();
        _actionScale?.Dispose();
    }
}
