using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>What the normalized scores on an environment count from and to.</summary>
/// <param name="Environment">With all its parameters.</param>
/// <param name="Random">Mean return of uniform random actions: score 0.</param>
/// <param name="Expert">Mean return of a policy that solves it: score 100.</param>
/// <param name="Source">Where the two come from.</param>
public sealed record ReferenceReturns(string Environment, double Random, double Expert, string Source)
{
    /// <summary>Those of an environment at its defaults: with another parameter, or under a wrapper that changes what is met or what is got, returns mean something else.</summary>
    /// <param name="identity">One that can be made here.</param>
    /// <returns>Null where there are none.</returns>
    public static ReferenceReturns? Of(EnvironmentIdentity identity)
    {
        var definition = EnvironmentRegistry.Definition(identity.ToString());
        return definition is { ReferenceRandomReturn: { } random, ReferenceExpertReturn: { } expert } && expert > random && IsNominal(definition, identity)
            ? new ReferenceReturns(identity.ToString(), random, expert, definition.ReferenceSource.Length > 0 ? definition.ReferenceSource : "measured by this project")
            : null;
    }

    public double Normalize(double mean) => 100 * (mean - Random) / (Expert - Random);

    // A stack or a size of frames is another view of the same task; the wrappers that change returns have left the definition without references.
    static bool IsNominal(EnvironmentDefinition definition, EnvironmentIdentity identity) => identity.Parameters.All(value =>
        definition.DefaultIdentity.Parameters.TryGetValue(value.Key, out var normal)
            ? normal.Equals(value.Value)
            : WrapperParameters.All.Any(w => w.Name == value.Key && w.IsStructural));
}
