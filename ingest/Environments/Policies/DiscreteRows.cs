namespace OfflineRL.Environments;

/// <summary>What the discrete policies do with one row of a batch. An empty mask allows every action.</summary>
static class DiscreteRows
{
    public static ReadOnlySpan<bool> Mask(ReadOnlySpan<bool> masks, int row, int actions) =>
        masks.IsEmpty ? masks : masks.Slice(row * actions, actions);

    public static int Allowed(ReadOnlySpan<bool> mask, int actions) => mask.IsEmpty ? actions : mask.Count(true);

    public static bool IsAllowed(ReadOnlySpan<bool> mask, int action) => mask.IsEmpty || mask[action];

    /// <summary>The action that has n allowed ones before it.</summary>
    public static int NthAllowed(ReadOnlySpan<bool> mask, int n)
    {
        if (mask.IsEmpty)
            return n;
        for (var action = 0; ; action++)
        {
            if (mask[action] && n-- == 0)
                return action;
        }
    }

    /// <summary>Adds <paramref name="mass"/>, spread evenly over the allowed actions.</summary>
    public static void AddUniform(Span<double> probabilities, ReadOnlySpan<bool> mask, double mass)
    {
        var share = mass / Allowed(mask, probabilities.Length);
        for (var action = 0; action < probabilities.Length; action++)
        {
            if (IsAllowed(mask, action))
                probabilities[action] += share;
        }
    }
}
