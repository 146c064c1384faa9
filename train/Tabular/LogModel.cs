using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>
/// The maximum-likelihood MDP of a log: P(s', end | s, a) = n(s, a, s', end) / n(s, a), rewards the means of each such transition, starts by how often
/// episodes began there.
/// </summary>
/// <remarks>
/// What the log does not say has to be assumed. A state that it reaches and never leaves ends the episode there, at the unseen value. An action that it
/// shows too seldom in a state is forbidden there; where every action counts, one that it never shows ends the episode at the unseen value. A last step whose next observation is unknown is left out.
/// </remarks>
static class LogModel
{
    /// <summary>Makes it.</summary>
    /// <param name="log">At least one transition whose next observation is known.</param>
    /// <param name="config">Discount, which actions count, the unseen value.</param>
    /// <param name="source">For messages.</param>
    /// <exception cref="UserErrorException">There is no transition whose next observation is known.</exception>
    public static TabularMdp Create(TabularLog log, PlannerConfig config, string source)
    {
        var (states, actions) = (log.States, log.Actions);
        var outcomes = new Dictionary<(int Pair, int Next, bool Ends), (double Count, double Reward)>();
        var (pairs, leaves) = (new double[states * actions], new bool[states]);
        foreach (var t in log.Transitions())
        {
            if (!t.Terminated && t.NextState < 0)
                continue;
            // After a termination it does not matter where: what is unknown stays where it was.
            var key = ((t.State * actions) + t.Action, t.NextState < 0 ? t.State : t.NextState, t.Terminated);
            var (count, mean) = outcomes.GetValueOrDefault(key);
            outcomes[key] = (count + 1, mean + ((t.Reward - mean) / (count + 1)));
            pairs[key.Item1]++;
            leaves[t.State] = true;
        }

        if (outcomes.Count == 0)
            Throw.User($"{source} has no transition whose next observation is known; an MDP cannot be made of it. Choose another split, dataset or algorithm.");
        var builder = new TabularMdpBuilder(states, actions, source) { Discount = config.Discount };
        foreach (var ((pair, next, ends), (count, reward)) in outcomes)
        {
            // Nothing is known beyond: the step ends there with what is assumed.
            var isLost = !ends && !leaves[next];
            builder.Add(pair / actions, pair % actions, next, count / pairs[pair], reward + (isLost ? config.Discount * config.UnseenValue : 0), ends || isLost);
        }

        AddUnseen(builder, pairs, leaves, config.LeastActionCount > 0 ? ActionSet.OfCounts(actions, pairs, config.LeastActionCount) : log.ActionSet(0), config);
        SetStart(builder, log, leaves, source);
        return builder.Build();
    }

    static void AddUnseen(TabularMdpBuilder builder, double[] pairs, bool[] leaves, ActionSet set, PlannerConfig config)
    {
        for (var pair = 0; pair < pairs.Length; pair++)
        {
            var (state, action) = (pair / set.Actions, pair % set.Actions);
            if (!leaves[state])
                continue;
            if (!set[state, action])
                builder.Forbid(state, action);
            else if (pairs[pair] == 0)
                builder.Add(state, action, state, 1, config.UnseenValue, ends: true);
        }
    }

    static void SetStart(TabularMdpBuilder builder, TabularLog log, bool[] leaves, string source)
    {
        var (starts, sum) = (new double[log.States], 0.0);
        for (var episode = 0; episode < log.Episodes; episode++)
        {
            var state = log[episode, 0].State;
            // A single step of unknown end: the model cannot start where it knows no step.
            if (!leaves[state])
                continue;
            starts[state]++;
            sum++;
        }

        if (sum == 0)
            Throw.User($"{source} starts no episode in a state that it knows a step from; an MDP cannot be made of it.");
        for (var s = 0; s < starts.Length; s++)
        {
            if (starts[s] > 0)
                builder.SetStart(s, starts[s] / sum);
        }
    }
}
