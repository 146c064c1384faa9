namespace OfflineRL.Datasets;

/// <content>Evaluation by sweeps.</content>
public static partial class TabularSolver
{
    /// <summary>What a policy is worth, by sweeps over the states from 0 (iterative policy evaluation); <see cref="Evaluate(TabularMdp, TabularPolicy)"/> solves for the same at once.</summary>
    /// <param name="mdp">The MDP.</param>
    /// <param name="policy">Of as many states and actions.</param>
    /// <param name="tolerance">It stops when no value changes by as much.</param>
    /// <param name="mostSweeps">It also stops after so many.</param>
    /// <returns>The residual is the last sweep's greatest change; the error bound is NaN at discount 1, where a residual says nothing about it.</returns>
    public static TabularValues EvaluateIteratively(TabularMdp mdp, TabularPolicy policy, double tolerance = 1e-10, int mostSweeps = 1_000_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostSweeps);
        var chain = new PolicyChain(mdp, Matching(mdp, policy).Probabilities);
        var (values, next) = (new double[mdp.StateCount], new double[mdp.StateCount]);
        var (sweep, change) = (0, double.PositiveInfinity);
        while (change >= tolerance && sweep < mostSweeps)
        {
            chain.Back(values, next);
            change = 0;
            for (var s = 0; s < values.Length; s++)
                change = Math.Max(change, Math.Abs(next[s] - values[s]));
            (values, next) = (next, values);
            sweep++;
        }

        return new TabularValues(values, Return(mdp, values), change, Bound(mdp, mdp.Discount * change), "sweeps") { Iterations = sweep };
    }
}
