using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>What an environment's normalized scores count from and to.</summary>
/// <param name="Random">Mean return of uniform random actions: score 0.</param>
/// <param name="Expert">Mean return of a policy that solves it: score 100.</param>
readonly record struct ReferenceReturns(double Random, double Expert)
{
    /// <summary>Those of a listed environment at its defaults: with another parameter, or under a wrapper, the returns mean something else.</summary>
    /// <param name="environment">An identity as text, with every parameter.</param>
    public static ReferenceReturns? Of(string environment) =>
        EnvironmentRegistry.All.FirstOrDefault(d => environment.StartsWith(d.Id, StringComparison.Ordinal) && d.DefaultIdentity.ToString() == environment)
            is { ReferenceRandomReturn: { } random, ReferenceExpertReturn: { } expert } && expert > random
            ? new ReferenceReturns(random, expert)
            : null;

    public double Normalize(double mean) => 100 * (mean - Random) / (Expert - Random);
}
