namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="Sarsa"/>. Deviations from the source are in train/docs/sarsa.md.</summary>
public sealed record SarsaConfig : IncrementalConfig;

/// <summary>
/// SARSA: Rummery and Niranjan 1994; Sutton and Barto 2018, section 6.4. It learns the values of the policy that acts, exploration included.
/// </summary>
/// <remarks>
/// Q(s_tm1, a_tm1) moves towards r_t + discount_t Q(s_t, a_t) with the action that was taken next. A step that is cut before a next
/// action is left out. From stored data it evaluates the policy that made them; the stored policy is the greedy one, an improvement by one step.
/// </remarks>
/// <param name="config">Checked by the caller.</param>
/// <param name="actions">Which count.</param>
public sealed class Sarsa(SarsaConfig config, ActionSet actions) : ITabularLearner
{
    /// <summary>Q.</summary>
    public ActionValues Values { get; } = new(config, actions);

    public void Learn(in TabularTransition transition)
    {
        if (transition.Terminated)
            Values.MoveTo(transition.State, transition.Action, transition.Reward);
        else if (transition is { NextState: >= 0, NextAction: >= 0 })
            Values.MoveTo(transition.State, transition.Action, transition.Reward + (config.Discount * Values[transition.NextState, transition.NextAction]));
    }

    public double Value(int state) => Values.Max(state);

    public ErrorSums Errors => Values.Errors;

    public IReadOnlyList<TabularArray> State => Values.State;

    public TabularSolution Solution => Values.Solution;
}
