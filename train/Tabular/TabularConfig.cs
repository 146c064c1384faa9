using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>Settings of every method that keeps a number for each state, or for each state and action.</summary>
public abstract record TabularConfig : IValidatable
{
    /// <summary>gamma: what a reward is worth one step later, in [0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>
    /// How often the data must show an action in a state for it to count there, in the policy and in every maximum. 1, the default, leaves out what was never
    /// seen: no further data will correct what is made up. More leaves out what is hardly known; where no action has as many, all that were seen count.
    /// 0, as the textbook has it, counts every action, which suits a loop that records what was learned.
    /// </summary>
    public int LeastActionCount { get; init; } = 1;

    public virtual IEnumerable<string> Validate()
    {
        if (!(Discount is >= 0 and <= 1))
            yield return $"discount is {Discount}; expected a number in [0, 1].";
        if (LeastActionCount < 0)
            yield return $"least_action_count is {LeastActionCount}; expected at least 0 (0: every action).";
    }
}

/// <summary>Settings of the methods that learn from one transition after the other.</summary>
public abstract record IncrementalConfig : TabularConfig
{
    /// <summary>What every value is before the first update. The default value is 0.</summary>
    public double InitialValue { get; init; }

    /// <summary>alpha of the first update of a value, in (0, 1]. The default value is 1: the first update replaces the initial value.</summary>
    public double LearningRate { get; init; } = 1;

    /// <summary>
    /// omega, in [0, 1]: the n-th update of a value has the step size learning_rate / n^omega. The default value is 0.77, near which Even-Dar and Mansour
    /// (2003) find Q-learning fastest; above 0.5 values converge, 1 is the mean, 0 a constant step size that never settles.
    /// </summary>
    public double LearningRateDecay { get; init; } = 0.77;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!double.IsFinite(InitialValue))
            yield return $"initial_value is {InitialValue}; expected a finite number.";
        if (!(LearningRate is > 0 and <= 1))
            yield return $"learning_rate is {LearningRate}; expected a number in (0, 1].";
        if (!(LearningRateDecay is >= 0 and <= 1))
            yield return $"learning_rate_decay is {LearningRateDecay}; expected a number in [0, 1].";
    }
}

/// <summary>Settings of the methods that solve an MDP: one from files, or the most likely one of the log.</summary>
public abstract record PlannerConfig : TabularConfig
{
    /// <summary>
    /// Tables of the MDP, in any layout that environments take too (<c>tables:PATH</c>); its actions and masks count, not the log's. Empty, the default: the
    /// maximum-likelihood MDP of the log.
    /// </summary>
    public string Tables { get; init; } = "";

    /// <summary>
    /// Value of states that the log reaches and never leaves (and, with <c>least_action_count: 0</c>, of actions that it never shows). The default value is 0.
    /// </summary>
    public double UnseenValue { get; init; }

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!double.IsFinite(UnseenValue))
            yield return $"unseen_value is {UnseenValue}; expected a finite number.";
    }
}
