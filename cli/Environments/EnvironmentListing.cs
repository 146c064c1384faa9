using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Cli.Environments;

/// <summary>All that <c>environments list --json</c> writes.</summary>
/// <param name="Environments">In the order of the text.</param>
/// <param name="Schemes">How environments are named that no list can hold.</param>
/// <param name="Wrappers">Parameters that every environment takes.</param>
sealed record EnvironmentListings(IReadOnlyList<EnvironmentListing> Environments, IReadOnlyList<SchemeListing> Schemes, IReadOnlyList<ParameterListing> Wrappers)
{
    public static EnvironmentListings All() => new(
        [.. EnvironmentRegistry.Families.SelectMany(f => f.Definitions.Select(d => EnvironmentListing.Of(d, d.DefaultIdentity)))],
        [.. EnvironmentRegistry.Schemes.Select(s => new SchemeListing(s.Form, s.Description))],
        [.. WrapperParameters.All.Select(ParameterListing.Of)]);
}

/// <summary>One environment.</summary>
sealed record EnvironmentListing
{
    public required string Id { get; init; }

    /// <summary>Null where no family lists it.</summary>
    public string? Family { get; init; }

    public required string Description { get; init; }

    /// <summary>The values that hold here: the defaults, or what the id that was asked for says.</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    public required Space Observations { get; init; }

    public required Space Actions { get; init; }

    /// <summary>Null where there is no limit.</summary>
    public int? MaxEpisodeSteps { get; init; }

    public double? ReferenceRandomReturn { get; init; }

    public double? ReferenceExpertReturn { get; init; }

    public string? ReferenceSource { get; init; }

    /// <summary>When an episode counts as a success, in words; null: nothing says.</summary>
    public string? Success { get; init; }

    /// <summary>What must be installed; null: nothing.</summary>
    public string? Requirement { get; init; }

    /// <summary>Whether the observations are enough to draw it.</summary>
    public required bool IsDrawnFromObservations { get; init; }

    public required IReadOnlyList<ParameterListing> Parameters { get; init; }

    public required IReadOnlyList<HeldOutVariant> HeldOutVariants { get; init; }

    public required IReadOnlyList<PolicyListing> Policies { get; init; }

    public static EnvironmentListing Of(EnvironmentDefinition definition, EnvironmentIdentity identity) => new()
    {
        Id = definition.Id,
        Family = EnvironmentRegistry.Families.FirstOrDefault(f => f.Definitions.Any(d => d.Id == definition.Id)).Name,
        Description = definition.Description,
        Values = identity.Parameters,
        Observations = definition.ObservationSpace,
        Actions = definition.ActionSpace,
        MaxEpisodeSteps = definition.MaxEpisodeSteps == int.MaxValue ? null : definition.MaxEpisodeSteps,
        ReferenceRandomReturn = definition.ReferenceRandomReturn,
        ReferenceExpertReturn = definition.ReferenceExpertReturn,
        ReferenceSource = SourceOf(definition),
        Success = definition.Success?.Description,
        Requirement = definition.Requirement.Length > 0 ? definition.Requirement : null,
        IsDrawnFromObservations = EnvironmentPictures.Painter(definition, identity, definition.ObservationSpace) is not null,
        Parameters = [.. definition.Parameters.Select(ParameterListing.Of)],
        HeldOutVariants = definition.HeldOutVariants,
        Policies = PolicyListing.Of(definition),
    };

    /// <summary>Where the reference returns come from; null where there are none.</summary>
    public static string? SourceOf(EnvironmentDefinition definition) =>
        definition is { ReferenceRandomReturn: null, ReferenceExpertReturn: null } ? null
        : definition.ReferenceSource.Length > 0 ? definition.ReferenceSource
        : "measured by this project";
}

/// <summary>A way to name environments that no list can hold.</summary>
sealed record SchemeListing(string Form, string Description);

/// <summary>A built-in policy.</summary>
sealed record PolicyListing(string Name, string Description)
{
    public static IReadOnlyList<PolicyListing> Of(EnvironmentDefinition definition) =>
        [.. definition.Policies.Select(p => new PolicyListing(p.Name, p.Description)), new("uniform", "Random actions, each as likely as any other.")];
}

/// <summary>A parameter; intervals are [low, high].</summary>
sealed record ParameterListing(
    string Name,
    double Default,
    string Unit,
    IReadOnlyList<double> Valid,
    IReadOnlyList<double> Recordable,
    IReadOnlyList<IReadOnlyList<double>> HeldOut,
    bool IsStructural,
    bool IsWhole)
{
    public static ParameterListing Of(ParameterDefinition p) =>
        new(p.Name, p.Default, p.Unit, Ends(p.Valid), Ends(p.Recordable), [.. p.HeldOut.Select(Ends)], p.IsStructural, p.IsWhole);

    static IReadOnlyList<double> Ends(Interval interval) => [interval.Low, interval.High];
}
