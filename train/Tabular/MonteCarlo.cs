namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="MonteCarlo"/>. Deviations from the source are in train/docs/monte_carlo.md.</summary>
public sealed record MonteCarloConfig : TabularConfig
{
    internal const string First = "first", Every = "every";

    /// <summary><c>first</c>: only the first visit to a state and action counts in an episode; <c>every</c>, the default: each does.</summary>
    public string Visits { get; init; } = Every;

    /// <summary>
    /// Whether returns of episodes that were cut count as they are, as if nothing came after. The default value is true: a limit on steps is part of most
    /// environments. False leaves such episodes out.
    /// </summary>
    public bool UseCutEpisodes { get; init; } = true;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (Visits is not (First or Every))
            yield return $"visits is '{Visits}'; expected {First} or {Every}.";
    }
}

/// <summary>
/// Monte Carlo estimation of action values: Sutton and Barto 2018, sections 5.1 and 5.2. Q(s, a) is the mean of the discounted returns that
/// followed action a in state s; it values the policy that acts.
/// </summary>
/// <remarks>Steps are kept until their episode ends; then each return is added to the mean of its pair, from the last step to the first.</remarks>
/// <param name="config">Checked by the caller.</param>
/// <param name="actions">Which count.</param>
public sealed class MonteCarlo(MonteCarloConfig config, ActionSet actions) : ITabularLearner
{
    readonly List<(int Pair, double Reward)> _episode = [];
    readonly Dictionary<int, int> _first = [];
    readonly double[] _q = new double[actions.States * actions.Actions];
    readonly double[] _returns = new double[actions.States * actions.Actions];

    /// <summary>[S * A]; 0 where there was no return.</summary>
    public ReadOnlySpan<double> Q => _q;

    public void Learn(in TabularTransition transition)
    {
        Recall(transition);
        if (!transition.EndsEpisode)
            return;
        if (transition.Terminated || config.UseCutEpisodes)
            AddReturns();
        _episode.Clear();
        _first.Clear();
    }

    public void Recall(in TabularTransition transition)
    {
        ActionValues.Require(transition.State, actions.States, nameof(transition.State));
        ActionValues.Require(transition.Action, actions.Actions, nameof(transition.Action));
        var pair = (transition.State * actions.Actions) + transition.Action;
        _first.TryAdd(pair, _episode.Count);
        _episode.Add((pair, transition.Reward));
    }

    public double Value(int state) => _q[(state * actions.Actions) + actions.Best(_q, state)];

    public ErrorSums Errors { get; } = new();

    public IReadOnlyList<TabularArray> State => [new("action_values", _q), new("returns", _returns), new("errors", Errors.Values)];

    public TabularSolution Solution => new(actions.Scores(_q), Temperature: 0) { ActionValues = [.. _q] };

    void AddReturns()
    {
        var value = 0.0;
        for (var t = _episode.Count - 1; t >= 0; t--)
        {
            var (pair, reward) = _episode[t];
            value = reward + (config.Discount * value);
            if (config.Visits == MonteCarloConfig.First && _first[pair] != t)
                continue;
            var error = value - _q[pair];
            _q[pair] += error / ++_returns[pair];
            Errors.Add(error);
        }
    }
}
