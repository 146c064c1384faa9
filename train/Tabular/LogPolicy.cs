using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>The policy that made a log, as its counts have it: pi(a | s) = n(s, a) / n(s), even where nothing was seen.</summary>
static class LogPolicy
{
    /// <summary>log pi(a | s); NaN where an action was never taken.</summary>
    /// <param name="counts">[S * A].</param>
    /// <param name="actions">A.</param>
    public static double[] Logits(ReadOnlySpan<double> counts, int actions)
    {
        var logits = Probabilities(counts, actions);
        foreach (ref var value in logits.AsSpan())
            value = value > 0 ? Math.Log(value) : double.NaN;
        return logits;
    }

    /// <summary>As a policy of an MDP.</summary>
    /// <param name="counts">[S * A].</param>
    /// <param name="mdp">Its mask is all that is known where the log saw nothing.</param>
    /// <exception cref="UserErrorException">The log takes actions that the mask forbids.</exception>
    public static TabularPolicy Of(ReadOnlySpan<double> counts, TabularMdp mdp)
    {
        var actions = mdp.ActionCount;
        var probabilities = Probabilities(counts, actions);
        var uniform = TabularPolicy.Uniform(mdp);
        for (var s = 0; s < mdp.StateCount; s++)
        {
            if (!counts.Slice(s * actions, actions).ContainsAnyExcept(0.0))
                uniform[s].CopyTo(probabilities.AsSpan(s * actions));
        }

        return new TabularPolicy("behavior", mdp, probabilities);
    }

    static double[] Probabilities(ReadOnlySpan<double> counts, int actions)
    {
        var probabilities = counts.ToArray();
        for (var first = 0; first < probabilities.Length; first += actions)
        {
            var row = probabilities.AsSpan(first, actions);
            var sum = 0.0;
            foreach (var n in row)
                sum += n;
            foreach (ref var p in row)
                p = sum == 0 ? 1.0 / actions : p / sum;
        }

        return probabilities;
    }
}
