namespace OfflineRL.Datasets;

/// <summary>Bellman's backup over all states and actions of an MDP, laid out for many sweeps.</summary>
sealed class MdpBackup
{
    readonly int _states, _actions;
    readonly double _discount;
    readonly int[] _offsets, _next;
    readonly double[] _probabilities, _rewards;
    readonly bool[] _forbidden, _terminal;

    public MdpBackup(TabularMdp mdp)
    {
        (_states, _actions, _discount) = (mdp.StateCount, mdp.ActionCount, mdp.Discount);
        var pairs = _states * _actions;
        _offsets = new int[pairs + 1];
        _rewards = new double[pairs];
        (_forbidden, _terminal) = (new bool[pairs], new bool[_states]);
        var (next, probabilities) = (new int[mdp.TransitionCount], new double[mdp.TransitionCount]);
        var kept = 0;
        for (var pair = 0; pair < pairs; pair++)
        {
            var (state, action) = (pair / _actions, pair % _actions);
            _terminal[state] = mdp.IsTerminal(state);
            _forbidden[pair] = !mdp.IsAllowed(state, action);
            _rewards[pair] = mdp.ExpectedReward(state, action);
            for (var i = mdp.Offsets[pair]; i < mdp.Offsets[pair + 1]; i++)
            {
                // What ends is worth its reward alone.
                if (mdp.Ends[i])
                    continue;
                (next[kept], probabilities[kept]) = (mdp.NextStates[i], mdp.Probabilities[i]);
                kept++;
            }

            _offsets[pair + 1] = kept;
        }

        (_next, _probabilities) = (next[..kept], probabilities[..kept]);
    }

    /// <summary>Q(s, a) for all pairs; NaN where forbidden, 0 at terminal states.</summary>
    public void ActionValues(ReadOnlySpan<double> values, Span<double> q)
    {
        for (var pair = 0; pair < q.Length; pair++)
            q[pair] = _forbidden[pair] ? double.NaN : _terminal[pair / _actions] ? 0 : Value(pair, values);
    }

    /// <summary>max_a Q(s, a) for all states.</summary>
    /// <returns>The greatest change from <paramref name="values"/>.</returns>
    public double Maximize(ReadOnlySpan<double> values, Span<double> next)
    {
        var change = 0.0;
        for (var s = 0; s < _states; s++)
        {
            var best = double.NegativeInfinity;
            for (var pair = s * _actions; pair < (s + 1) * _actions; pair++)
            {
                if (!_forbidden[pair])
                    best = Math.Max(best, Value(pair, values));
            }

            next[s] = _terminal[s] ? 0 : best;
            change = Math.Max(change, Math.Abs(next[s] - values[s]));
        }

        return change;
    }

    double Value(int pair, ReadOnlySpan<double> values)
    {
        var next = _next.AsSpan(_offsets[pair], _offsets[pair + 1] - _offsets[pair]);
        var probabilities = _probabilities.AsSpan(_offsets[pair], next.Length);
        // Four sums: one would wait for itself at every addition.
        double a = 0, b = 0, c = 0, d = 0;
        var i = 0;
        for (; i + 3 < next.Length; i += 4)
        {
            a += probabilities[i] * values[next[i]];
            b += probabilities[i + 1] * values[next[i + 1]];
            c += probabilities[i + 2] * values[next[i + 2]];
            d += probabilities[i + 3] * values[next[i + 3]];
        }

        for (; i < next.Length; i++)
            a += probabilities[i] * values[next[i]];
        return _rewards[pair] + (_discount * (a + b + (c + d)));
    }
}
