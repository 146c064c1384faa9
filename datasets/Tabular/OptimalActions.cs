namespace OfflineRL.Datasets;

/// <summary>Chooses one of equally good actions in each state.</summary>
static class OptimalActions
{
    /// <summary>The lowest action within the tolerance of the best; -1 at terminal states.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="q">[S * A], NaN where forbidden.</param>
    /// <param name="tie">Relative to 1 + |best|.</param>
    public static int[] Greedy(TabularMdp mdp, ReadOnlySpan<double> q, double tie)
    {
        var actions = new int[mdp.StateCount];
        for (var s = 0; s < actions.Length; s++)
            actions[s] = mdp.IsTerminal(s) ? -1 : Lowest(mdp, s, q.Slice(s * mdp.ActionCount, mdp.ActionCount), tie);
        return actions;
    }

    /// <summary>
    /// Actions of an optimal policy for optimal values. At discount 1 a greedy action may lead round and round without
    /// ever earning what it promises, so among the greedy ones those are taken that can reach an end.
    /// </summary>
    public static int[] Choose(TabularMdp mdp, double[] values, double[] q, double tie)
    {
        var actions = Greedy(mdp, q, tie);
        if (mdp.Discount < 1)
            return actions;
        var best = new double[mdp.StateCount];
        for (var s = 0; s < best.Length; s++)
            best[s] = Best(q.AsSpan(s * mdp.ActionCount, mdp.ActionCount));
        var rest = new int[mdp.StateCount];
        var settled = Resting(mdp, s => Math.Abs(values[s]) <= tie, (s, a) => IsGreedy(q[(s * mdp.ActionCount) + a], best[s], tie), rest);
        for (var s = 0; s < mdp.StateCount; s++)
        {
            actions[s] = settled[s] ? rest[s] : actions[s];
            settled[s] |= mdp.IsTerminal(s);
        }

        // Layer by layer back from the ends: a policy that always may come a layer nearer ends with probability 1.
        var layer = new List<(int State, int Action)>();
        do
        {
            layer.Clear();
            for (var s = 0; s < mdp.StateCount; s++)
            {
                if (!settled[s] && FirstToward(mdp, q, s, tie, settled) is var action and >= 0)
                    layer.Add((s, action));
            }

            foreach (var (state, action) in layer)
                (settled[state], actions[state]) = (true, action);
        }
        while (layer.Count > 0);
        return actions;
    }

    static int Lowest(TabularMdp mdp, int state, ReadOnlySpan<double> row, double tie)
    {
        var best = Best(row);
        for (var a = 0; a < row.Length; a++)
        {
            if (IsGreedy(row[a], best, tie))
                return a;
        }

        // Infinities canceled: nothing tells the allowed actions apart.
        var allowed = 0;
        while (!mdp.IsAllowed(state, allowed))
            allowed++;
        return allowed;
    }

    /// <summary>The lowest action that earns nothing and leads only where one can go on so, or to an end; -1: there is none.</summary>
    public static int[] Rest(TabularMdp mdp)
    {
        var actions = new int[mdp.StateCount];
        Resting(mdp, static _ => true, static (_, _) => true, actions);
        return actions;
    }

    // The greatest set of states of a kind in which some action of a kind earns nothing and stays in the set, or ends.
    static bool[] Resting(TabularMdp mdp, Func<int, bool> isState, Func<int, int, bool> isAction, int[] actions)
    {
        var resting = new bool[mdp.StateCount];
        for (var s = 0; s < resting.Length; s++)
            resting[s] = !mdp.IsTerminal(s) && isState(s);
        for (var changed = true; changed;)
        {
            changed = false;
            for (var s = 0; s < resting.Length; s++)
            {
                if (!resting[s])
                    continue;
                actions[s] = FirstResting(mdp, s, isAction, resting);
                changed |= actions[s] < 0;
                resting[s] = actions[s] >= 0;
            }
        }

        for (var s = 0; s < resting.Length; s++)
            actions[s] = resting[s] ? actions[s] : -1;
        return resting;
    }

    static int FirstResting(TabularMdp mdp, int state, Func<int, int, bool> isAction, bool[] resting)
    {
        for (var a = 0; a < mdp.ActionCount; a++)
        {
            if (!mdp.IsAllowed(state, a) || !isAction(state, a))
                continue;
            var row = mdp.Row(state, a);
            var stays = true;
            for (var i = 0; i < row.Count; i++)
                stays &= row.Rewards[i] == 0 && (row.Ends[i] || resting[row.NextStates[i]]);
            if (stays)
                return a;
        }

        return -1;
    }

    static int FirstToward(TabularMdp mdp, ReadOnlySpan<double> q, int state, double tie, bool[] settled)
    {
        var values = q.Slice(state * mdp.ActionCount, mdp.ActionCount);
        var best = Best(values);
        for (var a = 0; a < mdp.ActionCount; a++)
        {
            if (!IsGreedy(values[a], best, tie))
                continue;
            var row = mdp.Row(state, a);
            for (var i = 0; i < row.Count; i++)
            {
                if (row.Ends[i] || settled[row.NextStates[i]])
                    return a;
            }
        }

        return -1;
    }

    static double Best(ReadOnlySpan<double> row)
    {
        var best = double.NegativeInfinity;
        foreach (var value in row)
            best = value > best ? value : best;
        return best;
    }

    // Two equal infinities are greedy too.
    static bool IsGreedy(double value, double best, double tie) => value.Equals(best) || value >= best - (tie * (1 + Math.Abs(best)));
}
