namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="QLearning"/>. Deviations from the source are in train/docs/q_learning.md.</summary>
public sealed record TabularQLearningConfig : IncrementalConfig;

/// <summary>
/// Q-learning: Watkins and Dayan 1992; Sutton and Barto 2018, section 6.5. It learns the values of the best policy, whatever policy acts.
/// </summary>
/// <remarks>Q(s_tm1, a_tm1) moves towards r_t + discount_t max_a Q(s_t, a), discount_t being 0 after a termination and gamma elsewhere.</remarks>
/// <param name="config">Checked by the caller.</param>
/// <param name="actions">Which count.</param>
public sealed class QLearning(TabularQLearningConfig config, ActionSet actions) : ITabularLearner
{
    /// <summary>Q.</summary>
    public ActionValues Values { get; } = new(config, actions);

    public void Learn(in TabularTransition transition)
    {
        if (transition.Terminated)
            Values.MoveTo(transition.State, transition.Action, transition.Reward);
        else if (transition.NextState >= 0)
            Values.MoveTo(transition.State, transition.Action, transition.Reward + (config.Discount * Values.Max(transition.NextState)));
    }

    public double Value(int state) => Values.Max(state);

    public ErrorSums Errors => Values.Errors;

    public IReadOnlyList<TabularArray> State => Values.State;

    public TabularSolution Solution => Values.Solution;
}
