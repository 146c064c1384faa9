using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Whether a policy can act on, or score, given observations and actions.</summary>
static class Spaces
{
    /// <summary>Kinds and sizes must agree; bounds may differ, since a log rarely knows them.</summary>
    /// <param name="where">The environment or dataset, for the message.</param>
    public static void RequireFit(IPolicy policy, Space observations, Space actions, string where)
    {
        if (!Fits(policy.ObservationSpace, observations))
            throw EvaluateThrow.SpaceMismatch(policy.Name, "observations", policy.ObservationSpace, observations, where);
        if (!Fits(policy.ActionSpace, actions))
            throw EvaluateThrow.SpaceMismatch(policy.Name, "actions", policy.ActionSpace, actions, where);
    }

    static bool Fits(Space policy, Space other) => (policy, other) switch
    {
        (DiscreteSpace a, DiscreteSpace b) => a.Count == b.Count,
        (BoxSpace a, BoxSpace b) => a.FlatSize == b.FlatSize,
        _ => false,
    };
}
