using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>The actions that count in each state: those that policy and maxima range over.</summary>
public sealed class ActionSet
{
    readonly bool[] _allowed, _masked;

    ActionSet(int states, int actions, bool[] allowed) => (States, Actions, _allowed, _masked) = (states, actions, allowed, new bool[states]);

    /// <summary>S.</summary>
    public int States { get; }

    /// <summary>A.</summary>
    public int Actions { get; }

    /// <summary>Whether an action counts in a state.</summary>
    public bool this[int state, int action] => _allowed[(state * Actions) + action];

    /// <summary>Every action in every state.</summary>
    public static ActionSet All(int states, int actions)
    {
        var allowed = new bool[states * actions];
        allowed.AsSpan().Fill(true);
        return new ActionSet(states, actions, allowed);
    }

    /// <summary>The given ones; a state without any has all.</summary>
    /// <param name="actions">A.</param>
    /// <param name="allowed">[S * A].</param>
    /// <exception cref="ArgumentException">The length is no multiple of A.</exception>
    public static ActionSet Of(int actions, ReadOnlySpan<bool> allowed)
    {
        if (actions < 1 || allowed.Length % actions != 0)
            throw new ArgumentException($"{allowed.Length} pairs of state and action for {actions} actions were given; expected a multiple.", nameof(allowed));
        var copy = allowed.ToArray();
        for (var first = 0; first < copy.Length; first += actions)
        {
            if (!copy.AsSpan(first, actions).Contains(true))
                copy.AsSpan(first, actions).Fill(true);
        }

        return new ActionSet(copy.Length / actions, actions, copy);
    }

    /// <summary>Those that were taken so often; where none was, those that were taken; where none was either, all.</summary>
    /// <param name="actions">A.</param>
    /// <param name="counts">[S * A].</param>
    /// <param name="least">At least 1.</param>
    public static ActionSet OfCounts(int actions, ReadOnlySpan<double> counts, int least)
    {
        var allowed = new bool[counts.Length];
        for (var first = 0; first < counts.Length; first += actions)
        {
            var most = 0.0;
            for (var pair = first; pair < first + actions; pair++)
                most = Math.Max(most, counts[pair]);
            for (var pair = first; pair < first + actions; pair++)
                allowed[pair] = counts[pair] > 0 && (counts[pair] >= least || most < least);
        }

        return Of(actions, allowed);
    }

    /// <summary>The action of the highest value among those that count; the lowest among equals.</summary>
    /// <param name="values">[S * A].</param>
    /// <param name="state">0 to S - 1.</param>
    public int Best(ReadOnlySpan<double> values, int state)
    {
        var best = -1;
        for (var a = 0; a < Actions; a++)
        {
            if (this[state, a] && (best < 0 || values[(state * Actions) + a] > values[(state * Actions) + best]))
                best = a;
        }

        return best;
    }

    /// <summary>With probability epsilon an action that counts, evenly drawn, else the best one.</summary>
    /// <param name="values">[S * A].</param>
    /// <param name="state">0 to S - 1.</param>
    /// <param name="epsilon">In [0, 1].</param>
    /// <param name="random">Two draws where it explores, else one.</param>
    public int EpsilonGreedy(ReadOnlySpan<double> values, int state, double epsilon, RandomStream random)
    {
        if (random.NextDouble() >= epsilon)
            return Best(values, state);
        var left = random.NextInt(Count(state));
        for (var a = 0; ; a++)
        {
            if (this[state, a] && left-- == 0)
                return a;
        }
    }

    /// <summary>How many actions count in a state; at least one.</summary>
    public int Count(int state) => _allowed.AsSpan(state * Actions, Actions).Count(true);

    /// <summary>Actions that a mask allows in a state count there; the first mask of a state takes the others away.</summary>
    /// <param name="state">0 to S - 1.</param>
    /// <param name="mask">[A], not 0: allowed.</param>
    internal void Allow(int state, ReadOnlySpan<byte> mask)
    {
        var row = _allowed.AsSpan(state * Actions, Actions);
        if (!_masked[state])
            row.Clear();
        _masked[state] = true;
        for (var a = 0; a < row.Length; a++)
            row[a] |= mask[a] != 0;
    }

    /// <summary>Values as scores: NaN where an action does not count.</summary>
    /// <param name="values">[S * A].</param>
    internal double[] Scores(ReadOnlySpan<double> values)
    {
        var scores = values.ToArray();
        for (var pair = 0; pair < scores.Length; pair++)
        {
            if (!_allowed[pair])
                scores[pair] = double.NaN;
        }

        return scores;
    }
}
