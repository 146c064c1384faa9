using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="PolicyIteration"/>; see train/docs/policy_iteration.md.</summary>
public sealed record PolicyIterationConfig : PlannerConfig;

/// <summary>Policy iteration (Howard 1960; Sutton and Barto 2018, section 4.3): evaluate exactly, take every action that is better, until none is.</summary>
static class PolicyIteration
{
    /// <summary>Solves.</summary>
    /// <param name="mdp">Of the config.</param>
    /// <param name="config">Checked by the caller.</param>
    /// <exception cref="UserErrorException">The discount is 1 and values are not finite.</exception>
    public static PlannerResult Solve(TabularMdp mdp, PolicyIterationConfig config) => Planning.Store(mdp, TabularSolver.PolicyIteration(mdp), config);
}
