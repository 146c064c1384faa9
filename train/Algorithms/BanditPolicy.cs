using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of <see cref="BanditPolicy"/>. Where they differ from the papers, and why, is in train/docs/bandit_policy.md.</summary>
public sealed record BanditPolicyConfig : EpisodeConfig
{
    internal const string Ips = "ips", Snips = "snips", Dr = "dr", Poem = "poem";

    static readonly string[] AllObjectives = [Ips, Snips, Dr, Poem];

    /// <summary>Batches of 1,024 decisions, and a linear policy.</summary>
    public BanditPolicyConfig() => (BatchEpisodes, Hidden, Discount) = (1_024, [], 1);

    /// <summary><c>ips</c>, <c>snips</c>, <c>dr</c> or <c>poem</c>, the default: which estimate of the policy's reward is maximized.</summary>
    public string Objective { get; init; } = Poem;

    /// <summary>M: the largest weight; larger ones are clipped to it. The default value is 100; 0: no limit.</summary>
    public double ClipWeight { get; init; } = 100;

    /// <summary>lambda of <c>poem</c>: standard errors that are subtracted from the estimate. The default value is 1.</summary>
    public double VariancePenalty { get; init; } = 1;

    /// <summary>Weight of the policy's entropy in what is maximized, in units of reward. The default value is 0.</summary>
    public double EntropyBonus { get; init; }

    /// <summary>Of <c>dr</c>: models of the reward, each fitted to the decisions outside its fold and asked about those inside. The default value is 3.</summary>
    public int Folds { get; init; } = 3;

    /// <summary>Of <c>dr</c>: updates at the start that fit the models alone. The default value is 500.</summary>
    public int ModelSteps { get; init; } = 500;

    internal override bool NeedsPropensities => true;

    internal override ReplayNeeds Needs => base.Needs with { Actions = ActionKind.Discrete };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!AllObjectives.Contains(Objective))
            yield return $"objective is '{Objective}'; expected {string.Join(", ", AllObjectives)}.{NearestName.Hint(Objective, AllObjectives)}";
        if (!(ClipWeight >= 0))
            yield return $"clip_weight is {ClipWeight}; expected a positive number, or 0 for no limit.";
        if (!(VariancePenalty >= 0) || !double.IsFinite(VariancePenalty))
            yield return $"variance_penalty is {VariancePenalty}; expected a finite number of at least 0.";
        if (!(EntropyBonus >= 0) || !double.IsFinite(EntropyBonus))
            yield return $"entropy_bonus is {EntropyBonus}; expected a finite number of at least 0.";
        if (Folds is < 2 or > 100)
            yield return $"folds is {Folds}; expected 2 to 100.";
        if (ModelSteps < 0)
            yield return $"model_steps is {ModelSteps}; expected at least 0.";
        if (BatchEpisodes == 1)
            yield return "batch_episodes is 1; expected at least 2, of which a variance can be taken, or 0 for all.";
    }
}

/// <summary>
/// Policies for logged decisions of one step: by inverse propensity scores, self-normalized, doubly robust, or POEM's with its penalty on variance (Swaminathan and Joachims
/// 2015, "Counterfactual risk minimization").
/// </summary>
public sealed class BanditPolicy : IEpisodeLearner
{
    readonly BanditPolicyConfig _config;
    readonly LearningNetwork _policy;
    readonly LearningNetwork? _models;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, steps, random stream and device.</param>
    public BanditPolicy(BanditPolicyConfig config, LearnerSetup setup)
    {
        _config = config;
        var network = setup.Describe(config);
        _policy = new LearningNetwork(network, config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        if (config.Objective == BanditPolicyConfig.Dr)
            _models = new LearningNetwork(network with { Members = config.Folds }, config, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _metrics = new MetricSums(
            ["objective", "ips", "snips", "effective_share", "weight_mean", "weight_max", "share_clipped", "behavior_kl", "entropy", "model_error", "gradient_norm"], setup.Device);
    }

    // ---- one update ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var pi = new Categorical(_policy.Online.Forward(batch.Observations), batch.ActionMasks);
        var logProbabilities = pi.LogProbability(batch.Actions);
        var weights = BanditObjectives.Weights(logProbabilities, batch.BehaviorLogProbabilities, Limit);
        var (model, modelErrors) = Model(batch);
        var objective = _config.Objective switch
        {
            BanditPolicyConfig.Ips => BanditObjectives.Ips(weights, batch.Rewards),
            BanditPolicyConfig.Snips => BanditObjectives.SelfNormalized(weights, batch.Rewards),
            BanditPolicyConfig.Dr => BanditObjectives.DoublyRobust(weights, batch.Rewards, pi.Probabilities, model!, batch.Actions),
            _ => BanditObjectives.Poem(weights, batch.Rewards, _config.VariancePenalty),
        };
        var entropy = pi.Entropy().mean();
        if (_models is null || _models.Updates >= _config.ModelSteps)
            objective.add(entropy, alpha: _config.EntropyBonus).neg().backward();

        if (measure)
            Measure(batch, objective, logProbabilities, weights, entropy, modelErrors);
        _policy.Update();
        _models?.Update();
    }

    double Limit => _config.ClipWeight == 0 ? double.PositiveInfinity : _config.ClipWeight;

    // What the models say that did not see each row; and fits them all, each to the rows outside its fold. Null where the objective has none.
    (Tensor? Outside, Tensor? Errors) Model(EpisodeBatch batch)
    {
        if (_models is null)
            return (null, null);
        var all = _models.Online.Forward(batch.Observations);
        using var quiet = no_grad();
        var folds = tensor([.. batch.Numbers.Select(Fold)], device: batch.Rewards.device);
        var taken = batch.Actions.unsqueeze(0).unsqueeze(-1).expand(_config.Folds, batch.Rows, 1);
        var errors = batch.Rewards.unsqueeze(0).sub(all.gather(-1, taken).squeeze(-1));
        var fits = arange(_config.Folds, dtype: ScalarType.Int64, device: batch.Rewards.device).unsqueeze(-1).ne(folds.unsqueeze(0)).to(ScalarType.Float32);
        all.backward([zeros_like(all).scatter_(-1, taken, errors.mul(fits).mul(-2.0 / batch.Rows).unsqueeze(-1))]);
        var own = folds.unsqueeze(0).unsqueeze(-1).expand(1, batch.Rows, all.size(-1));
        return (all.detach().gather(0, own).squeeze(0), errors.gather(0, folds.unsqueeze(0)).squeeze(0));
    }

    // By the episode's number times the golden ratio, so that what comes around in the log, as positions on a page do, is spread over all folds.
    long Fold(int number) => (long)((ulong)unchecked((uint)number * 2_654_435_769u) * (ulong)_config.Folds >> 32);

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    void Measure(EpisodeBatch batch, Tensor objective, Tensor logProbabilities, Tensor weights, Tensor entropy, Tensor? modelErrors)
    {
        using var quiet = no_grad();
        var logRatios = ImportanceWeights.LogRatios(logProbabilities, batch.BehaviorLogProbabilities);
        _metrics.Add(
            objective, BanditObjectives.Ips(weights, batch.Rewards), BanditObjectives.SelfNormalized(weights, batch.Rewards),
            ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Limited(logRatios, Limit)).div(batch.Rows), weights.mean(), weights.max(),
            ImportanceWeights.ShareAbove(logRatios, Limit), ImportanceWeights.KlFromBehavior(logRatios), entropy,
            modelErrors is null ? zeros_like(entropy) : modelErrors.square().mean(), _policy.Online.Parameters.GradientNorm());
    }

    /// <summary>Minus the self-normalized estimate of the reward on other decisions, plus one standard error of it.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var logProbabilities = new Categorical(_policy.Online.Forward(batch.Observations), batch.ActionMasks).LogProbability(batch.Actions);
        var weights = BanditObjectives.Weights(logProbabilities, batch.BehaviorLogProbabilities, double.PositiveInfinity);
        var estimate = BanditObjectives.SelfNormalized(weights, batch.Rewards);
        var error = weights.mul(batch.Rewards.sub(estimate)).square().sum().sqrt().div(weights.sum().clamp_min(1e-12));
        return error.sub(estimate);
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.State("policy."), .. _models?.State("models.") ?? [], new("metric_sums", _metrics.Values)];

    public long Updates
    {
        get => _policy.Updates;
        set
        {
            _policy.Updates = value;
            if (_models is not null)
                _models.Updates = value;
        }
    }

    // ---- policy: softmax of the logits ----

    public Network PolicyNetwork => _policy.Online;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _models?.Dispose();
        _metrics.Dispose();
    }
}
