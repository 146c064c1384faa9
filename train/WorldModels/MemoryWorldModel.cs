using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// World Models (Ha and Schmidhuber 2018) as a model to dream in: the code z of an observation, by a variational auto-encoder (V), and a <see cref="MixtureMemory"/> (M) that tells the next one. A latent state is
/// [z, h, c]; its first <see cref="ControllerWidth"/> numbers, [z, h], are what a controller (C) reads.
/// </summary>
/// <remarks>With members, heads of M side by side, each dreamed row follows one that is drawn anew at each step, and their means' distance says how unsure the model is.</remarks>
sealed class MemoryWorldModel : IStorableWorldModel
{
    readonly WorldModelConfig _config;
    readonly Tensor? _actionShift, _actionScale;

    /// <param name="config">Resolved: what V is made of, members, limits of deviations.</param>
    /// <param name="memory">Sizes of M.</param>
    /// <param name="shape">What it is made for.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where it lies.</param>
    /// <exception cref="UserErrorException">Config and observations do not fit each other.</exception>
    public MemoryWorldModel(WorldModelConfig config, MemoryConfig memory, WorldModelShape shape, RandomStream random, Device device)
    {
        (_config, Shape) = (config, shape);
        States = new StateCoder(config, shape.Observations, random, device);
        Memory = new MixtureMemory(States.Width, shape.ActionWidth, memory.Units, memory.Components, memory.Hidden, random, device, config.Members, config.LowestLogDeviation);
        if (shape.Actions is { } units)
        {
            _actionShift = tensor([.. units.Shift.Select(v => (float)v)], device: device).DetachFromDisposeScope();
            _actionScale = tensor([.. units.Scale.Select(v => (float)v)], device: device).DetachFromDisposeScope();
        }
    }

    /// <summary>V.</summary>
    public StateCoder States { get; }

    /// <summary>M.</summary>
    public MixtureMemory Memory { get; }

    public WorldModelShape Shape { get; }

    public int LatentWidth => States.Width + (2 * Memory.Units);

    /// <summary>Z + U.</summary>
    public int ControllerWidth => States.Width + Memory.Units;

    public int ActionWidth => Shape.ActionWidth;

    public int Members => _config.Members;

    public bool HasMemory => true;

    public LatentCode? Code => States.Code;

    public Tensor? ObservationDeviation => States.Deviation;

    public IEnumerable<NamedTensor> NamedTensors(string prefix = "") => [.. States.NamedParameters(prefix), .. Memory.NamedTensors(prefix), .. States.NamedVariance(prefix)];

    /// <summary>What a stored policy needs of it: V's encoder, and the LSTM of M.</summary>
    public LatentDescription Description => new()
    {
        Encoder = States.Encoder,
        Width = ControllerWidth,
        Lstm = new() { Codes = States.Width, Units = Memory.Units, Actions = ActionWidth },
    };

    /// <summary>The tensors that <see cref="Description"/> names: copies, of the caller's scope. The LSTM reads actions as they come, whose units are in its weights.</summary>
    public IReadOnlyList<NamedTensor> ActingTensors()
    {
        using var quiet = no_grad();
        var (input, recurrent, bias) = Memory.Lstm;
        var (ofCodes, ofActions) = (input.narrow(1, 0, States.Width), input.narrow(1, States.Width, ActionWidth));
        if (_actionShift is not null)
        {
            ofActions = ofActions.div(_actionScale!);
            bias = bias.sub(ofActions.matmul(_actionShift));
        }

        return [.. States.ActingTensors(), new("lstm.weight", cat([ofCodes, ofActions, recurrent], 1)), new("lstm.bias", bias.clone())];
    }

    // ---- learning ----

    /// <summary>The loss of M on a batch of sequences, whose codes are draws of V's posterior and constants.</summary>
    /// <param name="batch">[T, B] with next observations, rewards and discounts.</param>
    /// <param name="generator">For the draws; null: means.</param>
    /// <returns>Scalars with their graph. Where the next observation is not known, reward and continuation are read from the mean of M, and nothing else is learned.</returns>
    public MemoryLoss Loss(TransitionBatch batch, Generator? generator)
    {
        var seen = batch.LossMask!.mul(ModelBatch.KnownOf(batch));
        var (codes, next) = (States.Encode(batch.Observations, generator), States.Encode(batch.NextObservations, generator));
        var after = Memory.Unroll(codes, ActionsOf(batch), batch.Resets).After;
        var mixture = Memory.Mixture(after, codes);
        var transition = DreamLosses.Mean(MixtureMemory.LogLikelihood(next, mixture).neg(), seen);
        var predicted = MixtureMemory.Mean(mixture.Logits, mixture.Means).detach();
        var (reward, logit) = Memory.Heads(after, next.where(seen.unsqueeze(-1).gt(0), predicted.mean([0])));
        var goes = batch.Discounts.gt(0).to(ScalarType.Float32);
        var rewardError = DreamLosses.Mean(reward.sub(RewardUnits(batch.Rewards)).square().mul(0.5), batch.LossMask);
        var end = DreamLosses.Mean(WorldModelLosses.BernoulliLogLikelihood(goes.unsqueeze(-1), logit.unsqueeze(-1)).neg(), batch.LossMask);
        return new(transition.add(rewardError).add(end), transition, rewardError, end, Disagreement(predicted, mixture)?.mean());
    }

    /// <summary>
    /// By which models of one run compare on held-out sequences, as <see cref="WorldModelFit.HeldOutError"/>: one step ahead from means of codes, the mean squared error of the decoded observation over its features, plus that of
    /// the reward in units of its spread, plus the cross-entropy of the continuation. A scalar.
    /// </summary>
    public Tensor HeldOutError(TransitionBatch batch)
    {
        using var quiet = no_grad();
        var codes = States.Encode(batch.Observations, null);
        var after = Memory.Unroll(codes, ActionsOf(batch), batch.Resets).After;
        var mixture = Memory.Mixture(after, codes);
        var next = MixtureMemory.Mean(mixture.Logits, mixture.Means).mean([0]);
        var (reward, logit) = Memory.Heads(after, next);
        var goes = batch.Discounts.gt(0).to(ScalarType.Float32);
        return DreamLosses.Mean(Decode(next).sub(batch.NextObservations).square().mean([-1]), batch.LossMask!.mul(ModelBatch.KnownOf(batch)))
            .add(DreamLosses.Mean(reward.sub(RewardUnits(batch.Rewards)).square(), batch.LossMask))
            .sub(DreamLosses.Mean(WorldModelLosses.BernoulliLogLikelihood(goes.unsqueeze(-1), logit.unsqueeze(-1)), batch.LossMask));
    }

    // ---- the model of a dream ----

    public Tensor Encode(ModelSequences sequences, Generator? generator)
    {
        using var quiet = no_grad();
        var codes = States.Encode(sequences.Observations, generator);
        return cat([codes, Memory.Unroll(codes, Scaled(sequences.Actions), sequences.Resets).Before], -1);
    }

    public Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator)
    {
        using var quiet = no_grad();
        var begins = starts.unsqueeze(-1);
        // Where an episode begins, anything may stand before it, numbers that are not finite too.
        var held = before.masked_fill(begins, 0);
        var memory = Advance(held, action.masked_fill(begins, 0)).masked_fill(begins, 0);
        return cat([States.Encode(observations, generator), memory], -1);
    }

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator) => Step(latent, action, generator, temperature: 1);

    /// <summary>One step at a temperature tau of what is drawn (section 4.5 of the paper): above 1 a dream is less certain than the model, and harder to live on its mistakes.</summary>
    /// <inheritdoc cref="IWorldModel.Step"/>
    public DreamStep Step(Tensor latent, Tensor action, Generator? generator, double temperature)
    {
        var codes = latent.narrow(-1, 0, States.Width);
        var memory = Advance(latent, action);
        var mixture = Memory.Mixture(memory, codes);
        var next = generator is null ? MixtureMemory.Mean(mixture.Logits, mixture.Means).mean([0]) : Draw(mixture, generator, temperature);
        var (reward, logit) = Memory.Heads(memory, next);
        return new(
            cat([next, memory], -1), reward.mul(Shape.RewardScale).add(Shape.RewardShift), logit.sigmoid(),
            Members == 1 ? null : Disagreement(MixtureMemory.Mean(mixture.Logits, mixture.Means), mixture));
    }

    public Tensor Decode(Tensor latent) => States.Decode(latent.narrow(-1, 0, States.Width));

    public void Dispose()
    {
        States.Dispose();
        Memory.Dispose();
        _actionShift?.Dispose();
        _actionScale?.Dispose();
    }

    Tensor Advance(Tensor latent, Tensor action) => Memory.Advance(latent.narrow(-1, States.Width, 2 * Memory.Units), latent.narrow(-1, 0, States.Width), Scaled(action));

    Tensor Draw((Tensor Logits, Tensor Means, Tensor LogDeviations) mixture, Generator generator, double temperature)
    {
        var (rows, device) = (mixture.Logits.size(1), mixture.Logits.device);
        var member = Members == 1 ? null : Ensemble.Draw(Members, rows, generator, device);
        var (logits, means, logs) = (OfMember(mixture.Logits, member), OfMember(mixture.Means, member), OfMember(mixture.LogDeviations, member));
        var gumbel = rand(logits.shape, device: device, generator: generator).clamp_min(1e-12).log().neg().clamp_min(1e-12).log().neg();
        return MixtureMemory.Draw(logits, means, logs, temperature, gumbel, randn([rows, States.Width], device: device, generator: generator));
    }

    // Each row [Z, K] as its member has it.
    static Tensor OfMember(Tensor values, Tensor? member) => member is null ? values.select(0, 0) : Ensemble.Of(values.flatten(-2), member).unflatten(-1, values.size(-2), values.size(-1));

    // Of predictions [M, *, Z]: how far members are apart, or the largest member's norm of sigma.
    Tensor? Disagreement(Tensor predicted, (Tensor Logits, Tensor Means, Tensor LogDeviations) mixture) => Members == 1 ? null
        : _config.Disagreement == WorldModelConfig.Means ? Ensemble.Deviation(predicted)
        : MixtureMemory.Variance(mixture.Logits, mixture.Means, mixture.LogDeviations).sum(-1).sqrt().amax(0);

    Tensor ActionsOf(TransitionBatch batch) => Scaled(ModelBatch.ActionsOf(batch.Actions, ActionWidth));

    // In the units that M reads.
    Tensor Scaled(Tensor action) => _actionShift is null ? action : action.sub(_actionShift).div(_actionScale!);

    Tensor RewardUnits(Tensor rewards) => rewards.sub(Shape.RewardShift).div(Shape.RewardScale);
}

/// <summary>The parts of M's loss, scalars.</summary>
/// <param name="Total">What is descended.</param>
/// <param name="Transition">-ln p(z'|h'), the mean over members.</param>
/// <param name="Reward">Half the squared error of the reward, in units of its spread.</param>
/// <param name="Continuation">The cross-entropy of the end.</param>
/// <param name="Disagreement">Of the members; null where there is one.</param>
sealed record MemoryLoss(Tensor Total, Tensor Transition, Tensor Reward, Tensor Continuation, Tensor? Disagreement);

/// <summary>A <see cref="MemoryWorldModel"/> that dreams at a temperature.</summary>
/// <param name="model">Disposed of by its owner.</param>
/// <param name="temperature">tau, positive.</param>
sealed class TemperedWorldModel(MemoryWorldModel model, double temperature) : IWorldModel
{
    public int LatentWidth => model.LatentWidth;

    public int ActionWidth => model.ActionWidth;

    public bool HasMemory => true;

    public Tensor Encode(ModelSequences sequences, Generator? generator) => model.Encode(sequences, generator);

    public Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator) => model.Observe(before, action, starts, observations, generator);

    public DreamStep Step(Tensor latent, Tensor action, Generator? generator) => model.Step(latent, action, generator, temperature);

    public Tensor Decode(Tensor latent) => model.Decode(latent);

    /// <summary>Leaves the model alone.</summary>
    public void Dispose()
    {
    }
}
