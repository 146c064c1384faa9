namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="ExpectedSarsa"/>. Deviations from the source are in train/docs/expected_sarsa.md.</summary>
public sealed record ExpectedSarsaConfig : IncrementalConfig
{
    /// <summary>Share of even draws in the policy that is evaluated, in [0, 1]; the rest is greedy. The default value is 0.1; 0 is Q-learning.</summary>
    public double Epsilon { get; init; } = 0.1;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Epsilon is >= 0 and <= 1))
            yield return $"epsilon is {Epsilon}; expected a number in [0, 1].";
    }
}

/// <summary>
/// Expected SARSA: van Seijen et al. 2009; Sutton and Barto 2018, section 6.6. It learns the values of the epsilon-greedy policy, whatever policy acts.
/// </summary>
/// <remarks>Q(s_tm1, a_tm1) moves towards r_t + discount_t sum over a of pi(a | s_t) Q(s_t, a), with pi epsilon-greedy in Q itself.</remarks>
/// <param name="config">Checked by the caller.</param>
/// <param name="actions">Which count.</param>
public sealed class ExpectedSarsa(ExpectedSarsaConfig config, ActionSet actions) : ITabularLearner
{
    /// <summary>Q.</summary>
    public ActionValues Values { get; } = new(config, actions);

    public void Learn(in TabularTransition transition)
    {
        if (transition.Terminated)
            Values.MoveTo(transition.State, transition.Action, transition.Reward);
        else if (transition.NextState >= 0)
            Values.MoveTo(transition.State, transition.Action, transition.Reward + (config.Discount * Value(transition.NextState)));
    }

    /// <summary>(1 - epsilon) max_a Q(s, a) + epsilon mean_a Q(s, a).</summary>
    public double Value(int state)
    {
        var sum = 0.0;
        for (var a = 0; a < actions.Actions; a++)
            sum += actions[state, a] ? Values[state, a] : 0;
        return ((1 - config.Epsilon) * Values.Max(state)) + (config.Epsilon * sum / actions.Count(state));
    }

    public ErrorSums Errors => Values.Errors;

    public IReadOnlyList<TabularArray> State => Values.State;

    public TabularSolution Solution => Values.Solution;
}
