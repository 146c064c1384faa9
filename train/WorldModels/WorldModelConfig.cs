using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;

namespace OfflineRL.Train.WorldModels;

/// <summary>The model of the lectures: what it is made of, how it learns, and how its errors are measured. Section <c>world_model</c> of a config.</summary>
public sealed record WorldModelConfig : LearnerConfig
{
    public const string Vae = "vae", Identity = "identity";
    public const string Staged = "staged", Joint = "joint";
    public const string Auto = "auto", Gaussian = "gaussian", Bernoulli = "bernoulli";
    public const string OfState = "state", Free = "free";
    public const string NextLatent = "next", OfTransition = "transition";
    public const string Means = "means", LargestDeviation = "largest_deviation";

    /// <summary>A step size of 0.001 that falls to 0, gradient norms up to 100.</summary>
    public WorldModelConfig() => (LearningRate, MaxGradientNorm) = (1e-3, 100);

    /// <summary><c>vae</c>: q(z|s) and p(s|z); <c>identity</c>: the latent state is the observation itself, vectors only; <c>auto</c>, the default: <c>identity</c> for vectors of floats unless <see cref="Latent"/>, <see cref="KlWeight"/> or <see cref="Order"/> <c>joint</c> asks for a code, else <c>vae</c>.</summary>
    public string Encoder { get; init; } = Auto;

    /// <summary>Z; 0, the default: twice the numbers of a vector, from 4 to 32, and 32 for images and discrete observations.</summary>
    public int Latent { get; init; }

    /// <summary>p(s|z): <c>gaussian</c> with a learned deviation for each number (for images one for all), <c>bernoulli</c> for numbers in [0, 1]; <c>auto</c>, the default: Bernoulli where observations are 0 or 1.</summary>
    public string Likelihood { get; init; } = Auto;

    /// <summary>beta: weight of KL(q(z|s), p(z)); not set: 1, for images 0.1, whose few moving pixels are not worth a divergence of 1 a nat until much was learned.</summary>
    public double? KlWeight { get; init; }

    /// <summary>Share of the steps of encoder and decoder over which that weight rises from 0; 0: none. The default value is 0.2.</summary>
    public double KlWarmup { get; init; } = 0.2;

    /// <summary><c>staged</c>: first the encoder, then the dynamics on its fixed latents, as in the lectures; <c>joint</c>: all by one bound. The default value is <c>staged</c>.</summary>
    public string Order { get; init; } = Staged;

    /// <summary>Share of the gradient steps of a phase pair that train encoder and decoder, with <c>staged</c>. The default value is 0.3.</summary>
    public double EncoderShare { get; init; } = 0.3;

    /// <summary>Gradient steps after which encoder and dynamics take turns again; 0, the default: one turn each over the whole run.</summary>
    public int PhaseSteps { get; init; }

    /// <summary>Widths of the hidden layers of transition, reward and continuation; empty: linear. The default value is 200, 200.</summary>
    public IReadOnlyList<int> DynamicsHidden { get; init; } = [200, 200];

    /// <summary>K: transitions side by side, each with first parameters of its own. The default value is 1.</summary>
    public int Members { get; init; } = 1;

    /// <summary>ln sigma of the transition: <c>state</c>: from latent state and action; <c>free</c>: one parameter a dimension. The default value is <c>state</c>.</summary>
    public string Deviation { get; init; } = OfState;

    /// <summary>What reward and continuation are read from: <c>next</c>: z', as in the lectures; <c>transition</c>: z, a and z'. The default value is <c>next</c>.</summary>
    public string RewardInputs { get; init; } = NextLatent;

    /// <summary>ln sigma stays above this. The default value is -5.</summary>
    public double LowestLogDeviation { get; init; } = -5;

    /// <summary>k: steps ahead that the tables of held-out errors name. The default value is 1, 5, 15.</summary>
    public IReadOnlyList<int> ErrorHorizons { get; init; } = [1, 5, 15];

    /// <summary>Held-out states that predictions start from. The default value is 512.</summary>
    public int ErrorStarts { get; init; } = 512;

    /// <summary>Dreams drawn from each of them for the spread of predictions. The default value is 32.</summary>
    public int ErrorSamples { get; init; } = 32;

    /// <summary>u, with members: <c>means</c>: the deviation of their means, root mean square over dimensions; <c>largest_deviation</c>: the largest member's norm of sigma (MOPO). The default value is <c>means</c>.</summary>
    public string Disagreement { get; init; } = Means;

    /// <summary>What the rule for the horizon of dreams and plans allows (<see cref="DreamLimits"/>): error over the data's own spread. The default value is 0.5.</summary>
    public double HorizonError { get; init; } = 0.5;

    /// <summary>Of transitions with their next observations; discount 1 says "it went on".</summary>
    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Any, 1);

    internal override bool LearnsModel => true;

    internal override LearnerConfig Resolve(Space observations, ReturnRange returns)
    {
        var resolved = (WorldModelConfig)base.Resolve(observations, returns);
        var numbers = ObservationEncoder.FeaturesOf(observations);
        var isVector = resolved.Torso == Torsos.Dense && observations is BoxSpace;
        var wantsCode = Latent > 0 || KlWeight is not null || Order == Joint;
        var encoder = Encoder != Auto ? Encoder : isVector && !wantsCode && observations is BoxSpace { ElementType: ElementType.Float32 } ? Identity : Vae;
        return resolved with
        {
            Encoder = encoder,
            Latent = encoder == Identity ? numbers : Latent > 0 ? Latent : isVector ? Math.Clamp(2 * numbers, 4, 32) : 32,
            KlWeight = KlWeight ?? (resolved.Torso == Torsos.Dense ? 1 : 0.1),
            Likelihood = Likelihood != Auto ? Likelihood : IsBinary(observations) ? Bernoulli : Gaussian,
        };
    }

    /// <summary>Whether every feature of an observation is 0 or 1: bytes of no more, and indices, which are read as one-hot vectors.</summary>
    internal static bool IsBinary(Space observations) => observations is DiscreteSpace or BoxSpace { ElementType: ElementType.UInt8 } && (observations is not BoxSpace box || box.High.Max() <= 1);

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        foreach (var (key, value, options) in new (string, string, string[])[]
        {
            ("encoder", Encoder, [Auto, Vae, Identity]), ("likelihood", Likelihood, [Auto, Gaussian, Bernoulli]), ("order", Order, [Staged, Joint]),
            ("deviation", Deviation, [OfState, Free]), ("reward_inputs", RewardInputs, [NextLatent, OfTransition]), ("disagreement", Disagreement, [Means, LargestDeviation]),
        })
        {
            if (!options.Contains(value))
                yield return $"{key} is '{value}'; expected {string.Join(" or ", options)}.{NearestName.Hint(value, options)}";
        }

        if (Latent is < 0 or > 65_536)
            yield return $"latent is {Latent}; expected 1 to 65536, or 0 to have it chosen.";
        if (Members is < 1 or > 1_000)
            yield return $"members is {Members}; expected 1 to 1000.";
        if (PhaseSteps < 0)
            yield return $"phase_steps is {PhaseSteps}; expected at least 0 (0: one turn over the whole run).";
        if (KlWeight is { } weight && !(weight >= 0 && double.IsFinite(weight)))
            yield return FormattableString.Invariant($"kl_weight is {KlWeight}; expected a number of at least 0.");
        if (!(KlWarmup is >= 0 and <= 1))
            yield return FormattableString.Invariant($"kl_warmup is {KlWarmup}; expected a share in [0, 1].");
        if (!(EncoderShare is > 0 and < 1))
            yield return FormattableString.Invariant($"encoder_share is {EncoderShare}; expected a share between 0 and 1, neither of them: encoder and dynamics both have to learn.");
        if (!(LowestLogDeviation is >= -20 and < 2))
            yield return FormattableString.Invariant($"lowest_log_deviation is {LowestLogDeviation}; expected a number from -20 to below 2.");
        if (DynamicsHidden.Any(width => width is < 1 or > 65_536))
            yield return $"dynamics_hidden is [{string.Join(", ", DynamicsHidden)}]; expected widths from 1 to 65536.";
        if (ErrorHorizons.Count == 0 || ErrorHorizons.Any(k => k is < 1 or > 1_000) || !ErrorHorizons.Order().Distinct().SequenceEqual(ErrorHorizons))
            yield return $"error_horizons is [{string.Join(", ", ErrorHorizons)}]; expected steps from 1 to 1000, ascending.";
        if (ErrorStarts is < 2 or > 1_000_000)
            yield return $"error_starts is {ErrorStarts}; expected 2 to 1000000.";
        if (ErrorSamples is < 2 or > 10_000)
            yield return $"error_samples is {ErrorSamples}; expected 2 to 10000.";
        if (!(HorizonError > 0))
            yield return FormattableString.Invariant($"horizon_error is {HorizonError}; expected a positive number.");
    }
}
