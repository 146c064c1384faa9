using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>What a planner found, and how well it knows.</summary>
/// <param name="Solution">The policy and its values.</param>
/// <param name="Return">Expected discounted return of an episode of the MDP that was solved.</param>
/// <param name="Iterations">Sweeps, or policies evaluated.</param>
/// <param name="Residual">The greatest error in Bellman's equation.</param>
/// <param name="ErrorBound">No value is farther from the truth of that MDP; NaN: not known.</param>
sealed record PlannerResult(TabularSolution Solution, double Return, int Iterations, double Residual, double ErrorBound);

/// <summary>The MDP that planners solve, and what the file holds of a solution.</summary>
static class Planning
{
    /// <summary>The MDP of the config: tables from files, or the log's.</summary>
    /// <exception cref="UserErrorException">The tables cannot be read or have other numbers of states and actions than the dataset.</exception>
    public static (TabularMdp Mdp, IReadOnlyDictionary<string, double[]> Policies) Load(TabularLog log, PlannerConfig config, string dataset)
    {
        if (config.Tables.Length == 0)
            return (LogModel.Create(log, config, $"the log {dataset}"), new Dictionary<string, double[]>());
        var file = TabularFiles.Read(config.Tables, config.Discount);
        var mdp = file.Default;
        if (mdp.StateCount != log.States || mdp.ActionCount != log.Actions)
            Throw.User($"tables: '{config.Tables}' has {mdp.StateCount} states and {mdp.ActionCount} actions; dataset {dataset} has {log.States} and {log.Actions}. Name the tables of its environment.");
        return (mdp, file.Policies);
    }

    /// <summary>An optimum as it is stored: the action values, and the solver's own choice among equals.</summary>
    public static PlannerResult Store(TabularMdp mdp, TabularOptimum optimum, PlannerConfig config)
    {
        var q = TabularSolver.ActionValues(mdp, optimum.States);
        var scores = (double[])q.Clone();
        for (var s = 0; s < mdp.StateCount; s++)
        {
            if (optimum.Actions[s] < 0)
                continue;
            // Rounding could tip the balance between equals, and the solver's choice is one that gets to the end.
            var row = scores.AsSpan(s * mdp.ActionCount, mdp.ActionCount);
            var best = row[optimum.Actions[s]];
            for (var a = 0; a < row.Length; a++)
            {
                if (a != optimum.Actions[s] && row[a] >= best)
                    row[a] = Math.BitDecrement(best);
            }
        }

        return new PlannerResult(
            new TabularSolution(scores, Temperature: 0) { ActionValues = q, StateValues = optimum.States.ToArray(), Model = config.Tables.Length == 0 ? mdp : null },
            optimum.Return, optimum.Iterations, optimum.Residual, optimum.ErrorBound);
    }
}
