using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>The tabular methods by the name that the config gives them, and how each is made.</summary>
static class TabularTable
{
    /// <param name="Name">The value of <c>algorithm</c>, and the key of its section.</param>
    internal abstract record Row(string Name);

    /// <summary>One that learns from transition after transition.</summary>
    /// <param name="Name">The value of <c>algorithm</c>.</param>
    /// <param name="Create">A learner with the settings of its section.</param>
    internal sealed record Incremental(string Name, Func<TrainConfig, TabularLog, ITabularLearner> Create) : Row(Name);

    /// <summary>One that solves an MDP.</summary>
    /// <param name="Name">The value of <c>algorithm</c>.</param>
    /// <param name="Section">Its settings in a config.</param>
    /// <param name="Solve">Config, log, MDP, and the policies that lie beside its tables.</param>
    internal sealed record Planner(
        string Name,
        Func<TrainConfig, PlannerConfig> Section,
        Func<TrainConfig, TabularLog, TabularMdp, IReadOnlyDictionary<string, double[]>, PlannerResult> Solve) : Row(Name);

    static readonly Row[] Rows =
    [
        new Planner("value_iteration", c => c.ValueIteration, (c, log, mdp, policies) => ValueIteration.Solve(mdp, c.ValueIteration)),
        new Planner("policy_iteration", c => c.PolicyIteration, (c, log, mdp, policies) => PolicyIteration.Solve(mdp, c.PolicyIteration)),
        new Planner("policy_evaluation", c => c.PolicyEvaluation, (c, log, mdp, policies) => PolicyEvaluation.Solve(log, mdp, policies, c.PolicyEvaluation)),
        new Incremental("monte_carlo", (c, log) => new MonteCarlo(c.MonteCarlo, log.ActionSet(c.MonteCarlo.LeastActionCount))),
        new Incremental("td", (c, log) => new TemporalDifference(c.Td, log.States, log.Actions)),
        new Incremental("sarsa", (c, log) => new Sarsa(c.Sarsa, log.ActionSet(c.Sarsa.LeastActionCount))),
        new Incremental("expected_sarsa", (c, log) => new ExpectedSarsa(c.ExpectedSarsa, log.ActionSet(c.ExpectedSarsa.LeastActionCount))),
        new Incremental("q_learning", (c, log) => new QLearning(c.QLearning, log.ActionSet(c.QLearning.LeastActionCount))),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Rows.Select(row => row.Name)];

    /// <summary>The row of a name; null where it is no tabular method.</summary>
    public static Row? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);
}
