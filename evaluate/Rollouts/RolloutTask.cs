using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>An environment that policies are scored on.</summary>
/// <param name="Name">What reports call it: a variant's name, <c>nominal</c>, or a short id.</param>
/// <param name="Identity">All parameters.</param>
/// <param name="Label">How it relates to the log that the policies were trained from.</param>
public sealed record RolloutTask(string Name, EnvironmentIdentity Identity, VariantLabel Label)
{
    /// <summary>When an episode counts as a success; null where the environment declares nothing.</summary>
    public SuccessCriterion? Success { get; init; }

    /// <summary>Resolves what a config names; each environment is taken once.</summary>
    /// <param name="tasks">Ids, variant names, <c>nominal</c>, <c>held_out</c>.</param>
    /// <param name="environment">The environment that the names without an id refer to; empty: <paramref name="recorded"/>.</param>
    /// <param name="recorded">The environment of the log; null where it names none.</param>
    /// <exception cref="UserErrorException">A name is not known, or needs an environment that is not.</exception>
    public static IReadOnlyList<RolloutTask> Resolve(IReadOnlyList<string> tasks, string environment, EnvironmentIdentity? recorded)
    {
        var nominal = environment.Length > 0 ? EnvironmentRegistry.Resolve(environment) : recorded;
        var resolved = new List<RolloutTask>();
        foreach (var task in tasks)
        {
            switch (task)
            {
                case "nominal":
                    Add("nominal", nominal ?? throw EvaluateThrow.TaskNeedsEnvironment(task));
                    break;
                case "held_out":
                    var definition = EnvironmentRegistry.Definition((nominal ?? throw EvaluateThrow.TaskNeedsEnvironment(task)).ToString());
                    // An environment without variants, such as one of the user's, still has its nominal task.
                    if (definition.HeldOutVariants.Count == 0 && tasks.Count == 1)
                        throw EvaluateThrow.NoHeldOutVariants(definition.Id);
                    foreach (var declared in definition.HeldOutVariants)
                        Add(declared.Name, EnvironmentRegistry.Vary(nominal, declared));
                    break;
                default:
                    var variants = nominal is null ? [] : EnvironmentRegistry.Definition(nominal.ToString()).HeldOutVariants;
                    var variant = variants.FirstOrDefault(v => v.Name == task);
                    // A word without parameters or a scheme that is no environment's id may be a variant's name, mistyped.
                    if (variant is null && variants.Count > 0 && task.IndexOfAny(['?', ':']) < 0 && EnvironmentRegistry.All.All(d => d.Id != task))
                        throw EvaluateThrow.UnknownTask(task, nominal!.Id, variants.Select(v => v.Name));
                    var identity = variant is null ? EnvironmentRegistry.Resolve(task) : EnvironmentRegistry.Vary(nominal!, variant);
                    Add(variant?.Name ?? EnvironmentRegistry.ShortId(identity), identity);
                    break;
            }
        }

        return resolved;

        void Add(string name, EnvironmentIdentity identity)
        {
            if (!resolved.Any(t => t.Identity.Equals(identity)))
                resolved.Add(new RolloutTask(name, identity, EnvironmentRegistry.Label(identity, recorded)) { Success = EnvironmentRegistry.Definition(identity.ToString()).Success });
        }
    }
}
