using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// Policies that need no training, by name. <c>?epsilon=0.2</c> mixes any of them with the uniform one, step by step;
/// <c>?noise=0.3</c> puts truncated normal noise around one of continuous actions; <c>?noise=0.3&amp;epsilon=0.1</c> does both.
/// </summary>
public static class BuiltInPolicies
{
    /// <summary>All names, without options.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["uniform", .. EnvironmentRegistry.All.SelectMany(d => d.Policies).Select(p => p.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>A policy by its spec, for an environment with its defaults.</summary>
    public static IPolicy Make(string spec, EnvironmentDefinition environment) => Make(spec, environment, environment.DefaultIdentity);

    /// <summary>A policy by its spec.</summary>
    /// <param name="spec"><c>uniform</c>, or one of the definition's policies, with <c>?noise=S&amp;epsilon=E</c>, one of them, or without.</param>
    /// <param name="environment">Whose spaces the policy has.</param>
    /// <param name="identity">The environment's parameters, for policies that know the dynamics.</param>
    /// <exception cref="UserErrorException">The name or an option is not known, or the policy does not fit the environment.</exception>
    public static IPolicy Make(string spec, EnvironmentDefinition environment, EnvironmentIdentity identity)
    {
        var mark = spec.IndexOf('?', StringComparison.Ordinal);
        var name = mark < 0 ? spec : spec[..mark];
        var (noise, epsilon) = Options(spec, mark < 0 ? [] : spec[(mark + 1)..].Split('&'));
        var policy = MakeBase(spec, name, environment, identity);
        if (noise is { } sigma)
            policy = new GaussianNoisePolicy(policy.HasPropensities ? throw Throw.NoiseNeedsController(spec, policy) : policy, sigma);
        return epsilon is { } e ? Soften(policy, e) : policy;
    }

    /// <summary>A policy mixed step by step with the uniform one, with exact probabilities or densities.</summary>
    /// <param name="policy">Of discrete actions, or of bounded continuous ones that have a density.</param>
    /// <param name="epsilon">0 to 1: how often the uniform one acts.</param>
    /// <exception cref="UserErrorException">The policy has continuous actions and is deterministic, or they are not bounded.</exception>
    public static IPolicy Soften(IPolicy policy, double epsilon) =>
        policy.ActionSpace is DiscreteSpace ? new EpsilonSoftPolicy(policy, epsilon) : new UniformMixturePolicy(policy, epsilon);

    static IPolicy MakeBase(string spec, string name, EnvironmentDefinition environment, EnvironmentIdentity identity)
    {
        if (name == "uniform")
        {
            return environment.ActionSpace switch
            {
                DiscreteSpace actions => new UniformPolicy(environment.ObservationSpace, actions),
                BoxSpace actions => new UniformBoxPolicy(environment.ObservationSpace, actions),
                _ => throw Throw.PolicyNeedsEnvironment(name, environment.Id, [.. environment.Policies.Select(p => p.Name)]),
            };
        }

        if (environment.Policies.FirstOrDefault(p => p.Name == name) is { } policy)
            return policy.Create(identity);
        throw Names.Contains(name)
            ? Throw.PolicyNeedsEnvironment(name, environment.Id, [.. environment.Policies.Select(p => p.Name)])
            : Throw.UnknownPolicy(spec, name, Names);
    }

    static (double? Noise, double? Epsilon) Options(string spec, string[] options)
    {
        double? noise = null, epsilon = null;
        foreach (var option in options)
        {
            if (noise is null && Number(option, "noise=") is { } n && n > 0 && n <= GaussianNoisePolicy.MaxNoise)
                noise = n;
            else if (epsilon is null && Number(option, "epsilon=") is { } e && e >= 0 && e <= 1)
                epsilon = e;
            else
                throw Throw.PolicyOption(spec, option);
        }

        return (noise, epsilon);
    }

    static double? Number(string option, string key) =>
        option.StartsWith(key, StringComparison.Ordinal) && double.TryParse(option.AsSpan(key.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
