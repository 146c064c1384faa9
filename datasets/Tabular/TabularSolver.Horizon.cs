namespace OfflineRL.Datasets;

/// <content>Episodes that are cut after a number of steps.</content>
public static partial class TabularSolver
{
    /// <summary>What a policy is worth when episodes are cut after some steps: what a step limit makes of it, exactly.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="policy">The same at every step.</param>
    /// <param name="steps">The limit, at least 0.</param>
    public static TabularValues EvaluateHorizon(TabularMdp mdp, TabularPolicy policy, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var chain = new PolicyChain(mdp, Matching(mdp, policy).Probabilities);
        var (values, next) = (new double[mdp.StateCount], new double[mdp.StateCount]);
        for (var t = 0; t < steps; t++)
        {
            chain.Back(values, next);
            (values, next) = (next, values);
        }

        return new TabularValues(values, Return(mdp, values), 0, 0, "backward induction");
    }

    /// <summary>Expected steps of an episode that is cut after some steps.</summary>
    public static double ExpectedStepsHorizon(TabularMdp mdp, TabularPolicy policy, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var chain = new PolicyChain(mdp, Matching(mdp, policy).Probabilities).Steps(mdp);
        var (values, next) = (new double[mdp.StateCount], new double[mdp.StateCount]);
        for (var t = 0; t < steps; t++)
        {
            chain.Back(values, next);
            (values, next) = (next, values);
        }

        return Return(mdp, values);
    }

    /// <summary>Expected discounted visits within the first steps: sum over t below <paramref name="steps"/> of discount^t P(s_t = s, a_t = a).</summary>
    /// <returns>[S * A].</returns>
    public static double[] OccupancyHorizon(TabularMdp mdp, TabularPolicy policy, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var chain = new PolicyChain(mdp, Matching(mdp, policy).Probabilities);
        var (now, next, visits) = (mdp.Start.ToArray(), new double[mdp.StateCount], new double[mdp.StateCount]);
        for (var t = 0; t < steps; t++)
        {
            for (var s = 0; s < visits.Length; s++)
                visits[s] += now[s];
            chain.Forward(now, next);
            (now, next) = (next, now);
        }

        return Spread(mdp, policy, visits);
    }

    /// <summary>The best that can be done when episodes are cut after some steps, by backward induction.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="steps">The limit, at least 0.</param>
    /// <param name="keepActions">Whether to keep the actions of every step, S numbers each.</param>
    public static HorizonOptimum OptimalHorizon(TabularMdp mdp, int steps, bool keepActions = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var backup = new MdpBackup(mdp);
        var (values, next) = (new double[mdp.StateCount], new double[mdp.StateCount]);
        var q = keepActions ? new double[mdp.StateCount * mdp.ActionCount] : [];
        var actions = keepActions ? new int[steps][] : null;
        for (var t = steps - 1; t >= 0; t--)
        {
            if (actions is not null)
            {
                backup.ActionValues(values, q);
                actions[t] = OptimalActions.Greedy(mdp, q, Tie);
            }

            backup.Maximize(values, next);
            (values, next) = (next, values);
        }

        return new HorizonOptimum(values, Return(mdp, values), actions);
    }
}
