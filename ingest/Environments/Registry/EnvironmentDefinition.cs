using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A closed interval of a parameter.</summary>
public readonly record struct Interval(double Low, double High)
{
    public bool Contains(double value) => value >= Low && value <= High;

    public bool Overlaps(Interval other) => Low <= other.High && other.Low <= High;

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{Low}, {High}]");
}

/// <summary>A parameter of an environment and where its values may lie.</summary>
/// <param name="Name">snake_case.</param>
/// <param name="Default">The value where an id does not name it; inside <paramref name="Recordable"/>.</param>
/// <param name="Unit">For readers.</param>
/// <param name="Valid">Where the environment is defined at all.</param>
/// <param name="Recordable">Where the recorder may go.</param>
/// <param name="HeldOut">Kept back for evaluation; none touches <paramref name="Recordable"/>.</param>
public sealed record ParameterDefinition(
    string Name,
    double Default,
    string Unit,
    Interval Valid,
    Interval Recordable,
    IReadOnlyList<Interval> HeldOut)
{
    /// <summary>
    /// Whether the value is part of what the task is (spaces, rewards, limits): a score on another value is not a score
    /// on a held-out variant, it is another task.
    /// </summary>
    public bool IsStructural { get; init; }

    /// <summary>Whether only whole numbers are values.</summary>
    public bool IsWhole { get; init; }
}

/// <summary>A named environment that is never recorded.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Id">An id with parameters that <see cref="EnvironmentRegistry"/> takes.</param>
public sealed record HeldOutVariant(string Name, string Id);

/// <summary>A policy that comes with an environment.</summary>
/// <param name="Name">As specs name it, for example <c>scripted</c>.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Create">Makes it for a resolved identity.</param>
public sealed record BuiltInPolicy(string Name, string Description, Func<EnvironmentIdentity, IPolicy> Create);

/// <summary>An environment as the registry knows it.</summary>
public sealed record EnvironmentDefinition
{
    /// <summary>Without parameters, for example <c>CartPole-v1</c>.</summary>
    public required string Id { get; init; }

    /// <summary>One sentence.</summary>
    public required string Description { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    /// <summary>Steps after which an episode is cut as truncated.</summary>
    public required int MaxEpisodeSteps { get; init; }

    /// <summary>In ordinal order of their names.</summary>
    public required IReadOnlyList<ParameterDefinition> Parameters { get; init; }

    /// <summary>
    /// Whether it may take parameters that <see cref="Parameters"/> does not list, which it judges itself when it is made.
    /// They may have any value in a recording, and where two identities differ in one nothing is known of the variant.
    /// </summary>
    public bool TakesOtherParameters { get; init; }

    /// <summary>Every parameter at its default.</summary>
    public EnvironmentIdentity DefaultIdentity => new(Id, Parameters.ToDictionary(p => p.Name, p => p.Default, StringComparer.Ordinal));

    public IReadOnlyList<HeldOutVariant> HeldOutVariants { get; init; } = [];

    /// <summary>Mean return of uniform random actions on the defaults; null where nobody has measured it.</summary>
    public double? ReferenceRandomReturn { get; init; }

    /// <summary>Mean return of a policy that solves the defaults; null where there is none.</summary>
    public double? ReferenceExpertReturn { get; init; }

    /// <summary>Where the reference returns come from; empty: measured by this project, as the definition's source says.</summary>
    public string ReferenceSource { get; init; } = "";

    /// <summary>When an episode counts as a success, whatever the parameters; null where the task has no such thing.</summary>
    public SuccessCriterion? Success { get; init; }

    /// <summary>What must be installed to make it, with the command; empty: nothing.</summary>
    public string Requirement { get; init; } = "";

    /// <summary>Policies that need no training, beside <c>uniform</c>, which every environment of bounded actions has.</summary>
    public IReadOnlyList<BuiltInPolicy> Policies { get; init; } = [];

    /// <summary>
    /// Numbers of an observation before the newest one that the environment gave without its wrappers, which is the rest
    /// of it; null where the wrappers leave no such part. What <see cref="Painter"/> draws from.
    /// </summary>
    public int? NewestObservation { get; init; } = 0;

    /// <summary>Draws it from observations without wrappers; null where it cannot be drawn so.</summary>
    public Func<EnvironmentIdentity, IPainter>? Painter { get; init; }

    /// <summary>Makes a batch of instances of a resolved identity, without wrappers.</summary>
    internal Func<EnvironmentIdentity, int, IVectorEnvironment> Create { get; init; } = static (identity, _) => throw Throw.NotMakeable(identity);

    /// <summary>Makes them able to draw themselves; null: those of <see cref="Create"/> are, or cannot be.</summary>
    internal Func<EnvironmentIdentity, int, IVectorEnvironment>? CreateRendered { get; init; }

    /// <summary>This definition with what depends on the parameters (spaces, step limit) as an identity has it; null: nothing does.</summary>
    internal Func<EnvironmentIdentity, EnvironmentDefinition>? Adapt { get; init; }
}

/// <summary>What an evaluation on an environment says about generalization, given what was recorded.</summary>
public enum VariantLabel
{
    /// <summary>The environment of the log.</summary>
    Nominal,

    /// <summary>Declared as held out and not in the log.</summary>
    HeldOut,

    /// <summary>Neither can be said: the log names no environment or another one, or the parameters lie in no declared region.</summary>
    Unknown,
}
