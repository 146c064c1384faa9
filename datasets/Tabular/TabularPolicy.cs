namespace OfflineRL.Datasets;

/// <summary>A stochastic policy in a table: a row of action probabilities for each state.</summary>
/// <remarks>
/// Acts on observations that are state numbers. Rows of terminal states are not used and may hold anything.
/// A mask that the environment gives beside the observation is not looked at: the table has taken it into account.
/// </remarks>
public sealed class TabularPolicy : IPolicy
{
    const double RowTolerance = 1e-6;

    readonly double[] _probabilities;
    readonly double[] _log;
    readonly DiscreteSpace _observations, _actions;

    /// <param name="name">What reports call it.</param>
    /// <param name="mdp">Whose states and actions it has.</param>
    /// <param name="probabilities">[S * A]: rows that sum to 1 within 1e-6 (they are divided by their sums), 0 where the mask forbids.</param>
    /// <exception cref="UserErrorException">Another length, or a row that is no distribution over the allowed actions.</exception>
    public TabularPolicy(string name, TabularMdp mdp, ReadOnlySpan<double> probabilities)
        : this(name, mdp.StateCount, mdp.ActionCount, Check(mdp, probabilities))
    {
    }

    TabularPolicy(string name, int states, int actions, double[] probabilities)
    {
        Name = name;
        (_observations, _actions) = (new DiscreteSpace(states), new DiscreteSpace(actions));
        _probabilities = probabilities;
        _log = Array.ConvertAll(probabilities, Math.Log);
    }

    public string Name { get; }

    public Space ObservationSpace => _observations;

    public Space ActionSpace => _actions;

    /// <summary>[S * A], row-major.</summary>
    public ReadOnlySpan<double> Probabilities => _probabilities;

    /// <summary>[A]: the probabilities in one state.</summary>
    public ReadOnlySpan<double> this[int state] => _probabilities.AsSpan(state * _actions.Count, _actions.Count);

    /// <summary>Every allowed action with the same probability.</summary>
    public static TabularPolicy Uniform(TabularMdp mdp)
    {
        var probabilities = new double[mdp.StateCount * mdp.ActionCount];
        for (var s = 0; s < mdp.StateCount; s++)
        {
            var row = probabilities.AsSpan(s * mdp.ActionCount, mdp.ActionCount);
            var allowed = 0;
            for (var a = 0; a < row.Length; a++)
                allowed += mdp.IsAllowed(s, a) ? 1 : 0;
            for (var a = 0; a < row.Length; a++)
                row[a] = mdp.IsAllowed(s, a) ? 1.0 / allowed : 0;
        }

        return new TabularPolicy("uniform", mdp.StateCount, mdp.ActionCount, probabilities);
    }

    /// <summary>One action a state.</summary>
    /// <param name="name">What reports call it.</param>
    /// <param name="mdp">Whose states and actions it has.</param>
    /// <param name="actions">[S]; -1 at terminal states, where no action matters, stands for action 0.</param>
    /// <exception cref="UserErrorException">Another length, or an action that is not there or not allowed.</exception>
    public static TabularPolicy Deterministic(string name, TabularMdp mdp, ReadOnlySpan<int> actions)
    {
        if (actions.Length != mdp.StateCount)
            throw Throw.MdpLength(mdp.Source, "policy", actions.Length, mdp.StateCount);
        var probabilities = new double[mdp.StateCount * mdp.ActionCount];
        for (var s = 0; s < actions.Length; s++)
        {
            var action = actions[s] < 0 && mdp.IsTerminal(s) ? 0 : actions[s];
            if ((uint)action >= (uint)mdp.ActionCount)
                throw Throw.PolicyRow(mdp, s, $"names action {action}; expected 0 to {mdp.ActionCount - 1}");
            probabilities[(s * mdp.ActionCount) + action] = 1;
        }

        return new TabularPolicy(name, mdp, probabilities);
    }

    /// <summary>(1 - epsilon) of this policy and epsilon of the uniform one over the allowed actions.</summary>
    /// <param name="mdp">The MDP that this policy was made for.</param>
    /// <param name="epsilon">0 to 1.</param>
    public TabularPolicy Soften(TabularMdp mdp, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epsilon, 1);
        var probabilities = Uniform(mdp)._probabilities;
        for (var i = 0; i < probabilities.Length; i++)
            probabilities[i] = ((1 - epsilon) * _probabilities[i]) + (epsilon * probabilities[i]);
        return new TabularPolicy(FormattableString.Invariant($"{Name}?epsilon={epsilon}"), mdp.StateCount, mdp.ActionCount, probabilities);
    }

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var actions = _actions.Count;
        for (var i = 0; i < input.Count; i++)
        {
            var state = State(input, i);
            var action = input.Random[i].NextCategorical(this[state]);
            output.Discrete[i] = action;
            output.LogProbabilities[i] = _log[(state * actions) + action];
        }

        CopyRows(input, output.Probabilities);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = _log[(State(input, i) * _actions.Count) + actions.Discrete[i]];
        CopyRows(input, probabilities);
    }

    void CopyRows(in PolicyInput input, Span<double> probabilities)
    {
        if (probabilities.IsEmpty)
            return;
        for (var i = 0; i < input.Count; i++)
            this[State(input, i)].CopyTo(probabilities[(i * _actions.Count)..]);
    }

    int State(in PolicyInput input, int i)
    {
        var observation = input.Observations[i];
        var state = (int)observation;
        return state == observation && (uint)state < (uint)_observations.Count
            ? state
            : throw new ArgumentOutOfRangeException(nameof(input), observation, $"Observation {observation} in instance {i}; expected a state from 0 to {_observations.Count - 1}.");
    }

    static double[] Check(TabularMdp mdp, ReadOnlySpan<double> probabilities)
    {
        if (probabilities.Length != mdp.StateCount * mdp.ActionCount)
            throw Throw.PolicyShape(mdp, probabilities.Length);
        var result = probabilities.ToArray();
        for (var s = 0; s < mdp.StateCount; s++)
        {
            if (mdp.IsTerminal(s))
                continue;
            var row = result.AsSpan(s * mdp.ActionCount, mdp.ActionCount);
            var sum = 0.0;
            for (var a = 0; a < row.Length; a++)
            {
                if (!(row[a] >= 0))
                    throw Throw.PolicyRow(mdp, s, FormattableString.Invariant($"has probability {row[a]} for {mdp.ActionText(a)}; expected 0 to 1"));
                if (row[a] > 0 && !mdp.IsAllowed(s, a))
                    throw Throw.PolicyRow(mdp, s, FormattableString.Invariant($"has probability {row[a]} for {mdp.ActionText(a)}, which the mask forbids"));
                sum += row[a];
            }

            if (Math.Abs(sum - 1) > RowTolerance)
                throw Throw.PolicyRow(mdp, s, FormattableString.Invariant($"sums to {sum:R}; expected 1 within {RowTolerance}"));
            if (sum != 1)
            {
                foreach (ref var p in row)
                    p /= sum;
            }
        }

        return result;
    }
}
