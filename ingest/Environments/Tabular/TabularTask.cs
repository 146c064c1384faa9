using System.Collections.Concurrent;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// An environment that is a table: how its parameters become a <see cref="TabularMdp"/>. The rest of a definition (spaces, policies,
/// reference returns) follows from that.
/// </summary>
/// <remarks>
/// Every task has the parameters <c>discount</c>, which the solver and the policy <c>optimal</c> use, and <c>max_steps</c>, where an episode
/// is cut. Rewards are never discounted by the environment.
/// </remarks>
sealed class TabularTask
{
    public const string Discount = "discount", MaxSteps = "max_steps";

    // Tables are small and made in milliseconds; what a sweep over many random ones leaves behind is dropped.
    const int MostKept = 64;

    readonly ConcurrentDictionary<EnvironmentIdentity, Lazy<TabularSampler>> _samplers = new();
    readonly ConcurrentDictionary<EnvironmentIdentity, Lazy<TabularPolicy>> _optima = new();

    /// <summary>Without parameters.</summary>
    public required string Id { get; init; }

    /// <summary>One sentence.</summary>
    public required string Description { get; init; }

    /// <summary>Its own, in ordinal order; discount and max_steps are added.</summary>
    public required IReadOnlyList<ParameterDefinition> Parameters { get; init; }

    public double DefaultDiscount { get; init; } = 1;

    /// <summary>Steps after which an episode is cut; 0: <see cref="StepsOf"/> says for each identity.</summary>
    public required int DefaultSteps { get; init; }

    /// <summary>The step limit where max_steps is 0.</summary>
    public Func<EnvironmentIdentity, int>? StepsOf { get; init; }

    /// <summary>The tables of a resolved identity.</summary>
    public required Func<EnvironmentIdentity, TabularMdp> Build { get; init; }

    /// <summary>States and actions of an identity, without building it.</summary>
    public required Func<EnvironmentIdentity, (int States, int Actions)> Size { get; init; }

    public IReadOnlyList<HeldOutVariant> HeldOutVariants { get; init; } = [];

    /// <summary>When an episode counts as a success; null where there is no such thing.</summary>
    public SuccessCriterion? Success { get; init; }

    /// <summary>Returns of the uniform and the optimal policy on the defaults, at the step limit; a test compares them with the solver's.</summary>
    public (double Random, double Expert)? References { get; init; }

    /// <summary>Whether reference returns are computed as it is defined, where that takes a second or so at most.</summary>
    public bool Measure { get; init; }

    /// <summary>Draws its states; null: as a field of numbered cells.</summary>
    public Func<EnvironmentIdentity, IPainter>? Painter { get; init; }

    /// <summary>Policies beside <c>optimal</c>.</summary>
    public IReadOnlyList<BuiltInPolicy> Policies { get; init; } = [];

    /// <summary>The tables of an identity under its discount.</summary>
    public TabularMdp Mdp(EnvironmentIdentity identity) => Sampler(identity).Mdp.WithDiscount(identity.Parameters[Discount]);

    /// <summary>Where an episode of an identity is cut.</summary>
    public int StepLimit(EnvironmentIdentity identity) => (int)identity.Parameters[MaxSteps] is var steps && steps > 0 ? steps : StepsOf!(identity);

    /// <summary>The definition that the registry lists.</summary>
    public EnvironmentDefinition Define()
    {
        var parameters = Parameters.Concat(
        [
            new(Discount, DefaultDiscount, "for solving; rewards are not discounted", new(0, 1), new(0, 1), []) { IsStructural = true },
            new ParameterDefinition(MaxSteps, DefaultSteps, StepsOf is null ? "steps" : "steps; 0: as the size asks", new(StepsOf is null ? 1 : 0, 1e9), new(StepsOf is null ? 1 : 0, 1e9), [])
            {
                IsStructural = true,
                IsWhole = true,
            },
        ]).OrderBy(p => p.Name, StringComparer.Ordinal).ToArray();
        var defaults = new EnvironmentIdentity(Id, parameters.ToDictionary(p => p.Name, p => p.Default, StringComparer.Ordinal));
        var definition = new EnvironmentDefinition
        {
            Id = Id,
            Description = Description,
            ObservationSpace = new DiscreteSpace(1),
            ActionSpace = new DiscreteSpace(1),
            MaxEpisodeSteps = 1,
            Parameters = parameters,
            HeldOutVariants = HeldOutVariants,
            Success = Success,
            Policies = [new("optimal", "An optimal policy, from the solver, under the discount; ties go to the lowest action.", Optimal), .. Policies],
            ReferenceSource = "exact, by backward induction to the step limit: uniform actions, and the policy 'optimal'",
            Painter = Painter,
            Create = (identity, count) => TabularEnvironment.Create(identity, Sampler(identity), StepLimit(identity), count),
        };
        var references = References ?? (Measure ? Reference(defaults) : null);
        return Adapt(definition, defaults, defaults, references) with { Adapt = identity => Adapt(definition, defaults, identity, references) };
    }

    /// <summary>Exact undiscounted returns of the uniform and the optimal policy of an identity, at its step limit.</summary>
    /// <exception cref="UserErrorException">There is no optimal policy: the discount is 1 and values are not finite.</exception>
    public (double Random, double Expert) Solve(EnvironmentIdentity identity)
    {
        var (mdp, steps) = (Mdp(identity).WithDiscount(1), StepLimit(identity));
        return (TabularSolver.EvaluateHorizon(mdp, TabularPolicy.Uniform(mdp), steps).Return, TabularSolver.EvaluateHorizon(mdp, Optimal(identity), steps).Return);
    }

    (double Random, double Expert)? Reference(EnvironmentIdentity defaults)
    {
        const int MostStates = 1000;
        const long MostWork = 1_000_000_000;
        var mdp = Mdp(defaults);
        if (mdp.StateCount > MostStates || (long)mdp.TransitionCount * StepLimit(defaults) > MostWork)
            return null;
        try
        {
            return Solve(defaults);
        }
        catch (UserErrorException)
        {
            // Tables without ends under discount 1 have no optimal policy; they can still be recorded.
            return null;
        }
    }

    // Reference returns hold for the defaults and their held-out variants, not for another task.
    EnvironmentDefinition Adapt(
        EnvironmentDefinition definition, EnvironmentIdentity defaults, EnvironmentIdentity identity, (double Random, double Expert)? references)
    {
        var (states, actions) = Size(identity);
        var isTask = definition.Parameters.All(p => !p.IsStructural || identity.Parameters[p.Name].Equals(defaults.Parameters[p.Name]));
        return definition with
        {
            ObservationSpace = new DiscreteSpace(states),
            ActionSpace = new DiscreteSpace(actions),
            MaxEpisodeSteps = StepLimit(identity),
            ReferenceRandomReturn = isTask ? references?.Random : null,
            ReferenceExpertReturn = isTask ? references?.Expert : null,
        };
    }

    TabularPolicy Optimal(EnvironmentIdentity identity) => Kept(_optima, Own(identity), i => TabularSolver.PolicyIteration(Mdp(i)).Policy);

    TabularSampler Sampler(EnvironmentIdentity identity) => Kept(_samplers, Own(identity), i => new TabularSampler(Build(i)));

    // What a wrapper adds does not change the tables.
    EnvironmentIdentity Own(EnvironmentIdentity identity) => identity with
    {
        Parameters = identity.Parameters.Where(p => p.Key is Discount or MaxSteps || Parameters.Any(own => own.Name == p.Key)).ToDictionary(StringComparer.Ordinal),
    };

    static T Kept<T>(ConcurrentDictionary<EnvironmentIdentity, Lazy<T>> cache, EnvironmentIdentity identity, Func<EnvironmentIdentity, T> make)
    {
        if (cache.Count >= MostKept)
            cache.Clear();
        return cache.GetOrAdd(identity, i => new Lazy<T>(() => make(i))).Value;
    }
}
