namespace OfflineRL.Evaluate;

/// <summary>What followed each state and action in some episodes: the counts of a maximum-likelihood model.</summary>
/// <remarks>
/// A step that nothing is known beyond is left out: one cut without a next observation, and one into a state that no step
/// of these episodes leaves. What that leaves without any step is unseen in turn.
/// </remarks>
sealed class PairCounts
{
    readonly bool[] _leaves;

    PairCounts(int states, int actions)
    {
        (States, Actions) = (states, actions);
        (Visits, Rewards, Ends, _leaves) = (new double[states * actions], new double[states * actions], new double[states * actions], new bool[states]);
    }

    public int States { get; }

    public int Actions { get; }

    /// <summary>[S * A]: n(s, a).</summary>
    public double[] Visits { get; }

    /// <summary>[S * A]: the sum of rewards.</summary>
    public double[] Rewards { get; }

    /// <summary>[S * A]: how often the episode ended.</summary>
    public double[] Ends { get; }

    /// <summary>n(s, a, s') of steps that did not end the episode.</summary>
    public Dictionary<(int Pair, int Next), double> Transitions { get; } = [];

    /// <summary>Whether some step leaves a state.</summary>
    public bool Leaves(int state) => _leaves[state];

    /// <summary>Counts the steps of episodes; one that stands twice counts twice.</summary>
    public static PairCounts Of(FitLog log, IReadOnlyList<int> episodes)
    {
        var counts = new PairCounts(log.StateCount, log.ActionCount);
        var end = log.FirstRow[1..];
        // What is dropped at an episode's end may have been all that left its state, and so on backwards.
        do
        {
            Array.Clear(counts._leaves);
            foreach (var e in episodes)
            {
                for (var row = log.FirstRow[e]; row < end[e]; row++)
                    counts._leaves[log.States![row]] = true;
            }
        }
        while (counts.DropBlindEnds(log, episodes, end));

        foreach (var e in episodes)
        {
            for (var row = log.FirstRow[e]; row < end[e]; row++)
                counts.Add(log, e, row);
        }

        return counts;
    }

    // True where there were any.
    bool DropBlindEnds(FitLog log, IReadOnlyList<int> episodes, int[] end)
    {
        var dropped = false;
        foreach (var e in episodes)
        {
            while (end[e] > log.FirstRow[e] && log.Next(e, end[e] - 1) is var next && next != FitLog.Ended && (next < 0 || !_leaves[log.States![next]]))
            {
                end[e]--;
                dropped = true;
            }
        }

        return dropped;
    }

    void Add(FitLog log, int episode, int row)
    {
        var pair = (log.States![row] * Actions) + log.Actions![row];
        Visits[pair]++;
        Rewards[pair] += log.Rewards[row];
        if (log.Next(episode, row) is var next && next == FitLog.Ended)
            Ends[pair]++;
        else
            Transitions[(pair, log.States[next])] = Transitions.GetValueOrDefault((pair, log.States[next])) + 1;
    }

    /// <summary>
    /// The weights of a state's actions in its value: pi_e over the actions that were seen there, scaled to sum to 1; where it takes none of
    /// them, their shares of the visits.
    /// </summary>
    /// <param name="visits">[A] of one state, at least one positive.</param>
    /// <param name="policy">[A].</param>
    /// <param name="weights">[A], written.</param>
    public static void SeenPolicy(ReadOnlySpan<double> visits, ReadOnlySpan<double> policy, Span<double> weights)
    {
        var (mass, total) = (0.0, 0.0);
        for (var a = 0; a < visits.Length; a++)
            (mass, total) = (mass + (visits[a] > 0 ? policy[a] : 0), total + visits[a]);
        for (var a = 0; a < visits.Length; a++)
            weights[a] = mass > 0 ? (visits[a] > 0 ? policy[a] / mass : 0) : visits[a] / total;
    }
}
