using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="PolicyEvaluation"/>; see train/docs/policy_evaluation.md.</summary>
public sealed record PolicyEvaluationConfig : PlannerConfig
{
    internal const string Behavior = "behavior", Uniform = "uniform";

    /// <summary><c>behavior</c>, the default: the log's, by its counts; <c>uniform</c>: every allowed action; or a policy that lies beside the tables, by its name.</summary>
    public string Policy { get; init; } = Behavior;

    /// <summary>It ends when no value changes by as much. The default value is 1e-10.</summary>
    public double Tolerance { get; init; } = 1e-10;

    /// <summary>It also ends after so many sweeps. The default value is 1,000,000.</summary>
    public int MostSweeps { get; init; } = 1_000_000;

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Tolerance > 0))
            yield return $"tolerance is {Tolerance}; expected a positive number.";
        if (MostSweeps < 1)
            yield return $"most_sweeps is {MostSweeps}; expected at least 1.";
    }
}

/// <summary>
/// Iterative policy evaluation (Sutton and Barto 2018, section 4.1): V(s) = sum_a pi(a|s) [r(s, a) + gamma sum P(s'|s, a) V(s')], swept until it stands
/// still. The stored policy is the one that is evaluated.
/// </summary>
static class PolicyEvaluation
{
    /// <summary>Evaluates.</summary>
    /// <param name="log">For its behavior.</param>
    /// <param name="mdp">Of the config.</param>
    /// <param name="policies">That lie beside the tables.</param>
    /// <param name="config">Checked by the caller.</param>
    /// <exception cref="UserErrorException">There is no policy of that name, or it takes actions that the MDP forbids.</exception>
    public static PlannerResult Solve(TabularLog log, TabularMdp mdp, IReadOnlyDictionary<string, double[]> policies, PolicyEvaluationConfig config)
    {
        var policy = Find(log, mdp, policies, config);
        var values = TabularSolver.EvaluateIteratively(mdp, policy, config.Tolerance, config.MostSweeps);
        var solution = new TabularSolution(Array.ConvertAll(policy.Probabilities.ToArray(), p => p > 0 ? Math.Log(p) : double.NaN), Temperature: 1)
        {
            StateValues = values.States.ToArray(),
            ActionValues = TabularSolver.ActionValues(mdp, values.States),
            Model = config.Tables.Length == 0 ? mdp : null,
        };
        return new PlannerResult(solution, values.Return, values.Iterations, values.Residual, values.ErrorBound);
    }

    static TabularPolicy Find(TabularLog log, TabularMdp mdp, IReadOnlyDictionary<string, double[]> policies, PolicyEvaluationConfig config)
    {
        var name = config.Policy;
        // The log's own MDP knows only what followed; an action of which that is never known is not in it.
        if (name == PolicyEvaluationConfig.Behavior)
            return LogPolicy.Of(log.Counts(knownOnly: config.Tables.Length == 0), mdp);
        if (name == PolicyEvaluationConfig.Uniform)
            return TabularPolicy.Uniform(mdp);
        if (policies.TryGetValue(name, out var probabilities))
            return new TabularPolicy(name, mdp, probabilities);
        string[] known = [PolicyEvaluationConfig.Behavior, PolicyEvaluationConfig.Uniform, .. policies.Keys];
        throw new UserErrorException($"policy is '{name}', which is none; expected {string.Join(", ", known)}.{NearestName.Hint(name, known)}");
    }
}
