namespace OfflineRL.Datasets;

/// <summary>Whether a policy can act on, or score, given observations and actions: one rule and one message for every stage.</summary>
public static class PolicySpaces
{
    /// <summary>Kinds and sizes must agree. Bounds may differ, since a log rarely knows them, and a log may hold arrays as flat vectors.</summary>
    /// <param name="policy">What is to act.</param>
    /// <param name="observations">What it will be shown.</param>
    /// <param name="actions">What it must give.</param>
    /// <param name="where">The environment or dataset, for the message.</param>
    /// <exception cref="UserErrorException">A space does not fit.</exception>
    public static void RequireFit(IPolicy policy, Space observations, Space actions, string where)
    {
        if (!Fits(policy.ObservationSpace, observations))
            throw Throw.SpaceMismatch(policy.Name, "observations", policy.ObservationSpace, observations, where);
        if (!Fits(policy.ActionSpace, actions))
            throw Throw.SpaceMismatch(policy.Name, "actions", policy.ActionSpace, actions, where);
    }

    /// <summary>Whether every action that a policy may give is one of others: true of discrete ones that fit.</summary>
    /// <param name="policy">The policy's actions.</param>
    /// <param name="actions">Of the same size.</param>
    public static bool StaysWithin(Space policy, Space actions) => policy is not BoxSpace own || actions is not BoxSpace other
        || !own.Low.Zip(other.Low).Any(bounds => (float)bounds.First < (float)bounds.Second) && !own.High.Zip(other.High).Any(bounds => (float)bounds.First > (float)bounds.Second);

    static bool Fits(Space policy, Space other) => (policy, other) switch
    {
        (DiscreteSpace a, DiscreteSpace b) => a.Count == b.Count,
        (BoxSpace a, BoxSpace b) => a.FlatSize == b.FlatSize && (a.Shape.Count == 1 || b.Shape.Count == 1 || a.Shape.SequenceEqual(b.Shape)),
        _ => false,
    };
}
