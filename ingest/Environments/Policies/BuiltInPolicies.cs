using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Policies that need no training, by name; <c>?epsilon=0.2</c> softens any of them.</summary>
public static class BuiltInPolicies
{
    /// <summary>All names, without options.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["uniform", .. EnvironmentRegistry.All.SelectMany(d => d.Policies).Select(p => p.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>A policy by its spec, for an environment with its defaults.</summary>
    public static IPolicy Make(string spec, EnvironmentDefinition environment) => Make(spec, environment, environment.DefaultIdentity);

    /// <summary>A policy by its spec.</summary>
    /// <param name="spec"><c>uniform</c>, or one of the definition's policies, with <c>?epsilon=E</c> or without.</param>
    /// <param name="environment">Whose spaces the policy has.</param>
    /// <param name="identity">The environment's parameters, for policies that know the dynamics.</param>
    /// <exception cref="UserErrorException">The name or an option is not known, or the policy does not fit the environment.</exception>
    public static IPolicy Make(string spec, EnvironmentDefinition environment, EnvironmentIdentity identity)
    {
        var mark = spec.IndexOf('?', StringComparison.Ordinal);
        var name = mark < 0 ? spec : spec[..mark];
        var policy = MakeBase(spec, name, environment, identity);
        return mark < 0 ? policy : new EpsilonSoftPolicy(policy, Epsilon(spec, spec[(mark + 1)..]));
    }

    static IPolicy MakeBase(string spec, string name, EnvironmentDefinition environment, EnvironmentIdentity identity)
    {
        if (name == "uniform")
        {
            return environment.ActionSpace is DiscreteSpace actions
                ? new UniformPolicy(environment.ObservationSpace, actions)
                : throw Throw.UniformNeedsDiscrete(environment);
        }

        if (environment.Policies.FirstOrDefault(p => p.Name == name) is { } policy)
            return policy.Create(identity);
        throw Names.Contains(name)
            ? Throw.PolicyNeedsEnvironment(name, environment.Id, [.. environment.Policies.Select(p => p.Name)])
            : Throw.UnknownPolicy(spec, name, Names);
    }

    static double Epsilon(string spec, string option)
    {
        const string Key = "epsilon=";
        return option.StartsWith(Key, StringComparison.Ordinal)
            && double.TryParse(option.AsSpan(Key.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var epsilon)
            && epsilon is >= 0 and <= 1
            ? epsilon
            : throw Throw.PolicyOption(spec, option);
    }
}
