using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels;

/// <summary>Settings of a recurrent state-space model. What is not set comes from the preset.</summary>
public sealed record RssmConfig : IValidatable
{
    public const string Gaussian = "gaussian", Categorical = "categorical";
    public const string NormalReward = "normal", TwoHotReward = "two_hot";
    public const string Bernoulli = "bernoulli";

    /// <summary>H: numbers of the deterministic path. The default value is 128.</summary>
    public int Deterministic { get; init; } = 128;

    /// <summary><c>gaussian</c> or <c>categorical</c>: the stochastic path.</summary>
    public string? Latent { get; init; }

    /// <summary>Groups of categorical variables, or numbers of the normal distribution; not set: 8, or 16.</summary>
    public int? Groups { get; init; }

    /// <summary>Classes of each categorical variable. The default value is 8.</summary>
    public int Classes { get; init; } = 8;

    /// <summary>U: widths of hidden layers. The default value is 128.</summary>
    public int Units { get; init; } = 128;

    /// <summary>Hidden layers of the dense encoder, the decoder and the heads. The default value is 2.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>K: priors side by side, each with first parameters of its own and trained to the posterior by its own divergence; what they disagree about says how unsure the model is. The default value is 1.</summary>
    public int Members { get; init; } = 1;

    /// <summary>Whether the sums of the GRU are normalized.</summary>
    public bool? LayerNorm { get; init; }

    /// <summary>Share of the uniform distribution in every categorical one, in [0, 1).</summary>
    public double? UniformShare { get; init; }

    /// <summary>Whether observations are read, and predicted, as their symlog; not of bytes.</summary>
    public bool? Symlog { get; init; }

    /// <summary>p(s|h, z): <c>gaussian</c> of deviation 1, as published, or <c>bernoulli</c>, for numbers in [0, 1], of which a pixel that moves is worth what it tells; not set: Bernoulli where observations are bytes of 0 or 1.</summary>
    public string? Likelihood { get; init; }

    /// <summary><c>normal</c>: rewards by squared error; <c>two_hot</c>: a distribution over 63 atoms of symlog rewards.</summary>
    public string? Reward { get; init; }

    /// <summary>What the divergence of the prior from the posterior counts, for the prior.</summary>
    public double? DynamicsScale { get; init; }

    /// <summary>What it counts for the posterior.</summary>
    public double? RepresentationScale { get; init; }

    /// <summary>Nats of divergence that are free.</summary>
    public double? FreeNats { get; init; }

    /// <summary>Whether they are of the batch's mean instead of each step's.</summary>
    public bool? FreeNatsOfMean { get; init; }

    /// <summary>What the loss of the continuation counts. The default value is 1.</summary>
    public double ContinueScale { get; init; } = 1;

    /// <summary>Whether everything that a preset fills in is set.</summary>
    internal bool IsResolved => Latent is not null && Groups is not null && LayerNorm is not null && UniformShare is not null && Symlog is not null && Reward is not null
        && DynamicsScale is not null && RepresentationScale is not null && FreeNats is not null && FreeNatsOfMean is not null;

    public IEnumerable<string> Validate()
    {
        foreach (var (key, value) in new[] { ("deterministic", Deterministic), ("groups", Groups ?? 1), ("units", Units), ("layers", Layers) })
        {
            if (value is < 1 or > 8_192)
                yield return $"{key} is {value}; expected 1 to 8192.";
        }

        if (Members is < 1 or > 1_000)
            yield return $"members is {Members}; expected 1 to 1000.";
        if (Classes is < 2 or > 1_024)
            yield return $"classes is {Classes}; expected 2 to 1024.";
        if (Latent is not (null or Gaussian or Categorical))
            yield return $"latent is '{Latent}'; expected {Gaussian} or {Categorical}.{NearestName.Hint(Latent, [Gaussian, Categorical])}";
        if (Likelihood is not (null or Gaussian or Bernoulli))
            yield return $"likelihood is '{Likelihood}'; expected {Gaussian} or {Bernoulli}.{NearestName.Hint(Likelihood, [Gaussian, Bernoulli])}";
        if (Reward is not (null or NormalReward or TwoHotReward))
            yield return $"reward is '{Reward}'; expected {NormalReward} or {TwoHotReward}.{NearestName.Hint(Reward, [NormalReward, TwoHotReward])}";
        if (UniformShare is not (null or (>= 0 and < 1)))
            yield return $"uniform_share is {UniformShare}; expected a number in [0, 1).";
        foreach (var (key, value) in new[] { ("dynamics_scale", DynamicsScale), ("representation_scale", RepresentationScale), ("free_nats", FreeNats), ("continue_scale", ContinueScale) })
        {
            if (value is { } number && !(number >= 0 && double.IsFinite(number)))
                yield return $"{key} is {number}; expected a finite number of at least 0.";
        }
    }
}
