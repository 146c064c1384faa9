using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings of TRPO. <c>learning_rate</c> and <c>max_gradient_norm</c> say nothing to the policy, whose steps have the length that the bound allows.</summary>
public sealed record TrpoConfig : PolicyGradientConfig
{
    public TrpoConfig() => NormalizeAdvantages = true;

    /// <summary>delta: the most that the mean KL divergence between the policies before and after a step may be. The default value is 0.01.</summary>
    public double KlBound { get; init; } = 0.01;

    /// <summary>Iterations of the conjugate gradient method. The default value is 10.</summary>
    public int ConjugateGradientSteps { get; init; } = 10;

    /// <summary>What is added to the Fisher matrix's diagonal, at least 0. The default value is 0.1.</summary>
    public double Damping { get; init; } = 0.1;

    /// <summary>How many step lengths the line search tries, each half the one before. The default value is 10.</summary>
    public int LineSearchSteps { get; init; } = 10;

    /// <summary>lambda of the advantages: 0 for the one-step error, 1 for the return to go. The default value is 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>Passes of the value network over the batch, in minibatches of <c>batch_size</c> rows. The default value is 10.</summary>
    public int ValueEpochs { get; init; } = 10;

    internal override bool NeedsPropensities => true;

    internal override bool LearnsFromFragments => true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate().Concat(LambdaFaults(Lambda)))
            yield return fault;
        if (!(KlBound > 0) || !double.IsFinite(KlBound))
            yield return $"kl_bound is {KlBound}; expected a positive number.";
        if (!(Damping >= 0) || !double.IsFinite(Damping))
            yield return $"damping is {Damping}; expected a finite number of at least 0.";
        foreach (var (key, value) in new[] { ("conjugate_gradient_steps", ConjugateGradientSteps), ("line_search_steps", LineSearchSteps), ("value_epochs", ValueEpochs) })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }

        if (Policy.Mixture > 1)
            yield return $"policy.mixture is {Policy.Mixture}; expected 1: TRPO's bound needs the exact KL divergence, which mixtures do not have.";
    }
}

/// <summary>
/// Trust region policy optimization: Schulman et al. 2015, "Trust region policy optimization", section 6 and appendix C. Ratios are against the logged log-probabilities.
/// </summary>
/// <remarks>
/// Each step: g, the gradient of the mean of rho_t A_t; x of (F + damping I) x = g by the conjugate gradient method, F v being the second derivative of the mean KL divergence
/// along v; the step sqrt(2 delta / x^T (F + damping I) x) x, or the first of its halves that improves the objective within the bound. Then the value network's epochs.
/// </remarks>
public sealed class Trpo : IEpisodeLearner
{
    readonly TrpoConfig _config;
    readonly int _batchSize;
    readonly Device _device;
    readonly ActionHead _head;
    readonly Network _policy;
    readonly LearningNetwork _value;
    readonly StepNoise _order;
    readonly MetricSums _metrics;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="setup">Spaces, units of actions, steps, rows of a minibatch, random stream and device.</param>
    public Trpo(TrpoConfig config, LearnerSetup setup)
    {
        (_config, _batchSize, _device) = (config, setup.BatchSize, setup.Device);
        _head = ActionHead.Create(setup.ActionSpace!, setup.ActionUnits, config.Policy);
        _policy = new Network(_head.Describe(setup.Describe(config)), setup.Random, setup.Device);
        _value = new LearningNetwork(setup.Describe(config, 1), config.OfValues, setup.Steps, setup.Random, setup.Device, hasTarget: false);
        _order = setup.Noise("minibatches");
        _metrics = new MetricSums(["policy_loss", "value_loss", "value_mean", "advantage_deviation", "entropy", "kl", "step_share", "ratio_max", "explained_variance", "gradient_norm"], setup.Device);
    }

    // ---- one iteration ----

    public void Step(EpisodeBatch batch, bool measure = true)
    {
        using var scope = NewDisposeScope();
        var (raw, values) = EpisodeValues.LambdaAdvantages(_value, batch, _config.Lambda);
        var advantages = _config.NormalizeAdvantages ? PolicyLosses.Standardized(raw) : raw;
        var (gradient, step) = NaturalStep(batch, advantages);
        var (share, divergence) = Search(batch, advantages, step);
        if (measure)
            Measure(batch, advantages, raw, values, gradient, share, divergence);
        FitValues(batch, values.add(raw));
        Updates++;
    }

    // The gradient of the objective, and the longest step along F^-1 g that the quadratic model of the divergence allows.
    (Tensor Gradient, Tensor Step) NaturalStep(EpisodeBatch batch, Tensor advantages)
    {
        var parameters = _policy.Parameters.Parameters.ToArray<Tensor>();
        var distribution = Now(batch, out var heads);
        var objective = Objective(distribution, batch, advantages).neg();
        var gradient = Flat(autograd.grad([objective], parameters, retain_graph: true));
        // At the policy itself the divergence has no slope: its second derivative is the Fisher matrix.
        var divergence = _head.Of(heads.detach(), batch.ActionMasks).KlTo(distribution).mean();
        var slope = Flat(autograd.grad([divergence], parameters, create_graph: true));
        var x = ConjugateGradient.Solve(Product, gradient, _config.ConjugateGradientSteps);
        var length = x.dot(Product(x)).clamp_min(1e-20);
        return (gradient, x.mul(length.reciprocal().mul(2 * _config.KlBound).sqrt()));

        Tensor Product(Tensor v) => Flat(autograd.grad([slope.dot(v)], parameters, retain_graph: true)).add(v, alpha: _config.Damping);
    }

    // Takes the longest of the halved steps that improves the objective within the bound; none, where none does.
    // All are tried, so that nothing waits for the device. Returns the share that was taken, and its divergence.
    (Tensor Share, Tensor Divergence) Search(EpisodeBatch batch, Tensor advantages, Tensor step)
    {
        using var quiet = no_grad();
        var start = _policy.Parameters.Values.clone();
        var before = Now(batch, out _);
        var worst = Objective(before, batch, advantages);
        var (share, divergence) = (zeros([], device: _device), zeros([], device: _device));
        for (var i = 0; i < _config.LineSearchSteps; i++)
        {
            using var scope = NewDisposeScope();
            var tried = Math.Pow(0.5, i);
            Move(start.add(step, alpha: tried));
            var after = Now(batch, out _);
            var far = before.KlTo(after).mean();
            var fits = Objective(after, batch, advantages).lt(worst).logical_and(far.le(_config.KlBound)).logical_and(share.eq(0));
            share.add_(fits.to(ScalarType.Float32).mul(tried));
            divergence.copy_(where(fits, far, divergence));
        }

        Move(start.add(step.mul(share)));
        return (share, divergence);
    }

    void Move(Tensor values) => _policy.Parameters.Values.copy_(values);

    // The loss: the surrogate objective and the entropy, negated.
    Tensor Objective(IActionDistribution distribution, EpisodeBatch batch, Tensor advantages)
    {
        var loss = PolicyLosses.Surrogate(PolicyLosses.Ratios(distribution.LogProbability(batch.Actions), batch.BehaviorLogProbabilities), advantages);
        return _config.EntropyBonus > 0 ? loss.add(distribution.Entropy().mean(), alpha: -_config.EntropyBonus) : loss;
    }

    IActionDistribution Now(EpisodeBatch batch, out Tensor heads)
    {
        heads = _policy.Forward(batch.Observations);
        return _head.Of(heads, batch.ActionMasks);
    }

    // In the order of the flat parameters.
    static Tensor Flat(IList<Tensor> tensors) => cat([.. tensors.Select(tensor => tensor.reshape(-1))]);

    void FitValues(EpisodeBatch batch, Tensor targets)
    {
        _value.RunStep = Updates;
        var generator = _order.At(Updates);
        for (var epoch = 0; epoch < _config.ValueEpochs; epoch++)
        {
            using var scope = NewDisposeScope();
            foreach (var rows in Minibatches.Shuffled(batch.Rows, _batchSize, generator, _device))
            {
                EpisodeValues.Fit(_value, batch.Observations.index_select(0, rows), targets.index_select(0, rows));
            }
        }
    }

    // ---- metrics: on the device until the loop reads them ----

    public IReadOnlyList<string> MetricNames => _metrics.Names;

    public Tensor MetricSums => _metrics.Values;

    // Of the new policy on the whole batch.
    void Measure(EpisodeBatch batch, Tensor advantages, Tensor raw, Tensor values, Tensor gradient, Tensor share, Tensor divergence)
    {
        using var quiet = no_grad();
        var after = Now(batch, out _);
        var ratios = PolicyLosses.Ratios(after.LogProbability(batch.Actions), batch.BehaviorLogProbabilities);
        _metrics.Add(
            PolicyLosses.Surrogate(ratios, advantages), raw.square().mean(), values.mean(), raw.std(unbiased: false), after.Entropy().mean(), divergence, share,
            ratios.max(), PolicyLosses.ExplainedVariance(values, values.add(raw)), gradient.norm());
    }

    /// <summary>What other episodes say of the policy's return at least, negated.</summary>
    public Tensor HeldOutError(EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var logRatios = ImportanceWeights.LogRatios(Now(batch, out _).LogProbability(batch.Actions), batch.BehaviorLogProbabilities);
        return HeldOutReturns.LowerEstimate(logRatios, batch.Rewards, batch.Discounts, batch.Continues, batch.StepIndex, batch.LastRows, batch.LongestSteps).neg();
    }

    // ---- state ----

    IReadOnlyList<NamedTensor> ILearner.State => [.. _policy.NamedTensors("policy."), .. _value.State("value."), new("metric_sums", _metrics.Values)];

    public long Updates { get; set; }

    IReadOnlyList<long> ILearner.Counters
    {
        get => [_value.Updates];
        set => _value.Updates = value[0];
    }

    // ---- policy: the head's distribution ----

    public Network PolicyNetwork => _policy;

    public double PolicyTemperature => 1;

    public void Dispose()
    {
        _policy.Dispose();
        _value.Dispose();
        _order.Dispose();
        _head.Dispose();
        _metrics.Dispose();
    }
}
