namespace OfflineRL.Datasets;

/// <summary>
/// Exact answers about an MDP in tables: what policies are worth, which is best, where they go.
/// </summary>
/// <remarks>
/// Evaluation solves (I - discount P) V = r: by MathNet's dense LU up to 2,000 states, beyond by its BiCGStab on the sparse
/// matrix, finished by Gauss-Seidel sweeps where that stalls; <see cref="TabularValues.Method"/> says which.
/// At discount 1, states that an episode never leaves count 0 where they earn nothing, and have no finite value where they
/// earn; if the start distribution leads there, that is an error. A step limit is not part of the MDP: the methods
/// named Horizon take it into account.
/// </remarks>
public static partial class TabularSolver
{
    // Actions whose values differ by less, relative to 1 + |V|, are equally good: the linear solves are far more precise.
    const double Tie = 1e-10;
    const int MostPolicies = 10_000;

    /// <summary>What a policy is worth over a whole episode.</summary>
    /// <exception cref="UserErrorException">The discount is 1 and the value is not finite, or the sparse solver did not converge.</exception>
    public static TabularValues Evaluate(TabularMdp mdp, TabularPolicy policy) => Evaluate(mdp, Matching(mdp, policy).Probabilities);

    /// <summary>Expected steps of an episode; infinite where it may never end.</summary>
    public static double ExpectedSteps(TabularMdp mdp, TabularPolicy policy)
    {
        var values = new PolicyChain(mdp, Matching(mdp, policy).Probabilities).Steps(mdp).Evaluate();
        return values.IsSolved ? Return(mdp, values.Values) : throw Throw.MdpNotConverged(mdp, values.Method, values.Residual);
    }

    /// <summary>Expected discounted visits: sum over t of discount^t P(s_t = s, a_t = a), not normalized.</summary>
    /// <returns>[S * A]; infinite where the chain stays for ever at discount 1.</returns>
    public static double[] Occupancy(TabularMdp mdp, TabularPolicy policy)
    {
        var (visits, _) = new PolicyChain(mdp, Matching(mdp, policy).Probabilities).Visits(mdp.Start);
        return Spread(mdp, policy, visits);
    }

    /// <summary>Q(s, a) = r(s, a) + discount sum P(s'|s, a) V(s') over transitions that do not end the episode.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="states">[S]: V.</param>
    /// <returns>[S * A]; NaN where the mask forbids, 0 at terminal states.</returns>
    public static double[] ActionValues(TabularMdp mdp, ReadOnlySpan<double> states)
    {
        var values = new double[mdp.StateCount * mdp.ActionCount];
        new MdpBackup(mdp).ActionValues(states, values);
        return values;
    }

    /// <summary>Expected return of an episode whose states are worth V.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="states">[S]: V.</param>
    public static double Return(TabularMdp mdp, ReadOnlySpan<double> states)
    {
        var sum = 0.0;
        for (var s = 0; s < states.Length; s++)
        {
            if (mdp.Start[s] > 0)
                sum += mdp.Start[s] * states[s];
        }

        return sum;
    }

    /// <summary>
    /// An optimal policy by policy iteration (Howard 1960), exact: the values are those of the policy.
    /// </summary>
    /// <remarks>
    /// Of equally good actions (within 1e-10 of 1 + |V|) the lowest is taken. At discount 1 that alone could loop for ever, so
    /// there an action must also have a chance to come closer to the end in the fewest steps; then the lowest is taken.
    /// It starts from the uniform policy, so at discount 1 that one's value must be finite.
    /// </remarks>
    /// <exception cref="UserErrorException">The discount is 1 and values are not finite, or the sparse solver did not converge.</exception>
    public static TabularOptimum PolicyIteration(TabularMdp mdp)
    {
        var backup = new MdpBackup(mdp);
        var policy = TabularPolicy.Uniform(mdp).Probabilities.ToArray();
        var q = new double[policy.Length];
        var rest = mdp.Discount < 1 ? null : OptimalActions.Rest(mdp);
        for (var iteration = 1; ; iteration++)
        {
            var values = Evaluate(mdp, policy);
            backup.ActionValues(values.States, q);
            if (iteration < MostPolicies && Improve(mdp, values.States, q, rest, policy))
                continue;
            var actions = OptimalActions.Choose(mdp, values.States.ToArray(), q, Tie);
            var optimal = TabularPolicy.Deterministic("optimal", mdp, actions);
            var exact = Evaluate(mdp, optimal.Probabilities);
            backup.ActionValues(exact.States, q);
            var residual = BellmanResidual(mdp, exact.States, q);
            return new TabularOptimum(optimal, actions, exact.States.ToArray(), exact.Return, residual, Bound(mdp, residual), iteration);
        }
    }

    /// <summary>The optimal values by value iteration from 0, and a policy that is greedy for them; ties as in <see cref="PolicyIteration"/>.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="tolerance">It stops when no value changes by as much.</param>
    /// <param name="mostSweeps">It also stops after so many.</param>
    /// <returns>The residual is the last sweep's greatest change; the error bound is NaN at discount 1.</returns>
    public static TabularOptimum ValueIteration(TabularMdp mdp, double tolerance = 1e-10, int mostSweeps = 1_000_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostSweeps);
        var backup = new MdpBackup(mdp);
        var (values, next) = (new double[mdp.StateCount], new double[mdp.StateCount]);
        var (sweep, change) = (0, double.PositiveInfinity);
        while (change >= tolerance && sweep < mostSweeps)
        {
            change = backup.Maximize(values, next);
            (values, next) = (next, values);
            sweep++;
        }

        var q = ActionValues(mdp, values);
        // What the sweeps have not settled is a tie.
        var actions = OptimalActions.Choose(mdp, values, q, Math.Max(Tie, mdp.Discount < 1 ? 0 : tolerance));
        return new TabularOptimum(
            TabularPolicy.Deterministic("optimal", mdp, actions), actions, values, Return(mdp, values), change, Bound(mdp, mdp.Discount * change), sweep);
    }

    internal static TabularValues Evaluate(TabularMdp mdp, ReadOnlySpan<double> policy)
    {
        var values = new PolicyChain(mdp, policy).Evaluate();
        if (!values.IsSolved)
            throw Throw.MdpNotConverged(mdp, values.Method, values.Residual);
        for (var s = 0; s < mdp.StateCount; s++)
        {
            if (mdp.Start[s] > 0 && !double.IsFinite(values.Values[s]))
                throw Throw.MdpNotFinite(mdp, s, values.Values[s]);
        }

        return new TabularValues(values.Values, Return(mdp, values.Values), values.Residual, values.ErrorBound, values.Method);
    }

    static TabularPolicy Matching(TabularMdp mdp, TabularPolicy policy) =>
        policy.Probabilities.Length == mdp.StateCount * mdp.ActionCount ? policy : throw Throw.PolicyShape(mdp, policy.Probabilities.Length);

    // Where an action is better than what the policy does, take it; else leave the row, stochastic as it may be: a
    // greedy choice among equals could close a loop that earns nothing, and lose what the row was worth.
    // Where a state may rest for ever at no cost, that is worth 0, which no single step can tell.
    static bool Improve(TabularMdp mdp, ReadOnlySpan<double> values, ReadOnlySpan<double> q, int[]? rest, Span<double> policy)
    {
        var changed = false;
        for (var s = 0; s < mdp.StateCount; s++)
        {
            if (mdp.IsTerminal(s))
                continue;
            var row = q.Slice(s * mdp.ActionCount, mdp.ActionCount);
            var (best, action) = (double.NegativeInfinity, -1);
            for (var a = 0; a < row.Length; a++)
            {
                if (row[a] > best + (Tie * (1 + Math.Abs(best))) || (action < 0 && row[a] > best))
                    (best, action) = (row[a], a);
            }

            if (rest is not null && rest[s] >= 0 && best < -Tie && values[s] < -Tie)
                (best, action) = (0, rest[s]);
            if (!(best > values[s] + (Tie * (1 + Math.Abs(values[s])))))
                continue;
            var to = policy.Slice(s * mdp.ActionCount, mdp.ActionCount);
            to.Clear();
            to[action] = 1;
            changed = true;
        }

        return changed;
    }

    static double BellmanResidual(TabularMdp mdp, ReadOnlySpan<double> values, ReadOnlySpan<double> q)
    {
        var worst = 0.0;
        for (var s = 0; s < mdp.StateCount; s++)
        {
            var best = double.NegativeInfinity;
            foreach (var value in q.Slice(s * mdp.ActionCount, mdp.ActionCount))
                best = value > best ? value : best;
            if (double.IsFinite(values[s]))
                worst = Math.Max(worst, Math.Abs(best - values[s]));
        }

        return worst;
    }

    static double Bound(TabularMdp mdp, double residual) => mdp.Discount < 1 ? residual / (1 - mdp.Discount) : double.NaN;

    static double[] Spread(TabularMdp mdp, TabularPolicy policy, ReadOnlySpan<double> visits)
    {
        var result = new double[policy.Probabilities.Length];
        for (var i = 0; i < result.Length; i++)
        {
            if (policy.Probabilities[i] > 0 && !mdp.IsTerminal(i / mdp.ActionCount))
                result[i] = visits[i / mdp.ActionCount] * policy.Probabilities[i];
        }

        return result;
    }
}
