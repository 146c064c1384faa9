using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>Settings of <see cref="ValueIteration"/>; see train/docs/value_iteration.md.</summary>
public sealed record ValueIterationConfig : PlannerConfig
{
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

/// <summary>Value iteration (Bellman 1957; Sutton and Barto 2018, section 4.4): V(s) = max_a [r(s, a) + gamma sum P(s'|s, a) V(s')], swept until it stands still.</summary>
static class ValueIteration
{
    /// <summary>Solves.</summary>
    /// <param name="mdp">Of the config.</param>
    /// <param name="config">Checked by the caller.</param>
    public static PlannerResult Solve(TabularMdp mdp, ValueIterationConfig config) =>
        Planning.Store(mdp, TabularSolver.ValueIteration(mdp, config.Tolerance, config.MostSweeps), config);
}
