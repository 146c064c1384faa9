using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// The recurrent state-space model: Hafner et al. 2019, "Learning latent dynamics for planning from pixels", section 3, with the categorical latents of V2 and what V3 made of them. A state is h, which a GRU
/// carries from step to step, and a draw z; the prior p(z|h) dreams, the posterior q(z|h, e) has seen the observation too. Heads read (h, z): observation, reward, and whether it goes on.
/// </summary>
/// <remarks>
/// A loss is of what each step led to: h' = GRU(z, a; h), z' ~ q(z'|h', e(s')), and s', the reward and the end are predicted from (h', z'). So the last step of an episode is learned from like any other. Where an
/// episode or a sequence begins, h is 0.
/// </remarks>
sealed class Rssm : IStorableWorldModel
{
    // V1: smallest deviation of a normally distributed path.
    const double LeastDeviation = 0.1;

    readonly RssmConfig _config;
    readonly RecurrentDescription _sizes;
    readonly ParameterSet _set;
    readonly Convolutions? _convolutions;
    readonly TransposedConvolutions? _transposed;
    readonly Mlp? _decoder;
    readonly Mlp _encoder, _input, _prior, _posterior, _reward, _continue;
    readonly Parameter _gru;
    readonly Parameter? _gruScale, _gruShift;
    readonly Tensor _gruBias;
    readonly bool _isGaussian, _isTwoHot, _isSymlog, _isBinary;

    /// <param name="config">Resolved, and checked by the caller.</param>
    /// <param name="encoder">What reads an observation: dense layers, or convolutions; its outputs are e.</param>
    /// <param name="shape">What it is made for; actions and rewards it reads as they come.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where they lie.</param>
    public Rssm(RssmConfig config, NetworkDescription encoder, WorldModelShape shape, RandomStream random, Device device)
    {
        (_config, Shape) = (config, shape);
        var actions = shape.ActionWidth;
        _isGaussian = config.Latent == RssmConfig.Gaussian;
        _isTwoHot = config.Reward == RssmConfig.TwoHotReward;
        _isSymlog = config.Symlog!.Value;
        _isBinary = config.Likelihood == RssmConfig.Bernoulli;
        _sizes = new RecurrentDescription
        {
            Deterministic = config.Deterministic,
            Groups = config.Groups!.Value,
            Classes = _isGaussian ? 1 : config.Classes,
            Units = config.Units,
            Actions = actions,
            LayerNorm = config.LayerNorm!.Value,
        };
        Description = new LatentDescription { Encoder = encoder, Width = _sizes.Deterministic + _sizes.Stochastic, Symlog = _isSymlog, Recurrent = _sizes };
        var (units, memory, e) = (config.Units, config.Deterministic, encoder.Outputs);
        int[] hidden = [.. Enumerable.Repeat(units, config.Layers)];
        _set = new ParameterSet(random, device) { Prefix = "encoder." };
        if (encoder.Image is { } image)
            _convolutions = new Convolutions(_set, image);
        _encoder = new Mlp(_set, "layers", [encoder.Image?.Features ?? encoder.Inputs, .. encoder.Hidden, e]);
        _set.Prefix = "";
        _input = new Mlp(_set, "input", [_sizes.Stochastic + actions, units], rectifyLast: true);
        _gru = _set.Uniform("gru.weight", 1 / Math.Sqrt(units + memory), 3 * memory, units + memory);
        if (_sizes.LayerNorm)
            (_gruScale, _gruShift, _gruBias) = (_set.Constant("gru.scale", 1, 3 * memory), _set.Zeros("gru.shift", 3 * memory), zeros(3 * memory, device: device).DetachFromDisposeScope());
        else
            _gruBias = _set.Zeros("gru.bias", 3 * memory);
        _prior = new Mlp(_set, "prior", [memory, units, _sizes.Heads], members: config.Members);
        _posterior = new Mlp(_set, "posterior", [memory + e, units, _sizes.Heads]);
        if (encoder.Image is { } pixels)
            _transposed = new TransposedConvolutions(_set, "decoder", LatentWidth, hidden[1..], pixels);
        else
            _decoder = new Mlp(_set, "decoder", [LatentWidth, .. hidden, encoder.Inputs]);
        _reward = new Mlp(_set, "reward", [LatentWidth, .. hidden, _isTwoHot ? DreamActorCritic.Atoms : 1]);
        _continue = new Mlp(_set, "continue", [LatentWidth, .. hidden, 1]);
        Parameters = _set.Flatten();
        if (_isTwoHot)
            ZeroReward(config.Layers);
    }

    public WorldModelShape Shape { get; }

    /// <summary>What a stored policy needs of it.</summary>
    public LatentDescription Description { get; }

    /// <summary>All parameters and their gradients.</summary>
    public FlatParameters Parameters { get; }

    public int LatentWidth => Description.Width;

    public int ActionWidth => _sizes.Actions;

    public int Members => _config.Members;

    public bool HasMemory => true;

    public LatentCode? Code => new(_sizes.Deterministic, _sizes.Groups, _sizes.Classes);

    /// <summary>The live parameters as files name them.</summary>
    public IEnumerable<NamedTensor> NamedTensors(string prefix = "") => _set.Named(prefix, withNoise: true);

    /// <summary>Those that <see cref="Description"/> names.</summary>
    public IEnumerable<NamedTensor> ActingTensors() =>
        _set.Named("", withNoise: true).Where(entry => entry.Name.Split('.')[0] is "encoder" or "input" or "gru" or "posterior");

    // ---- learning ----

    /// <summary>The loss of a batch of sequences, with the states that its actions were taken in.</summary>
    /// <param name="batch">[T, B] with next observations, rewards and discounts.</param>
    /// <param name="actions">[T, B, A] float32.</param>
    /// <param name="generator">For the posterior's draws; null: means and modes.</param>
    /// <returns>Scalars with their graph; <c>States</c> [T, B, Z].</returns>
    public RssmLoss Loss(TransitionBatch batch, Tensor actions, Generator? generator)
    {
        // From an observation that is not known nothing is to be learned.
        var seen = batch.LossMask!.mul(ModelBatch.KnownOf(batch));
        var next = Read(batch.NextObservations);
        var (states, nextStates, posterior, prior) = Unroll(Embed(Read(batch.Observations)), Embed(next), actions, batch.Resets!, generator);
        var reconstruction = DreamLosses.Mean(Surprise(next, Predict(nextStates)), seen);
        var reward = DreamLosses.Mean(RewardError(nextStates, batch.Rewards), batch.LossMask);
        var goes = nn.functional.binary_cross_entropy_with_logits(_continue.Forward(nextStates).squeeze(-1), batch.Discounts.gt(0).to(ScalarType.Float32), reduction: nn.Reduction.None);
        var end = DreamLosses.Mean(goes, batch.LossMask);
        var (dynamics, representation) = (Divergence(posterior, prior, holdPosterior: true), Divergence(posterior, prior, holdPosterior: false));
        // The mean over members, each with free nats of its own: to what they share it is as large as of one.
        var balanced = Enumerable.Range(0, Members)
            .Select(k => DreamLosses.BalancedKl(dynamics[k], representation[k], _config.DynamicsScale!.Value, _config.RepresentationScale!.Value, _config.FreeNats!.Value, seen, _config.FreeNatsOfMean!.Value))
            .Aggregate((sum, loss) => sum.add(loss)).div(Members);
        var divergence = DreamLosses.Mean(dynamics.detach().mean([0]), seen);
        return new RssmLoss(reconstruction.add(reward).add(end, alpha: _config.ContinueScale).add(balanced), reconstruction, reward, end, divergence, states);
    }

    // ---- the model of a dream ----

    public Tensor Encode(ModelSequences sequences, Generator? generator)
    {
        using var quiet = no_grad();
        var (steps, batch) = (sequences.Observations.size(0), sequences.Observations.size(1));
        var embedded = Embed(Read(sequences.Observations));
        var keeps = Keeps(sequences.Resets, steps, batch, embedded.device);
        var (memory, draw) = (zeros([batch, _sizes.Deterministic], device: embedded.device), zeros([batch, _sizes.Stochastic], device: embedded.device));
        var found = new Tensor[steps];
        for (var t = 0; t < steps; t++)
        {
            if (t > 0)
                memory = Recur(memory, draw, sequences.Actions[t - 1]).mul(keeps[t]);
            draw = Draw(_posterior.Forward(cat([memory, embedded[t]], -1)), Noise([batch], generator, embedded.device));
            found[t] = cat([memory, draw], -1);
        }

        return stack(found);
    }

    public Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator)
    {
        using var quiet = no_grad();
        var keeps = starts.logical_not().to(ScalarType.Float32).unsqueeze(-1);
        // Where an episode begins, anything may stand before it, numbers that are not finite too.
        var held = before.masked_fill(starts.unsqueeze(-1), 0);
        var memory = Recur(held.narrow(-1, 0, _sizes.Deterministic), held.narrow(-1, _sizes.Deterministic, _sizes.Stochastic), action.masked_fill(starts.unsqueeze(-1), 0)).mul(keeps);
        var draw = Draw(_posterior.Forward(cat([memory, Embed(Read(observations).unsqueeze(0))[0]], -1)), Noise([observations.size(0)], generator, observations.device));
        return cat([memory, draw], -1);
    }

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
    {
        var memory = Recur(latent.narrow(-1, 0, _sizes.Deterministic), latent.narrow(-1, _sizes.Deterministic, _sizes.Stochastic), action);
        var (heads, disagreement) = Ahead(memory, generator);
        var draw = Draw(heads, Noise([latent.size(0)], generator, latent.device));
        var next = cat([memory, draw], -1);
        return new DreamStep(next, Reward(next), _continue.Forward(next).squeeze(-1).sigmoid(), disagreement);
    }

    public Tensor Decode(Tensor latent)
    {
        var heads = Predict(latent);
        return _isBinary ? heads.sigmoid() : _isSymlog ? DreamLosses.Symexp(heads) : heads;
    }

    public void Dispose()
    {
        Parameters.Dispose();
        _set.Dispose();
        _gruBias.Dispose();
    }

    // ---- parts ----

    // The heads by which a dream goes on, [N, *], of a member drawn for each row, without noise of their mean; and how far they are apart.
    (Tensor Heads, Tensor? Disagreement) Ahead(Tensor memory, Generator? generator)
    {
        var heads = _prior.Forward(memory);
        if (Members == 1)
            return (heads, null);
        var statistics = Statistics(heads);
        var means = _isGaussian ? statistics.narrow(-1, 0, _sizes.Groups) : statistics.exp().flatten(-2);
        var mean = generator is not null ? Ensemble.Of(heads, Ensemble.Draw(Members, heads.size(1), generator, heads.device))
            : _isGaussian ? heads.mean([0])
            : means.mean([0]).clamp_min(1e-30).log();
        return (mean, Ensemble.Deviation(means));
    }

    // [T, B, Z] before and after each step, and the distributions of what was drawn after it.
    (Tensor States, Tensor NextStates, Tensor Posterior, Tensor Prior) Unroll(Tensor embedded, Tensor embeddedNext, Tensor actions, Tensor resets, Generator? generator)
    {
        var (steps, batch) = (embedded.size(0), embedded.size(1));
        var noise = Noise([2 * steps, batch], generator, embedded.device);
        // Of every step as if an episode began there: read where one does.
        var nothing = zeros([steps, batch, _sizes.Deterministic], device: embedded.device);
        var first = Draw(_posterior.Forward(cat([nothing, embedded], -1)), noise?.narrow(0, 0, steps));
        // Steps by unbinding: the gradient of one picked step would be as large as all of them.
        var keeps = resets.logical_not().to(ScalarType.Float32).unsqueeze(-1).unbind();
        var begins = first.mul(resets.to(ScalarType.Float32).unsqueeze(-1)).unbind();
        var (seen, clocks, taken) = (embeddedNext.unbind(), noise?.narrow(0, steps, steps).unbind(), actions.unbind());
        var (states, nexts, posteriors, memories) = (new Tensor[steps], new Tensor[steps], new Tensor[steps], new Tensor[steps]);
        var (memory, draw) = (nothing[0], first[0]);
        for (var t = 0; t < steps; t++)
        {
            if (t > 0)
                (memory, draw) = (memory.mul(keeps[t]), begins[t].addcmul(draw, keeps[t], 1));
            states[t] = cat([memory, draw], -1);
            memories[t] = memory = Recur(memory, draw, taken[t]);
            posteriors[t] = _posterior.Forward(cat([memory, seen[t]], -1));
            draw = Draw(posteriors[t], clocks?[t]);
            nexts[t] = cat([memory, draw], -1);
        }

        return (stack(states), stack(nexts), Statistics(stack(posteriors)), Statistics(_prior.Forward(stack(memories).flatten(0, 1)).unflatten(-2, steps, batch)));
    }

    // Cho et al. 2014 as Dreamer writes it: one product for all gates, and the update gate begins nearly closed.
    Tensor Recur(Tensor memory, Tensor draw, Tensor action)
    {
        // The fused operator adds to the gradient of the weight in place: of every step, to one as large as all other gradients together.
        var sums = TorchExtras.Mlp(cat([_input.Forward(cat([draw, action], -1)), memory], -1), [_gru], [_gruBias], MlpActivation.ReLU, MlpActivation.None);
        return TorchExtras.Gates(sums, memory, _gruScale, _gruShift);
    }

    // Heads to what divergences are made of: ln p [*, G, C], or means and deviations [*, 2 S].
    Tensor Statistics(Tensor heads) => _isGaussian
        ? cat([heads.narrow(-1, 0, _sizes.Groups), Deviation(heads)], -1)
        : DreamLosses.UniformMix(heads.unflatten(-1, _sizes.Groups, _sizes.Classes), _config.UniformShare!.Value);

    Tensor Deviation(Tensor heads) => heads.narrow(-1, _sizes.Groups, _sizes.Groups).softplus().add(LeastDeviation);

    // Of heads: reparameterized, or straight-through; the mean or the mode without noise.
    Tensor Draw(Tensor heads, Tensor? noise)
    {
        if (_isGaussian)
        {
            var mean = heads.narrow(-1, 0, _sizes.Groups);
            return noise is null ? mean : mean.addcmul(Deviation(heads), noise, 1);
        }

        return TorchExtras.Draw(heads, noise, _sizes.Classes, _config.UniformShare!.Value);
    }

    Tensor? Noise(long[] leading, Generator? generator, Device device)
    {
        if (generator is null)
            return null;
        return _isGaussian ? randn([.. leading, _sizes.Groups], device: device, generator: generator)
            : TorchExtras.Clocks([.. leading, _sizes.Groups, _sizes.Classes], generator, device);
    }

    // Of each member, [K, T, B].
    Tensor Divergence(Tensor posterior, Tensor prior, bool holdPosterior)
    {
        if (Members == 1)
            prior = prior.unsqueeze(0);
        posterior = posterior.unsqueeze(0).expand(prior.shape);
        (posterior, prior) = holdPosterior ? (posterior.detach(), prior) : (posterior, prior.detach());
        if (!_isGaussian)
            return DreamLosses.CategoricalKl(posterior, prior);
        var size = _sizes.Groups;
        return DreamLosses.GaussianKl(posterior.narrow(-1, 0, size), posterior.narrow(-1, size, size), prior.narrow(-1, 0, size), prior.narrow(-1, size, size));
    }

    Tensor Read(Tensor observations) => _isSymlog ? DreamLosses.Symlog(observations) : observations;

    Tensor Embed(Tensor read) => _convolutions is null
        ? _encoder.Forward(read)
        : _encoder.Forward(_convolutions.Forward(read.flatten(0, 1))).unflatten(0, read.size(0), read.size(1));

    // [*, Z] to what says the observation, [*, D]: means, of a Bernoulli likelihood logits. Transposed convolutions take rows.
    Tensor Predict(Tensor latents) => _transposed is null
        ? _decoder!.Forward(latents)
        : _transposed.Forward(latents.reshape(-1, LatentWidth)).reshape([.. latents.shape[..^1], -1]);

    // -ln p(s|h, z) up to a constant, [T, B].
    Tensor Surprise(Tensor observations, Tensor heads) => _isBinary
        ? WorldModelLosses.BernoulliLogLikelihood(observations, heads).neg()
        : heads.sub(observations).square().sum(-1L).mul(0.5);

    Tensor Reward(Tensor latents)
    {
        var heads = _reward.Forward(latents);
        return _isTwoHot ? DreamLosses.TwoHotMean(heads, DreamActorCritic.LowAtom, DreamActorCritic.HighAtom) : heads.squeeze(-1);
    }

    Tensor RewardError(Tensor latents, Tensor rewards)
    {
        var heads = _reward.Forward(latents);
        return _isTwoHot ? DreamLosses.TwoHotCrossEntropy(heads, rewards, DreamActorCritic.LowAtom, DreamActorCritic.HighAtom) : heads.squeeze(-1).sub(rewards).square().mul(0.5);
    }

    static Tensor Keeps(Tensor? resets, long steps, long batch, Device device) =>
        resets is null ? ones([steps, batch, 1], device: device) : resets.logical_not().to(ScalarType.Float32).unsqueeze(-1);

    void ZeroReward(int layer)
    {
        using var quiet = no_grad();
        foreach (var entry in _set.Named("", withNoise: true).Where(entry => entry.Name.StartsWith($"reward.{layer}.", StringComparison.Ordinal)))
            entry.Tensor.zero_();
    }
}

/// <summary>The parts of a model's loss, scalars, and the states of the batch.</summary>
/// <param name="Total">What is descended.</param>
/// <param name="Reconstruction">Half the squared error of the observation, summed over its numbers.</param>
/// <param name="Reward">The reward's error.</param>
/// <param name="Continue">The cross-entropy of the end.</param>
/// <param name="Divergence">KL(posterior || prior), in nats; without a graph.</param>
/// <param name="States">[T, B, Z]: in which actions were taken, with their graph.</param>
sealed record RssmLoss(Tensor Total, Tensor Reconstruction, Tensor Reward, Tensor Continue, Tensor Divergence, Tensor States);
