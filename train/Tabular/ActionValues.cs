namespace OfflineRL.Train.Tabular;

/// <summary>Q(s, a), and how often each was updated: what SARSA, expected SARSA and Q-learning keep. What they move it towards is theirs.</summary>
public sealed class ActionValues
{
    readonly IncrementalConfig _config;
    readonly double[] _q;
    readonly double[] _updates;

    /// <param name="config">Checked by the caller.</param>
    /// <param name="actions">Which count.</param>
    public ActionValues(IncrementalConfig config, ActionSet actions)
    {
        (_config, Set) = (config, actions);
        (_q, _updates) = (new double[actions.States * actions.Actions], new double[actions.States * actions.Actions]);
        _q.AsSpan().Fill(config.InitialValue);
    }

    /// <summary>The actions that count.</summary>
    public ActionSet Set { get; }

    /// <summary>[S * A].</summary>
    public ReadOnlySpan<double> Q => _q;

    public ErrorSums Errors { get; } = new();

    /// <summary>Q(s, a).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such state or action.</exception>
    public double this[int state, int action] => _q[Index(state, action)];

    /// <summary>max over actions that count of Q(s, a).</summary>
    public double Max(int state) => this[state, Set.Best(_q, state)];

    /// <summary>Q(s, a) += alpha_n (target - Q(s, a)), with the step size of its n-th update.</summary>
    public void MoveTo(int state, int action, double target)
    {
        var at = Index(state, action);
        var error = target - _q[at];
        _q[at] += StepSize(_config, ++_updates[at]) * error;
        Errors.Add(error);
    }

    /// <summary>learning_rate / n^decay.</summary>
    internal static double StepSize(IncrementalConfig config, double n) =>
        config.LearningRateDecay == 0 ? config.LearningRate : config.LearningRate * Math.Pow(n, -config.LearningRateDecay);

    internal IReadOnlyList<TabularArray> State => [new("action_values", _q), new("updates", _updates), new("errors", Errors.Values)];

    internal TabularSolution Solution => new(Set.Scores(_q), Temperature: 0) { ActionValues = [.. _q] };

    int Index(int state, int action)
    {
        Require(state, Set.States, nameof(state));
        Require(action, Set.Actions, nameof(action));
        return (state * Set.Actions) + action;
    }

    internal static void Require(int index, int count, string what)
    {
        if ((uint)index >= (uint)count)
            throw new ArgumentOutOfRangeException(what, index, $"{what} {index}; expected 0 to {count - 1}.");
    }
}
