using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// Learns a <see cref="VaeWorldModel"/> from transitions (s, a, r', s', c'), in the order of the lectures or jointly.
/// </summary>
/// <remarks>
/// Staged: turns of the encoder maximize E_q(z|s)[ln p(s|z)] - beta KL(q(z|s), N(0, I)); turns of the dynamics, with z ~ q(z|s) and z' ~ q(z'|s') as they are, ln p(z'|z, a) + ln p(r'|z') + ln p(c'|z').
/// Joint: both states' ln p(s|z), less beta KL(q(z|s), N(0, I)) and KL(q(z'|s'), p(z'|z, a)), plus the same reward and continuation: the bound of a latent state sequence of two steps
/// (Krishnan et al. 2017, "Structured inference networks for nonlinear state space models", equation 6). Members each maximize it alone, on the same batches. Where s' is not known, reward and continuation are read from
/// the transition's mean, and nothing else is learned.
/// </remarks>
public sealed class WorldModelFit : IDisposable
{
    /// <summary>Of the metrics, in the order of <see cref="Measure"/>.</summary>
    public static readonly IReadOnlyList<string> MetricNames =
        ["loss", "reconstruction", "kl", "transition", "reward", "continuation", "latent_error", "reward_error", "continuation_error", "disagreement", "state_gradient_norm", "dynamics_gradient_norm"];

    readonly VaeWorldModel _model;
    readonly WorldModelConfig _config;
    readonly int _steps;
    readonly StepNoise _noise, _metricNoise;
    readonly FlatAdam? _stateOptimizer;
    readonly FlatAdam _dynamicsOptimizer;

    /// <param name="model">Outlives this.</param>
    /// <param name="config">The model's.</param>
    /// <param name="steps">Gradient steps of the whole run.</param>
    /// <param name="setup">Its random stream and device.</param>
    public WorldModelFit(VaeWorldModel model, WorldModelConfig config, int steps, LearnerSetup setup)
    {
        (_model, _config, _steps) = (model, config, steps);
        (_noise, _metricNoise) = (setup.Noise("world_model"), setup.Noise("world_model/metrics"));
        if (model.StateParameters is { } state)
            _stateOptimizer = new FlatAdam(state, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
        _dynamicsOptimizer = new FlatAdam(model.DynamicsParameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
    }

    /// <summary>Steps of either kind done: those of encoder and decoder, and those of the dynamics.</summary>
    public IReadOnlyList<long> Counters
    {
        get => [_stateOptimizer?.StepCount ?? 0, _dynamicsOptimizer.StepCount];
        set
        {
            if (_stateOptimizer is not null)
                _stateOptimizer.StepCount = value[0];
            _dynamicsOptimizer.StepCount = value[1];
        }
    }

    /// <summary>Every tensor that decides what the next steps do.</summary>
    internal IEnumerable<NamedTensor> State(string prefix = "model.") =>
    [
        .. _model.NamedTensors(prefix),
        .. _stateOptimizer is null ? Array.Empty<NamedTensor>() : [new(prefix + "state.first_moment", _stateOptimizer.FirstMoment), new(prefix + "state.second_moment", _stateOptimizer.SecondMoment)],
        new(prefix + "dynamics.first_moment", _dynamicsOptimizer.FirstMoment),
        new(prefix + "dynamics.second_moment", _dynamicsOptimizer.SecondMoment),
    ];

    /// <summary>Whether the step after <paramref name="done"/> is one of encoder and decoder alone.</summary>
    public bool IsEncoderTurn(long done)
    {
        if (_stateOptimizer is null || _config.Order == WorldModelConfig.Joint)
            return false;
        return done % Cycle < EncoderSteps(Cycle);
    }

    int Cycle => _config.PhaseSteps == 0 ? _steps : _config.PhaseSteps;

    // At least one of either kind in each cycle of two steps or more.
    int EncoderSteps(int cycle) => Math.Clamp((int)Math.Round(_config.EncoderShare * cycle), Math.Min(1, cycle - 1), Math.Max(cycle - 1, 0));

    // ---- one gradient step ----

    /// <summary>One gradient step; it never waits for the device.</summary>
    /// <param name="batch">Transitions.</param>
    /// <param name="done">Steps before it.</param>
    /// <param name="measure">Whether to return this step's metrics, by what the model says before it.</param>
    /// <returns>In the order of <see cref="MetricNames"/>, of the caller's scope; null: not asked for.</returns>
    public Tensor[]? Learn(ModelBatch batch, long done, bool measure)
    {
        var generator = _noise.At(done);
        var loss = IsEncoderTurn(done) ? StateLoss(batch, generator)
            : _config.Order == WorldModelConfig.Joint && _stateOptimizer is not null ? JointLoss(batch, generator)
            : DynamicsLoss(batch, generator);
        loss.backward();
        var metrics = measure ? Measure(batch, done) : null;
        if (_stateOptimizer is not null && (IsEncoderTurn(done) || _config.Order == WorldModelConfig.Joint))
            Update(_stateOptimizer, done);
        if (!IsEncoderTurn(done))
            Update(_dynamicsOptimizer, done);
        return metrics;
    }

    // Each falls over its own turns.
    void Update(FlatAdam optimizer, long done)
    {
        var steps = optimizer == _stateOptimizer ? StateSteps : _stateOptimizer is null || _config.Order == WorldModelConfig.Joint ? _steps : _steps - StateSteps;
        optimizer.LearningRate = _config.LearningRateAt(optimizer.StepCount, Math.Max(1, steps));
        optimizer.Step(zeroGrad: true);
    }

    // Over the whole run.
    int StateSteps => _config.Order == WorldModelConfig.Joint ? _steps : (_steps / Cycle * EncoderSteps(Cycle)) + Math.Min(_steps % Cycle, EncoderSteps(Cycle));

    Tensor StateLoss(ModelBatch batch, Generator generator) => _model.States.Loss(batch.Observations, batch.NextObservations, batch.Known, _stateOptimizer!.StepCount, StateSteps, generator);

    Tensor DynamicsLoss(ModelBatch batch, Generator generator)
    {
        Tensor latent, next;
        using (no_grad())
        {
            var rows = batch.Observations.size(0);
            var (mean, log) = _model.States.Posterior(cat([batch.Observations, batch.NextObservations]));
            var both = StateCoder.Sample(mean, log, generator);
            (latent, next) = (both.narrow(0, 0, rows), both.narrow(0, rows, rows));
        }

        var (means, logs) = _model.Transition(latent, batch.Actions);
        FollowTransitionVariance(next, means, batch.Known);
        var transition = WorldModelLosses.GaussianLogLikelihood(next.unsqueeze(0).expand(means.shape), means, logs).mean([0]).neg();
        return Mean(transition, batch.Known).add(HeadsLoss(batch, latent, NextOf(batch, next, means)));
    }

    Tensor JointLoss(ModelBatch batch, Generator generator)
    {
        var rows = batch.Observations.size(0);
        var states = cat([batch.Observations, batch.NextObservations]);
        var weights = cat([ones_like(batch.Known), batch.Known]);
        var (mean, log) = _model.States.Posterior(states);
        var both = StateCoder.Sample(mean, log, generator);
        var heads = _model.States.DecoderHeads(both);
        _model.States.FollowVariance(states, heads, weights, _stateOptimizer!.StepCount);
        var (latent, next) = (both.narrow(0, 0, rows), both.narrow(0, rows, rows));
        var (means, logs) = _model.Transition(latent, batch.Actions);
        FollowTransitionVariance(next, means, batch.Known);
        var prior = WorldModelLosses.KlToStandardNormal(mean.narrow(0, 0, rows), log!.narrow(0, 0, rows));
        var transition = WorldModelLosses.KlBetween(mean.narrow(0, rows, rows), log.narrow(0, rows, rows), means, logs).mean([0]);
        return Mean(_model.States.LogLikelihood(states, heads).neg(), weights).mul(2)
            .add(prior.mean().mul(_model.States.KlWeightAt(_stateOptimizer.StepCount, StateSteps))).add(Mean(transition, batch.Known))
            .add(HeadsLoss(batch, latent, NextOf(batch, next, means)));
    }

    Tensor HeadsLoss(ModelBatch batch, Tensor latent, Tensor next)
    {
        var (reward, logit) = _model.Heads(latent, batch.Actions, next);
        var likelihood = WorldModelLosses.BernoulliLogLikelihood(batch.Continues.unsqueeze(-1), logit.unsqueeze(-1));
        if (reward is var (mean, log))
            likelihood = likelihood.add(WorldModelLosses.GaussianLogLikelihood(_model.RewardUnits(batch.Rewards).unsqueeze(-1), mean.unsqueeze(-1), log.unsqueeze(-1)));
        return likelihood.mean().neg();
    }

    static Tensor NextOf(ModelBatch batch, Tensor next, Tensor means)
    {
        var known = batch.Known.unsqueeze(-1);
        return next.mul(known).add(means.detach().mean([0]).mul(known.neg().add(1)));
    }

    void FollowTransitionVariance(Tensor next, Tensor means, Tensor known)
    {
        if (_model.TransitionVariance is not { } variance)
            return;
        using var quiet = no_grad();
        StateCoder.Follow(variance, next.unsqueeze(0).sub(means).square().mul(known.unsqueeze(-1)).sum(1L).div(known.sum().clamp_min(1)), _dynamicsOptimizer.StepCount);
    }

    static Tensor Mean(Tensor rows, Tensor weights) => rows.mul(weights).sum().div(weights.sum().clamp_min(1));

    // ---- measuring ----

    // Everything, whichever part is learned just now, with draws of its own: what is learned does not depend on it.
    Tensor[] Measure(ModelBatch batch, long done)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var generator = _metricNoise.At(done);
        var rows = batch.Observations.size(0);
        var (mean, log) = _model.States.Posterior(cat([batch.Observations, batch.NextObservations]));
        var both = StateCoder.Sample(mean, log, generator);
        var (latent, next) = (both.narrow(0, 0, rows), both.narrow(0, rows, rows));
        var (means, logs) = _model.Transition(latent, batch.Actions);
        var none = zeros([], device: latent.device);
        var reconstruction = log is null ? none : _model.States.LogLikelihood(batch.Observations, _model.States.DecoderHeads(latent)).mean().neg();
        var kl = log is null ? none : WorldModelLosses.KlToStandardNormal(mean.narrow(0, 0, rows), log.narrow(0, 0, rows)).mean();
        var transition = Mean(WorldModelLosses.GaussianLogLikelihood(next.unsqueeze(0).expand(means.shape), means, logs).mean([0]).neg(), batch.Known);
        var latentError = Mean(next.sub(means.mean([0])).square().mean([-1]), batch.Known).sqrt();
        var (reward, logit) = _model.Heads(latent, batch.Actions, NextOf(batch, next, means));
        var target = _model.RewardUnits(batch.Rewards);
        var rewardLoss = reward is var (center, spread) ? WorldModelLosses.GaussianLogLikelihood(target.unsqueeze(-1), center.unsqueeze(-1), spread.unsqueeze(-1)).mean().neg() : none;
        var rewardError = RewardDistance(reward?.Mean, target).square().mean().sqrt().mul(_model.Shape.RewardScale);
        var continuation = WorldModelLosses.BernoulliLogLikelihood(batch.Continues.unsqueeze(-1), logit.unsqueeze(-1)).mean().neg();
        var continuationError = logit.gt(0).to(ScalarType.Float32).sub(batch.Continues).abs().mean();
        var disagreement = _model.DisagreementOf(means, logs)?.mean() ?? none;
        var loss = reconstruction.add(kl.mul(_model.States.FullKlWeight)).add(transition).add(rewardLoss).add(continuation);
        var stateNorm = _model.StateParameters?.GradientNorm() ?? none;
        Tensor[] values = [loss, reconstruction, kl, transition, rewardLoss, continuation, latentError, rewardError, continuationError, disagreement, stateNorm, _model.DynamicsParameters.GradientNorm()];
        return [.. values.Select(value => value.MoveToOuterDisposeScope())];
    }

    /// <summary>
    /// By which models of one run compare on held-out transitions, whatever their latents are: one step ahead from the mean of q(z|s), the mean squared error of the decoded observation over its features, plus that of the
    /// reward in units of its spread, plus the cross-entropy of the continuation. A scalar.
    /// </summary>
    public Tensor HeldOutError(ModelBatch batch)
    {
        using var quiet = no_grad();
        var (latent, _) = _model.States.Posterior(batch.Observations);
        var (means, _) = _model.Transition(latent, batch.Actions);
        var next = means.mean([0]);
        var (reward, logit) = _model.Heads(latent, batch.Actions, next);
        return Mean(_model.Decode(next).sub(batch.NextObservations).square().mean([-1]), batch.Known)
            .add(RewardDistance(reward?.Mean, _model.RewardUnits(batch.Rewards)).square().mean())
            .sub(WorldModelLosses.BernoulliLogLikelihood(batch.Continues.unsqueeze(-1), logit.unsqueeze(-1)).mean());
    }

    // A reward that never varied is 0 in its units.
    static Tensor RewardDistance(Tensor? said, Tensor target) => said is null ? target : said.sub(target);

    public void Dispose()
    {
        _stateOptimizer?.Dispose();
        _dynamicsOptimizer.Dispose();
        _noise.Dispose();
        _metricNoise.Dispose();
    }
}
