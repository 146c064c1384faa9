using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Policies that need no training, by name; <c>?epsilon=0.2</c> softens any of them.</summary>
public static class BuiltInPolicies
{
    // Position, velocity, angle, angular velocity.
    static readonly Dictionary<string, double[]> CartPoleGains = new(StringComparer.Ordinal)
    {
        ["scripted"] = [0.05, 0.1, 1, 0.25],
        ["scripted-drifting"] = [0, 0, 1, 1],
        ["scripted-weak"] = [0, 0, 1, 0],
    };

    /// <summary>All names, without options.</summary>
    public static IReadOnlyList<string> Names { get; } = ["uniform", .. CartPoleGains.Keys];

    /// <summary>A policy by its spec.</summary>
    /// <param name="spec"><c>uniform</c>, <c>scripted</c>, <c>scripted-drifting</c> or <c>scripted-weak</c>, with <c>?epsilon=E</c> or without.</param>
    /// <param name="environment">Whose spaces the policy has.</param>
    /// <exception cref="UserErrorException">The name or an option is not known, or the policy does not fit the environment.</exception>
    public static IPolicy Make(string spec, EnvironmentDefinition environment)
    {
        var mark = spec.IndexOf('?', StringComparison.Ordinal);
        var name = mark < 0 ? spec : spec[..mark];
        var policy = MakeBase(spec, name, environment);
        return mark < 0 ? policy : new EpsilonSoftPolicy(policy, Epsilon(spec, spec[(mark + 1)..]));
    }

    static IPolicy MakeBase(string spec, string name, EnvironmentDefinition environment)
    {
        if (name == "uniform")
        {
            return environment.ActionSpace is DiscreteSpace actions
                ? new UniformPolicy(environment.ObservationSpace, actions)
                : throw Throw.UniformNeedsDiscrete(environment);
        }

        if (!CartPoleGains.TryGetValue(name, out var gains))
            throw Throw.UnknownPolicy(spec, name, Names);
        return environment.Id == "CartPole-v1" ? new CartPoleController(name, gains) : throw Throw.PolicyNeedsEnvironment(name, environment.Id);
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
