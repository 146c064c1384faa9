namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="TemporalDifference"/>. Deviations from the source are in train/docs/td.md.</summary>
public sealed record TemporalDifferenceConfig : IncrementalConfig
{
    internal const string Accumulating = "accumulating", Replacing = "replacing";

    /// <summary>lambda, in [0, 1]: how far back an error reaches. 0, the default, is TD(0), 1 Monte Carlo.</summary>
    public double Lambda { get; init; }

    /// <summary><c>accumulating</c>, the default: a visit adds 1 to a state's trace; <c>replacing</c>: it sets it to 1.</summary>
    public string Traces { get; init; } = Accumulating;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Lambda is >= 0 and <= 1))
            yield return $"lambda is {Lambda}; expected a number in [0, 1].";
        if (Traces is not (Accumulating or Replacing))
            yield return $"traces is '{Traces}'; expected {Accumulating} or {Replacing}.";
    }
}

/// <summary>
/// TD(0) and TD(lambda) with eligibility traces: Sutton 1988; Sutton and Barto 2018, sections 6.1 and 12.2. It learns the state values of the policy that acts.
/// </summary>
/// <remarks>
/// delta_t = r_t + discount_t V(s_t) - V(s_tm1); e(s) = gamma lambda e(s) + [s = s_tm1]; V(s) += alpha(s) delta_t e(s) for all s. alpha(s) goes by the
/// visits to s. State values choose no action, so the stored policy is the one that they value: how often each action was taken in each state.
/// </remarks>
public sealed class TemporalDifference : ITabularLearner
{
    // What is left of an error then no longer shows in a value.
    const double LeastTrace = 1e-10;

    readonly TemporalDifferenceConfig _config;
    readonly int _states, _actions;
    readonly double[] _values, _visits, _traces, _taken;
    readonly List<int> _active = [];

    /// <param name="config">Checked by the caller.</param>
    /// <param name="states">S.</param>
    /// <param name="actions">A.</param>
    public TemporalDifference(TemporalDifferenceConfig config, int states, int actions)
    {
        (_config, _states, _actions) = (config, states, actions);
        (_values, _visits, _traces, _taken) = (new double[states], new double[states], new double[states], new double[states * actions]);
        _values.AsSpan().Fill(config.InitialValue);
    }

    /// <summary>[S].</summary>
    public ReadOnlySpan<double> Values => _values;

    public void Learn(in TabularTransition transition)
    {
        ActionValues.Require(transition.State, _states, nameof(transition.State));
        ActionValues.Require(transition.Action, _actions, nameof(transition.Action));
        _taken[(transition.State * _actions) + transition.Action]++;
        if (transition.Terminated || transition.NextState >= 0)
        {
            var next = transition.Terminated ? 0 : Value(transition.NextState);
            _visits[transition.State]++;
            Trace(transition.State);
            Update(transition.Reward + (_config.Discount * next) - _values[transition.State]);
            Drop();
        }

        if (transition.EndsEpisode)
            Forget();
    }

    // Traces are a matter of the states that an episode has been through.
    public void Recall(in TabularTransition transition)
    {
        Trace(transition.State);
        Drop();
    }

    public double Value(int state)
    {
        ActionValues.Require(state, _states, nameof(state));
        return _values[state];
    }

    public ErrorSums Errors { get; } = new();

    public IReadOnlyList<TabularArray> State => [new("state_values", _values), new("visits", _visits), new("taken", _taken), new("errors", Errors.Values)];

    public TabularSolution Solution => new(LogPolicy.Logits(_taken, _actions), Temperature: 1) { StateValues = [.. _values] };

    void Trace(int state)
    {
        foreach (var s in _active)
            _traces[s] *= _config.Discount * _config.Lambda;
        if (_traces[state] == 0)
            _active.Add(state);
        _traces[state] = _config.Traces == TemporalDifferenceConfig.Replacing ? 1 : _traces[state] + 1;
    }

    void Update(double error)
    {
        Errors.Add(error);
        foreach (var s in _active)
            _values[s] += ActionValues.StepSize(_config, _visits[s]) * error * _traces[s];
    }

    // Only traces that can still move a value are gone over.
    void Drop()
    {
        var kept = 0;
        for (var i = 0; i < _active.Count; i++)
        {
            var s = _active[i];
            if (_traces[s] * _config.Discount * _config.Lambda < LeastTrace)
                _traces[s] = 0;
            else
                _active[kept++] = s;
        }

        _active.RemoveRange(kept, _active.Count - kept);
    }

    void Forget()
    {
        foreach (var s in _active)
            _traces[s] = 0;
        _active.Clear();
    }
}
