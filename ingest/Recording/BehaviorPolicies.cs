using System.Text.RegularExpressions;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>Who acts in an environment, by spec, and who does where nobody is named.</summary>
public static class BehaviorPolicies
{
    const string BuiltIn = "builtin:";

    /// <summary>A policy that fits the environment.</summary>
    /// <param name="spec">A built-in policy, with <c>builtin:</c> before it or without, or what <paramref name="trainedPolicy"/> takes.</param>
    /// <param name="environment">As the policy meets it: under its wrappers.</param>
    /// <param name="identity">The environment's parameters, for built-in policies that know the dynamics.</param>
    /// <param name="trainedPolicy">Loads a policy from a spec such as <c>run:NAME</c>; this project knows only the built-in ones.</param>
    /// <returns>The caller disposes of it where it is disposable. Actions that could lie outside the environment's bounds are cut to them, and have no propensities.</returns>
    /// <exception cref="UserErrorException">There is no such policy, or its spaces are others.</exception>
    public static IPolicy Make(string spec, EnvironmentDefinition environment, EnvironmentIdentity identity, Func<string, IPolicy> trainedPolicy)
    {
        if (spec.StartsWith(BuiltIn, StringComparison.Ordinal))
            return BuiltInPolicies.Make(spec[BuiltIn.Length..], environment, identity);
        if (!spec.Contains(':', StringComparison.Ordinal))
            return BuiltInPolicies.Make(spec, environment, identity);
        var policy = trainedPolicy(spec);
        try
        {
            PolicySpaces.RequireFit(policy, environment.ObservationSpace, environment.ActionSpace, environment.Id);
            return PolicySpaces.StaysWithin(policy.ActionSpace, environment.ActionSpace) ? policy : new BoundedPolicy(policy, (BoxSpace)environment.ActionSpace);
        }
        catch
        {
            (policy as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>What is recorded where a config names no mixture: for CartPole one of a mean return between 100 and 300, else some of uniform and some of the environment's first own policy.</summary>
    public static IReadOnlyList<BehaviorConfig> DefaultMixture(EnvironmentDefinition environment) => environment switch
    {
        { Id: "CartPole-v1" } =>
        [
            new() { Policy = "uniform", Weight = 0.2 },
            new() { Policy = "scripted-weak", Epsilon = 0.2, Weight = 0.1 },
            new() { Policy = "scripted", Epsilon = 0.5, Weight = 0.45 },
            new() { Policy = "scripted", Epsilon = 0.35, Weight = 0.25 },
        ],
        // One that is deterministic has no density; with noise it has.
        { ActionSpace: BoxSpace, Policies: [var own, ..] } => [new() { Policy = "uniform", Weight = 0.5 }, new() { Policy = own.Name + "?noise=0.3", Weight = 0.5 }],
        { Policies: [var own, ..] } => [new() { Policy = "uniform", Weight = 0.5 }, new() { Policy = own.Name, Epsilon = 0.3, Weight = 0.5 }],
        _ => [new() { Policy = "uniform" }],
    };

    /// <summary>A dataset's name where a config gives none: of the environment's id, without its version and what a name cannot have.</summary>
    public static string DefaultName(EnvironmentDefinition environment)
    {
        var id = Regex.Replace(environment.Id, @"-v\d+$", "").ToLowerInvariant();
        var name = Regex.Replace(id, "[^a-z0-9]+", "-").Trim('-');
        return name.Length == 0 ? "recording" : name[..Math.Min(name.Length, 64)].TrimEnd('-');
    }
}
